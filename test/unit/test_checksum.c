/*
 * test_checksum.c
 *		Promise: checksum64 is XXH64 with seed 0 (golden values by libxxhash).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/checksum.h"
#include "golden/checksum_golden.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void
fill(uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t) (37 * i);
}

static void
values_are_those_of_xxh64(void **state)
{
	uint8_t bytes[2000];

	fill(bytes, sizeof(bytes));
	for (size_t i = 0; i < LENGTH(checksum_golden); i++)
		assert_true(checksum64(bytes, checksum_golden[i].size) == checksum_golden[i].checksum);
}

static void
alignment_does_not_matter(void **state)
{
	uint8_t bytes[128];
	uint64_t expected;

	fill(bytes, 100);
	expected = checksum64(bytes, 100);
	for (size_t shift = 1; shift < 16; shift++)
	{
		memmove(bytes + shift, bytes + shift - 1, 100);
		assert_true(checksum64(bytes + shift, 100) == expected);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_are_those_of_xxh64),
	    cmocka_unit_test(alignment_does_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_sample.c
 *		Promises of core/sample.h: keys keep the order of doubles; sorting sorts, and
 *		merging merges.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/random.h"
#include "core/sample.h"
#include "drawn_values.h"

static void
keys_keep_the_order(void **state)
{
	const double values[] = {-INFINITY, -1e308, -1.0, -5e-324, 0.0, 5e-324, 1.0, 1e308, INFINITY};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
	{
		assert_true(sample_value(sample_key(values[i])) == values[i]);
		assert_true(i == 0 || sample_key(values[i - 1]) < sample_key(values[i]));
	}
	assert_true(sample_key(-0.0) == sample_key(0.0));
	assert_true(sample_key(INFINITY) == SAMPLE_GREATEST_KEY);
}

static int
compare_keys(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *) a;
	uint64_t y = *(const uint64_t *) b;

	return x < y ? -1 : x > y;
}

static void
sorting_sorts(void **state)
{
	for (int kind = 0; kind < N_KINDS; kind++)
		for (size_t n = 0; n <= N; n = n * 3 + 1)
		{
			uint64_t keys[N], expected[N], scratch[N];
			RandomState random;

			random_seed(&random, n, (uint64_t) kind);
			for (size_t i = 0; i < n; i++)
				expected[i] = keys[i] = sample_key(draw(&random, kind));
			qsort(expected, n, sizeof(uint64_t), compare_keys);
			sample_sort(keys, scratch, n);
			assert_memory_equal(keys, expected, n * sizeof(uint64_t));
		}
}

static void
merging_merges(void **state)
{
	for (int kind = 0; kind < N_KINDS; kind++)
		for (size_t n = 0; n <= N; n = n * 3 + 1)
		{
			uint64_t keys[N], expected[N], scratch[N];
			size_t first = n / 3;
			RandomState random;

			random_seed(&random, n, (uint64_t) kind);
			for (size_t i = 0; i < n; i++)
				expected[i] = keys[i] = sample_key(draw(&random, kind));
			sample_sort(expected, scratch, n);
			sample_sort(keys, scratch, first);
			sample_sort(keys + first, scratch, n - first);
			sample_merge(keys, first, keys + first, n - first, scratch);
			assert_memory_equal(scratch, expected, n * sizeof(uint64_t));
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_keep_the_order),
	    cmocka_unit_test(sorting_sorts),
	    cmocka_unit_test(merging_merges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

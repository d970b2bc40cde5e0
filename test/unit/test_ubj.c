/*
 * test_ubj.c
 *		Promises of the UBJSON reader: it reads what XGBoost writes, and any other
 *		bytes end in an error without a read outside of them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/random.h"
#include "core/ubj.h"
#include "model_document.h"

#define BYTES(text) text, sizeof(text) - 1

/* The document in a block of its own size, so that the sanitizer sees a read behind it. */
static uint8_t *
exact_copy(const void *bytes, size_t size)
{
	uint8_t *copy = malloc(size);

	if (size > 0)
		memcpy(copy, bytes, size);
	return copy;
}

/* Reads to the end; the number of tokens, or -1 with the reason. */
static long
count_tokens(const void *bytes, size_t size, CoreError *error)
{
	uint8_t *document = exact_copy(bytes, size);
	UbjReader reader;
	long n = 0;
	UbjToken token;

	ubj_open(&reader, document, size);
	while ((token = ubj_next(&reader)) != UBJ_END && token != UBJ_ERROR)
	{
		volatile char last = 0;

		if (token == UBJ_STRING && reader.string.length > 0)
			last = reader.string.bytes[reader.string.length - 1];
		if (reader.key.length > 0)
			last = reader.key.bytes[reader.key.length - 1];
		(void) last;
		assert_true((size_t) ++n <= 2 * size + 1);
	}
	if (token == UBJ_ERROR)
	{
		assert_int_equal(ubj_next(&reader), UBJ_ERROR);
		*error = reader.error;
		n = -1;
	}
	free(document);
	return n;
}

static void
must_fail(const void *bytes, size_t size, const char *reason)
{
	CoreError error;

	if (count_tokens(bytes, size, &error) >= 0)
		fail_msg("accepted, although: %s", reason);
	if (strstr(error.message, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.message, reason);
}

static void
numbers_are_exact(void **state)
{
	UbjReader reader;
	static const struct
	{
		const char bytes[10];
		size_t size;
		int64_t value;
	} cases[] = {{"i\xff", 2, -1},
	             {"U\xff", 2, 255},
	             {"I\x80\x00", 3, -32768},
	             {"l\x7f\xff\xff\xff", 5, INT32_MAX},
	             {"L\x80\x00\x00\x00\x00\x00\x00\x00", 9, INT64_MIN}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		ubj_open(&reader, cases[i].bytes, cases[i].size);
		assert_int_equal(ubj_next(&reader), UBJ_INTEGER);
		assert_true(reader.integer == cases[i].value);
		assert_int_equal(ubj_next(&reader), UBJ_END);
		assert_int_equal(ubj_next(&reader), UBJ_END);
	}
	ubj_open(&reader, BYTES("d\x3e\x80\x00\x00"));
	assert_int_equal(ubj_next(&reader), UBJ_REAL);
	assert_true(reader.real == 0.25);
	ubj_open(&reader, BYTES("D\xff\xf0\x00\x00\x00\x00\x00\x00"));
	assert_int_equal(ubj_next(&reader), UBJ_REAL);
	assert_true(reader.real == -INFINITY);
}

static void
nested_values_come_with_their_keys(void **state)
{
	UbjReader reader;

	ubj_open(&reader, BYTES("{U\1aT"
	                        "U\1b[$U#U\2\7\10"
	                        "U\1c{}U\1d[Z]U\1eSi\2xy}"));
	assert_int_equal(ubj_next(&reader), UBJ_OBJECT_BEGIN);
	assert_int_equal(ubj_next(&reader), UBJ_BOOLEAN);
	assert_true(reader.boolean && ubj_text_is(reader.key, "a"));
	assert_int_equal(ubj_next(&reader), UBJ_ARRAY_BEGIN);
	assert_true(reader.has_count && reader.count == 2 && ubj_text_is(reader.key, "b"));
	assert_int_equal(ubj_next(&reader), UBJ_INTEGER);
	assert_int_equal(ubj_next(&reader), UBJ_INTEGER);
	assert_true(reader.integer == 8 && reader.key.length == 0);
	assert_int_equal(ubj_next(&reader), UBJ_ARRAY_END);
	assert_int_equal(ubj_next(&reader), UBJ_OBJECT_BEGIN);
	assert_true(ubj_text_is(reader.key, "c"));
	assert_int_equal(ubj_next(&reader), UBJ_OBJECT_END);
	assert_int_equal(ubj_next(&reader), UBJ_ARRAY_BEGIN);
	assert_false(reader.has_count);
	assert_int_equal(ubj_next(&reader), UBJ_NULL);
	assert_int_equal(ubj_next(&reader), UBJ_ARRAY_END);
	assert_int_equal(ubj_next(&reader), UBJ_STRING);
	assert_true(ubj_text_is(reader.string, "xy") && ubj_text_is(reader.key, "e"));
	assert_int_equal(ubj_next(&reader), UBJ_OBJECT_END);
	assert_int_equal(ubj_next(&reader), UBJ_END);
}

static void
skip_goes_behind_a_container(void **state)
{
	static const char document[] = "{U\1a[[$d#U\2"
	                               "aaaabbbb[#U\2{}ZSU\3xyz]"
	                               "U\1bF}";
	UbjReader reader;

	ubj_open(&reader, document, sizeof(document) - 1);
	assert_int_equal(ubj_next(&reader), UBJ_OBJECT_BEGIN);
	assert_int_equal(ubj_next(&reader), UBJ_ARRAY_BEGIN);
	assert_true(ubj_skip(&reader));
	assert_int_equal(ubj_next(&reader), UBJ_BOOLEAN);
	assert_true(ubj_text_is(reader.key, "b") && ubj_skip(&reader));
	assert_int_equal(ubj_next(&reader), UBJ_OBJECT_END);
	ubj_open(&reader, document, sizeof(document) - 1);
	assert_int_equal(ubj_next(&reader), UBJ_OBJECT_BEGIN);
	assert_true(ubj_skip(&reader));
	assert_int_equal(ubj_next(&reader), UBJ_END);
}

static void
lengths_beyond_the_document_are_refused(void **state)
{
	must_fail(BYTES("SU\4abc"), "length exceeds the document");
	must_fail(BYTES("Si\xff"
	                "abc"),
	          "length exceeds the document");
	must_fail(BYTES("SL\x7f\xff\xff\xff\xff\xff\xff\xff"), "length exceeds the document");
	must_fail(BYTES("Sd\x3f\x80\x00\x00"), "length is not an integer");
	must_fail(BYTES("[#U\4ZZZ"), "array is longer than the document");
	must_fail(BYTES("[$d#U\2abcdefg"), "array is longer than the document");
	must_fail(BYTES("[$L#L\x20\x00\x00\x00\x00\x00\x00\x01zzzzzzzzzzzzzzzz"),
	          "exceeds the document");
}

static void
endless_arrays_are_refused(void **state)
{
	must_fail(BYTES("[$Z#L\x3f\xff\xff\xff\xff\xff\xff\xff"), "not a number");
	must_fail(BYTES("[$T#U\2"), "not a number");
	must_fail(BYTES("[$[#U\2]]"), "not a number");
	must_fail(BYTES("[$U[]"), "without a count");
}

static void
what_is_not_understood_is_refused(void **state)
{
	must_fail(BYTES(""), "unexpected end");
	must_fail(BYTES("N"), "unknown type marker");
	must_fail(BYTES("HU\3123"), "unknown type marker");
	must_fail(BYTES("{#U\1U\1aZ"), "length is not an integer");
	must_fail(BYTES("}"), "unknown type marker");
	must_fail(BYTES("[#U\1]"), "unknown type marker");
	must_fail(BYTES("TT"), "bytes after the document");
}

static void
nesting_is_bounded(void **state)
{
	char document[2 * UBJ_MAX_DEPTH + 2];
	CoreError error;

	memset(document, '[', UBJ_MAX_DEPTH);
	memset(document + UBJ_MAX_DEPTH, ']', UBJ_MAX_DEPTH);
	assert_int_equal(count_tokens(document, 2 * UBJ_MAX_DEPTH, &error), 2 * UBJ_MAX_DEPTH);
	memset(document, '[', UBJ_MAX_DEPTH + 1);
	memset(document + UBJ_MAX_DEPTH + 1, ']', UBJ_MAX_DEPTH + 1);
	must_fail(document, sizeof(document), "nested too deeply");
}

static void
every_truncation_is_an_error(void **state)
{
	ModelSpec spec = rich_model();
	Document *document = malloc(sizeof(Document));
	CoreError error;

	document_from_spec(document, &spec);
	assert_true(count_tokens(document->bytes, document->size, &error) > 100);
	for (size_t size = 0; size < document->size; size++)
		if (count_tokens(document->bytes, size, &error) >= 0)
			fail_msg("%zu of %zu bytes were accepted", size, document->size);
	free(document);
}

/* Random documents from an alphabet of markers get further than random bytes. */
static void
any_bytes_end_in_a_value_or_an_error(void **state)
{
	static const char alphabet[] = "{}[]$#SiUIlLdDCTFZUi\0\1\2\3\377";
	RandomState random;
	uint8_t bytes[64];
	CoreError error;
	int accepted = 0;

	random_seed(&random, 3, 0);
	for (int i = 0; i < 300000; i++)
	{
		size_t size = random_below(&random, sizeof(bytes));

		for (size_t k = 0; k < size; k++)
			bytes[k] = (uint8_t) alphabet[random_below(&random, sizeof(alphabet) - 1)];
		accepted += count_tokens(bytes, size, &error) >= 0;
	}
	assert_true(accepted > 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_are_exact),
	    cmocka_unit_test(nested_values_come_with_their_keys),
	    cmocka_unit_test(skip_goes_behind_a_container),
	    cmocka_unit_test(lengths_beyond_the_document_are_refused),
	    cmocka_unit_test(endless_arrays_are_refused),
	    cmocka_unit_test(what_is_not_understood_is_refused),
	    cmocka_unit_test(nesting_is_bounded),
	    cmocka_unit_test(every_truncation_is_an_error),
	    cmocka_unit_test(any_bytes_end_in_a_value_or_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

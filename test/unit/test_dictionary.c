/*
 * test_dictionary.c
 *		Promises of the dictionary: codes in order of insertion, equality of bytes,
 *		keys that stay in place, nothing lost when memory is short.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/dictionary.h"

static void
codes_follow_insertion(void **state)
{
	Dictionary *dictionary = dictionary_create(&core_malloc_allocator);
	size_t length;

	assert_int_equal(dictionary_find(dictionary, "grocery", 7), DICTIONARY_UNKNOWN);
	assert_int_equal(dictionary_add(dictionary, "grocery", 7), 0);
	assert_int_equal(dictionary_add(dictionary, "atm", 3), 1);
	assert_int_equal(dictionary_add(dictionary, "grocery", 7), 0);
	assert_int_equal(dictionary_find(dictionary, "atm", 3), 1);
	assert_int_equal(dictionary_size(dictionary), 2);
	assert_memory_equal(dictionary_key(dictionary, 0, &length), "grocery", 7);
	assert_int_equal(length, 7);
	dictionary_free(dictionary);
}

static void
equality_is_of_bytes(void **state)
{
	Dictionary *dictionary = dictionary_create(&core_malloc_allocator);

	assert_int_equal(dictionary_add(dictionary, "", 0), 0);
	assert_int_equal(dictionary_add(dictionary, "\0", 1), 1);
	assert_int_equal(dictionary_add(dictionary, "\0\0", 2), 2);
	assert_int_equal(dictionary_add(dictionary, "a", 1), 3);
	assert_int_equal(dictionary_add(dictionary, "a\0", 2), 4);
	assert_int_equal(dictionary_add(dictionary, "A", 1), 5);
	assert_int_equal(dictionary_add(dictionary, "12345678", 8), 6);
	assert_int_equal(dictionary_add(dictionary, "123456780", 9), 7);
	assert_int_equal(dictionary_find(dictionary, NULL, 0), 0);
	assert_int_equal(dictionary_find(dictionary, "12345678", 8), 6);
	dictionary_free(dictionary);
}

static void
many_keys_are_all_found_and_stay_in_place(void **state)
{
	enum
	{
		N = 100000
	};
	Dictionary *dictionary = dictionary_create(&core_malloc_allocator);
	const char **addresses = calloc(N, sizeof(*addresses));
	char key[32];
	size_t length;

	for (int i = 0; i < N; i++)
	{
		int n = snprintf(key, sizeof(key), "merchant-%d", i * 7919);

		assert_int_equal(dictionary_add(dictionary, key, n), i);
		addresses[i] = dictionary_key(dictionary, i, &length);
	}
	for (int i = 0; i < N; i++)
	{
		int n = snprintf(key, sizeof(key), "merchant-%d", i * 7919);

		assert_int_equal(dictionary_find(dictionary, key, n), i);
		assert_ptr_equal(dictionary_key(dictionary, i, &length), addresses[i]);
		assert_int_equal(length, n);
		assert_memory_equal(addresses[i], key, n);
	}
	assert_int_equal(dictionary_size(dictionary), N);
	assert_true(dictionary_memory(dictionary) > 10 * N);
	assert_true(dictionary_memory(dictionary) < 64 * N);
	free(addresses);
	dictionary_free(dictionary);
}

static void
a_long_key_is_kept(void **state)
{
	Dictionary *dictionary = dictionary_create(&core_malloc_allocator);
	size_t n = 1000000;
	char *key = malloc(n);

	memset(key, 'x', n);
	assert_int_equal(dictionary_add(dictionary, "short", 5), 0);
	assert_int_equal(dictionary_add(dictionary, key, n), 1);
	assert_int_equal(dictionary_add(dictionary, "after", 5), 2);
	assert_int_equal(dictionary_find(dictionary, key, n), 1);
	assert_int_equal(dictionary_find(dictionary, key, n - 1), DICTIONARY_UNKNOWN);
	free(key);
	dictionary_free(dictionary);
}

/* An allocator with a budget of calls, that counts what it handed out and got back. */
typedef struct Budget
{
	long calls;
	long held;
} Budget;

static void *
allocate_within_budget(void *context, size_t size)
{
	Budget *budget = context;
	void *memory;

	if (budget->calls-- <= 0)
		return NULL;
	memory = malloc(size);
	budget->held += memory != NULL;
	return memory;
}

static void
release_to_budget(void *context, void *memory)
{
	((Budget *) context)->held -= memory != NULL;
	free(memory);
}

static void
shortage_of_memory_loses_nothing(void **state)
{
	for (int calls = 0; calls < 24; calls++)
	{
		Budget budget = {.calls = calls};
		CoreAllocator allocator = {allocate_within_budget, release_to_budget, &budget};
		Dictionary *dictionary = dictionary_create(&allocator);
		char key[16];
		int n = 0;

		for (; dictionary != NULL && n < 2000; n++)
		{
			snprintf(key, sizeof(key), "%015d", n);
			if (dictionary_add(dictionary, key, 15) == DICTIONARY_UNKNOWN)
				break;
		}
		for (int i = 0; dictionary != NULL && i <= n && i < 2000; i++)
		{
			snprintf(key, sizeof(key), "%015d", i);
			assert_int_equal(dictionary_find(dictionary, key, 15), i < n ? i : DICTIONARY_UNKNOWN);
		}
		dictionary_free(dictionary);
		assert_int_equal(budget.held, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(codes_follow_insertion),
	    cmocka_unit_test(equality_is_of_bytes),
	    cmocka_unit_test(many_keys_are_all_found_and_stay_in_place),
	    cmocka_unit_test(a_long_key_is_kept),
	    cmocka_unit_test(shortage_of_memory_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_nearest_name.c
 *		Which name a hint suggests, and when it suggests none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/nearest_name.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

static const char *const parameters[] = {"eta", "max_depth", "subsample", "colsample_bytree",
                                         "min_child_weight"};

static const char *
nearest(const char *name)
{
	int i = nearest_name_index(name, parameters, COUNT(parameters));

	return i < 0 ? NULL : parameters[i];
}

static void
slips_of_the_finger_are_recognised(void **state)
{
	assert_string_equal(nearest("max_dept"), "max_depth");
	assert_string_equal(nearest("maxdepth"), "max_depth");
	assert_string_equal(nearest("MAX_DEPTH"), "max_depth");
	assert_string_equal(nearest("max_detph"), "max_depth");
	assert_string_equal(nearest("eat"), "eta");
	assert_string_equal(nearest("colsample_by_tree"), "colsample_bytree");
}

static void
strangers_are_not_suggested(void **state)
{
	assert_null(nearest("learning_rate"));
	assert_null(nearest("x"));
	assert_null(nearest(""));
}

static void
a_swap_of_neighbours_is_one_change(void **state)
{
	const char *const candidates[] = {"abdd", "abdc"};

	assert_int_equal(nearest_name_index("abcd", candidates, 2), 0);
	assert_int_equal(nearest_name_index("badc", candidates, 2), 1);
}

static void
the_first_of_equals_wins(void **state)
{
	const char *const candidates[] = {"model_b", "model_c"};

	assert_int_equal(nearest_name_index("model_a", candidates, 2), 0);
}

static void
limits_and_nulls_are_passed_over(void **state)
{
	char longest[NEAREST_NAME_MAX + 1];
	char too_long[NEAREST_NAME_MAX + 2];
	const char *candidates[] = {NULL, too_long, longest};

	memset(longest, 'a', NEAREST_NAME_MAX);
	longest[NEAREST_NAME_MAX] = '\0';
	memset(too_long, 'a', NEAREST_NAME_MAX + 1);
	too_long[NEAREST_NAME_MAX + 1] = '\0';
	assert_int_equal(nearest_name_index(longest, candidates, 3), 2);
	assert_int_equal(nearest_name_index(too_long, candidates, 3), -1);
	assert_int_equal(nearest_name_index("a", candidates, 0), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(slips_of_the_finger_are_recognised),
	    cmocka_unit_test(strangers_are_not_suggested),
	    cmocka_unit_test(a_swap_of_neighbours_is_one_change),
	    cmocka_unit_test(the_first_of_equals_wins),
	    cmocka_unit_test(limits_and_nulls_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

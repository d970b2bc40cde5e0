/*
 * test_exact_sum.c
 *		Promises of core/exact_sum.h: sums are exact and rounded once, in any order and
 *		from any split.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/exact_sum.h"
#include "core/random.h"

static double
sum_of(const double *terms, size_t n)
{
	ExactSum sum = {0};

	for (size_t i = 0; i < n; i++)
		exact_sum_add(&sum, terms[i]);
	return exact_sum_value(&sum);
}

static void
single_values_come_back(void **state)
{
	const double values[] = {0.0,    1.0,    -1.0,    0.1,      1e308,
	                         -1e308, 5e-324, -5e-324, 2.5e-310, 1.7976931348623157e308};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		assert_true(sum_of(&values[i], 1) == values[i]);
}

static void
cancellation_loses_nothing(void **state)
{
	const double terms[] = {1e308, 1.0, 1e-300, -1e308, 1e308, -1.0, -1e308};
	const double negative[] = {1.0, -1e200, 3.0, 1e200, -5.5};

	assert_true(sum_of(terms, 7) == 1e-300);
	assert_true(sum_of(negative, 5) == -1.5);
}

/* Half a unit in the last place decides to even; anything beyond it, however small, upwards. */
static void
rounding_is_to_nearest_even(void **state)
{
	double half = ldexp(1.0, -53);
	const double tie[] = {1.0, half};
	const double above[] = {1.0, half, 5e-324};
	const double odd[] = {1.0, 2 * half, half};
	const double below[] = {-1.0, -half, 5e-324};

	assert_true(sum_of(tie, 2) == 1.0);
	assert_true(sum_of(above, 3) == 1.0 + 2 * half);
	assert_true(sum_of(odd, 3) == 1.0 + 4 * half);
	assert_true(sum_of(below, 3) == -1.0);
}

static void
order_and_split_change_no_bit(void **state)
{
	enum
	{
		n = 3000
	};
	double terms[n];
	RandomState random;
	ExactSum parts[7] = {0};
	ExactSum merged = {0};
	double expected;

	random_seed(&random, 4, 0);
	for (int i = 0; i < n; i++)
		terms[i] = ldexp(random_uniform(&random) - 0.5, (int) random_below(&random, 600) - 300);
	expected = sum_of(terms, n);
	for (int i = n - 1; i > 0; i--)
	{
		int j = (int) random_below(&random, (uint64_t) i + 1);
		double term = terms[i];

		terms[i] = terms[j];
		terms[j] = term;
	}
	assert_true(sum_of(terms, n) == expected);
	for (int i = 0; i < n; i++)
		exact_sum_add(&parts[i % 7], terms[i]);
	for (int i = 0; i < 7; i++)
		exact_sum_merge(&merged, &parts[i]);
	assert_true(exact_sum_value(&merged) == expected);
}

/* Against 128-bit integers, where these are exact. */
static void
sums_of_integers_are_right(void **state)
{
	RandomState random;

	random_seed(&random, 5, 0);
	for (int round = 0; round < 200; round++)
	{
		ExactSum sum = {0};
		__int128 expected = 0;

		for (int i = 0; i < 500; i++)
		{
			int64_t term =
			    (int64_t) (random_below(&random, UINT64_C(1) << 53)) - (INT64_C(1) << 52);

			term *= round % 2 == 0 ? 1 : 1024;
			exact_sum_add(&sum, (double) term);
			expected += term;
		}
		assert_true(exact_sum_value(&sum) == (double) expected);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(single_values_come_back),
	    cmocka_unit_test(cancellation_loses_nothing),
	    cmocka_unit_test(rounding_is_to_nearest_even),
	    cmocka_unit_test(order_and_split_change_no_bit),
	    cmocka_unit_test(sums_of_integers_are_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

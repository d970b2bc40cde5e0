/*
 * test_window_sum.c
 *		Promises of exact sums: correctly rounded, the same in any order, and as if
 *		what was taken out had never been there.
 *
 * The reference is __float128, whose 113 bits hold the sums that are drawn here exactly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "core/window_sum.h"
#include "core/random.h"

#define MOST 1000

static void
assert_same_bits(double a, double b)
{
	assert_memory_equal(&a, &b, sizeof(double));
}

/* 53 random bits, of a size between 2^low and 2^high. */
static double
draw(RandomState *random, int low, int high)
{
	double value = ldexp(1.0 + random_uniform(random),
	                     low + (int) random_below(random, (uint64_t) (high - low)));

	return random_below(random, 2) == 0 ? value : -value;
}

static double
reference(const double *values, int n)
{
	__float128 sum = 0;

	for (int i = 0; i < n; i++)
		sum += values[i];
	return (double) sum;
}

/* Ordinary sizes and, the same shifted out of their range, large and small ones. */
static void
sums_are_correctly_rounded(void **state)
{
	static const int lows[] = {-12, 200, -400, -60};
	RandomState random;
	double values[MOST];

	random_seed(&random, 1, 0);
	for (int round = 0; round < 400; round++)
	{
		int n = 1 + (int) random_below(&random, MOST);
		int low = lows[round % 4];
		WindowSum sum;

		window_sum_clear(&sum);
		for (int i = 0; i < n; i++)
		{
			values[i] = draw(&random, low, low + 44);
			window_sum_add(&sum, values[i]);
		}
		assert_same_bits(window_sum_value(&sum), reference(values, n));
	}
}

static void
order_and_what_is_gone_do_not_matter(void **state)
{
	RandomState random;
	double values[MOST];

	random_seed(&random, 2, 0);
	for (int round = 0; round < 200; round++)
	{
		int n = 2 + (int) random_below(&random, MOST - 2);
		int gone = (int) random_below(&random, (uint64_t) n);
		WindowSum forward, backward;

		window_sum_clear(&forward);
		window_sum_clear(&backward);
		for (int i = 0; i < n; i++)
		{
			values[i] = draw(&random, -1000, 1000);
			window_sum_add(&forward, values[i]);
		}
		for (int i = 0; i < gone; i++)
			window_sum_subtract(&forward, values[i]);
		for (int i = n - 1; i >= gone; i--)
			window_sum_add(&backward, values[i]);
		assert_same_bits(window_sum_value(&forward), window_sum_value(&backward));
		for (int i = gone; i < n; i++)
			window_sum_subtract(&forward, values[i]);
		assert_same_bits(window_sum_value(&forward), 0.0);
	}
}

static void
nothing_is_lost_beside_the_large(void **state)
{
	static const double values[] = {1e300, 1.0, -1e300, 0x1p-1074, 1e-200, -1e-200};
	WindowSum sum;

	window_sum_clear(&sum);
	for (int i = 0; i < 6; i++)
		window_sum_add(&sum, values[i]);
	assert_same_bits(window_sum_value(&sum), 1.0);
	window_sum_subtract(&sum, 1.0);
	assert_same_bits(window_sum_value(&sum), 0x1p-1074);
	window_sum_add(&sum, -0x1p-1073);
	assert_same_bits(window_sum_value(&sum), -0x1p-1074);
}

static void
ties_round_to_even(void **state)
{
	WindowSum sum;

	for (int shift = -60; shift <= 900; shift += 60)
	{
		window_sum_clear(&sum);
		window_sum_add(&sum, ldexp(1.0, shift + 53));
		window_sum_add(&sum, ldexp(1.0, shift));
		assert_same_bits(window_sum_value(&sum), ldexp(1.0, shift + 53));
		window_sum_add(&sum, ldexp(1.0, shift + 1));
		assert_same_bits(window_sum_value(&sum), ldexp(0x1p53 + 4, shift));
	}
}

static void
infinities_are_counted(void **state)
{
	WindowSum sum;

	window_sum_clear(&sum);
	window_sum_add(&sum, 1.5);
	window_sum_add(&sum, INFINITY);
	assert_same_bits(window_sum_value(&sum), INFINITY);
	window_sum_add(&sum, -INFINITY);
	assert_true(isnan(window_sum_value(&sum)));
	window_sum_subtract(&sum, INFINITY);
	assert_same_bits(window_sum_value(&sum), -INFINITY);
	window_sum_subtract(&sum, -INFINITY);
	assert_same_bits(window_sum_value(&sum), 1.5);
	window_sum_clear(&sum);
	window_sum_add(&sum, 1.7e308);
	window_sum_add(&sum, 1.7e308);
	assert_same_bits(window_sum_value(&sum), INFINITY);
}

/* n sum(x^2) - sum(x)^2 in integers of 113 bits. */
static void
deviations_are_exact_up_to_the_root(void **state)
{
	/* Ordinary values, values around either end of these, and very large and small ones. */
	static const int lows[] = {-8, -30, 10, 25, 900, -900};
	RandomState random;

	random_seed(&random, 3, 0);
	for (int round = 0; round < 500; round++)
	{
		int n = 2 + (int) random_below(&random, 500);
		double scale = ldexp(1.0, lows[round % 6] + (int) random_below(&random, 20));
		__int128 sum = 0, squares = 0;
		WindowMoments moments;

		window_moments_clear(&moments);
		for (int i = 0; i < n; i++)
		{
			int64_t value = (int64_t) random_below(&random, 1 << 20) - (1 << 19);

			sum += value;
			squares += value * value;
			window_moments_add(&moments, (double) value * scale);
			window_moments_add(&moments, 123.45);
			window_moments_subtract(&moments, 123.45);
		}
		assert_same_bits(
		    window_moments_deviation(&moments),
		    scale * sqrt((double) (n * squares - sum * sum) / ((double) n * (double) (n - 1))));
	}
}

static void
equal_values_do_not_deviate(void **state)
{
	WindowMoments moments;

	window_moments_clear(&moments);
	window_moments_add(&moments, 12.34);
	assert_true(isnan(window_moments_deviation(&moments)));
	for (int i = 0; i < 99; i++)
		window_moments_add(&moments, 12.34);
	assert_same_bits(window_moments_deviation(&moments), 0.0);
	/* The largest ordinary values, one of them negative. */
	window_moments_clear(&moments);
	window_moments_add(&moments, 0x1.fffffffffffffp31);
	window_moments_add(&moments, -0x1.fffffffffffffp31);
	assert_same_bits(window_moments_deviation(&moments), 0x1.fffffffffffffp31 * sqrt(2.0));
}

static void
values_of_all_sizes_deviate(void **state)
{
	WindowMoments moments;

	window_moments_clear(&moments);
	window_moments_add(&moments, 1e20);
	window_moments_add(&moments, 3e20);
	window_moments_add(&moments, 5e20);
	assert_same_bits(window_moments_deviation(&moments), 2e20);
	/* What is large and gone leaves nothing behind. */
	window_moments_add(&moments, 1.0);
	window_moments_add(&moments, 2.0);
	window_moments_add(&moments, 0x1p-1074);
	window_moments_subtract(&moments, 1e20);
	window_moments_subtract(&moments, 3e20);
	window_moments_subtract(&moments, 5e20);
	assert_same_bits(window_moments_deviation(&moments), 1.0);
	window_moments_subtract(&moments, 1.0);
	window_moments_subtract(&moments, 2.0);
	window_moments_add(&moments, 0x1p-1073);
	window_moments_add(&moments, 0x1.8p-1073);
	assert_same_bits(window_moments_deviation(&moments), 0x1p-1074);
	window_moments_add(&moments, INFINITY);
	assert_true(isnan(window_moments_deviation(&moments)));
	/* The largest there are: their squares and their sum are beyond float64. */
	window_moments_clear(&moments);
	window_moments_add(&moments, 0x1.8p1023);
	window_moments_add(&moments, 0x1p1023);
	assert_same_bits(window_moments_deviation(&moments), 0x1p1022 * sqrt(0.5));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sums_are_correctly_rounded),
	    cmocka_unit_test(order_and_what_is_gone_do_not_matter),
	    cmocka_unit_test(nothing_is_lost_beside_the_large),
	    cmocka_unit_test(ties_round_to_even),
	    cmocka_unit_test(infinities_are_counted),
	    cmocka_unit_test(deviations_are_exact_up_to_the_root),
	    cmocka_unit_test(equal_values_do_not_deviate),
	    cmocka_unit_test(values_of_all_sizes_deviate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

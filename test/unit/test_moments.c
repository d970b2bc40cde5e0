/*
 * test_moments.c
 *		Promises of core/moments.h: mean and deviation are those of the definition, to the
 *		last digits, also where two sums would cancel; they do not depend on order or split.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/moments.h"
#include "core/sample.h"
#include "drawn_values.h"

static Moments
moments_of(const double *values, size_t n)
{
	Moments moments = {0};

	for (size_t i = 0; i < n; i++)
	{
		uint64_t key = sample_key(values[i]);

		moments_add_keys(&moments, &key, 1);
	}
	return moments;
}

static Moments
moments_of_sorted(const double *values, size_t n)
{
	Moments moments = {0};
	uint64_t keys[N], scratch[N];

	for (size_t i = 0; i < n; i++)
		keys[i] = sample_key(values[i]);
	sample_sort(keys, scratch, n);
	moments_add_keys(&moments, keys, n);
	return moments;
}

static void
they_are_those_of_the_definition(void **state)
{
	for (int kind = 0; kind < N_KINDS; kind++)
	{
		double values[N];
		long double mean = 0.0L, squares = 0.0L;
		size_t finite = 0;
		RandomState random;
		Moments moments;

		random_seed(&random, 3, (uint64_t) kind);
		for (size_t i = 0; i < N; i++)
			values[i] = draw(&random, kind);
		for (size_t i = 0; i < N; i++)
			if (isfinite(values[i]))
			{
				mean += (long double) values[i];
				finite++;
			}
		mean /= (long double) finite;
		for (size_t i = 0; i < N; i++)
			if (isfinite(values[i]))
				squares += ((long double) values[i] - mean) * ((long double) values[i] - mean);
		moments = moments_of(values, N);
		assert_int_equal(moments.finite, finite);
		assert_true(fabs(moments_mean(&moments) - (double) mean) <= 1e-14 * fabs((double) mean));
		assert_true(
		    fabs(moments_deviation(&moments) / (double) sqrtl(squares / (long double) finite) -
		         1.0) < 1e-14);
	}
}

static void
no_digit_cancels(void **state)
{
	const double far[] = {1e15 + 1.0, 1e15 + 2.0, 1e15 + 3.0, 1e15 + 4.0};
	const double large[] = {-DBL_MAX, DBL_MAX};
	const double small[] = {5e-324, 15e-324};
	const double equal[] = {0.1, 0.1, 0.1};
	const double mixed[] = {1e300, -1e300, 1.0, 1.0, 1.0, 1.0};
	Moments moments = moments_of(far, 4);

	assert_true(moments_mean(&moments) == 1e15 + 2.5);
	assert_true(moments_deviation(&moments) == sqrt(1.25));
	moments = moments_of(large, 2);
	assert_true(moments_mean(&moments) == 0.0 && moments_deviation(&moments) == DBL_MAX);
	moments = moments_of(small, 2);
	assert_true(moments_mean(&moments) == 10e-324 && moments_deviation(&moments) == 5e-324);
	moments = moments_of(equal, 3);
	assert_true(moments_deviation(&moments) == 0.0);
	moments = moments_of(mixed, 6);
	assert_true(moments_mean(&moments) == 4.0 / 6.0);
}

static void
infinite_values_are_left_out(void **state)
{
	const double values[] = {2.0, INFINITY, 4.0, -INFINITY, 6.0};
	const double infinite[] = {INFINITY, -INFINITY};
	const double beyond[] = {DBL_MAX, DBL_MAX, DBL_MAX};
	Moments moments = moments_of(values, 5);

	assert_int_equal(moments.finite, 3);
	assert_true(moments_mean(&moments) == 4.0);
	assert_true(fabs(moments_deviation(&moments) - sqrt(8.0 / 3.0)) < 1e-15);
	moments = moments_of(infinite, 2);
	assert_true(moments.finite == 0 && moments_mean(&moments) == 0.0);
	assert_true(moments_deviation(&moments) == 0.0);
	moments = moments_of(beyond, 3);
	assert_true(moments_mean(&moments) == 0.0 && moments_deviation(&moments) == 0.0);
}

static void
order_and_split_do_not_matter(void **state)
{
	for (int kind = 0; kind < N_KINDS; kind++)
	{
		double values[N];
		RandomState random;
		Moments one_by_one, sorted, parts[3];

		random_seed(&random, 4, (uint64_t) kind);
		for (size_t i = 0; i < N; i++)
			values[i] = draw(&random, kind);
		one_by_one = moments_of(values, N);
		sorted = moments_of_sorted(values, N);
		parts[0] = moments_of_sorted(values, 1000);
		parts[1] = moments_of(values + 1000, 1);
		parts[2] = moments_of_sorted(values + 1001, N - 1001);
		moments_merge(&parts[2], &parts[0]);
		moments_merge(&parts[1], &parts[2]);
		moments_merge(&sorted, &(Moments){0});
		moments_merge(&one_by_one, &(Moments){0});
		assert_memory_equal(&sorted, &one_by_one, sizeof(Moments));
		assert_memory_equal(&sorted, &parts[1], sizeof(Moments));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(they_are_those_of_the_definition),
	    cmocka_unit_test(no_digit_cancels),
	    cmocka_unit_test(infinite_values_are_left_out),
	    cmocka_unit_test(order_and_split_do_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

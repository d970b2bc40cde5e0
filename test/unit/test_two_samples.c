/*
 * test_two_samples.c
 *		Promises of core/two_samples.h, kolmogorov.h and tail_probability.h: agreement
 *		with SciPy, and with the definitions counted one by one.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/kolmogorov.h"
#include "core/random.h"
#include "core/tail_probability.h"
#include "core/two_samples.h"

typedef struct TwoSampleCase
{
	uint64_t n0, m, n1, k;
	double shift;
	double values
	    [8]; /* ks and p, wasserstein, energy, Cramer-von Mises and p, Anderson-Darling and p */
} TwoSampleCase;

#include "golden/two_samples_golden.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void
assert_close(const char *what, double value, double expected, double relative, double absolute)
{
	if (!(fabs(value - expected) <= relative * fabs(expected) + absolute))
		fail_msg("%s: %.17g is not %.17g", what, value, expected);
}

static uint64_t *
sorted_keys(uint64_t n, uint64_t factor, uint64_t modulus, bool squared, double shift)
{
	uint64_t *keys = malloc(2 * n * sizeof(uint64_t));

	for (uint64_t i = 0; i < n; i++)
	{
		double value = (double) ((i + 1) * factor % modulus) / (double) modulus;

		keys[i] = sample_key(squared ? value * value + shift : value);
	}
	sample_sort(keys, keys + n, n);
	return keys;
}

static void
measure(const TwoSampleCase *c, double values[8])
{
	uint64_t *keys[2] = {sorted_keys(c->n0, 7919, c->m, false, 0.0),
	                     sorted_keys(c->n1, 104729, c->k, true, c->shift)};
	SampleTie ties[256];
	SampleCursor cursors[2];
	SampleCursor *heap[2] = {&cursors[0], &cursors[1]};
	SampleWalk walk;
	TwoSampleTest ks, distance, ranks;
	size_t n;

	sample_cursor_of_keys(&cursors[0], 0, keys[0], c->n0);
	sample_cursor_of_keys(&cursors[1], 1, keys[1], c->n1);
	sample_walk_begin(&walk, heap, 2);
	two_sample_begin(&ks, c->n0, c->n1);
	two_sample_begin(&distance, c->n0, c->n1);
	two_sample_begin(&ranks, c->n0, c->n1);
	while ((n = sample_walk_next(&walk, ties, 256)) > 0)
	{
		two_sample_add_ks(&ks, ties, n);
		two_sample_add_distance(&distance, ties, n);
		two_sample_add_ranks(&ranks, ties, n);
	}
	values[0] = two_sample_ks(&ks);
	values[1] = two_sample_ks_pvalue(&ks, &core_malloc_allocator);
	values[2] = two_sample_wasserstein(&distance);
	values[3] = two_sample_energy(&distance);
	values[4] = two_sample_cramer_von_mises(&ranks);
	values[5] = two_sample_cramer_von_mises_pvalue(&ranks);
	values[6] = two_sample_anderson_darling(&ranks);
	values[7] = anderson_darling_tail(values[6]);
	free(keys[0]);
	free(keys[1]);
}

/* SciPy ends the sum of the Cramer-von Mises distribution at a term of 1e-7. */
static void
statistics_agree_with_scipy(void **state)
{
	static const char *const names[] = {"ks",  "ks p",  "wasserstein", "energy",
	                                    "cvm", "cvm p", "ad",          "ad p"};

	for (size_t i = 0; i < LENGTH(two_sample_cases); i++)
	{
		double values[8];

		measure(&two_sample_cases[i], values);
		for (int v = 0; v < 8; v++)
		{
			char what[64];

			snprintf(what, sizeof(what), "case %zu, %s", i, names[v]);
			assert_close(what, values[v], two_sample_cases[i].values[v], 1e-9, v == 5 ? 1e-7 : 0.0);
		}
	}
}

static void
kolmogorov_tails_agree_with_scipy(void **state)
{
	for (size_t i = 0; i < LENGTH(kolmogorov_tails); i++)
	{
		const double *row = kolmogorov_tails[i];
		char what[64];

		snprintf(what, sizeof(what), "n %g, d %g", row[0], row[1]);
		assert_close(what, kolmogorov_one_sample((uint64_t) row[0], row[1], &core_malloc_allocator),
		             row[2], 1e-9, 1e-13);
	}
}

static void
chi_square_tails_agree_with_scipy(void **state)
{
	for (size_t i = 0; i < LENGTH(chi_square_tails); i++)
	{
		const double *row = chi_square_tails[i];
		char what[64];

		snprintf(what, sizeof(what), "x %g, df %g", row[0], row[1]);
		assert_close(what, chi_square_tail(row[0], row[1]), row[2], 1e-11, 0.0);
	}
	assert_true(chi_square_tail(0.0, 3.0) == 1.0);
	assert_true(chi_square_tail(INFINITY, 3.0) == 0.0);
}

static void
cramer_von_mises_tails_agree_with_scipy(void **state)
{
	for (size_t i = 0; i < LENGTH(cramer_von_mises_tails); i++)
		assert_close("x", cramer_von_mises_tail(cramer_von_mises_tails[i][0]),
		             cramer_von_mises_tails[i][1], 1e-9, 1e-13);
}

/* All orders of two samples, counted: the exact p-value is their share. */
static void
exact_p_values_are_shares_of_orders(void **state)
{
	for (uint64_t n0 = 1; n0 <= 6; n0++)
		for (uint64_t n1 = 1; n1 <= 6; n1++)
		{
			uint64_t counts[40] = {0}, orders = 0;
			uint64_t divisor = 1;

			for (uint64_t d = 1; d <= n0; d++)
				divisor = n0 % d == 0 && n1 % d == 0 ? d : divisor;
			for (uint32_t order = 0; order < 1U << (n0 + n1); order++)
			{
				int64_t seen[2] = {0, 0};
				int64_t greatest = 0;

				if ((uint64_t) __builtin_popcount(order) != n1)
					continue;
				for (uint64_t i = 0; i < n0 + n1; i++)
				{
					int64_t gap;

					seen[(order >> i) & 1]++;
					gap = llabs(seen[0] * (int64_t) n1 - seen[1] * (int64_t) n0);
					greatest = gap > greatest ? gap : greatest;
				}
				counts[(uint64_t) greatest / divisor]++;
				orders++;
			}
			for (uint64_t steps = 0; steps < 40; steps++)
			{
				uint64_t as_great = 0;

				for (uint64_t s = steps; s < 40; s++)
					as_great += counts[s];
				assert_close("share", kolmogorov_two_samples(n0, n1, steps, &core_malloc_allocator),
				             (double) as_great / (double) orders, 1e-13, 0.0);
			}
		}
}

static void
equal_samples_have_no_distance(void **state)
{
	TwoSampleTest test;
	SampleTie ties[] = {{-1.0, {2, 4}}, {0.0, {1, 2}}, {3.0, {5, 10}}};

	two_sample_begin(&test, 8, 16);
	two_sample_add_ks(&test, ties, 3);
	assert_true(two_sample_ks(&test) == 0.0);
	assert_true(two_sample_ks_pvalue(&test, &core_malloc_allocator) == 1.0);
	two_sample_begin(&test, 8, 16);
	two_sample_add_distance(&test, ties, 3);
	assert_true(two_sample_wasserstein(&test) == 0.0);
	assert_true(two_sample_energy(&test) == 0.0);
	two_sample_begin(&test, 8, 16);
	two_sample_add_ranks(&test, ties, 1);
	assert_true(isnan(two_sample_anderson_darling(&test)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(statistics_agree_with_scipy),
	    cmocka_unit_test(kolmogorov_tails_agree_with_scipy),
	    cmocka_unit_test(chi_square_tails_agree_with_scipy),
	    cmocka_unit_test(cramer_von_mises_tails_agree_with_scipy),
	    cmocka_unit_test(exact_p_values_are_shares_of_orders),
	    cmocka_unit_test(equal_samples_have_no_distance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

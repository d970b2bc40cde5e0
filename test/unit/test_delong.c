/*
 * test_delong.c
 *		Promises of core/delong.h: areas, placements and their variance as DeLong,
 *		DeLong and Clarke-Pearson define them, counted pair by pair; McNemar's tail as
 *		the sum of its terms.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/delong.h"
#include "core/random.h"

#define N 300

static void
assert_close(double value, double expected)
{
	if (!(fabs(value - expected) <= 1e-10 * fabs(expected) + 1e-15))
		fail_msg("%.17g is not %.17g", value, expected);
}

static double
wins(double fraud, double other)
{
	return fraud > other ? 1.0 : fraud == other ? 0.5 : 0.0;
}

/* Variance over rows of the label, of the difference of placements. */
static double
variance_by_pairs(const PairedRow *rows, uint8_t label, double *mean)
{
	double differences[N];
	double sum = 0.0, squares = 0.0;
	size_t k = 0;

	for (size_t i = 0; i < N; i++)
	{
		double placement[2] = {0.0, 0.0};
		double others = 0.0;

		if (rows[i].label != label)
			continue;
		for (size_t j = 0; j < N; j++)
		{
			if (rows[j].label == label)
				continue;
			others++;
			for (int s = 0; s < 2; s++)
				placement[s] += label == 1 ? wins(rows[i].scores[s], rows[j].scores[s])
				                           : wins(rows[j].scores[s], rows[i].scores[s]);
		}
		differences[k] = (placement[1] - placement[0]) / others;
		sum += differences[k++];
	}
	*mean = sum / (double) k;
	for (size_t i = 0; i < k; i++)
		squares += (differences[i] - *mean) * (differences[i] - *mean);
	return squares / (double) (k - 1) / (double) k;
}

static void
as_counted_pair_by_pair(void **state)
{
	for (uint64_t levels = 3; levels < 10000; levels *= 20)
	{
		PairedRow rows[N], again[N];
		RandomState random;
		DelongResult result, other;
		CoreError error;
		double mean, error_by_pairs;

		random_seed(&random, levels, 0);
		for (size_t i = 0; i < N; i++)
		{
			double truth = random_uniform(&random);

			rows[i].label = random_uniform(&random) < 0.3 * truth;
			for (int s = 0; s < 2; s++)
				rows[i].scores[s] =
				    floor((truth + (s + 1) * random_uniform(&random)) * (double) levels);
			again[N - 1 - i] = rows[i];
		}
		error_by_pairs =
		    sqrt(variance_by_pairs(rows, 1, &mean) + variance_by_pairs(rows, 0, &mean));
		assert_true(delong_compare(rows, N, qsort_r, &result, &core_malloc_allocator, &error));
		assert_close(result.auc[1] - result.auc[0], mean);
		assert_close(result.standard_error, error_by_pairs);
		assert_close(result.p_value, erfc(fabs(mean) / error_by_pairs / sqrt(2.0)));
		assert_true(delong_compare(again, N, qsort_r, &other, &core_malloc_allocator, &error));
		assert_memory_equal(&result, &other, sizeof(result));
	}
}

static void
equal_scores_do_not_differ(void **state)
{
	PairedRow rows[] = {{{1, 1}, 1}, {{2, 2}, 0}, {{3, 3}, 1}, {{0, 0}, 0}, {{1, 1}, 0}};
	PairedRow one_fraud[] = {{{1, 1}, 1}, {{2, 2}, 0}, {{3, 3}, 0}};
	DelongResult result;
	CoreError error;

	assert_true(delong_compare(rows, 5, qsort_r, &result, &core_malloc_allocator, &error));
	assert_true(result.auc[0] == result.auc[1] && result.p_value == 1.0);
	assert_false(delong_compare(one_fraud, 3, qsort_r, &result, &core_malloc_allocator, &error));
}

static void
mcnemar_by_its_terms(void **state)
{
	assert_true(mcnemar_pvalue(0, 0) == 1.0);
	assert_true(mcnemar_pvalue(7, 7) == 1.0);
	assert_close(mcnemar_pvalue(0, 5), 2.0 / 32.0);
	assert_close(mcnemar_pvalue(8, 2), 2.0 * (1 + 10 + 45) / 1024.0);
	assert_true(mcnemar_pvalue(4, 5) == 1.0);
	assert_true(mcnemar_pvalue(0, 5000) == 0.0);
	/* scipy.stats.binomtest(k, n).pvalue, SciPy 1.10 */
	assert_close(mcnemar_pvalue(430, 570), 1.070973766495961e-05);
	assert_close(mcnemar_pvalue(4990, 5010), 0.8493103266373195);
	assert_close(mcnemar_pvalue(498000, 502000), 6.360933750078801e-05);
	assert_close(mcnemar_pvalue(49990000, 50010000), 0.04551106262957223);
	assert_close(mcnemar_pvalue(49950000, 50050000), 1.5254975859150004e-23);
	/* Further on SciPy loses digits. Before the normal tail takes over it is as good; then there are numbers that no loop would count to. */
	assert_close(mcnemar_pvalue(499999000, 500001000), erfc(1999.0 / sqrt(2e9)));
	assert_close(mcnemar_pvalue(499998500000, 500001499998),
	             erfc(2999997.0 / sqrt(2.0 * 999999999998.0)));
	assert_close(mcnemar_pvalue(4000000000000000000, 4000000001000000000),
	             erfc((1e9 - 1.0) / sqrt(2.0 * 8.000000001e18)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(as_counted_pair_by_pair),
	    cmocka_unit_test(equal_scores_do_not_differ),
	    cmocka_unit_test(mcnemar_by_its_terms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

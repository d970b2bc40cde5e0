/*
 * test_performance_estimate.c
 *		Promises of core/performance_estimate.h: the values are expectations over all
 *		labels, the band is that of their chance, and both depend on rows and seed alone.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/performance_estimate.h"
#include "core/random.h"

#define N_SMALL 8
#define N_LARGE 4000

static const BootstrapPlan plan_95 = {.replicates = 500, .confidence = 0.95, .seed = 42};

static void
estimate(ScoredRow *rows, size_t n, const BootstrapPlan *plan, PerformanceEstimate *metrics,
         PerformanceEstimate *frauds)
{
	CoreError error;

	if (!performance_estimate(rows, n, plan, &core_malloc_allocator, metrics, frauds, &error))
		fail_msg("%s", error.message);
}

/* All 2^8 labellings, each with its probability, where they define the metric. */
static void
values_are_expectations(void **state)
{
	const double scores[N_SMALL] = {0.9, 0.7, 0.7, 0.5, 0.25, 0.1, 0.05, 0.01};
	BootstrapPlan plan = {.replicates = 20000, .confidence = 0.9, .seed = 7};
	double expected[RANKING_N_METRICS] = {0}, weight[RANKING_N_METRICS] = {0};
	PerformanceEstimate metrics[RANKING_N_METRICS], frauds;
	ScoredRow rows[N_SMALL];

	for (int i = 0; i < N_SMALL; i++)
		rows[i].score = scores[i];
	for (unsigned labels = 0; labels < 1u << N_SMALL; labels++)
	{
		double measured[RANKING_N_METRICS], probability = 1.0;

		for (int i = 0; i < N_SMALL; i++)
		{
			rows[i].label = labels >> i & 1;
			probability *= rows[i].label ? scores[i] : 1.0 - scores[i];
		}
		ranking_measure(rows, NULL, N_SMALL, measured);
		for (int m = 0; m < RANKING_N_METRICS; m++)
		{
			if (isnan(measured[m]))
				continue;
			expected[m] += probability * measured[m];
			weight[m] += probability;
		}
	}
	estimate(rows, N_SMALL, &plan, metrics, &frauds);
	for (int m = 0; m < RANKING_N_METRICS; m++)
	{
		bool is_sum = m == RANKING_LOG_LOSS || m == RANKING_BRIER;

		if (!(fabs(metrics[m].value - expected[m] / weight[m]) < (is_sum ? 1e-14 : 0.006)))
			fail_msg("%s: %.6f is not %.6f", ranking_metric_name(m), metrics[m].value,
			         expected[m] / weight[m]);
	}
	assert_true(fabs(frauds.value - 3.21) < 1e-12);
}

static void
fill_rows(ScoredRow *rows, size_t n, uint64_t seed)
{
	RandomState random;

	random_seed(&random, seed, 1);
	for (size_t i = 0; i < n; i++)
		rows[i] = (ScoredRow){.score = pow(random_uniform(&random), 6.0)};
	ranking_sort(rows, n);
}

/* Labels that come true as the scores say fall into a band of 90 % about as often as that. */
static void
the_band_covers_labels_to_come(void **state)
{
	ScoredRow *rows = malloc(N_LARGE * sizeof(ScoredRow));
	BootstrapPlan plan = {.replicates = 300, .confidence = 0.9, .seed = 5};
	PerformanceEstimate metrics[RANKING_N_METRICS], frauds;
	int inside[RANKING_N_METRICS] = {0};

	fill_rows(rows, N_LARGE, 3);
	estimate(rows, N_LARGE, &plan, metrics, &frauds);
	for (int world = 0; world < 200; world++)
	{
		double measured[RANKING_N_METRICS];
		RandomState random;

		random_seed(&random, 1000 + world, 2);
		for (size_t i = 0; i < N_LARGE; i++)
			rows[i].label = random_uniform(&random) < rows[i].score;
		ranking_measure(rows, NULL, N_LARGE, measured);
		for (int m = 0; m < RANKING_N_METRICS; m++)
			inside[m] += measured[m] >= metrics[m].low && measured[m] <= metrics[m].high;
	}
	for (int m = 0; m < RANKING_N_METRICS; m++)
		assert_in_range(inside[m], 166, 194);
	free(rows);
}

static void
same_seed_same_estimate(void **state)
{
	ScoredRow *rows = malloc(N_LARGE * sizeof(ScoredRow));
	PerformanceEstimate a[RANKING_N_METRICS], b[RANKING_N_METRICS], frauds;
	BootstrapPlan plan = plan_95;

	fill_rows(rows, N_LARGE, 3);
	estimate(rows, N_LARGE, &plan, a, &frauds);
	estimate(rows, N_LARGE, &plan, b, &frauds);
	assert_memory_equal(a, b, sizeof(a));
	plan.seed = 43;
	estimate(rows, N_LARGE, &plan, b, &frauds);
	assert_memory_not_equal(a, b, sizeof(a));
	free(rows);
}

static void
certain_scores_leave_no_band(void **state)
{
	ScoredRow certain[] = {{1.0, 0}, {1.0, 0}, {0.0, 1}, {0.0, 0}};
	ScoredRow never[] = {{0.0, 1}, {0.0, 0}};
	PerformanceEstimate metrics[RANKING_N_METRICS], frauds;

	estimate(certain, 4, &plan_95, metrics, &frauds);
	assert_true(metrics[RANKING_AUC].low == 1.0 && metrics[RANKING_AUC].value == 1.0);
	assert_true(frauds.low == 2.0 && frauds.value == 2.0 && frauds.high == 2.0);
	assert_true(metrics[RANKING_BRIER].value == 0.0 && metrics[RANKING_BRIER].high == 0.0);
	estimate(never, 2, &plan_95, metrics, &frauds);
	assert_true(isnan(metrics[RANKING_AUC].value) && isnan(metrics[RANKING_AUC].low));
	assert_true(metrics[RANKING_BRIER].value == 0.0 && frauds.value == 0.0);
	estimate(never, 0, &plan_95, metrics, &frauds);
	assert_true(isnan(metrics[RANKING_BRIER].value) && frauds.value == 0.0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_are_expectations),
	    cmocka_unit_test(the_band_covers_labels_to_come),
	    cmocka_unit_test(same_seed_same_estimate),
	    cmocka_unit_test(certain_scores_leave_no_band),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

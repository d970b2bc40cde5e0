/*
 * test_paired_bootstrap.c
 *		Promises of the paired bootstrap: reproducible, values are those of the single
 *		metrics, differences are told from chance about as often as theory says.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/paired_bootstrap.h"
#include "core/random.h"

#define N 400
#define THRESHOLD 0.5

static const BootstrapPlan plan_95 = {.replicates = 200, .confidence = 0.95, .seed = 42};

/* Two noisy views of one signal; the second has that much more noise. */
static void
simulate(uint64_t seed, double more_noise, PairedRow *rows)
{
	RandomState random;

	random_seed(&random, seed, 0);
	for (size_t i = 0; i < N; i++)
	{
		double signal = random_uniform(&random);
		double noise[2] = {0.2, 0.2 + more_noise};

		rows[i].label = signal + 0.3 * random_uniform(&random) > 1.0;
		for (int s = 0; s < 2; s++)
			rows[i].scores[s] = (signal + noise[s] * random_uniform(&random)) / (1.0 + noise[s]);
	}
	paired_rows_sort(rows, N, qsort_r);
}

static void
run(const PairedRow *rows, size_t n, const BootstrapPlan *plan, PairedMetric *metrics)
{
	CoreError error;

	if (!paired_bootstrap(rows, n, THRESHOLD, plan, qsort_r, &core_malloc_allocator, metrics,
	                      &error))
		fail_msg("%s", error.message);
}

static void
values_are_those_of_the_single_metrics(void **state)
{
	PairedRow rows[N];
	PairedMetric metrics[PAIRED_N_METRICS];

	simulate(1, 0.3, rows);
	run(rows, N, &plan_95, metrics);
	for (int s = 0; s < 2; s++)
	{
		ScoredRow sorted[N];
		double expected[RANKING_N_METRICS];
		double right = 0.0;

		for (size_t i = 0; i < N; i++)
		{
			sorted[i] = (ScoredRow){rows[i].scores[s], rows[i].label};
			right += (rows[i].scores[s] >= THRESHOLD) == rows[i].label;
		}
		ranking_sort(sorted, N);
		ranking_measure(sorted, NULL, N, expected);
		for (int m = 0; m < RANKING_N_METRICS; m++)
			assert_true(metrics[m].values[s] == expected[m]);
		assert_true(metrics[PAIRED_ACCURACY].values[s] == right / N);
	}
}

static void
same_rows_and_seed_same_intervals(void **state)
{
	PairedRow rows[N], reversed[N];
	PairedMetric a[PAIRED_N_METRICS], b[PAIRED_N_METRICS], other[PAIRED_N_METRICS];
	BootstrapPlan plan = plan_95;

	simulate(2, 0.1, rows);
	for (size_t i = 0; i < N; i++)
		reversed[i] = rows[N - 1 - i];
	paired_rows_sort(reversed, N, qsort_r);
	run(rows, N, &plan, a);
	run(reversed, N, &plan, b);
	assert_memory_equal(a, b, sizeof(a));
	plan.seed = 43;
	run(rows, N, &plan, other);
	assert_memory_not_equal(a, other, sizeof(a));
}

static void
a_score_does_not_differ_from_itself(void **state)
{
	PairedRow rows[N];
	PairedMetric metrics[PAIRED_N_METRICS];

	simulate(3, 0.0, rows);
	for (size_t i = 0; i < N; i++)
		rows[i].scores[1] = rows[i].scores[0];
	paired_rows_sort(rows, N, qsort_r);
	run(rows, N, &plan_95, metrics);
	for (int m = 0; m < PAIRED_N_METRICS; m++)
	{
		assert_true(metrics[m].interval.low == 0.0 && metrics[m].interval.high == 0.0);
		assert_true(metrics[m].p_value == 1.0);
	}
}

/* Of 200 samples without a difference about 5 % are called different, a binomial around 10. */
static void
false_alarms_are_as_many_as_asked_for(void **state)
{
	int alarms = 0, found = 0;

	for (int s = 0; s < 200; s++)
	{
		PairedRow rows[N];
		PairedMetric metrics[PAIRED_N_METRICS];

		simulate(100 + s, 0.0, rows);
		run(rows, N, &plan_95, metrics);
		alarms += metrics[RANKING_AVERAGE_PRECISION].p_value < 0.05;
		simulate(100 + s, 0.6, rows);
		run(rows, N, &plan_95, metrics);
		found += metrics[RANKING_AVERAGE_PRECISION].p_value < 0.05;
	}
	assert_in_range(alarms, 2, 20);
	assert_in_range(found, 180, 200);
}

/* As wide as DeLong's standard error of the difference says, within a fifth. */
static void
intervals_of_the_area_agree_with_delong(void **state)
{
	double ratio = 0.0;

	for (int s = 0; s < 20; s++)
	{
		PairedRow rows[N];
		PairedMetric metrics[PAIRED_N_METRICS];
		DelongResult delong;
		CoreError error;
		BootstrapInterval interval;

		simulate(500 + s, 0.2, rows);
		run(rows, N, &plan_95, metrics);
		interval = metrics[RANKING_AUC].interval;
		assert_true(delong_compare(rows, N, qsort_r, &delong, &core_malloc_allocator, &error));
		ratio += (interval.high - interval.low) / (2.0 * 1.96 * delong.standard_error) / 20.0;
	}
	assert_true(ratio > 0.8 && ratio < 1.2);
}

static void
what_is_not_defined_is_nan(void **state)
{
	PairedRow rows[] = {{{0.1, 0.2}, 0}, {{0.3, 0.9}, 0}};
	PairedMetric metrics[PAIRED_N_METRICS];
	BootstrapPlan none = {.replicates = 0, .confidence = 0.95};

	run(rows, 2, &plan_95, metrics);
	assert_true(isnan(metrics[RANKING_AUC].values[0]) && isnan(metrics[RANKING_AUC].interval.low));
	assert_true(isnan(metrics[RANKING_AUC].p_value));
	assert_true(metrics[PAIRED_ACCURACY].values[0] == 1.0);
	run(rows, 2, &none, metrics);
	assert_true(metrics[PAIRED_ACCURACY].values[1] == 0.5);
	assert_true(isnan(metrics[RANKING_BRIER].interval.low) &&
	            isnan(metrics[RANKING_BRIER].p_value));
	run(rows, 0, &plan_95, metrics);
	for (int m = 0; m < PAIRED_N_METRICS; m++)
		assert_true(isnan(metrics[m].values[0]) && isnan(metrics[m].p_value));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_are_those_of_the_single_metrics),
	    cmocka_unit_test(same_rows_and_seed_same_intervals),
	    cmocka_unit_test(a_score_does_not_differ_from_itself),
	    cmocka_unit_test(false_alarms_are_as_many_as_asked_for),
	    cmocka_unit_test(intervals_of_the_area_agree_with_delong),
	    cmocka_unit_test(what_is_not_defined_is_nan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_bootstrap.c
 *		Promises of the bootstrap: reproducible, ordered around the metric, about as
 *		wide as theory says, undefined where the metric is.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bootstrap.h"
#include "core/random.h"

static const BootstrapPlan plan_95 = {.replicates = 400, .confidence = 0.95, .seed = 42};

/* Frauds have scores uniform in (0.3, 1), legitimate rows in (0, 1): the true area is 0.65. */
static void
simulate(uint64_t seed, size_t n, ScoredRow *rows)
{
	RandomState random;

	random_seed(&random, seed, 0);
	for (size_t i = 0; i < n; i++)
	{
		double score = random_uniform(&random);

		rows[i].label = i % 4 == 0;
		rows[i].score = rows[i].label ? 0.3 + 0.7 * score : score;
	}
	ranking_sort(rows, n);
}

static void
run(const ScoredRow *rows, size_t n, const BootstrapPlan *plan, BootstrapInterval *intervals)
{
	CoreError error;

	if (!ranking_bootstrap(rows, n, plan, &core_malloc_allocator, intervals, &error))
		fail_msg("%s", error.message);
}

static void
same_seed_same_intervals(void **state)
{
	ScoredRow rows[400];
	BootstrapInterval a[RANKING_N_METRICS], b[RANKING_N_METRICS], other[RANKING_N_METRICS];
	BootstrapPlan plan = plan_95;

	simulate(1, 400, rows);
	run(rows, 400, &plan, a);
	run(rows, 400, &plan, b);
	assert_memory_equal(a, b, sizeof(a));
	plan.seed = 43;
	run(rows, 400, &plan, other);
	assert_memory_not_equal(a, other, sizeof(a));
}

static void
more_confidence_is_a_wider_interval(void **state)
{
	ScoredRow rows[400];
	BootstrapInterval narrow[RANKING_N_METRICS], wide[RANKING_N_METRICS];
	BootstrapPlan plan = plan_95;

	simulate(2, 400, rows);
	run(rows, 400, &plan, wide);
	plan.confidence = 0.5;
	run(rows, 400, &plan, narrow);
	for (int m = 0; m < RANKING_N_METRICS; m++)
	{
		assert_true(wide[m].low <= narrow[m].low);
		assert_true(narrow[m].low <= narrow[m].high);
		assert_true(narrow[m].high <= wide[m].high);
	}
}

/*
 * 200 samples: about 95 % of the intervals hold the true area (a binomial with
 * standard deviation 3.1 around 190), and their mean width is that of the
 * normal approximation within a tenth.
 */
static void
intervals_cover_the_true_area(void **state)
{
	enum
	{
		SAMPLES = 200,
		N = 400
	};
	int covered = 0;
	double width = 0.0, sum = 0.0, squares = 0.0, deviation;

	for (int s = 0; s < SAMPLES; s++)
	{
		ScoredRow rows[N];
		BootstrapInterval intervals[RANKING_N_METRICS];
		double auc;

		simulate(100 + s, N, rows);
		run(rows, N, &plan_95, intervals);
		auc = ranking_auc(rows, NULL, N);
		sum += auc;
		squares += auc * auc;
		width += intervals[RANKING_AUC].high - intervals[RANKING_AUC].low;
		covered += intervals[RANKING_AUC].low <= 0.65 && 0.65 <= intervals[RANKING_AUC].high;
	}
	deviation = sqrt(squares / SAMPLES - (sum / SAMPLES) * (sum / SAMPLES));
	assert_in_range(covered, 180, 200);
	assert_true(fabs(width / SAMPLES / (2.0 * 1.96 * deviation) - 1.0) < 0.1);
}

static void
one_class_has_no_interval_for_the_area(void **state)
{
	ScoredRow rows[] = {{0.9, 0}, {0.5, 0}, {0.1, 0}};
	BootstrapInterval intervals[RANKING_N_METRICS];

	run(rows, 3, &plan_95, intervals);
	assert_true(isnan(intervals[RANKING_AUC].low) && isnan(intervals[RANKING_AUC].high));
	assert_true(isnan(intervals[RANKING_AVERAGE_PRECISION].low));
	assert_true(intervals[RANKING_BRIER].low < intervals[RANKING_BRIER].high);
	run(rows, 0, &plan_95, intervals);
	for (int m = 0; m < RANKING_N_METRICS; m++)
		assert_true(isnan(intervals[m].low) && isnan(intervals[m].high));
}

static void
one_replicate_is_a_point(void **state)
{
	ScoredRow rows[100];
	BootstrapInterval intervals[RANKING_N_METRICS];
	BootstrapPlan plan = {.replicates = 1, .confidence = 0.9, .seed = 1};

	simulate(3, 100, rows);
	run(rows, 100, &plan, intervals);
	for (int m = 0; m < RANKING_N_METRICS; m++)
		assert_true(intervals[m].low == intervals[m].high);
}

static void
count_call(void *context)
{
	++*(int *) context;
}

static void
interrupts_are_looked_for_in_every_replicate(void **state)
{
	ScoredRow rows[100];
	BootstrapInterval intervals[RANKING_N_METRICS];
	int calls = 0;
	BootstrapPlan plan = {.replicates = 17,
	                      .confidence = 0.9,
	                      .seed = 1,
	                      .before_replicate = count_call,
	                      .context = &calls};

	simulate(4, 100, rows);
	run(rows, 100, &plan, intervals);
	assert_int_equal(calls, 17);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(same_seed_same_intervals),
	    cmocka_unit_test(more_confidence_is_a_wider_interval),
	    cmocka_unit_test(intervals_cover_the_true_area),
	    cmocka_unit_test(one_class_has_no_interval_for_the_area),
	    cmocka_unit_test(one_replicate_is_a_point),
	    cmocka_unit_test(interrupts_are_looked_for_in_every_replicate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_calibration.c
 *		Promises of calibration: agreement with scikit-learn and SciPy, independence
 *		of row order, monotone and finite results, refusal of bad input.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/calibration.h"
#include "core/random.h"
#include "core/ranking.h"
#include "golden/calibration_golden.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void
assert_close(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance * fabs(expected)))
		fail_msg("%.17g is not %.17g", value, expected);
}

static void
calibration_release(Calibration *calibration)
{
	free((void *) calibration->margins);
	free((void *) calibration->probabilities);
}

static Calibration
fit_isotonic_known(const float *margins, const uint8_t *labels, size_t n, double known)
{
	Calibration calibration;
	CoreError error;

	if (!calibration_fit_isotonic(margins, labels, n, known, &core_malloc_allocator, &calibration,
	                              &error))
		fail_msg("%s", error.message);
	assert_true(calibration_verify(&calibration, &error));
	return calibration;
}

static Calibration
fit_isotonic(const float *margins, const uint8_t *labels, size_t n)
{
	return fit_isotonic_known(margins, labels, n, 1.0);
}

static Calibration
fit_platt_known(const float *margins, const uint8_t *labels, size_t n, double known)
{
	Calibration calibration;
	CoreError error;

	if (!calibration_fit_platt(margins, labels, n, known, &core_malloc_allocator, &calibration,
	                           &error))
		fail_msg("%s", error.message);
	return calibration;
}

static Calibration
fit_platt(const float *margins, const uint8_t *labels, size_t n)
{
	return fit_platt_known(margins, labels, n, 1.0);
}

static void
isotonic_agrees_with_scikit_learn(void **state)
{
	Calibration fine =
	    fit_isotonic_known(fine_margins, fine_labels, LENGTH(fine_margins), fine_known);
	Calibration ties =
	    fit_isotonic_known(ties_margins, ties_labels, LENGTH(ties_margins), ties_known);

	for (size_t i = 0; i < LENGTH(fine_queries); i++)
		assert_close(calibration_apply(&fine, fine_queries[i]), fine_isotonic[i], 1e-9);
	for (size_t i = 0; i < LENGTH(ties_queries); i++)
		assert_close(calibration_apply(&ties, ties_queries[i]), ties_isotonic[i], 1e-9);
	calibration_release(&fine);
	calibration_release(&ties);
}

static void
platt_agrees_with_scipy(void **state)
{
	Calibration fine = fit_platt_known(fine_margins, fine_labels, LENGTH(fine_margins), fine_known);
	Calibration ties = fit_platt_known(ties_margins, ties_labels, LENGTH(ties_margins), ties_known);

	assert_close(fine.slope, fine_platt[0], 1e-9);
	assert_close(fine.intercept, fine_platt[1], 1e-9);
	assert_close(ties.slope, ties_platt[0], 1e-9);
	assert_close(ties.intercept, ties_platt[1], 1e-9);
}

/* Rows of a seed whose frauds follow the margin; ties where coarse. */
static void
simulate(uint64_t seed, size_t n, bool coarse, float *margins, uint8_t *labels)
{
	RandomState random;

	random_seed(&random, seed, 0);
	for (size_t i = 0; i < n; i++)
	{
		double margin = 12.0 * random_uniform(&random) - 9.0;

		margins[i] = (float) (coarse ? floor(margin) : margin);
		labels[i] = random_uniform(&random) < 1.0 / (1.0 + exp(-0.7 * margin));
	}
}

static void
shuffle(uint64_t seed, size_t n, float *margins, uint8_t *labels)
{
	RandomState random;

	random_seed(&random, seed, 1);
	for (size_t i = n; i > 1; i--)
	{
		size_t j = random_below(&random, i);
		float margin = margins[j];
		uint8_t label = labels[j];

		margins[j] = margins[i - 1];
		labels[j] = labels[i - 1];
		margins[i - 1] = margin;
		labels[i - 1] = label;
	}
}

enum
{
	N = 5000
};

static void
row_order_changes_no_bit(void **state)
{
	static float margins[N];
	static uint8_t labels[N];

	for (int coarse = 0; coarse < 2; coarse++)
	{
		Calibration before, after, platt_before, platt_after;

		simulate(7, N, coarse, margins, labels);
		before = fit_isotonic(margins, labels, N);
		platt_before = fit_platt(margins, labels, N);
		shuffle(8, N, margins, labels);
		after = fit_isotonic(margins, labels, N);
		platt_after = fit_platt(margins, labels, N);
		assert_int_equal(before.n_points, after.n_points);
		assert_memory_equal(before.margins, after.margins, before.n_points * sizeof(float));
		assert_memory_equal(before.probabilities, after.probabilities,
		                    before.n_points * sizeof(double));
		assert_true(platt_before.slope == platt_after.slope);
		assert_true(platt_before.intercept == platt_after.intercept);
		calibration_release(&before);
		calibration_release(&after);
	}
}

static void
isotonic_is_monotone_and_never_certain(void **state)
{
	static float margins[N];
	static uint8_t labels[N];
	Calibration calibration;
	double previous = 0.0;

	simulate(9, N, false, margins, labels);
	calibration = fit_isotonic(margins, labels, N);
	for (float margin = -10.0f; margin < 5.0f; margin += 0.001f)
	{
		double probability = calibration_apply(&calibration, margin);

		assert_true(probability > 0.0 && probability < 1.0);
		assert_true(probability >= previous);
		previous = probability;
	}
	assert_true(calibration_apply(&calibration, -INFINITY) == calibration.probabilities[0]);
	assert_true(calibration_apply(&calibration, INFINITY) ==
	            calibration.probabilities[calibration.n_points - 1]);
	assert_true(isnan(calibration_apply(&calibration, NAN)));
	calibration_release(&calibration);
}

/* Lines between the blocks' centers keep the sum of predictions near the number of frauds. */
static void
isotonic_predictions_add_up_to_the_frauds(void **state)
{
	static float margins[N];
	static uint8_t labels[N];

	for (int coarse = 0; coarse < 2; coarse++)
	{
		Calibration calibration;
		double sum = 0.0, frauds = 0.0;

		simulate(10, N, coarse, margins, labels);
		calibration = fit_isotonic(margins, labels, N);
		for (size_t i = 0; i < N; i++)
		{
			sum += calibration_apply(&calibration, margins[i]);
			frauds += labels[i];
		}
		assert_close(sum, frauds, 0.01);
		calibration_release(&calibration);
	}
}

/* A score must rank as the forest does: no ties that the margins do not have. */
static void
isotonic_keeps_the_ranking(void **state)
{
	static float margins[N];
	static uint8_t labels[N];
	static ScoredRow by_margin[N], by_score[N];
	Calibration calibration;

	simulate(15, N, false, margins, labels);
	calibration = fit_isotonic(margins, labels, N);
	simulate(16, N, false, margins, labels);
	for (size_t i = 0; i < N; i++)
	{
		/* A wider range than the sample's. */
		margins[i] *= 1.2f;
		by_margin[i] = (ScoredRow){.score = margins[i], .label = labels[i]};
		by_score[i] =
		    (ScoredRow){.score = calibration_apply(&calibration, margins[i]), .label = labels[i]};
	}
	ranking_sort(by_margin, N);
	ranking_sort(by_score, N);
	assert_true(ranking_auc(by_score, NULL, N) == ranking_auc(by_margin, NULL, N));
	assert_true(ranking_average_precision(by_score, NULL, N) ==
	            ranking_average_precision(by_margin, NULL, N));
	calibration_release(&calibration);
}

/* The trend stands for frauds of its own, so a perfect sample proves no certainty. */
static void
a_separable_sample_leans_on_the_trend(void **state)
{
	const float margins[] = {3, -2, 2, -1, -3};
	const uint8_t labels[] = {1, 0, 1, 0, 0};
	const float expected_margins[] = {-9, -3, -2, 2.5, 3, 9};
	Calibration calibration = fit_isotonic(margins, labels, 5);
	Calibration platt = fit_platt(margins, labels, 5);
	const double *p = calibration.probabilities;
	double low = 0, high = 0, slope;

	for (int i = 0; i < 5; i++)
	{
		if (labels[i])
			high += calibration_apply(&platt, margins[i]) / 2;
		else
			low += calibration_apply(&platt, margins[i]) / 3;
	}
	low = 10 * low / (3 * low * (1 - low) + 10);
	high = (2 * high * (1 - high) + 10 * high) / (2 * high * (1 - high) + 10);
	slope = (high - low) / 4.5;
	assert_int_equal(calibration.n_points, 6);
	assert_memory_equal(calibration.margins, expected_margins, sizeof(expected_margins));
	assert_close(p[2], low, 1e-12);
	assert_close(p[3], high, 1e-12);
	/* To the left half of the probability is the limit; to the right the line just goes on. */
	assert_close(p[1], fmax(low / 2, low - slope), 1e-12);
	assert_close(p[0], p[1] / 2, 1e-15);
	assert_close(p[4], fmin((1 + high) / 2, high + slope * 0.5), 1e-12);
	assert_close(p[5], (1 + p[4]) / 2, 1e-15);
	calibration_release(&calibration);
}

/* With few frauds the curve is nearly the trend's, with many it is that of the labels. */
static void
frauds_outweigh_the_trend(void **state)
{
	static float margins[400000];
	static uint8_t labels[400000];
	const size_t sizes[] = {400, 400000};
	double from_truth[2], from_trend[2];

	for (int s = 0; s < 2; s++)
	{
		size_t n = sizes[s];
		RandomState random;
		Calibration isotonic, platt;

		random_seed(&random, 21, 0);
		for (size_t i = 0; i < n; i++)
		{
			/* two steps, which no logistic curve follows */
			margins[i] = (float) (random_uniform(&random) * 3.0);
			labels[i] = random_uniform(&random) < (margins[i] < 1   ? 0.02
			                                       : margins[i] < 2 ? 0.2
			                                                        : 0.22);
		}
		isotonic = fit_isotonic(margins, labels, n);
		platt = fit_platt(margins, labels, n);
		from_truth[s] = fabs(calibration_apply(&isotonic, 1.2f) - 0.2);
		from_trend[s] = fabs(calibration_apply(&isotonic, 1.2f) - calibration_apply(&platt, 1.2f));
		calibration_release(&isotonic);
	}
	assert_true(from_trend[0] < 0.05);
	assert_true(from_truth[1] < 0.01);
	assert_true(from_trend[1] > 0.08);
}

/*
 * Labels of which a known share is there give the probabilities of all: of the
 * whole sample, and compared with the fit to all labels.
 */
static void
unknown_frauds_are_counted(void **state)
{
	enum
	{
		ROWS = 200000
	};
	static float margins[ROWS];
	static uint8_t labels[ROWS];
	static uint8_t known[ROWS];
	RandomState random;
	Calibration whole[2], part[2];
	double sums[2] = {0}, frauds = 0;

	simulate(17, ROWS, false, margins, labels);
	random_seed(&random, 18, 0);
	for (size_t i = 0; i < ROWS; i++)
	{
		known[i] = labels[i] && random_uniform(&random) < 0.7;
		frauds += labels[i];
	}
	whole[0] = fit_isotonic(margins, labels, ROWS);
	whole[1] = fit_platt(margins, labels, ROWS);
	part[0] = fit_isotonic_known(margins, known, ROWS, 0.7);
	part[1] = fit_platt_known(margins, known, ROWS, 0.7);
	for (int method = 0; method < 2; method++)
	{
		for (size_t i = 0; i < ROWS; i++)
			sums[method] += calibration_apply(&part[method], margins[i]);
		assert_close(sums[method], frauds, 0.01);
		for (float margin = -8.0f; margin < 2.5f; margin += 0.25f)
			assert_true(fabs(calibration_apply(&part[method], margin) -
			                 calibration_apply(&whole[method], margin)) < 0.03);
	}
	calibration_release(&whole[0]);
	calibration_release(&part[0]);
}

/* A share of known frauds that would leave nobody honest is not believed. */
static void
at_most_half_of_the_others_are_frauds(void **state)
{
	const float equal[] = {1, 1, 1, 1};
	const uint8_t labels[] = {1, 0, 0, 0};
	Calibration calibration = fit_isotonic_known(equal, labels, 4, 1e-300);
	Calibration platt = fit_platt_known(equal, labels, 4, 1e-300);

	assert_close(calibration_apply(&calibration, 1), (1 + 1.5) / 4, 1e-15);
	assert_true(calibration_apply(&platt, 1) > 0.5 && calibration_apply(&platt, 1) < 0.7);
	calibration_release(&calibration);
}

static void
margins_that_tell_nothing_give_the_share_of_frauds(void **state)
{
	const float equal[] = {1, 1, 1, 1};
	const float reversed[] = {1, 2, 3, 4};
	const uint8_t labels[] = {1, 0, 0, 0};
	Calibration calibration = fit_isotonic(equal, labels, 4);
	Calibration platt = fit_platt(equal, labels, 4);

	assert_int_equal(calibration.n_points, 1);
	assert_true(calibration_apply(&calibration, -100.0f) == 0.25);
	calibration_release(&calibration);
	calibration = fit_isotonic(reversed, labels, 4);
	assert_true(calibration_apply(&calibration, 2.5f) == 0.25);
	assert_true(platt.slope == 0.0);
	assert_true(calibration_apply(&platt, INFINITY) == calibration_apply(&platt, 0.0f));
	calibration_release(&calibration);
}

/*
 * The most blocks a sample can have: shares that rise through all fractions f / n,
 * n <= 128, in order (a Farey sequence, by its next-term formula), each one tie.
 */
static void
the_number_of_points_is_bounded(void **state)
{
	enum
	{
		ORDER = 128,
		ROWS = 700000
	};
	float *margins = malloc(ROWS * sizeof(float));
	uint8_t *labels = malloc(ROWS);
	uint64_t a = 0, b = 1, c = 1, d = ORDER;
	size_t n = 0, ties = 0;
	Calibration calibration;

	while (a <= ORDER && b >= 1 && a <= b)
	{
		uint64_t k = (ORDER + b) / d, next_c = k * c - a, next_d = k * d - b;

		for (uint64_t i = 0; i < b; i++, n++)
		{
			assert_true(n < ROWS);
			margins[n] = (float) ties;
			labels[n] = i < a;
		}
		ties++;
		if (a == b)
			break;
		a = c, b = d, c = next_c, d = next_d;
	}
	assert_true(ties > 4 * CALIBRATION_MAX_POINTS);
	calibration = fit_isotonic(margins, labels, n);
	assert_true(calibration.n_points <= CALIBRATION_MAX_POINTS);
	assert_true(calibration.n_points > CALIBRATION_MAX_POINTS / 2);
	/* Every tie's own share is still met closely, as far as the trend lets it. */
	for (size_t start = 0; start < n;)
	{
		size_t end = start, frauds = 0;

		for (; end < n && margins[end] == margins[start]; end++)
			frauds += labels[end];
		assert_true(fabs(calibration_apply(&calibration, margins[start]) -
		                 (double) frauds / (double) (end - start)) < 0.03 ||
		            frauds == 0 || frauds == end - start);
		start = end;
	}
	calibration_release(&calibration);
	free(margins);
	free(labels);
}

static void
logistic_without_calibration(void **state)
{
	Calibration none = {.method = CALIBRATION_NONE};

	assert_true(calibration_apply(&none, 0.0f) == 0.5);
	assert_true(calibration_apply(&none, -INFINITY) == 0.0);
	assert_true(calibration_apply(&none, INFINITY) == 1.0);
	assert_true(isnan(calibration_apply(&none, NAN)));
	assert_close(calibration_apply(&none, -2.0f), 0.11920292202211755, 1e-15);
}

static void
margins_of_any_scale_can_be_fitted(void **state)
{
	static float margins[N];
	static uint8_t labels[N];
	Calibration plain, scaled;

	simulate(11, N, false, margins, labels);
	plain = fit_platt(margins, labels, N);
	for (size_t i = 0; i < N; i++)
		margins[i] *= 0x1p100f;
	scaled = fit_platt(margins, labels, N);
	assert_close(scaled.slope * 0x1p100, plain.slope, 1e-9);
	assert_close(scaled.intercept, plain.intercept, 1e-9);
}

static void
assert_no_fit_known(const float *margins, const uint8_t *labels, size_t n, double known,
                    const char *message)
{
	Calibration calibration;
	CoreError error;

	assert_false(calibration_fit_isotonic(margins, labels, n, known, &core_malloc_allocator,
	                                      &calibration, &error));
	assert_string_equal(error.message, message);
	assert_false(calibration_fit_platt(margins, labels, n, known, &core_malloc_allocator,
	                                   &calibration, &error));
	assert_string_equal(error.message, message);
}

static void
assert_no_fit(const float *margins, const uint8_t *labels, size_t n, const char *message)
{
	assert_no_fit_known(margins, labels, n, 1.0, message);
}

static void
unusable_rows_are_refused(void **state)
{
	const uint8_t both[] = {0, 1, 0};
	const uint8_t none[] = {0, 0, 0};
	const uint8_t all[] = {1, 1, 1};
	const uint8_t wrong[] = {0, 1, 2};
	const float good[] = {1, 2, 3};
	const float nan_margin[] = {1, NAN, 3};
	const float infinite[] = {1, 2, -INFINITY};
	const double shares[] = {0, -1, 1.0000001, NAN};

	assert_no_fit(nan_margin, both, 3, "calibration cannot use a margin that is not finite");
	assert_no_fit(infinite, both, 3, "calibration cannot use a margin that is not finite");
	assert_no_fit(good, wrong, 3, "calibration cannot use a label other than 0 and 1");
	assert_no_fit(good, none, 3, "calibration needs rows of both classes");
	assert_no_fit(good, all, 3, "calibration needs rows of both classes");
	assert_no_fit(good, both, 0, "calibration needs rows of both classes");
	for (size_t i = 0; i < LENGTH(shares); i++)
		assert_no_fit_known(good, both, 3, shares[i],
		                    "calibration needs a share of known frauds above 0 and up to 1");
}

static void
assert_refused(const Calibration *calibration, const char *message)
{
	CoreError error;

	assert_false(calibration_verify(calibration, &error));
	assert_string_equal(error.message, message);
}

static void
forged_calibrations_are_refused(void **state)
{
	float margins[] = {-1, 0, 1};
	double probabilities[] = {0.0, 0.5, 1.0};
	Calibration points = {.method = CALIBRATION_ISOTONIC,
	                      .n_points = 3,
	                      .margins = margins,
	                      .probabilities = probabilities};
	Calibration platt = {.method = CALIBRATION_PLATT, .slope = NAN};
	Calibration unknown = {.method = (CalibrationMethod) 9};
	CoreError error;

	assert_true(calibration_verify(&points, &error));
	margins[1] = -1;
	assert_refused(&points, "calibration point 1 has a margin that does not increase");
	margins[1] = INFINITY;
	assert_refused(&points, "calibration point 1 has a margin that is not finite");
	margins[1] = 0;
	probabilities[2] = 0.25;
	assert_refused(&points, "calibration point 2 has a probability that decreases");
	probabilities[2] = 1.5;
	assert_refused(&points, "calibration point 2 has a probability outside 0..1");
	probabilities[0] = NAN;
	assert_refused(&points, "calibration point 0 has a probability outside 0..1");
	points.n_points = 0;
	assert_refused(&points, "calibration has no points");
	assert_refused(&platt, "calibration has a slope or intercept that is not finite");
	assert_refused(&unknown, "calibration has the unknown method 9");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(isotonic_agrees_with_scikit_learn),
	    cmocka_unit_test(platt_agrees_with_scipy),
	    cmocka_unit_test(row_order_changes_no_bit),
	    cmocka_unit_test(isotonic_is_monotone_and_never_certain),
	    cmocka_unit_test(isotonic_predictions_add_up_to_the_frauds),
	    cmocka_unit_test(isotonic_keeps_the_ranking),
	    cmocka_unit_test(a_separable_sample_leans_on_the_trend),
	    cmocka_unit_test(frauds_outweigh_the_trend),
	    cmocka_unit_test(unknown_frauds_are_counted),
	    cmocka_unit_test(at_most_half_of_the_others_are_frauds),
	    cmocka_unit_test(margins_that_tell_nothing_give_the_share_of_frauds),
	    cmocka_unit_test(the_number_of_points_is_bounded),
	    cmocka_unit_test(logistic_without_calibration),
	    cmocka_unit_test(margins_of_any_scale_can_be_fitted),
	    cmocka_unit_test(unusable_rows_are_refused),
	    cmocka_unit_test(forged_calibrations_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_ranking.c
 *		Promises of the ranking metrics: agreement with scikit-learn, with ties and
 *		weights; invariances that hold by definition; what is undefined is NaN.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/random.h"
#include "core/ranking.h"
#include "golden/ranking_golden.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define LARGEST 2000

static void
assert_close(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance * fabs(expected)))
		fail_msg("%.17g is not %.17g", value, expected);
}

static void
measure_separately(const ScoredRow *rows, const uint32_t *weights, size_t n, double *metrics)
{
	metrics[RANKING_AUC] = ranking_auc(rows, weights, n);
	metrics[RANKING_AVERAGE_PRECISION] = ranking_average_precision(rows, weights, n);
	metrics[RANKING_LOG_LOSS] = ranking_log_loss(rows, weights, n);
	metrics[RANKING_BRIER] = ranking_brier(rows, weights, n);
	metrics[RANKING_ECE] = ranking_ece(rows, weights, n, RANKING_ECE_BINS);
	metrics[RANKING_PRECISION_AT_RECALL] =
	    ranking_precision_at_recall(rows, weights, n, RANKING_RECALL);
}

/* Rows of the golden arrays, sorted; every row as often as its weight says, or with the weights beside them. */
static size_t
golden_rows(const double *scores, const uint8_t *labels, const uint32_t *weights, size_t n,
            ScoredRow *rows)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < (weights != NULL ? weights[i] : 1); k++)
			rows[used++] = (ScoredRow){.score = scores[i], .label = labels[i]};
	ranking_sort(rows, used);
	return used;
}

static void
check_golden(const double *scores, const uint8_t *labels, const uint32_t *weights, size_t n,
             const double *plain, const double *weighted)
{
	ScoredRow rows[LARGEST];
	double metrics[RANKING_N_METRICS], separate[RANKING_N_METRICS];
	size_t used = golden_rows(scores, labels, NULL, n, rows);

	ranking_measure(rows, NULL, used, metrics);
	measure_separately(rows, NULL, used, separate);
	for (int m = 0; m < RANKING_N_METRICS; m++)
	{
		assert_close(metrics[m], plain[m], 1e-12);
		assert_true(metrics[m] == separate[m]);
	}
	used = golden_rows(scores, labels, weights, n, rows);
	ranking_measure(rows, NULL, used, metrics);
	for (int m = 0; m < RANKING_N_METRICS; m++)
		assert_close(metrics[m], weighted[m], 1e-12);
}

static void
metrics_agree_with_scikit_learn(void **state)
{
	check_golden(distinct_scores, distinct_labels, distinct_weights, LENGTH(distinct_scores),
	             distinct_plain, distinct_weighted);
	check_golden(ties_scores, ties_labels, ties_weights, LENGTH(ties_scores), ties_plain,
	             ties_weighted);
	check_golden(coarse_scores, coarse_labels, coarse_weights, LENGTH(coarse_scores), coarse_plain,
	             coarse_weighted);
}

/* levels 0: distinct scores */
static void
simulate(uint64_t seed, size_t n, uint32_t levels, ScoredRow *rows)
{
	RandomState random;

	random_seed(&random, seed, 0);
	for (size_t i = 0; i < n; i++)
	{
		double score = random_uniform(&random);

		rows[i].label = random_uniform(&random) < 0.2 + 0.5 * score;
		rows[i].score = levels > 0 ? floor(score * levels) / levels : score;
	}
}

static void
weights_are_repetition(void **state)
{
	for (uint32_t levels = 0; levels < 20; levels += 7)
	{
		ScoredRow rows[500], repeated[LARGEST];
		uint32_t weights[500];
		double weighted[RANKING_N_METRICS], plain[RANKING_N_METRICS];
		RandomState random;
		size_t n = 0;

		random_seed(&random, 5, levels);
		simulate(levels, 500, levels, rows);
		ranking_sort(rows, 500);
		for (size_t i = 0; i < 500; i++)
		{
			weights[i] = (uint32_t) random_below(&random, 4);
			for (uint32_t k = 0; k < weights[i]; k++)
				repeated[n++] = rows[i];
		}
		ranking_measure(rows, weights, 500, weighted);
		ranking_measure(repeated, NULL, n, plain);
		for (int m = 0; m < RANKING_N_METRICS; m++)
			assert_true(weighted[m] == plain[m]);
	}
}

static void
order_of_rows_changes_no_bit(void **state)
{
	for (uint32_t levels = 0; levels < 20; levels += 3)
	{
		ScoredRow rows[LARGEST];
		double before[RANKING_N_METRICS], after[RANKING_N_METRICS];
		RandomState random;

		simulate(levels, LARGEST, levels, rows);
		ranking_sort(rows, LARGEST);
		ranking_measure(rows, NULL, LARGEST, before);
		random_seed(&random, 6, levels);
		for (size_t i = LARGEST; i > 1; i--)
		{
			size_t j = random_below(&random, i);
			ScoredRow row = rows[j];

			rows[j] = rows[i - 1];
			rows[i - 1] = row;
		}
		ranking_sort(rows, LARGEST);
		ranking_measure(rows, NULL, LARGEST, after);
		assert_memory_equal(before, after, sizeof(before));
	}
}

static void
auc_of_flipped_labels_or_scores_is_the_complement(void **state)
{
	for (uint32_t levels = 0; levels < 20; levels += 3)
	{
		ScoredRow rows[LARGEST];
		double auc;

		simulate(levels, LARGEST, levels, rows);
		ranking_sort(rows, LARGEST);
		auc = ranking_auc(rows, NULL, LARGEST);
		for (size_t i = 0; i < LARGEST; i++)
			rows[i].label = !rows[i].label;
		assert_close(ranking_auc(rows, NULL, LARGEST), 1.0 - auc, 1e-15);
		for (size_t i = 0; i < LARGEST; i++)
			rows[i].score = -rows[i].score;
		ranking_sort(rows, LARGEST);
		assert_true(ranking_auc(rows, NULL, LARGEST) == auc);
	}
}

/* Counted pair by pair, as the definition says. */
static void
auc_is_the_share_of_pairs(void **state)
{
	ScoredRow rows[400];
	uint64_t twice = 0, pairs = 0;

	simulate(12, 400, 25, rows);
	for (size_t i = 0; i < 400; i++)
		for (size_t j = 0; j < 400; j++)
		{
			if (rows[i].label != 1 || rows[j].label != 0)
				continue;
			pairs++;
			twice += rows[i].score > rows[j].score ? 2 : (rows[i].score == rows[j].score ? 1 : 0);
		}
	ranking_sort(rows, 400);
	assert_true(ranking_auc(rows, NULL, 400) == (double) twice / (2.0 * (double) pairs));
}

static void
ranking_metrics_take_any_monotone_score(void **state)
{
	ScoredRow rows[1000];
	double before[RANKING_N_METRICS], after[RANKING_N_METRICS];

	simulate(13, 1000, 50, rows);
	ranking_sort(rows, 1000);
	ranking_measure(rows, NULL, 1000, before);
	for (size_t i = 0; i < 1000; i++)
		rows[i].score = 100.0 * rows[i].score - 70.0;
	ranking_measure(rows, NULL, 1000, after);
	assert_true(after[RANKING_AUC] == before[RANKING_AUC]);
	assert_true(after[RANKING_AVERAGE_PRECISION] == before[RANKING_AVERAGE_PRECISION]);
	assert_true(after[RANKING_PRECISION_AT_RECALL] == before[RANKING_PRECISION_AT_RECALL]);
	assert_true(isnan(after[RANKING_LOG_LOSS]));
	assert_true(isnan(after[RANKING_BRIER]));
	assert_true(isnan(after[RANKING_ECE]));
}

static void
perfect_and_useless_scores(void **state)
{
	ScoredRow perfect[] = {{0.0, 0}, {1.0, 1}, {1.0, 1}, {0.0, 0}, {0.0, 0}};
	ScoredRow constant[] = {{0.25, 0}, {0.25, 0}, {0.25, 1}, {0.25, 0}};
	double metrics[RANKING_N_METRICS];

	ranking_sort(perfect, 5);
	ranking_measure(perfect, NULL, 5, metrics);
	assert_true(metrics[RANKING_AUC] == 1.0);
	assert_true(metrics[RANKING_AVERAGE_PRECISION] == 1.0);
	assert_close(metrics[RANKING_LOG_LOSS], 1e-15, 0.2);
	assert_true(metrics[RANKING_BRIER] == 0.0);
	assert_true(metrics[RANKING_ECE] == 0.0);
	assert_true(metrics[RANKING_PRECISION_AT_RECALL] == 1.0);
	ranking_sort(constant, 4);
	ranking_measure(constant, NULL, 4, metrics);
	assert_true(metrics[RANKING_AUC] == 0.5);
	assert_true(metrics[RANKING_AVERAGE_PRECISION] == 0.25);
	assert_true(metrics[RANKING_BRIER] == 0.1875);
	assert_true(metrics[RANKING_ECE] == 0.0);
	assert_true(metrics[RANKING_PRECISION_AT_RECALL] == 0.25);
}

/* Nine of ten frauds are a recall of 0.9, although 0.9 is no binary fraction. */
static void
recall_is_compared_without_rounding_it_away(void **state)
{
	for (size_t frauds = 10; frauds <= 100; frauds += 10)
	{
		ScoredRow rows[LARGEST];
		size_t n = 0;

		for (size_t i = 0; i < frauds; i++)
			rows[n++] = (ScoredRow){.score = i < frauds / 10 * 9 ? 0.9 : 0.1, .label = 1};
		for (size_t i = 0; i < frauds; i++)
			rows[n++] = (ScoredRow){.score = 0.5, .label = 0};
		ranking_sort(rows, n);
		assert_true(ranking_precision_at_recall(rows, NULL, n, 0.9) == 1.0);
		assert_close(ranking_precision_at_recall(rows, NULL, n, 0.91), 0.5, 1e-15);
		assert_true(ranking_precision_at_recall(rows, NULL, n, 0.0) == 1.0);
	}
}

static void
what_is_not_defined_is_nan(void **state)
{
	ScoredRow legitimate[] = {{0.5, 0}, {0.25, 0}};
	ScoredRow frauds[] = {{0.5, 1}, {0.25, 1}};
	uint32_t zero[] = {0, 0};
	double metrics[RANKING_N_METRICS];

	ranking_measure(legitimate, NULL, 0, metrics);
	for (int m = 0; m < RANKING_N_METRICS; m++)
		assert_true(isnan(metrics[m]));
	ranking_measure(legitimate, zero, 2, metrics);
	for (int m = 0; m < RANKING_N_METRICS; m++)
		assert_true(isnan(metrics[m]));
	ranking_measure(legitimate, NULL, 2, metrics);
	assert_true(isnan(metrics[RANKING_AUC]));
	assert_true(isnan(metrics[RANKING_AVERAGE_PRECISION]));
	assert_true(isnan(metrics[RANKING_PRECISION_AT_RECALL]));
	assert_close(metrics[RANKING_BRIER], (0.25 + 0.0625) / 2.0, 1e-15);
	assert_true(metrics[RANKING_ECE] == 0.375);
	ranking_measure(frauds, NULL, 2, metrics);
	assert_true(isnan(metrics[RANKING_AUC]));
	assert_true(metrics[RANKING_AVERAGE_PRECISION] == 1.0);
	assert_true(metrics[RANKING_PRECISION_AT_RECALL] == 1.0);
}

/* 2^32 - 1 times each: products of counts exceed 64 bits. */
static void
counts_do_not_overflow(void **state)
{
	ScoredRow rows[] = {{0.9, 1}, {0.8, 0}, {0.7, 1}, {0.6, 0}, {0.6, 1}};
	uint32_t weights[] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
	double one[RANKING_N_METRICS], many[RANKING_N_METRICS];

	ranking_measure(rows, NULL, 5, one);
	ranking_measure(rows, weights, 5, many);
	for (int m = 0; m < RANKING_N_METRICS; m++)
		assert_close(many[m], one[m], 1e-14);
}

static void
assert_sorted(const ScoredRow *rows, size_t n)
{
	for (size_t i = 1; i < n; i++)
	{
		assert_true(rows[i - 1].score >= rows[i].score);
		if (rows[i - 1].score == rows[i].score)
			assert_true(rows[i - 1].label >= rows[i].label);
	}
}

static void
sort_orders_any_doubles(void **state)
{
	enum
	{
		N = 20000
	};
	ScoredRow *rows = malloc(N * sizeof(ScoredRow));
	RandomState random;

	random_seed(&random, 14, 0);
	for (size_t sizes = 1; sizes <= N; sizes = sizes * 3 + 1)
		for (int kind = 0; kind < 5; kind++)
		{
			uint64_t sum = 0, count = 0;

			for (size_t i = 0; i < sizes; i++)
			{
				uint64_t bits = random_next(&random);
				double score;

				memcpy(&score, &bits, sizeof(score));
				if (kind == 0)
					score = (double) i;
				else if (kind == 1)
					score = -(double) i;
				else if (kind == 2)
					score = (double) (bits % 3) - 1.0;
				else if (kind == 3)
					score = bits % 2 ? 0.0 : -0.0;
				else if (isnan(score))
					score = bits % 2 ? INFINITY : -INFINITY;
				rows[i] = (ScoredRow){.score = score, .label = bits >> 63};
				sum += rows[i].label;
			}
			ranking_sort(rows, sizes);
			assert_sorted(rows, sizes);
			for (size_t i = 0; i < sizes; i++)
				count += rows[i].label;
			assert_int_equal(sum, count);
		}
	ranking_sort(rows, 0);
	free(rows);
}

/* Any bits of a float but NaN, many of them twice, both zeros and infinities among them. */
static void
draw_margins(float *margins, uint8_t *labels, size_t n, uint64_t seed)
{
	static const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, 0x1p-149f, -0x1p-149f};
	RandomState random;

	random_seed(&random, seed, 0);
	for (size_t i = 0; i < n; i++)
	{
		uint32_t bits = (uint32_t) random_below(&random, UINT64_C(1) << 32);

		memcpy(&margins[i], &bits, sizeof(bits));
		if (isnan(margins[i]))
			margins[i] = special[random_below(&random, LENGTH(special))];
		if (i > 0 && random_uniform(&random) < 0.3)
			margins[i] = margins[random_below(&random, i)];
		labels[i] = random_uniform(&random) < 0.4;
	}
}

static void
margins_sort_as_scores_do(void **state)
{
	static const size_t sizes[] = {1, 2, 49, LARGEST};
	float margins[LARGEST];
	uint8_t labels[LARGEST];
	uint64_t scratch[2 * LARGEST];
	ScoredRow rows[LARGEST];
	ScoredRow expected[LARGEST];

	for (uint64_t seed = 0; seed < 20; seed++)
	{
		size_t n = sizes[seed % LENGTH(sizes)];

		draw_margins(margins, labels, n, seed);
		for (size_t i = 0; i < n; i++)
			expected[i] = (ScoredRow){.score = margins[i], .label = labels[i]};
		ranking_sort(expected, n);
		ranking_sort_margins(margins, labels, n, scratch, rows);
		for (size_t i = 0; i < n; i++)
		{
			assert_memory_equal(&rows[i].score, &expected[i].score, sizeof(double));
			assert_int_equal(rows[i].label, expected[i].label);
		}
	}
}

static void
loss_of_margins_is_that_of_their_probabilities(void **state)
{
	ScoredRow margins[LARGEST];
	ScoredRow probabilities[LARGEST];
	RandomState random;

	random_seed(&random, 5, 0);
	for (size_t n = 1; n <= LARGEST; n = n * 3 + 1)
	{
		for (size_t i = 0; i < n; i++)
		{
			double margin = 12 * random_uniform(&random) - 6;
			uint8_t label = random_uniform(&random) < 0.5;

			margins[i] = (ScoredRow){.score = margin, .label = label};
			probabilities[i] = (ScoredRow){.score = 1 / (1 + exp(-margin)), .label = label};
		}
		ranking_sort(probabilities, n);
		assert_close(ranking_logistic_loss(margins, n), ranking_log_loss(probabilities, NULL, n),
		             1e-14);
	}
	/* Certain and wrong: as far as probabilities are kept from certainty. */
	margins[0] = (ScoredRow){.score = INFINITY, .label = 0};
	assert_close(ranking_logistic_loss(margins, 1), -log(1e-15), 1e-15);
	margins[0] = (ScoredRow){.score = -300, .label = 1};
	assert_close(ranking_logistic_loss(margins, 1), -log(1e-15), 1e-15);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(metrics_agree_with_scikit_learn),
	    cmocka_unit_test(weights_are_repetition),
	    cmocka_unit_test(order_of_rows_changes_no_bit),
	    cmocka_unit_test(auc_of_flipped_labels_or_scores_is_the_complement),
	    cmocka_unit_test(auc_is_the_share_of_pairs),
	    cmocka_unit_test(ranking_metrics_take_any_monotone_score),
	    cmocka_unit_test(perfect_and_useless_scores),
	    cmocka_unit_test(recall_is_compared_without_rounding_it_away),
	    cmocka_unit_test(what_is_not_defined_is_nan),
	    cmocka_unit_test(counts_do_not_overflow),
	    cmocka_unit_test(sort_orders_any_doubles),
	    cmocka_unit_test(margins_sort_as_scores_do),
	    cmocka_unit_test(loss_of_margins_is_that_of_their_probabilities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

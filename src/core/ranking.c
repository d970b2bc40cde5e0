/*
 * ranking.c
 *		Metrics of sorted scored rows.
 *
 * Rows with one score are a tie and enter every metric together: a threshold
 * cannot separate them. What a tie adds to a metric is in ranking_ties.h.
 */
#include "core/ranking.h"
#include "core/ranking_ties.h"

typedef struct Walk
{
	const ScoredRow *rows;
	const uint32_t *weights;
	size_t n;
	size_t next;
} Walk;

/* Ties whose rows all have weight zero are passed over. */
static inline bool
walk_next(Walk *walk, Tie *tie)
{
	while (walk->next < walk->n)
	{
		size_t i = walk->next;
		uint64_t counts[2] = {0, 0};

		tie->score = walk->rows[i].score;
		for (; i < walk->n && walk->rows[i].score == tie->score; i++)
			counts[walk->rows[i].label] += walk->weights != NULL ? walk->weights[i] : 1;
		walk->next = i;
		tie->frauds = counts[1];
		tie->others = counts[0];
		if (counts[0] + counts[1] > 0)
			return true;
	}
	return false;
}

static uint64_t
count_frauds(const ScoredRow *rows, const uint32_t *weights, size_t n)
{
	uint64_t frauds = 0;

	for (size_t i = 0; i < n; i++)
		frauds += rows[i].label * (uint64_t) (weights != NULL ? weights[i] : 1);
	return frauds;
}

double
ranking_auc(const ScoredRow *rows, const uint32_t *weights, size_t n)
{
	Walk walk = {rows, weights, n, 0};
	Auc auc = {0};
	Tie tie;

	while (walk_next(&walk, &tie))
		auc_add(&auc, &tie);
	return auc_value(&auc);
}

double
ranking_average_precision(const ScoredRow *rows, const uint32_t *weights, size_t n)
{
	Walk walk = {rows, weights, n, 0};
	AveragePrecision state = {0};
	Tie tie;

	while (walk_next(&walk, &tie))
		average_precision_add(&state, &tie);
	return average_precision_value(&state);
}

double
ranking_log_loss(const ScoredRow *rows, const uint32_t *weights, size_t n)
{
	Walk walk = {rows, weights, n, 0};
	Mean mean = {0};
	Tie tie;

	while (walk_next(&walk, &tie))
		log_loss_add(&mean, &tie);
	return mean_value(&mean);
}

double
ranking_brier(const ScoredRow *rows, const uint32_t *weights, size_t n)
{
	Walk walk = {rows, weights, n, 0};
	Mean mean = {0};
	Tie tie;

	while (walk_next(&walk, &tie))
		brier_add(&mean, &tie);
	return mean_value(&mean);
}

double
ranking_ece(const ScoredRow *rows, const uint32_t *weights, size_t n, uint32_t bins)
{
	Walk walk = {rows, weights, n, 0};
	Ece ece = {.bins = bins, .bin = bins};
	Tie tie;

	while (walk_next(&walk, &tie))
		ece_add(&ece, &tie);
	return ece_value(&ece);
}

double
ranking_precision_at_recall(const ScoredRow *rows, const uint32_t *weights, size_t n, double recall)
{
	Walk walk = {rows, weights, n, 0};
	BestPrecision state = {
	    .recall = recall, .all_frauds = count_frauds(rows, weights, n), .best = NAN};
	Tie tie;

	while (walk_next(&walk, &tie))
		best_precision_add(&state, &tie);
	return best_precision_value(&state);
}

const char *
ranking_metric_name(RankingMetric metric)
{
	static const char *const names[RANKING_N_METRICS] = {
	    "auc", "average_precision", "log_loss", "brier", "ece", "precision_at_recall_90"};

	return names[metric];
}

void
ranking_measure(const ScoredRow *rows, const uint32_t *weights, size_t n,
                double metrics[RANKING_N_METRICS])
{
	Walk walk = {rows, weights, n, 0};
	Auc auc = {0};
	AveragePrecision average_precision = {0};
	Mean log_loss = {0};
	Mean brier = {0};
	Ece ece = {.bins = RANKING_ECE_BINS, .bin = RANKING_ECE_BINS};
	BestPrecision best_precision = {
	    .recall = RANKING_RECALL, .all_frauds = count_frauds(rows, weights, n), .best = NAN};
	Tie tie;

	while (walk_next(&walk, &tie))
	{
		auc_add(&auc, &tie);
		average_precision_add(&average_precision, &tie);
		log_loss_add(&log_loss, &tie);
		brier_add(&brier, &tie);
		ece_add(&ece, &tie);
		best_precision_add(&best_precision, &tie);
	}
	metrics[RANKING_AUC] = auc_value(&auc);
	metrics[RANKING_AVERAGE_PRECISION] = average_precision_value(&average_precision);
	metrics[RANKING_LOG_LOSS] = mean_value(&log_loss);
	metrics[RANKING_BRIER] = mean_value(&brier);
	metrics[RANKING_ECE] = ece_value(&ece);
	metrics[RANKING_PRECISION_AT_RECALL] = best_precision_value(&best_precision);
}

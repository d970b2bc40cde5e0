/*
 * ranking.h
 *		How well scores rank frauds before legitimate rows, and how true they are
 *		as probabilities.
 *
 * Definitions (ties are shared, never broken by row order):
 *	 auc                 Mann-Whitney: P(score of a fraud > score of a legitimate row) + half of ties
 *	 average_precision   sum over distinct scores, descending, of (recall gained) * precision there,
 *						 as scikit-learn's average_precision_score
 *	 log_loss            mean of -ln p(true class), p clipped to [1e-15, 1 - 1e-15]
 *	 brier               mean of (p - label)^2
 *	 ece                 expected calibration error, bins of equal width over [0, 1], closed on the
 *						 left (the last one on both sides), as Guo et al. 2017 but for the side:
 *						 sum of (share of rows) * |mean p - share of frauds|
 *	 precision_at_recall the best precision of any threshold whose recall is at least the asked one
 *
 * All take rows sorted by score descending (ranking_sort) and weights that may
 * be NULL (all ones); a weight counts a row that many times (bootstrap).
 * A metric that its input does not define is NaN: auc without rows of both
 * classes, average_precision and precision_at_recall without frauds, the others
 * without rows or with a score outside [0, 1]. A score must not be NaN.
 * Counts are integers and sums are compensated, so n may be in the billions.
 */
#ifndef FRAUD_DETECT_RANKING_H
#define FRAUD_DETECT_RANKING_H

#include "core/core.h"

typedef struct ScoredRow
{
	double score;
	uint8_t label; /* 0 or 1 */
} ScoredRow;

/* Sorts by score descending, frauds first among ties: a total order, so results do not depend on
 * input order. In place, O(n): 8 passes at most (ranking_sort.c). */
extern void ranking_sort(ScoredRow *rows, size_t n);

/*
 * ranking_sort() of float32 margins (or other scores; not NaN) and their labels,
 * whose rows it fills: faster, with room for 2 n integers of scratch (ranking_margins.c).
 */
extern void ranking_sort_margins(const float *margins, const uint8_t *labels, size_t n,
                                 uint64_t *scratch, ScoredRow *rows);

/* log_loss of rows whose scores are margins: of their logistic function. In any order, n > 0. */
extern double ranking_logistic_loss(const ScoredRow *rows, size_t n);

extern double ranking_auc(const ScoredRow *rows, const uint32_t *weights, size_t n);
extern double ranking_average_precision(const ScoredRow *rows, const uint32_t *weights, size_t n);
extern double ranking_log_loss(const ScoredRow *rows, const uint32_t *weights, size_t n);
extern double ranking_brier(const ScoredRow *rows, const uint32_t *weights, size_t n);
extern double ranking_ece(const ScoredRow *rows, const uint32_t *weights, size_t n, uint32_t bins);
extern double ranking_precision_at_recall(const ScoredRow *rows, const uint32_t *weights, size_t n,
                                          double recall);

/* The parameters that fraud_evaluate and the metrics of a version use. */
#define RANKING_ECE_BINS 15
#define RANKING_RECALL 0.9

/* All of the above at once, with these parameters, in one pass. */
typedef enum RankingMetric
{
	RANKING_AUC,
	RANKING_AVERAGE_PRECISION,
	RANKING_LOG_LOSS,
	RANKING_BRIER,
	RANKING_ECE,
	RANKING_PRECISION_AT_RECALL,
	RANKING_N_METRICS
} RankingMetric;

/* What users call them: auc, average_precision, log_loss, brier, ece, precision_at_recall_90. */
extern const char *ranking_metric_name(RankingMetric metric);

extern void ranking_measure(const ScoredRow *rows, const uint32_t *weights, size_t n,
                            double metrics[RANKING_N_METRICS]);

#endif

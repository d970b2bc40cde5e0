/*
 * bootstrap.h
 *		How far a metric of a sample can be trusted: percentile intervals from a
 *		stratified bootstrap (Efron and Tibshirani 1993, chapter 13).
 *
 * A replicate draws as many frauds from the frauds and as many legitimate rows
 * from the legitimate rows as there are, with replacement, so the share of
 * frauds is fixed and no replicate lacks a class. Rows stay sorted: a replicate
 * is a vector of weights, and costs O(n).
 */
#ifndef FRAUD_DETECT_BOOTSTRAP_H
#define FRAUD_DETECT_BOOTSTRAP_H

#include "core/ranking.h"

typedef struct BootstrapPlan
{
	uint32_t replicates; /* at least 1 */
	double confidence;   /* between 0 and 1, e.g. 0.95 */
	uint64_t seed;
	/* Called before each replicate; may be NULL; may leave by longjmp (interrupts). */
	void (*before_replicate)(void *context);
	void *context;
} BootstrapPlan;

typedef struct BootstrapInterval
{
	double low;
	double high; /* both NaN where the metric is not defined */
} BootstrapInterval;

/* Bytes that ranking_bootstrap takes from the allocator beside the replicates' metrics. */
#define BOOTSTRAP_BYTES_PER_ROW 5

/*
 * Intervals of all metrics of ranking_measure for sorted rows (fewer than 2^32).
 * They depend on the rows, the seed and the plan's figures alone.
 */
extern bool ranking_bootstrap(const ScoredRow *rows, size_t n, const BootstrapPlan *plan,
                              const CoreAllocator *allocator,
                              BootstrapInterval intervals[RANKING_N_METRICS], CoreError *error);

/*
 * The middle plan->confidence of plan->replicates values, which it sorts; NaN where they are. Strata are
 * fixed: a metric is undefined in every replicate or in none.
 */
extern BootstrapInterval bootstrap_interval(double *values, const BootstrapPlan *plan);

/* For qsort: doubles ascending, none of them NaN. */
extern int bootstrap_compare(const void *a, const void *b);

/* Linear interpolation between order statistics (Hyndman and Fan's type 7, as numpy.quantile); n > 0. */
extern double bootstrap_quantile(const double *sorted, uint32_t n, double share);

#endif

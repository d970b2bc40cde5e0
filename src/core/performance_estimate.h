/*
 * performance_estimate.h
 *		How good scores will turn out to be on rows whose labels are not known yet,
 *		if the scores are true as probabilities.
 *
 * A row with score p is a fraud with probability p, independently of the others. Labels
 * are drawn so, again and again, and the metrics measured: their mean is what is to be
 * expected, their percentiles are the band that the labels to come will fall into.
 * This is confidence-based performance estimation (CBPE; Garcia et al. 2022 and the
 * library NannyML), whose expected confusion matrices it equals in the mean, with the
 * band of these very rows. It cannot see that the relation of features and frauds has changed.
 */
#ifndef FRAUD_DETECT_PERFORMANCE_ESTIMATE_H
#define FRAUD_DETECT_PERFORMANCE_ESTIMATE_H

#include "core/bootstrap.h"

typedef struct PerformanceEstimate
{
	double value;
	double low;
	double high; /* all NaN where no draw defines the metric */
} PerformanceEstimate;

/*
 * Of the metrics of ranking_measure, and of the number of frauds. Rows are sorted (ranking_sort);
 * scores are in [0, 1]; labels are overwritten. The number of frauds, log_loss and brier are sums
 * over rows: their values are exact expectations. The others are means of the draws that define
 * them. Draw r uses stream r of the plan's seed.
 */
extern bool performance_estimate(ScoredRow *rows, size_t n, const BootstrapPlan *plan,
                                 const CoreAllocator *allocator,
                                 PerformanceEstimate metrics[RANKING_N_METRICS],
                                 PerformanceEstimate *frauds, CoreError *error);

#endif

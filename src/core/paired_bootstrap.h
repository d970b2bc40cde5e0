/*
 * paired_bootstrap.h
 *		Two scores of the same rows: by how much do their metrics differ, and is that
 *		more than chance. A replicate draws rows, stratified as in bootstrap.h, and
 *		measures both scores on the rows drawn: what makes a sample easy or hard for
 *		both cancels in the difference.
 */
#ifndef FRAUD_DETECT_PAIRED_BOOTSTRAP_H
#define FRAUD_DETECT_PAIRED_BOOTSTRAP_H

#include "core/bootstrap.h"
#include "core/delong.h"

/* The metrics of ranking_measure, and the share of rows decided right at a threshold. */
#define PAIRED_ACCURACY RANKING_N_METRICS
#define PAIRED_N_METRICS (RANKING_N_METRICS + 1)

typedef struct PairedMetric
{
	double values[2];           /* NaN where not defined */
	BootstrapInterval interval; /* of values[1] - values[0]; NaN without replicates */
	/*
	 * Two-sided, of no difference: twice the smaller share of replicates on one side of zero, each
	 * counted once more (Davison and Hinkley 1997, 4.2), at most 1. NaN where there is no interval.
	 */
	double p_value;
} PairedMetric;

/* Bytes a row, at most, that paired_bootstrap takes from the allocator. */
#define PAIRED_BOOTSTRAP_BYTES_PER_ROW 61

/*
 * Fewer than 2^32 rows, sorted by paired_rows_sort; a row is flagged where its score is at least the
 * threshold. The plan may have no replicates. Depends on the rows, the threshold and the plan alone.
 */
extern bool paired_bootstrap(const PairedRow *rows, size_t n, double threshold,
                             const BootstrapPlan *plan, CoreSort sort,
                             const CoreAllocator *allocator, PairedMetric metrics[PAIRED_N_METRICS],
                             CoreError *error);

#endif

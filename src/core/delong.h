/*
 * delong.h
 *		Two scores of the same rows: is the difference of their areas under the ROC
 *		curve more than chance (DeLong, DeLong and Clarke-Pearson 1988), by midranks in
 *		O(n log n) (Sun and Xu 2014); and do they err on the same rows (McNemar 1947).
 */
#ifndef FRAUD_DETECT_DELONG_H
#define FRAUD_DETECT_DELONG_H

#include "core/core.h"

typedef struct PairedRow
{
	double scores[2];
	uint8_t label; /* 0 or 1 */
} PairedRow;

typedef struct DelongResult
{
	double auc[2];
	double standard_error; /* of auc[1] - auc[0] */
	double p_value;        /* two-sided, normal; 1 where the scores rank alike */
} DelongResult;

/* One order of rows, frauds first, whatever order they come in, so that what is computed is the same. */
extern void paired_rows_sort(PairedRow *rows, size_t n, CoreSort sort);

/* Needs two rows of each class (false and a message otherwise); sorts the rows as above. */
extern bool delong_compare(PairedRow *rows, size_t n, CoreSort sort, DelongResult *result,
                           const CoreAllocator *allocator, CoreError *error);

/* Two-sided exact p-value of McNemar's test: rows that only one of both gets right. */
extern double mcnemar_pvalue(uint64_t only_first, uint64_t only_second);

#endif

/*
 * feature_rows.h
 *		The rows that training works on: encoded, sorted into parts, without
 *		columns that say nothing.
 *
 * What has to be learned about a column (which values are categories, how
 * frequent they are, whether it varies at all) is learned on the training part
 * only. Codes follow the bytes of the values, so they do not depend on the order
 * of the rows. Recoding goes through encode_category, as scoring does.
 */
#ifndef FRAUD_DETECT_FEATURE_ROWS_H
#define FRAUD_DETECT_FEATURE_ROWS_H

#include "pg/signature.h"
#include "training/split.h"

typedef struct FeatureRows
{
	Signature *signature;
	RowStore store; /* training, validation, holdout; each in reader_order */
	uint64 n_rows[N_USED_PARTS];
	uint8 *labels;          /* by position in the store */
	uint64 *n_values;       /* by feature: rows of the training part where it is not missing */
	double *most_different; /* by feature: different values of it, at most; INFINITY: not known */
} FeatureRows;

/* Position in the store of a part's first row. */
static inline uint64
part_begin(const FeatureRows *rows, Part part)
{
	uint64 begin = 0;

	for (int p = 0; p < part; p++)
		begin += rows->n_rows[p];
	return begin;
}

/* Of the training part: fewer than rows times features where some are missing. */
static inline uint64
training_values(const FeatureRows *rows)
{
	uint64 n = 0;

	for (int f = 0; f < rows->signature->n_features; f++)
		n += rows->n_values[f];
	return n;
}

/*
 * Columns without a value, or with the same value in every row, of the training
 * part are left out with one NOTICE each kind. FD006 where no feature is left.
 * Allocates in CurrentMemoryContext; store is closed in the end, and so are the
 * dictionaries of the columns.
 */
extern void feature_rows_build(FeatureRows *rows, const TrainingRequest *request,
                               ColumnChoice *choice, RowStore *store, const RowFacts *facts,
                               const Split *split, const uint32 *order);

#endif

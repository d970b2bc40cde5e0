/*
 * row_encoder.h
 *		Rows of one type to the features of a model: columns that they have are
 *		encoded (pg/encode.h), features that they lack and the model's set computes are
 *		computed first (features_online.h).
 */
#ifndef FRAUD_DETECT_ROW_ENCODER_H
#define FRAUD_DETECT_ROW_ENCODER_H

#include "executor/tuptable.h"
#include "scoring/model_cache.h"

typedef struct RowEncoder RowEncoder;

/* In CurrentMemoryContext, which the model must outlive. FD004, FD009. */
extern RowEncoder *row_encoder_create(const LoadedModel *model, TupleDesc tupdesc);

/* Does it only read columns? Then encoding changes nothing in it, and nothing but the type does. */
extern bool row_encoder_is_constant(const RowEncoder *encoder);

/* The row's columns, and those that are computed after them. */
extern TupleDesc row_encoder_columns(const RowEncoder *encoder);

/* Columns of the row by which features of windows are grouped: a list of names (C strings). */
extern List *row_encoder_entities(const RowEncoder *encoder);

/*
 * All fill n_features floats. values and nulls are by column of the row; once encoded, they
 * are by row_encoder_columns(): computed ones live until the set computes the next row.
 */
extern void row_encoder_encode(RowEncoder *encoder, const Datum **values, const bool **nulls,
                               float *row);
extern void row_encoder_encode_slot(RowEncoder *encoder, TupleTableSlot *slot, float *row);
/*
 * The latest row, by row_encoder_columns(), where something was computed for it; false where
 * the row itself is all there is.
 */
extern bool row_encoder_latest(const RowEncoder *encoder, const Datum **values, const bool **nulls);
/* As row_binding_encode_tuple: false, and nothing done, where the row has to be in a slot. */
extern bool row_encoder_encode_tuple(RowEncoder *encoder, HeapTupleHeader tuple, float *row);

#endif

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

/* Both fill n_features floats. */
extern void row_encoder_encode_slot(RowEncoder *encoder, TupleTableSlot *slot, float *row);
/* As row_binding_encode_tuple: false, and nothing done, where the row has to be in a slot. */
extern bool row_encoder_encode_tuple(RowEncoder *encoder, HeapTupleHeader tuple, float *row);

#endif

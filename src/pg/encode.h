/*
 * encode.h
 *		From datums to the float32 values a forest sees. Training and scoring both
 *		go through these functions: there is no second definition to drift from.
 *
 * Missing (NULL, numeric NaN, float NaN, an infinite date or timestamp) is NaN. A
 * number x is x::float8::float4: int8 and numeric are rounded to float64 first and
 * that to float32, which is what they would be had a client read them as float8.
 * What is too large for float32 becomes an infinity, as XGBoost receives it from any
 * client. numeric is decoded from its packed digits.
 */
#ifndef FRAUD_DETECT_ENCODE_H
#define FRAUD_DETECT_ENCODE_H

#include "access/htup.h"
#include "executor/tuptable.h"
#include "pg/signature.h"

/* What can be computed from a column of some type. Domains count as their base type. */
typedef enum ColumnClass
{
	COLUMN_NUMBER,    /* int2, int4, int8, float4, float8, numeric */
	COLUMN_BOOLEAN,   /* bool */
	COLUMN_TEXT,      /* text, varchar, bpchar, name, "char", uuid, any enum */
	COLUMN_TIMESTAMP, /* timestamp, timestamptz, date: hour (not for date) and weekday */
	COLUMN_TIME,      /* time, timetz: hour */
	COLUMN_INTERVAL,
	COLUMN_UNSUPPORTED
} ColumnClass;

extern ColumnClass column_class(Oid type);

/* True where a feature of this kind can be computed from a column of this type. */
extern bool feature_accepts_type(FeatureKind kind, Oid type);

/*
 * A converter is chosen once per column by kind and type and then applied to
 * each datum that is not NULL.
 */
typedef float (*NumberConverter)(Datum value);
/* For number, boolean, hour, weekday, duration. NULL where not feature_accepts_type. */
extern NumberConverter number_converter(FeatureKind kind, Oid type);

/*
 * The bytes of a category value, as its type's output function would print them
 * (bpchar without trailing blanks), without allocation where the type allows it.
 * They live as long as the datum or until the next call with the same scratch.
 */
typedef struct CategoryText
{
	const char *bytes;
	size_t length;
	char scratch[64];
	void *detoasted; /* released by category_text_done */
} CategoryText;
typedef void (*CategoryConverter)(Datum value, CategoryText *text);
extern CategoryConverter category_converter(Oid type);
extern void category_text_done(CategoryText *text);

/* The value of a category or frequency feature for the bytes of a value. */
extern float encode_category(const Feature *feature, const char *bytes, size_t length);

/*
 * Features of whole rows of one row type (row_binding.c). Binding fails with FD004 and
 * names the column that is missing, there twice or of an unusable type; model is how
 * the message calls the model, e.g. Model "card_fraud" version 3. The signature must
 * outlive the binding. In CurrentMemoryContext.
 */
typedef struct RowBinding RowBinding;
extern RowBinding *row_binding_create(const Signature *signature, TupleDesc tupdesc,
                                      const char *model);
/* Each of these fills n_features floats. No allocation on plain values. */
/* values and nulls by attribute number - 1. */
extern void row_binding_encode(const RowBinding *binding, const Datum *values, const bool *nulls,
                               float *row);
/* The row of a slot of the type that was bound, deformed no further than need be. */
extern void row_binding_encode_slot(const RowBinding *binding, TupleTableSlot *slot, float *row);
/*
 * A tuple of that type whose needed columns all lie at fixed places: they are read there, without
 * deforming. False, and nothing done, where they do not (a NULL, a column of varying length).
 */
extern bool row_binding_encode_tuple(const RowBinding *binding, HeapTupleHeader tuple, float *row);

#endif

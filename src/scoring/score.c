/*
 * score.c
 *		fraud_score and fraud_margin, and the features that both compute from a row.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "scoring/row_scorer.h"
#include "scoring/score.h"
#include "utils/array.h"

PG_FUNCTION_INFO_V1(fraud_feature_vector);
PG_FUNCTION_INFO_V1(fraud_margin);
PG_FUNCTION_INFO_V1(fraud_score);

/*
 * fraud_feature_vector(record, model text, version int) -> float4[]: what the forest is given,
 * in the order of the signature; NaN is missing.
 */
PGDLLEXPORT Datum
fraud_feature_vector(PG_FUNCTION_ARGS)
{
	RowFeatures row;
	ArrayType *vector;
	int n_features;
	Size size;

	if (!row_features(fcinfo, &row))
		PG_RETURN_NULL();
	n_features = row.model->signature->n_features;
	size = ARR_OVERHEAD_NONULLS(1) + n_features * sizeof(float4);
	vector = palloc0(size);
	SET_VARSIZE(vector, size);
	vector->ndim = 1;
	vector->elemtype = FLOAT4OID;
	ARR_DIMS(vector)[0] = n_features;
	ARR_LBOUND(vector)[0] = 1;
	memcpy(ARR_DATA_PTR(vector), row.values, n_features * sizeof(float4));
	PG_RETURN_ARRAYTYPE_P(vector);
}

/* fraud_margin(record, model text, version int) -> float4: XGBoost's margin, bit for bit. */
Datum
fraud_margin(PG_FUNCTION_ARGS)
{
	RowFeatures row;

	if (!row_features(fcinfo, &row))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT4(forest_margin(&row.model->forest, row.values));
}

/* fraud_score(record, model text, version int) -> float8: probability of fraud, 0 to 1. */
Datum
fraud_score(PG_FUNCTION_ARGS)
{
	RowFeatures row;
	float margin;

	if (!row_features(fcinfo, &row))
		PG_RETURN_NULL();
	margin = forest_margin(&row.model->forest, row.values);
	PG_RETURN_FLOAT8(forest_probability(&row.model->forest, margin));
}

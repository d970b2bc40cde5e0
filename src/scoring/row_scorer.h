/*
 * row_scorer.h
 *		What a call f(record, model, version) keeps from row to row: the model of
 *		the statement, and how the record's columns become its features.
 */
#ifndef FRAUD_DETECT_ROW_SCORER_H
#define FRAUD_DETECT_ROW_SCORER_H

#include "fmgr.h"
#include "scoring/model_cache.h"
#include "scoring/row_encoder.h"

typedef struct RowFeatures
{
	const LoadedModel *model;  /* held until the call's statement ends */
	const float *values;       /* model->forest.n_features; good until the next call */
	const RowEncoder *encoder; /* that the record went through; good until the next call */
} RowFeatures;

/*
 * Arguments 0 to 2 of the call: record, model (NULL: the setting or the only
 * one), version (NULL: the champion). False where the record is NULL. Errors:
 * FD002 to FD005, 42501, 22023 for a version below 1.
 */
extern bool row_features(FunctionCallInfo fcinfo, RowFeatures *result);

#endif

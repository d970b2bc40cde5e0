/*
 * explain.c
 *		fraud_explain: why a row has its margin, and fraud_expected_margin, what it is
 *		compared with.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "scoring/held_model.h"
#include "scoring/model_explainer.h"
#include "scoring/reasons.h"
#include "scoring/row_scorer.h"
#include "scoring/statement.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(fraud_expected_margin);
PG_FUNCTION_INFO_V1(fraud_explain);

enum
{
	ARGUMENT_RECORD,
	ARGUMENT_MODEL,
	ARGUMENT_TOP,
	ARGUMENT_VERSION
};

enum
{
	COLUMN_RANK,
	COLUMN_FEATURE,
	COLUMN_VALUE,
	COLUMN_CONTRIBUTION,
	COLUMN_REASON,
	N_COLUMNS
};

static int
top_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(ARGUMENT_TOP) || PG_GETARG_INT32(ARGUMENT_TOP) < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("top must be at least 1"),
		                errhint("It is the number of features to name.")));
	return PG_GETARG_INT32(ARGUMENT_TOP);
}

/* row_features() has record, model and version in the first three places. */
static bool
features_of_record(FunctionCallInfo fcinfo, HeapTupleHeader record, RowFeatures *result)
{
	LOCAL_FCINFO(call, 3);

	InitFunctionCallInfoData(*call, fcinfo->flinfo, 3, fcinfo->fncollation, NULL, NULL);
	call->args[0] = (NullableDatum){PointerGetDatum(record), false};
	call->args[1] = fcinfo->args[ARGUMENT_MODEL];
	call->args[2] = fcinfo->args[ARGUMENT_VERSION];
	return row_features(call, result);
}

/* The record's columns, with those that were computed for it. */
static RecordColumns
columns_of_record(HeapTupleHeader record, const RowFeatures *row)
{
	TupleDesc tupdesc = row_encoder_columns(row->encoder);
	RecordColumns columns = {.tupdesc = tupdesc};
	HeapTupleData tuple;
	Datum *values;
	bool *nulls;

	if (row_encoder_latest(row->encoder, &columns.values, &columns.nulls))
		return columns;
	columns.values = values = palloc(tupdesc->natts * sizeof(Datum));
	columns.nulls = nulls = palloc(tupdesc->natts * sizeof(bool));
	tuple.t_len = HeapTupleHeaderGetDatumLength(record);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = record;
	heap_deform_tuple(&tuple, tupdesc, values, nulls);
	return columns;
}

static void
put_reason(ReturnSetInfo *result, int rank, const Feature *feature, const Reason *reason)
{
	Datum values[N_COLUMNS] = {0};
	bool nulls[N_COLUMNS] = {false};

	values[COLUMN_RANK] = Int32GetDatum(rank);
	values[COLUMN_FEATURE] = CStringGetTextDatum(feature->name);
	if (reason->value != NULL)
		values[COLUMN_VALUE] = CStringGetTextDatum(reason->value);
	nulls[COLUMN_VALUE] = reason->value == NULL;
	values[COLUMN_CONTRIBUTION] = Float8GetDatum(reason->contribution);
	values[COLUMN_REASON] = CStringGetTextDatum(reason->reason);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
put_reasons(ReturnSetInfo *result, const RowFeatures *row, HeapTupleHeader record, int top)
{
	LoadedModel *model = unconstify(LoadedModel *, row->model);
	ForestExplainer *explainer = model_explainer(model, statement_snapshot());
	const Signature *signature = model->signature;
	RecordColumns columns = columns_of_record(record, row);
	Reason *reasons = palloc(Min(top, signature->n_features) * sizeof(Reason));
	int n = reasons_for_row(explainer, signature, row->values, &columns, top, reasons);

	for (int i = 0; i < n; i++)
		put_reason(result, i + 1, &signature->features[reasons[i].feature], &reasons[i]);
}

/*
 * fraud_explain(record, model text, top int, version int) -> TABLE(rank int, feature text,
 * value text, contribution float8, reason text)
 */
PGDLLEXPORT Datum
fraud_explain(PG_FUNCTION_ARGS)
{
	int top = top_argument(fcinfo);
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;
	HeapTupleHeader record;
	RowFeatures row;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(ARGUMENT_RECORD))
		PG_RETURN_NULL();
	context = AllocSetContextCreate(caller, "fraud_detect explanation", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	record = PG_GETARG_HEAPTUPLEHEADER(ARGUMENT_RECORD);
	features_of_record(fcinfo, record, &row);
	put_reasons((ReturnSetInfo *) fcinfo->resultinfo, &row, record, top);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	PG_RETURN_NULL();
}

/* fraud_expected_margin(model text, version int) -> float8: what contributions start from. */
PGDLLEXPORT Datum
fraud_expected_margin(PG_FUNCTION_ARGS)
{
	MemoryContext context = AllocSetContextCreate(
	    CurrentMemoryContext, "fraud_detect expected margin", ALLOCSET_SMALL_SIZES);
	Snapshot snapshot = statement_snapshot();
	LoadedModel *model = held_model(fcinfo->args[0], fcinfo->args[1], snapshot, context);
	double expected = model_explainer(model, snapshot)->expected;

	MemoryContextDelete(context);
	PG_RETURN_FLOAT8(expected);
}

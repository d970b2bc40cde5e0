/*
 * comparison_agg.c
 *		fraud_compare_auc and fraud_mcnemar: two scores of the same rows.
 *
 * fraud_compare_auc keeps 24 bytes a row, within fraud_detect.max_training_memory.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "core/delong.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "pg/memory.h"
#include "pg/settings.h"
#include "scoring/aggregate_state.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(fraud_paired_add);
PG_FUNCTION_INFO_V1(fraud_paired_combine);
PG_FUNCTION_INFO_V1(fraud_paired_serial);
PG_FUNCTION_INFO_V1(fraud_paired_deserial);
PG_FUNCTION_INFO_V1(fraud_compare_auc_final);
PG_FUNCTION_INFO_V1(fraud_mcnemar_pvalue);
PGDLLEXPORT Datum fraud_paired_add(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_paired_combine(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_paired_serial(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_paired_deserial(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_compare_auc_final(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_mcnemar_pvalue(PG_FUNCTION_ARGS);

#define SERIAL_VERSION 1
#define FIRST_ROWS 64
#define ROW_BYTES 17 /* in a message */

typedef struct PairedState
{
	MemoryContext context;
	PairedRow *rows;
	Size n;
	Size frauds;
	Size capacity;
} PairedState;

static PairedState *
state_argument(FunctionCallInfo fcinfo)
{
	PairedState *state;

	if (!PG_ARGISNULL(0))
		return (PairedState *) PG_GETARG_POINTER(0);
	state = MemoryContextAllocZero(aggregate_context(fcinfo), sizeof(PairedState));
	state->context = aggregate_context(fcinfo);
	return state;
}

static void
add_row(PairedState *state, PairedRow row)
{
	if (state->n == state->capacity)
	{
		Size capacity = Max(FIRST_ROWS, 2 * state->capacity);

		if (capacity * sizeof(PairedRow) > (Size) setting_max_training_memory_kb() * 1024)
			ereport(ERROR,
			        (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			         errmsg("too many rows for fraud_compare_auc"),
			         errdetail("%zu rows do not fit fraud_detect.max_training_memory.", capacity),
			         errhint("Take a sample (TABLESAMPLE), or raise the setting.")));
		state->rows = state->rows == NULL
		                  ? MemoryContextAllocHuge(state->context, capacity * sizeof(PairedRow))
		                  : repalloc_huge(state->rows, capacity * sizeof(PairedRow));
		state->capacity = capacity;
	}
	state->rows[state->n++] = row;
	state->frauds += row.label;
}

/* (state, score_a, score_b, label) */
Datum
fraud_paired_add(PG_FUNCTION_ARGS)
{
	PairedState *state = state_argument(fcinfo);
	PairedRow row;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		PG_RETURN_POINTER(state);
	row = (PairedRow){{aggregate_score(fcinfo, 1) + 0.0, aggregate_score(fcinfo, 2) + 0.0},
	                  PG_GETARG_BOOL(3)};
	add_row(state, row);
	PG_RETURN_POINTER(state);
}

Datum
fraud_paired_combine(PG_FUNCTION_ARGS)
{
	const PairedState *other = PG_ARGISNULL(1) ? NULL : (PairedState *) PG_GETARG_POINTER(1);
	PairedState *state;

	if (other == NULL)
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	state = state_argument(fcinfo);
	for (Size i = 0; i < other->n; i++)
		add_row(state, other->rows[i]);
	PG_RETURN_POINTER(state);
}

Datum
fraud_paired_serial(PG_FUNCTION_ARGS)
{
	const PairedState *state = (PairedState *) PG_GETARG_POINTER(0);
	StringInfoData message;

	(void) aggregate_context(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, SERIAL_VERSION);
	pq_sendint64(&message, state->n);
	for (Size i = 0; i < state->n; i++)
	{
		pq_sendfloat8(&message, state->rows[i].scores[0]);
		pq_sendfloat8(&message, state->rows[i].scores[1]);
		pq_sendbyte(&message, state->rows[i].label);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
fraud_paired_deserial(PG_FUNCTION_ARGS)
{
	StringInfo message = aggregate_message(fcinfo, SERIAL_VERSION);
	Size n = pq_getmsgint64(message);
	PairedState *state = palloc0(sizeof(PairedState));

	if (n != (Size) (message->len - message->cursor) / ROW_BYTES)
		aggregate_state_damaged();
	state->context = CurrentMemoryContext;
	for (Size i = 0; i < n; i++)
	{
		PairedRow row;

		row.scores[0] = pq_getmsgfloat8(message);
		row.scores[1] = pq_getmsgfloat8(message);
		row.label = (uint8) pq_getmsgbyte(message);
		if (isnan(row.scores[0]) || isnan(row.scores[1]) || row.label > 1)
			aggregate_state_damaged();
		add_row(state, row);
	}
	pq_getmsgend(message);
	PG_RETURN_POINTER(state);
}

Datum
fraud_compare_auc_final(PG_FUNCTION_ARGS)
{
	PairedState *state = PG_ARGISNULL(0) ? NULL : (PairedState *) PG_GETARG_POINTER(0);
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	DelongResult result;
	CoreError error;
	TupleDesc tupdesc;
	Datum values[5];
	bool nulls[5] = {false};

	(void) aggregate_context(fcinfo);
	if (state == NULL || state->frauds < 2 || state->n - state->frauds < 2)
		PG_RETURN_NULL();
	if (!delong_compare(state->rows, state->n, qsort_interruptible, &result, &allocator, &error))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("%s", error.message)));
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Float8GetDatum(result.auc[0]);
	values[1] = Float8GetDatum(result.auc[1]);
	values[2] = Float8GetDatum(result.auc[1] - result.auc[0]);
	values[3] = Float8GetDatum(result.standard_error);
	values[4] = Float8GetDatum(result.p_value);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

Datum
fraud_mcnemar_pvalue(PG_FUNCTION_ARGS)
{
	if (PG_GETARG_INT64(0) < 0 || PG_GETARG_INT64(1) < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("numbers of rows must not be negative")));
	PG_RETURN_FLOAT8(mcnemar_pvalue((uint64) PG_GETARG_INT64(0), (uint64) PG_GETARG_INT64(1)));
}

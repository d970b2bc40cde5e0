/*
 * features_window.c
 *		The window function of the views of fraud_features: all features of one
 *		entity for each row, in one pass over the rows in the order of time.
 *
 * A row is evaluated before it becomes an event, so a row sees the past only. Nothing
 * is read twice: events are kept by the core as long as a window holds them.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "pg/memory.h"
#include "scoring/features_group.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "windowapi.h"

/* Arguments: the description, the row's time, is the entity known, and the group's arguments. */
enum
{
	ARGUMENT_DESCRIPTION,
	ARGUMENT_EVENT_TIME,
	ARGUMENT_KNOWN,
	FIRST_GROUP_ARGUMENT
};

typedef struct WindowCall
{
	FeatureGroup *group;
	Oid time_type;
	Datum *values;
	bool *nulls;
	int64 latest;
} WindowCall;

PG_FUNCTION_INFO_V1(fraud_window_features);
PG_FUNCTION_INFO_V1(fraud_window_value);
PGDLLEXPORT Datum fraud_window_features(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_window_value(PG_FUNCTION_ARGS);

/* Types are those of the call's expressions, which a call by name always has. */
static WindowCall *
create_call(FunctionCallInfo fcinfo, WindowObject window)
{
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	WindowCall *call = palloc0(sizeof(WindowCall));
	List *expressions = castNode(WindowFunc, fcinfo->flinfo->fn_expr)->args;
	int n_arguments = list_length(expressions) - FIRST_GROUP_ARGUMENT;
	Oid *types = palloc(Max(n_arguments, 1) * sizeof(Oid));
	Oid *collations = palloc(Max(n_arguments, 1) * sizeof(Oid));
	bool is_null;
	Datum description = WinGetFuncArgCurrent(window, ARGUMENT_DESCRIPTION, &is_null);

	if (is_null || n_arguments < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("fraud.window_features is called by views of fraud_features only")));
	call->time_type = getBaseType(exprType(list_nth(expressions, ARGUMENT_EVENT_TIME)));
	if ((call->time_type != TIMESTAMPOID && call->time_type != TIMESTAMPTZOID &&
	     call->time_type != DATEOID) ||
	    exprType(list_nth(expressions, ARGUMENT_KNOWN)) != BOOLOID)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("fraud.window_features is called by views of fraud_features only")));
	for (int i = 0; i < n_arguments; i++)
	{
		types[i] = exprType(list_nth(expressions, FIRST_GROUP_ARGUMENT + i));
		collations[i] = exprCollation(list_nth(expressions, FIRST_GROUP_ARGUMENT + i));
	}
	call->values = palloc(Max(n_arguments, 1) * sizeof(Datum));
	call->nulls = palloc(Max(n_arguments, 1) * sizeof(bool));
	call->group =
	    feature_group_create(DatumGetJsonbPCopy(description), n_arguments, types, collations);
	MemoryContextSwitchTo(old);
	return call;
}

static WindowCall *
window_call(FunctionCallInfo fcinfo, WindowObject window)
{
	bool *begun = WinGetPartitionLocalMemory(window, sizeof(bool));
	WindowCall *call = fcinfo->flinfo->fn_extra;

	if (call == NULL)
		call = fcinfo->flinfo->fn_extra = create_call(fcinfo, window);
	if (!*begun)
	{
		feature_group_reset(call->group);
		call->latest = PG_INT64_MIN;
		*begun = true;
	}
	return call;
}

/* The row's time; WINDOW_MISSING where it or the entity is not known. */
static int64
row_time(WindowCall *call, WindowObject window)
{
	bool is_null;
	Datum known = WinGetFuncArgCurrent(window, ARGUMENT_KNOWN, &is_null);
	Datum time;
	int64 microseconds;

	if (is_null || !DatumGetBool(known))
		return WINDOW_MISSING;
	time = WinGetFuncArgCurrent(window, ARGUMENT_EVENT_TIME, &is_null);
	microseconds = is_null ? WINDOW_MISSING : feature_time(time, call->time_type);
	if (microseconds == WINDOW_MISSING)
		return WINDOW_MISSING;
	if (microseconds < call->latest)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("rows of a window must come in the order of their time")));
	call->latest = microseconds;
	return microseconds;
}

static void
evaluate(WindowCall *call, WindowObject window, int64 time)
{
	FeatureGroup *group = call->group;

	for (int i = 0; i < group->n_arguments; i++)
		call->values[i] = WinGetFuncArgCurrent(window, FIRST_GROUP_ARGUMENT + i, &call->nulls[i]);
	feature_group_arguments(group, call->values, call->nulls, group->row);
	require_memory(window_group_evaluate(group->window, time, group->row, group->results) &&
	               window_group_push(group->window, time, group->row));
}

/*
 * fraud.window_features(description jsonb, VARIADIC "any") -> float8[]: the values of
 * the described features, in their order; NaN where a value is missing.
 */
PGDLLEXPORT Datum
fraud_window_features(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	WindowCall *call = window_call(fcinfo, window);
	int n = call->group->n_features;
	Size size = ARR_OVERHEAD_NONULLS(1) + n * sizeof(float8);
	ArrayType *vector = palloc0(size);
	float8 *values;
	int64 time;

	SET_VARSIZE(vector, size);
	vector->ndim = 1;
	vector->elemtype = FLOAT8OID;
	ARR_DIMS(vector)[0] = n;
	ARR_LBOUND(vector)[0] = 1;
	values = (float8 *) ARR_DATA_PTR(vector);
	time = row_time(call, window);
	if (time != WINDOW_MISSING)
	{
		evaluate(call, window, time);
		memcpy(values, call->group->results, n * sizeof(float8));
	}
	else
		for (int i = 0; i < n; i++)
			values[i] = NAN;
	/* What lies behind is not looked at again: let the server forget it. */
	WinSetMarkPosition(window, WinGetCurrentPosition(window));
	PG_RETURN_ARRAYTYPE_P(vector);
}

/* fraud.window_value(float8[], int) -> float8: one of them; NULL for NaN. */
PGDLLEXPORT Datum
fraud_window_value(PG_FUNCTION_ARGS)
{
	ArrayType *vector = PG_GETARG_ARRAYTYPE_P(0);
	int32 place = PG_GETARG_INT32(1);
	float8 value;

	if (ARR_NDIM(vector) != 1 || ARR_HASNULL(vector) || ARR_ELEMTYPE(vector) != FLOAT8OID ||
	    place < 1 || place > ARR_DIMS(vector)[0])
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("there is no window feature %d", place)));
	memcpy(&value, ARR_DATA_PTR(vector) + (place - 1) * sizeof(float8), sizeof(value));
	PG_FREE_IF_COPY(vector, 0);
	if (isnan(value))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value);
}

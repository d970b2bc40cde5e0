/*
 * change_detector.c
 *		fraud.detector_begin and fraud.detector_add: states of change detectors as bytea.
 *		The table that keeps them, and who may change it, are SQL (sql/change_detector.sql).
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "core/change_detector.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(fraud_detector_begin);
PG_FUNCTION_INFO_V1(fraud_detector_add);
PGDLLEXPORT Datum fraud_detector_begin(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_detector_add(PG_FUNCTION_ARGS);

#define N_RESULTS 5

static const struct
{
	const char *name;
	ChangeMethod method;
	double delta;
	double threshold;
} methods[] = {
    {"adwin", CHANGE_ADWIN, 0.002, 0.0},
    {"page_hinkley", CHANGE_PAGE_HINKLEY, 0.005, 50.0},
    {"ddm", CHANGE_DDM, 0.0, 3.0},
};

static bytea *
state_of(const ChangeDetector *detector)
{
	bytea *state = palloc(VARHDRSZ + CHANGE_STATE_MOST_BYTES);

	SET_VARSIZE(state, VARHDRSZ + change_detector_write(detector, (uint8 *) VARDATA(state)));
	return state;
}

/* (method, delta, threshold): NULL is the method's own. */
Datum
fraud_detector_begin(PG_FUNCTION_ARGS)
{
	char *name = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
	ChangeDetector detector;
	CoreError error;

	for (int i = 0; name != NULL && i < lengthof(methods); i++)
	{
		if (strcmp(methods[i].name, name) != 0)
			continue;
		if (!change_detector_begin(&detector, methods[i].method,
		                           PG_ARGISNULL(1) ? methods[i].delta : PG_GETARG_FLOAT8(1),
		                           PG_ARGISNULL(2) ? methods[i].threshold : PG_GETARG_FLOAT8(2),
		                           &error))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s", error.message)));
		PG_RETURN_BYTEA_P(state_of(&detector));
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("there is no method \"%.64s\" of change detection",
	                       name == NULL ? "NULL" : name),
	                errhint("The methods are adwin, page_hinkley and ddm.")));
}

static void
read_state(const bytea *state, ChangeDetector *detector)
{
	CoreError error;

	if (!change_detector_read((const uint8 *) VARDATA_ANY(state), VARSIZE_ANY_EXHDR(state),
	                          detector, &error))
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
		                errmsg("invalid state of a change detector"),
		                errdetail_internal("%s", error.message)));
}

/* Returns the signal of the last value, and the places of changes. */
static ChangeSignal
add_values(ChangeDetector *detector, ArrayType *array, Datum *changes, int *n_changes)
{
	ChangeSignal last = CHANGE_NONE;
	Datum *values;
	bool *nulls;
	int n;

	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &values,
	                  &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		CoreError error;

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			continue;
		if (!change_detector_add(detector, DatumGetFloat8(values[i]), &last, &error))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s", error.message)));
		if (last == CHANGE_FOUND)
			changes[(*n_changes)++] = Int64GetDatum((int64) detector->seen);
	}
	return last;
}

/* (state, values) -> (state, seen, changes, warning, mean) */
Datum
fraud_detector_add(PG_FUNCTION_ARGS)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(1);
	Datum *changes =
	    palloc(sizeof(Datum) * Max(ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)), 1));
	int n_changes = 0;
	ChangeDetector detector;
	TupleDesc tupdesc;
	Datum values[N_RESULTS];
	bool nulls[N_RESULTS] = {false};
	ChangeSignal last;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type of fraud.detector_add must be a row");
	read_state(PG_GETARG_BYTEA_PP(0), &detector);
	last = add_values(&detector, array, changes, &n_changes);
	values[0] = PointerGetDatum(state_of(&detector));
	values[1] = Int64GetDatum((int64) detector.seen);
	values[2] = PointerGetDatum(construct_array(changes, n_changes, INT8OID, sizeof(int64),
	                                            FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	values[3] = BoolGetDatum(last == CHANGE_WARNING);
	values[4] = Float8GetDatum(change_detector_mean(&detector));
	nulls[4] = detector.n == 0;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

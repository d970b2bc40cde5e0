/*
 * two_samples_aggs.c
 *		Transition, combine, serial and deserial functions of the aggregates over two
 *		samples. Aggregates with the same arguments share one state and one sort.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "scoring/aggregate_state.h"
#include "scoring/drift_method.h"
#include "scoring/two_samples_state.h"
#include "utils/builtins.h"

#define SERIAL_VERSION 4

PG_FUNCTION_INFO_V1(fraud_two_samples_add);
PG_FUNCTION_INFO_V1(fraud_two_samples_add_by_method);
PG_FUNCTION_INFO_V1(fraud_ranked_add);
PG_FUNCTION_INFO_V1(fraud_two_samples_combine);
PG_FUNCTION_INFO_V1(fraud_two_samples_serial);
PG_FUNCTION_INFO_V1(fraud_two_samples_deserial);
PGDLLEXPORT Datum fraud_two_samples_add(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_two_samples_add_by_method(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_ranked_add(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_two_samples_combine(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_two_samples_serial(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_two_samples_deserial(PG_FUNCTION_ARGS);

static void
pg_attribute_noreturn() parameters_differ(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("the last argument of the aggregate must be the same in every row")));
}

static TwoSamples *
state_with_parameter(FunctionCallInfo fcinfo, double parameter)
{
	TwoSamples *samples;

	if (PG_ARGISNULL(0))
	{
		samples = two_samples_create(fcinfo);
		samples->parameter = parameter;
		return samples;
	}
	samples = (TwoSamples *) PG_GETARG_POINTER(0);
	if (samples->parameter != parameter && !(isnan(samples->parameter) && isnan(parameter)))
		parameters_differ();
	return samples;
}

static void
check_parameter_not_null(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(3))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("the last argument of the aggregate must not be NULL")));
}

/* Of a number that is the fourth argument, where there is one. */
static double
parameter_argument(FunctionCallInfo fcinfo)
{
	if (PG_NARGS() < 4)
		return NAN;
	check_parameter_not_null(fcinfo);
	if (isnan(PG_GETARG_FLOAT8(3)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the last argument of the aggregate must not be NaN")));
	return PG_GETARG_FLOAT8(3);
}

/* A missing value is counted, a row without a side left out. */
static inline Datum
add_value(TwoSamples *samples, FunctionCallInfo fcinfo)
{
	int side;

	if (PG_ARGISNULL(2))
		PG_RETURN_POINTER(samples);
	side = PG_GETARG_BOOL(2) ? 1 : 0;
	if (PG_ARGISNULL(1) || isnan(PG_GETARG_FLOAT8(1)))
	{
		samples->counts.missing[side]++;
		PG_RETURN_POINTER(samples);
	}
	samples->counts.rows[side]++;
	PG_RETURN_POINTER(two_samples_put(samples, side, sample_key(PG_GETARG_FLOAT8(1)), fcinfo));
}

static pg_noinline pg_attribute_cold Datum
add_first_value(FunctionCallInfo fcinfo)
{
	return add_value(two_samples_create(fcinfo), fcinfo);
}

/* (state, value, is_current); leaves the stack alone, see two_samples_put(). */
Datum
fraud_two_samples_add(PG_FUNCTION_ARGS)
{
	if (unlikely(PG_ARGISNULL(0)))
		return add_first_value(fcinfo);
	return add_value((TwoSamples *) PG_GETARG_POINTER(0), fcinfo);
}

/* (state, value, is_current, method) */
Datum
fraud_two_samples_add_by_method(PG_FUNCTION_ARGS)
{
	check_parameter_not_null(fcinfo);
	return add_value(
	    state_with_parameter(fcinfo, (double) drift_method_of_name(PG_GETARG_TEXT_PP(3))), fcinfo);
}

/* (state, score, label [, parameter]): kept as -score, so that a walk begins with the highest score. */
Datum
fraud_ranked_add(PG_FUNCTION_ARGS)
{
	TwoSamples *samples = state_with_parameter(fcinfo, parameter_argument(fcinfo));
	int side;
	double score;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_POINTER(samples);
	side = PG_GETARG_BOOL(2) ? 1 : 0;
	score = PG_GETARG_FLOAT8(1);
	if (isnan(score))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a score is NaN"),
		                errdetail("It has no place in a ranking."),
		                errhint("NULL leaves a row out: nullif(score, 'NaN')")));
	samples->counts.rows[side]++;
	two_samples_put(samples, side, sample_key(-score), fcinfo);
	PG_RETURN_POINTER(samples);
}

Datum
fraud_two_samples_combine(PG_FUNCTION_ARGS)
{
	TwoSamples *other = PG_ARGISNULL(1) ? NULL : (TwoSamples *) PG_GETARG_POINTER(1);
	TwoSamples *samples;

	if (other == NULL)
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	samples = state_with_parameter(fcinfo, other->parameter);
	two_samples_merge(samples, other, fcinfo);
	PG_RETURN_POINTER(samples);
}

/* What is more than a message takes along goes to the leader by a file. */
Datum
fraud_two_samples_serial(PG_FUNCTION_ARGS)
{
	TwoSamples *samples = two_samples_argument(fcinfo);
	StringInfoData message;

	two_samples_hand_over(samples, fcinfo);
	two_samples_begin_message(&message, SERIAL_VERSION, two_samples_message_bytes(samples));
	two_samples_send(&message, samples);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
fraud_two_samples_deserial(PG_FUNCTION_ARGS)
{
	StringInfo message = aggregate_message(fcinfo, SERIAL_VERSION);
	TwoSamples *samples = two_samples_receive(message);

	pq_getmsgend(message);
	PG_RETURN_POINTER(samples);
}

/*
 * two_samples_aggs.c
 *		Transition, combine, serial and deserial functions of the aggregates over two
 *		samples. Aggregates with the same arguments share one state and one sort.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "pg/memory.h"
#include "port/pg_bswap.h"
#include "scoring/aggregate_state.h"
#include "scoring/drift_method.h"
#include "scoring/two_samples_state.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define SERIAL_VERSION 2

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

/* Keys that are not in runs are added one by one: they are unsorted, or few. */
void
two_samples_merge(TwoSamples *samples, TwoSamples *other, FunctionCallInfo fcinfo)
{
	for (int side = 0; side < 2; side++)
	{
		const uint64 *keys = two_samples_keys(other, side);

		samples->counts.rows[side] += other->counts.rows[side];
		samples->counts.missing[side] += other->counts.missing[side];
		for (Size i = 0; i < other->n[side]; i++)
			two_samples_put(samples, side, keys[i], fcinfo);
	}
	for (int i = 0; i < other->n_runs; i++)
		two_samples_add_run(samples, &other->runs[i], other->file, fcinfo);
	if (samples->moments != NULL)
		moments_merge(samples->moments, other->moments);
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

static void
pg_attribute_noreturn() too_many_values(void)
{
	ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
	                errmsg("a worker has too many values to hand over"),
	                errhint("SET max_parallel_workers_per_gather = 0")));
}

/* Room for so many bytes more. */
static uint8 *
message_room(StringInfo message, Size size)
{
	if (size >= MaxAllocSize - message->len)
		too_many_values();
	enlargeStringInfo(message, (int) size);
	return (uint8 *) message->data + message->len;
}

static void
send_run(StringInfo message, const KeyRun *run, BufFile *file)
{
	uint8 *room;

	pq_sendbyte(message, run->side);
	pq_sendint64(message, run->rows);
	pq_sendint64(message, run->size);
	room = message_room(message, run->size);
	if (run->bytes != NULL)
		memcpy(room, run->bytes, run->size);
	else
		run_read(run, file, 0, room, run->size);
	message->len += (int) run->size;
}

/* The sorted keys of a side, as a run. */
static void
send_keys(StringInfo message, TwoSamples *samples, int side)
{
	const uint64 *keys = two_samples_keys(samples, side);
	Size n = samples->n[side];
	Size taken;
	uint64 size;
	int place;
	int start;

	pq_sendbyte(message, side);
	pq_sendint64(message, n);
	place = message->len;
	pq_sendint64(message, 0);
	start = message->len;
	for (Size i = 0; i < n; i += taken)
	{
		uint8 *room = message_room(message, SAMPLE_BLOCK_MOST);

		message->len += (int) sample_block_write(keys + i, n - i, room, &taken);
	}
	size = pg_hton64((uint64) (message->len - start));
	memcpy(message->data + place, &size, sizeof(size));
}

/* Of what stands before a run's bytes, and before all runs. */
#define MOST_HEADER_BYTES 64

Size
two_samples_most_bytes(const TwoSamples *samples)
{
	Size most = MOST_HEADER_BYTES * (3 + (Size) samples->n_runs);

	for (int side = 0; side < 2; side++)
		most += sample_run_most_bytes(samples->n[side]) + SAMPLE_BLOCK_MOST;
	for (int i = 0; i < samples->n_runs; i++)
		most += samples->runs[i].size;
	return most;
}

/* Memory that is not written costs nothing. */
void
two_samples_begin_message(StringInfo message, int version, Size most)
{
	Size capacity = Min(most + VARHDRSZ + 1, MaxAllocSize - 1);

	message->data = palloc(capacity);
	memory_use_large_pages(message->data, capacity);
	message->maxlen = (int) capacity;
	message->cursor = 0;
	/* As pq_begintypsend does. */
	message->len = VARHDRSZ;
	pq_sendbyte(message, version);
}

void
two_samples_send(StringInfo message, TwoSamples *samples)
{
	two_samples_sort(samples, 0);
	two_samples_sort(samples, 1);
	pq_sendfloat8(message, samples->parameter);
	for (int side = 0; side < 2; side++)
		pq_sendint64(message, samples->counts.missing[side]);
	pq_sendint32(message, samples->n_runs + 2);
	for (int side = 0; side < 2; side++)
		send_keys(message, samples, side);
	for (int i = 0; i < samples->n_runs; i++)
		send_run(message, &samples->runs[i], samples->file);
}

/* At most 1 GB, which is what a worker can hand over: more than 100 million distinct values. */
Datum
fraud_two_samples_serial(PG_FUNCTION_ARGS)
{
	TwoSamples *samples = two_samples_argument(fcinfo);
	StringInfoData message;

	two_samples_begin_message(&message, SERIAL_VERSION, two_samples_most_bytes(samples));
	two_samples_send(&message, samples);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* Looks at the heads of a run's blocks; what is in them is checked when they are read. */
static void
receive_run(StringInfo message, TwoSamples *samples)
{
	KeyRun *run = &samples->runs[samples->n_runs];
	uint64 size;
	size_t n_blocks;

	*run = (KeyRun){.side = pq_getmsgbyte(message)};
	run->rows = pq_getmsgint64(message);
	size = pq_getmsgint64(message);
	if (run->side > 1 || size > (uint64) (message->len - message->cursor))
		aggregate_state_damaged();
	run->size = size;
	run->bytes = (uint8 *) pq_getmsgbytes(message, (int) size);
	if (!sample_run_blocks(run->bytes, run->size, run->rows, NULL, &n_blocks))
		aggregate_state_damaged();
	if (size == 0)
		return;
	run->n_blocks = n_blocks;
	samples->counts.rows[run->side] += run->rows;
	samples->n_runs++;
}

/* Runs stay in the message: it lives until the state has been combined with another. */
TwoSamples *
two_samples_receive(StringInfo message)
{
	TwoSamples *samples = palloc0(sizeof(TwoSamples));
	int n_runs;

	samples->context = CurrentMemoryContext;
	samples->parameter = pq_getmsgfloat8(message);
	for (int side = 0; side < 2; side++)
		samples->counts.missing[side] = pq_getmsgint64(message);
	n_runs = pq_getmsgint(message, 4);
	/* Each takes 17 bytes at least. */
	if (n_runs < 0 || n_runs > message->len / 17)
		aggregate_state_damaged();
	samples->runs = palloc(Max(n_runs, 1) * sizeof(KeyRun));
	for (int i = 0; i < n_runs; i++)
		receive_run(message, samples);
	return samples;
}

Datum
fraud_two_samples_deserial(PG_FUNCTION_ARGS)
{
	StringInfo message = aggregate_message(fcinfo, SERIAL_VERSION);
	TwoSamples *samples = two_samples_receive(message);

	pq_getmsgend(message);
	PG_RETURN_POINTER(samples);
}

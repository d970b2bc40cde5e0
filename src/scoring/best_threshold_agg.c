/*
 * best_threshold_agg.c
 *		The threshold that saves most money: every score with what flagging it gains,
 *		sorted by score in the end.
 *
 * Keeps 16 bytes a row, within fraud_detect.max_training_memory (53400 beyond).
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "core/sample.h"
#include "libpq/pqformat.h"
#include "pg/settings.h"
#include "scoring/aggregate_state.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(fraud_gain_add);
PG_FUNCTION_INFO_V1(fraud_gain_combine);
PG_FUNCTION_INFO_V1(fraud_gain_serial);
PG_FUNCTION_INFO_V1(fraud_gain_deserial);
PG_FUNCTION_INFO_V1(fraud_best_threshold_final);
PGDLLEXPORT Datum fraud_gain_add(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_gain_combine(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_gain_serial(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_gain_deserial(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_best_threshold_final(PG_FUNCTION_ARGS);

#define SERIAL_VERSION 1
#define FIRST_ROWS 64

typedef struct ScoredGain
{
	uint64 key; /* of minus the score */
	double gain;
} ScoredGain;

typedef struct Gains
{
	MemoryContext context;
	ScoredGain *rows;
	Size n;
	Size capacity;
} Gains;

static Gains *
state_argument(FunctionCallInfo fcinfo)
{
	Gains *gains;

	if (!PG_ARGISNULL(0))
		return (Gains *) PG_GETARG_POINTER(0);
	gains = MemoryContextAllocZero(aggregate_context(fcinfo), sizeof(Gains));
	gains->context = aggregate_context(fcinfo);
	return gains;
}

static void
make_room(Gains *gains, Size n)
{
	Size most = (Size) setting_max_training_memory_kb() * 1024 / sizeof(ScoredGain);
	Size capacity = Max(FIRST_ROWS, gains->capacity);

	while (capacity < gains->n + n)
		capacity *= 2;
	capacity = Min(capacity, Max(most, FIRST_ROWS));
	if (capacity < gains->n + n)
		ereport(ERROR,
		        (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
		         errmsg("too many rows for fraud_best_threshold"),
		         errdetail("More than %zu rows do not fit fraud_detect.max_training_memory.", most),
		         errhint("Take a sample (TABLESAMPLE), or raise the setting.")));
	gains->rows = gains->rows == NULL
	                  ? MemoryContextAllocHuge(gains->context, capacity * sizeof(ScoredGain))
	                  : repalloc_huge(gains->rows, capacity * sizeof(ScoredGain));
	gains->capacity = capacity;
}

/* (state, score, label, amount, cost) */
Datum
fraud_gain_add(PG_FUNCTION_ARGS)
{
	Gains *gains = state_argument(fcinfo);
	double score, amount, cost;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(4))
		PG_RETURN_POINTER(gains);
	score = aggregate_score(fcinfo, 1);
	amount = aggregate_money(fcinfo, 3, "amount");
	cost = aggregate_money(fcinfo, 4, "cost");
	if (gains->n == gains->capacity)
		make_room(gains, 1);
	gains->rows[gains->n++] =
	    (ScoredGain){sample_key(-score), PG_GETARG_BOOL(2) ? amount - cost : -cost};
	PG_RETURN_POINTER(gains);
}

Datum
fraud_gain_combine(PG_FUNCTION_ARGS)
{
	const Gains *other = PG_ARGISNULL(1) ? NULL : (Gains *) PG_GETARG_POINTER(1);
	Gains *gains;

	if (other == NULL)
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	gains = state_argument(fcinfo);
	if (other->n > 0)
	{
		make_room(gains, other->n);
		memcpy(gains->rows + gains->n, other->rows, other->n * sizeof(ScoredGain));
		gains->n += other->n;
	}
	PG_RETURN_POINTER(gains);
}

Datum
fraud_gain_serial(PG_FUNCTION_ARGS)
{
	const Gains *gains = (Gains *) PG_GETARG_POINTER(0);
	StringInfoData message;

	(void) aggregate_context(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, SERIAL_VERSION);
	pq_sendint64(&message, gains->n);
	for (Size i = 0; i < gains->n; i++)
	{
		pq_sendint64(&message, gains->rows[i].key);
		pq_sendfloat8(&message, gains->rows[i].gain);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
fraud_gain_deserial(PG_FUNCTION_ARGS)
{
	StringInfo message = aggregate_message(fcinfo, SERIAL_VERSION);
	Gains *gains = palloc0(sizeof(Gains));

	gains->n = gains->capacity = pq_getmsgint64(message);
	if (gains->n != (message->len - message->cursor) / sizeof(ScoredGain))
		aggregate_state_damaged();
	gains->context = CurrentMemoryContext;
	gains->rows =
	    MemoryContextAllocHuge(CurrentMemoryContext, Max(gains->n, 1) * sizeof(ScoredGain));
	for (Size i = 0; i < gains->n; i++)
	{
		gains->rows[i].key = pq_getmsgint64(message);
		gains->rows[i].gain = pq_getmsgfloat8(message);
		if (gains->rows[i].key > SAMPLE_GREATEST_KEY || !isfinite(gains->rows[i].gain))
			aggregate_state_damaged();
	}
	pq_getmsgend(message);
	PG_RETURN_POINTER(gains);
}

static int
compare_scores(const void *a, const void *b, void *context)
{
	uint64 x = ((const ScoredGain *) a)->key;
	uint64 y = ((const ScoredGain *) b)->key;

	return x < y ? -1 : x > y;
}

/* Of thresholds that save the same the highest; flagging nothing (infinity) saves 0. */
Datum
fraud_best_threshold_final(PG_FUNCTION_ARGS)
{
	Gains *gains = PG_ARGISNULL(0) ? NULL : (Gains *) PG_GETARG_POINTER(0);
	ExactSum total = {0};
	double best = 0.0;
	double threshold = INFINITY;

	(void) aggregate_context(fcinfo);
	if (gains == NULL || gains->n == 0)
		PG_RETURN_NULL();
	qsort_interruptible(gains->rows, gains->n, sizeof(ScoredGain), compare_scores, NULL);
	for (Size i = 0; i < gains->n; i++)
	{
		exact_sum_add(&total, gains->rows[i].gain);
		if (i + 1 < gains->n && gains->rows[i + 1].key == gains->rows[i].key)
			continue;
		if (exact_sum_value(&total) > best)
		{
			best = exact_sum_value(&total);
			threshold = -sample_value(gains->rows[i].key);
		}
	}
	PG_RETURN_FLOAT8(threshold + 0.0);
}

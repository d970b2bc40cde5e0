/*
 * aggregate_state.c
 *		What aggregates with a state of their own share.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "scoring/aggregate_state.h"

MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (AggCheckCallContext(fcinfo, &context) == 0)
		elog(ERROR, "function called outside of an aggregate");
	return context;
}

void
aggregate_state_damaged(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
	                errmsg("the state of an aggregate is damaged")));
}

void
aggregate_arguments_differ(const char *name)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("%s must be the same in every row of an aggregate", name)));
}

StringInfo
aggregate_message(FunctionCallInfo fcinfo, int version)
{
	bytea *bytes = PG_GETARG_BYTEA_PP(0);
	StringInfo message = palloc(sizeof(StringInfoData));

	(void) aggregate_context(fcinfo);
	message->data = VARDATA_ANY(bytes);
	message->len = message->maxlen = (int) VARSIZE_ANY_EXHDR(bytes);
	message->cursor = 0;
	if (pq_getmsgbyte(message) != version)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
		                errmsg("the state of an aggregate is of an unknown version")));
	return message;
}

double
aggregate_score(FunctionCallInfo fcinfo, int argument)
{
	double score = PG_GETARG_FLOAT8(argument);

	if (isnan(score))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a score is NaN"),
		                errhint("NULL leaves a row out: nullif(score, 'NaN')")));
	return score;
}

double
aggregate_money(FunctionCallInfo fcinfo, int argument, const char *name)
{
	double money = PG_GETARG_FLOAT8(argument);

	if (!(money >= 0.0 && !isinf(money)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("%s must be finite and not negative: %g", name, money)));
	return money;
}

/* Only the chunks between the first and the last that are not zero. */
static void
send_chunks(StringInfo message, const int64 *chunks, int n)
{
	int first = 0;
	int end = n;

	while (first < end && chunks[first] == 0)
		first++;
	while (end > first && chunks[end - 1] == 0)
		end--;
	pq_sendbyte(message, first);
	pq_sendbyte(message, end - first);
	for (int i = first; i < end; i++)
		pq_sendint64(message, chunks[i]);
}

static void
receive_chunks(StringInfo message, int64 *chunks, int n)
{
	int first = pq_getmsgbyte(message);
	int n_sent = pq_getmsgbyte(message);

	if (first + n_sent > n)
		aggregate_state_damaged();
	memset(chunks, 0, n * sizeof(int64));
	for (int i = 0; i < n_sent; i++)
	{
		int64 chunk = pq_getmsgint64(message);

		/* Settled, the last one apart, and far from where adding could overflow. */
		if (first + i < n - 1 ? chunk < 0 || chunk > PG_UINT32_MAX
		                      : chunk < PG_INT64_MIN / 4 || chunk > PG_INT64_MAX / 4)
			aggregate_state_damaged();
		chunks[first + i] = chunk;
	}
}

void
send_exact_sum(StringInfo message, ExactSum *sum)
{
	exact_sum_settle(sum);
	send_chunks(message, sum->chunks, EXACT_SUM_CHUNKS);
}

void
receive_exact_sum(StringInfo message, ExactSum *sum)
{
	sum->pending = 0;
	receive_chunks(message, sum->chunks, EXACT_SUM_CHUNKS);
}

void
send_moments(StringInfo message, Moments *moments)
{
	moments_settle(moments);
	pq_sendint64(message, moments->finite);
	send_exact_sum(message, &moments->sum);
	send_chunks(message, moments->squares, MOMENTS_CHUNKS);
}

void
receive_moments(StringInfo message, Moments *moments)
{
	moments->finite = pq_getmsgint64(message);
	receive_exact_sum(message, &moments->sum);
	moments->pending = 0;
	receive_chunks(message, moments->squares, MOMENTS_CHUNKS);
}

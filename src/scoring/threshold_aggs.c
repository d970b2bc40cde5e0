/*
 * threshold_aggs.c
 *		What comes of flagging rows: the confusion matrix at a threshold, and costs
 *		and savings in money, at a threshold or by the rule score * amount > cost.
 *
 * Counts and exact sums: one pass, the result depends on the rows alone.
 * Savings: Bahnsen, Aouada and Ottersten, "Example-dependent cost-sensitive
 * logistic regression for credit scoring", 2014.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "scoring/aggregate_state.h"

PG_FUNCTION_INFO_V1(fraud_confusion_add);
PG_FUNCTION_INFO_V1(fraud_costs_add);
PG_FUNCTION_INFO_V1(fraud_flagging_combine);
PG_FUNCTION_INFO_V1(fraud_flagging_serial);
PG_FUNCTION_INFO_V1(fraud_flagging_deserial);
PG_FUNCTION_INFO_V1(fraud_confusion_final);
PG_FUNCTION_INFO_V1(fraud_costs_final);
PG_FUNCTION_INFO_V1(fraud_savings_final);
PGDLLEXPORT Datum fraud_confusion_add(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_costs_add(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_flagging_combine(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_flagging_serial(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_flagging_deserial(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_confusion_final(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_costs_final(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_savings_final(PG_FUNCTION_ARGS);

#define SERIAL_VERSION 1

typedef enum Money
{
	MONEY_OF_FRAUDS,       /* amounts of frauds: the loss of doing nothing */
	MONEY_OF_MISSED,       /* of those that are not flagged */
	MONEY_OF_HANDLING,     /* costs of the flagged rows */
	MONEY_OF_HANDLING_ALL, /* costs of all rows */
	N_MONEY
} Money;

typedef struct Flagging
{
	double threshold;    /* NaN: by the rule */
	uint64 counts[2][2]; /* by flagged, fraud */
	ExactSum money[N_MONEY];
} Flagging;

static Flagging *
state_at(FunctionCallInfo fcinfo, double threshold)
{
	Flagging *flagging;

	if (PG_ARGISNULL(0))
	{
		flagging = MemoryContextAllocZero(aggregate_context(fcinfo), sizeof(Flagging));
		flagging->threshold = threshold;
		return flagging;
	}
	flagging = (Flagging *) PG_GETARG_POINTER(0);
	if (flagging->threshold != threshold && !(isnan(flagging->threshold) && isnan(threshold)))
		aggregate_arguments_differ("threshold");
	return flagging;
}

static double
threshold_argument(FunctionCallInfo fcinfo, int number)
{
	if (PG_NARGS() <= number)
		return NAN;
	if (PG_ARGISNULL(number))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("threshold must not be NULL")));
	if (isnan(PG_GETARG_FLOAT8(number)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("threshold is NaN")));
	return PG_GETARG_FLOAT8(number);
}

/* (state, score, label, threshold) */
Datum
fraud_confusion_add(PG_FUNCTION_ARGS)
{
	Flagging *flagging = state_at(fcinfo, threshold_argument(fcinfo, 3));

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
		flagging->counts[aggregate_score(fcinfo, 1) >= flagging->threshold][PG_GETARG_BOOL(2)]++;
	PG_RETURN_POINTER(flagging);
}

/* (state, score, label, amount, cost [, threshold]) */
Datum
fraud_costs_add(PG_FUNCTION_ARGS)
{
	Flagging *flagging = state_at(fcinfo, threshold_argument(fcinfo, 5));
	double score, amount, cost;
	bool fraud, flagged;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(4))
		PG_RETURN_POINTER(flagging);
	score = aggregate_score(fcinfo, 1);
	fraud = PG_GETARG_BOOL(2);
	amount = aggregate_money(fcinfo, 3, "amount");
	cost = aggregate_money(fcinfo, 4, "cost");
	flagged = isnan(flagging->threshold) ? score * amount > cost : score >= flagging->threshold;
	flagging->counts[flagged][fraud]++;
	exact_sum_add(&flagging->money[MONEY_OF_HANDLING_ALL], cost);
	if (flagged)
		exact_sum_add(&flagging->money[MONEY_OF_HANDLING], cost);
	if (fraud)
		exact_sum_add(&flagging->money[MONEY_OF_FRAUDS], amount);
	if (fraud && !flagged)
		exact_sum_add(&flagging->money[MONEY_OF_MISSED], amount);
	PG_RETURN_POINTER(flagging);
}

Datum
fraud_flagging_combine(PG_FUNCTION_ARGS)
{
	const Flagging *other = PG_ARGISNULL(1) ? NULL : (Flagging *) PG_GETARG_POINTER(1);
	Flagging *flagging;

	if (other == NULL)
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	flagging = state_at(fcinfo, other->threshold);
	for (int i = 0; i < 4; i++)
		flagging->counts[i / 2][i % 2] += other->counts[i / 2][i % 2];
	for (int i = 0; i < N_MONEY; i++)
		exact_sum_merge(&flagging->money[i], &other->money[i]);
	PG_RETURN_POINTER(flagging);
}

Datum
fraud_flagging_serial(PG_FUNCTION_ARGS)
{
	Flagging *flagging = (Flagging *) PG_GETARG_POINTER(0);
	StringInfoData message;

	(void) aggregate_context(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, SERIAL_VERSION);
	pq_sendfloat8(&message, flagging->threshold);
	for (int i = 0; i < 4; i++)
		pq_sendint64(&message, flagging->counts[i / 2][i % 2]);
	for (int i = 0; i < N_MONEY; i++)
		send_exact_sum(&message, &flagging->money[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
fraud_flagging_deserial(PG_FUNCTION_ARGS)
{
	StringInfo message = aggregate_message(fcinfo, SERIAL_VERSION);
	Flagging *flagging = palloc0(sizeof(Flagging));

	flagging->threshold = pq_getmsgfloat8(message);
	for (int i = 0; i < 4; i++)
		flagging->counts[i / 2][i % 2] = pq_getmsgint64(message);
	for (int i = 0; i < N_MONEY; i++)
		receive_exact_sum(message, &flagging->money[i]);
	pq_getmsgend(message);
	PG_RETURN_POINTER(flagging);
}

/* The state, or NULL where it has seen no row. */
static const Flagging *
final_argument(FunctionCallInfo fcinfo)
{
	const Flagging *flagging = PG_ARGISNULL(0) ? NULL : (Flagging *) PG_GETARG_POINTER(0);
	uint64 rows = 0;

	(void) aggregate_context(fcinfo);
	for (int i = 0; flagging != NULL && i < 4; i++)
		rows += flagging->counts[i / 2][i % 2];
	return rows > 0 ? flagging : NULL;
}

static TupleDesc
result_type(FunctionCallInfo fcinfo)
{
	TupleDesc tupdesc;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return BlessTupleDesc(tupdesc);
}

/* NaN becomes NULL. */
static void
put_number(double value, Datum *datum, bool *null)
{
	*datum = Float8GetDatum(value);
	*null = isnan(value);
}

/* NaN where there is nothing to divide by. */
static double
share(double part, double whole)
{
	return whole > 0.0 ? part / whole : NAN;
}

/* Matthews' correlation coefficient. */
static double
correlation(double tp, double fp, double fn, double tn)
{
	double root = sqrt(tp + fp) * sqrt(tp + fn) * sqrt(tn + fp) * sqrt(tn + fn);

	return root > 0.0 ? (tp * tn - fp * fn) / root : NAN;
}

Datum
fraud_confusion_final(PG_FUNCTION_ARGS)
{
	const Flagging *flagging = final_argument(fcinfo);
	double tp, fp, fn, tn;
	Datum values[10];
	bool nulls[10] = {false};

	if (flagging == NULL)
		PG_RETURN_NULL();
	tp = (double) flagging->counts[1][1];
	fp = (double) flagging->counts[1][0];
	fn = (double) flagging->counts[0][1];
	tn = (double) flagging->counts[0][0];
	values[0] = Float8GetDatum(flagging->threshold);
	values[1] = Int64GetDatum((int64) flagging->counts[1][1]);
	values[2] = Int64GetDatum((int64) flagging->counts[1][0]);
	values[3] = Int64GetDatum((int64) flagging->counts[0][1]);
	values[4] = Int64GetDatum((int64) flagging->counts[0][0]);
	put_number(share(tp, tp + fp), &values[5], &nulls[5]);
	put_number(share(tp, tp + fn), &values[6], &nulls[6]);
	put_number(share(fp, fp + tn), &values[7], &nulls[7]);
	put_number(share(2.0 * tp, 2.0 * tp + fp + fn), &values[8], &nulls[8]);
	put_number(correlation(tp, fp, fn, tn), &values[9], &nulls[9]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(result_type(fcinfo), values, nulls)));
}

/* What the flagging costs: handling of the flagged rows and the frauds that it misses. */
static double
total_cost(const Flagging *flagging)
{
	ExactSum sum = flagging->money[MONEY_OF_HANDLING];

	exact_sum_merge(&sum, &flagging->money[MONEY_OF_MISSED]);
	return exact_sum_value(&sum);
}

/* 1 - cost / (the lesser of flagging nothing and flagging all). */
static double
savings(const Flagging *flagging)
{
	double nothing = exact_sum_value(&flagging->money[MONEY_OF_FRAUDS]);
	double all = exact_sum_value(&flagging->money[MONEY_OF_HANDLING_ALL]);
	double least = Min(nothing, all);

	return least > 0.0 ? (least - total_cost(flagging)) / least : NAN;
}

Datum
fraud_costs_final(PG_FUNCTION_ARGS)
{
	const Flagging *flagging = final_argument(fcinfo);
	Datum values[9];
	bool nulls[9] = {false};

	if (flagging == NULL)
		PG_RETURN_NULL();
	put_number(flagging->threshold, &values[0], &nulls[0]);
	values[1] = Int64GetDatum((int64) (flagging->counts[1][0] + flagging->counts[1][1]));
	values[2] = Int64GetDatum((int64) flagging->counts[1][1]);
	values[3] = Int64GetDatum((int64) flagging->counts[0][1]);
	values[4] = Float8GetDatum(exact_sum_value(&flagging->money[MONEY_OF_FRAUDS]));
	values[5] = Float8GetDatum(exact_sum_value(&flagging->money[MONEY_OF_MISSED]));
	values[6] = Float8GetDatum(exact_sum_value(&flagging->money[MONEY_OF_HANDLING]));
	values[7] = Float8GetDatum(total_cost(flagging));
	put_number(savings(flagging), &values[8], &nulls[8]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(result_type(fcinfo), values, nulls)));
}

Datum
fraud_savings_final(PG_FUNCTION_ARGS)
{
	const Flagging *flagging = final_argument(fcinfo);
	double value;

	if (flagging == NULL)
		PG_RETURN_NULL();
	value = savings(flagging);
	if (isnan(value))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value);
}

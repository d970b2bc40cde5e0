/*
 * probability_aggs.c
 *		How true scores are as probabilities: log loss, Brier score, expected
 *		calibration error and the calibration curve. One pass, nothing is kept of a
 *		row but its part of exact sums, so the result depends on the rows alone.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "core/ranking.h"
#include "core/ranking_ties.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "scoring/aggregate_state.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(fraud_log_loss_add);
PG_FUNCTION_INFO_V1(fraud_brier_add);
PG_FUNCTION_INFO_V1(fraud_calibration_add);
PG_FUNCTION_INFO_V1(fraud_calibration_combine);
PG_FUNCTION_INFO_V1(fraud_calibration_serial);
PG_FUNCTION_INFO_V1(fraud_calibration_deserial);
PG_FUNCTION_INFO_V1(fraud_mean_loss_final);
PG_FUNCTION_INFO_V1(fraud_ece_final);
PG_FUNCTION_INFO_V1(fraud_calibration_curve_final);
PGDLLEXPORT Datum fraud_log_loss_add(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_brier_add(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_calibration_add(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_calibration_combine(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_calibration_serial(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_calibration_deserial(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_mean_loss_final(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_ece_final(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_calibration_curve_final(PG_FUNCTION_ARGS);

#define SERIAL_VERSION 1
#define MOST_BINS 1000

typedef struct Bin
{
	uint64 rows;
	uint64 frauds;
	ExactSum sum; /* of scores, or of losses */
} Bin;

/* A mean of losses is a calibration of one bin. */
typedef struct Calibration
{
	int n_bins;
	Bin bins[FLEXIBLE_ARRAY_MEMBER];
} Calibration;

static Calibration *
new_calibration(MemoryContext context, int n_bins)
{
	Calibration *calibration =
	    MemoryContextAllocZero(context, offsetof(Calibration, bins) + (Size) n_bins * sizeof(Bin));

	calibration->n_bins = n_bins;
	return calibration;
}

static void
check_probability(double score)
{
	if (!(score >= 0.0 && score <= 1.0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("a score is not a probability: %g", score),
		                errhint("Give probabilities, from 0 to 1, as fraud_score returns them.")));
}

static int
bins_argument(FunctionCallInfo fcinfo)
{
	double bins;

	if (PG_NARGS() < 4)
		return RANKING_ECE_BINS;
	if (PG_ARGISNULL(3))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("bins must not be NULL")));
	bins = PG_GETARG_INT32(3);
	if (!(bins >= 1 && bins <= MOST_BINS))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("bins must be between 1 and %d", MOST_BINS)));
	return (int) bins;
}

/* The state with n bins, or NULL where the row is left out and there is no state yet. */
static Calibration *
state_with_bins(FunctionCallInfo fcinfo, int n_bins)
{
	Calibration *calibration;

	if (PG_ARGISNULL(0))
		return new_calibration(aggregate_context(fcinfo), n_bins);
	calibration = (Calibration *) PG_GETARG_POINTER(0);
	if (calibration->n_bins != n_bins)
		aggregate_arguments_differ("bins");
	return calibration;
}

static Datum
add_loss(FunctionCallInfo fcinfo, double (*loss)(double score, bool label))
{
	Calibration *calibration = state_with_bins(fcinfo, 1);
	double score;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_POINTER(calibration);
	score = PG_GETARG_FLOAT8(1);
	check_probability(score);
	calibration->bins[0].rows++;
	exact_sum_add(&calibration->bins[0].sum, loss(score, PG_GETARG_BOOL(2)));
	PG_RETURN_POINTER(calibration);
}

static double
log_loss(double score, bool label)
{
	double p = Min(Max(score, SMALLEST_PROBABILITY), 1.0 - SMALLEST_PROBABILITY);

	return label ? -log(p) : -log1p(-p);
}

static double
squared_error(double score, bool label)
{
	double error = label ? 1.0 - score : score;

	return error * error;
}

Datum
fraud_log_loss_add(PG_FUNCTION_ARGS)
{
	return add_loss(fcinfo, log_loss);
}

Datum
fraud_brier_add(PG_FUNCTION_ARGS)
{
	return add_loss(fcinfo, squared_error);
}

/* (state, score, label [, bins]): bins of equal width, closed on the left, the last one on both sides. */
Datum
fraud_calibration_add(PG_FUNCTION_ARGS)
{
	Calibration *calibration = state_with_bins(fcinfo, bins_argument(fcinfo));
	double score;
	Bin *bin;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_POINTER(calibration);
	score = PG_GETARG_FLOAT8(1);
	check_probability(score);
	bin = &calibration->bins[Min((int) (score * calibration->n_bins), calibration->n_bins - 1)];
	bin->rows++;
	bin->frauds += PG_GETARG_BOOL(2) ? 1 : 0;
	exact_sum_add(&bin->sum, score);
	PG_RETURN_POINTER(calibration);
}

Datum
fraud_calibration_combine(PG_FUNCTION_ARGS)
{
	const Calibration *other = PG_ARGISNULL(1) ? NULL : (Calibration *) PG_GETARG_POINTER(1);
	Calibration *calibration;

	if (other == NULL)
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	calibration = state_with_bins(fcinfo, other->n_bins);
	for (int i = 0; i < calibration->n_bins; i++)
	{
		calibration->bins[i].rows += other->bins[i].rows;
		calibration->bins[i].frauds += other->bins[i].frauds;
		exact_sum_merge(&calibration->bins[i].sum, &other->bins[i].sum);
	}
	PG_RETURN_POINTER(calibration);
}

Datum
fraud_calibration_serial(PG_FUNCTION_ARGS)
{
	Calibration *calibration = (Calibration *) PG_GETARG_POINTER(0);
	StringInfoData message;

	(void) aggregate_context(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, SERIAL_VERSION);
	pq_sendint32(&message, calibration->n_bins);
	for (int i = 0; i < calibration->n_bins; i++)
	{
		pq_sendint64(&message, calibration->bins[i].rows);
		pq_sendint64(&message, calibration->bins[i].frauds);
		send_exact_sum(&message, &calibration->bins[i].sum);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
fraud_calibration_deserial(PG_FUNCTION_ARGS)
{
	StringInfo message = aggregate_message(fcinfo, SERIAL_VERSION);
	int n_bins = pq_getmsgint(message, 4);
	Calibration *calibration;

	if (n_bins < 1 || n_bins > MOST_BINS)
		aggregate_state_damaged();
	calibration = new_calibration(CurrentMemoryContext, n_bins);
	for (int i = 0; i < n_bins; i++)
	{
		calibration->bins[i].rows = pq_getmsgint64(message);
		calibration->bins[i].frauds = pq_getmsgint64(message);
		receive_exact_sum(message, &calibration->bins[i].sum);
	}
	pq_getmsgend(message);
	PG_RETURN_POINTER(calibration);
}

static const Calibration *
final_argument(FunctionCallInfo fcinfo)
{
	(void) aggregate_context(fcinfo);
	return PG_ARGISNULL(0) ? NULL : (Calibration *) PG_GETARG_POINTER(0);
}

static uint64
count_rows(const Calibration *calibration)
{
	uint64 rows = 0;

	for (int i = 0; calibration != NULL && i < calibration->n_bins; i++)
		rows += calibration->bins[i].rows;
	return rows;
}

Datum
fraud_mean_loss_final(PG_FUNCTION_ARGS)
{
	const Calibration *calibration = final_argument(fcinfo);
	uint64 rows = count_rows(calibration);

	if (rows == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(exact_sum_value(&calibration->bins[0].sum) / (double) rows);
}

/* Sum of (scores - frauds) of a bin, rounded once. */
static double
excess_of_scores(const Bin *bin)
{
	ExactSum sum = bin->sum;

	exact_sum_add(&sum, -(double) bin->frauds);
	return exact_sum_value(&sum);
}

Datum
fraud_ece_final(PG_FUNCTION_ARGS)
{
	const Calibration *calibration = final_argument(fcinfo);
	uint64 rows = count_rows(calibration);
	ExactSum errors = {0};

	if (rows == 0)
		PG_RETURN_NULL();
	for (int i = 0; i < calibration->n_bins; i++)
		exact_sum_add(&errors, fabs(excess_of_scores(&calibration->bins[i])));
	PG_RETURN_FLOAT8(exact_sum_value(&errors) / (double) rows);
}

static Datum
point_of_bin(const Calibration *calibration, int i, TupleDesc tupdesc)
{
	const Bin *bin = &calibration->bins[i];
	double n = (double) bin->rows;
	Datum values[6] = {Float8GetDatum((double) i / calibration->n_bins),
	                   Float8GetDatum((double) (i + 1) / calibration->n_bins),
	                   Int64GetDatum((int64) bin->rows),
	                   Int64GetDatum((int64) bin->frauds),
	                   Float8GetDatum(exact_sum_value(&bin->sum) / n),
	                   Float8GetDatum((double) bin->frauds / n)};
	bool nulls[6] = {false};

	return HeapTupleGetDatum(heap_form_tuple(tupdesc, values, nulls));
}

/* The bins that have rows. */
Datum
fraud_calibration_curve_final(PG_FUNCTION_ARGS)
{
	const Calibration *calibration = final_argument(fcinfo);
	Oid element = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	TupleDesc tupdesc;
	Datum *elements;
	int n = 0;

	if (count_rows(calibration) == 0)
		PG_RETURN_NULL();
	tupdesc = lookup_rowtype_tupdesc(element, -1);
	elements = palloc(sizeof(Datum) * (Size) calibration->n_bins);
	for (int i = 0; i < calibration->n_bins; i++)
		if (calibration->bins[i].rows > 0)
			elements[n++] = point_of_bin(calibration, i, tupdesc);
	ReleaseTupleDesc(tupdesc);
	PG_RETURN_POINTER(construct_array(elements, n, element, -1, false, TYPALIGN_DOUBLE));
}

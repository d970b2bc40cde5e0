/*
 * ranking_aggs.c
 *		Metrics of scores with labels, as final functions over the ranked rows. They
 *		are those of fraud_evaluate: the same states of core/ranking_ties.h.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "core/ranking_curve.h"
#include "funcapi.h"
#include "pg/memory.h"
#include "scoring/two_samples.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(fraud_auc_final);
PG_FUNCTION_INFO_V1(fraud_average_precision_final);
PG_FUNCTION_INFO_V1(fraud_precision_at_recall_final);
PG_FUNCTION_INFO_V1(fraud_recall_at_precision_final);
PG_FUNCTION_INFO_V1(fraud_recall_at_fpr_final);
PG_FUNCTION_INFO_V1(fraud_roc_curve_final);
PG_FUNCTION_INFO_V1(fraud_pr_curve_final);
PGDLLEXPORT Datum fraud_auc_final(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_average_precision_final(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_precision_at_recall_final(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_recall_at_precision_final(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_recall_at_fpr_final(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_roc_curve_final(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_pr_curve_final(PG_FUNCTION_ARGS);

#define DEFAULT_CURVE_POINTS 200

typedef void (*TieConsumer)(void *state, const Tie *tie);

/* Scores were kept with the sign changed, so they descend here. */
static void
for_each_tie(TwoSamples *samples, TieConsumer consumer, void *state)
{
	TwoSamplesWalk *walk = two_samples_walk(samples);
	SampleTie ties[TWO_SAMPLES_TIES];
	size_t n;

	while ((n = two_samples_walk_next(walk, ties)) > 0)
		for (size_t i = 0; i < n; i++)
		{
			/* 0 - 0 is 0, -0 would be printed as it is. */
			Tie tie = {0.0 - ties[i].value, ties[i].counts[1], ties[i].counts[0]};

			consumer(state, &tie);
		}
}

/* The ranked rows of an aggregate's argument, or NULL where there are none of a class that it needs. */
static TwoSamples *
rows_of_classes(FunctionCallInfo fcinfo, bool frauds, bool others)
{
	TwoSamples *samples = two_samples_argument(fcinfo);
	const TwoSamplesCounts *counts;

	if (samples == NULL)
		return NULL;
	counts = two_samples_counts(samples);
	if ((frauds && counts->rows[1] == 0) || (others && counts->rows[0] == 0))
		return NULL;
	return samples;
}

/* A share that the aggregate was given. */
static double
share_parameter(const TwoSamples *samples, const char *name)
{
	double share = two_samples_parameter(samples);

	if (!(share >= 0.0 && share <= 1.0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("%s must be between 0 and 1, not %g", name, share)));
	return share;
}

static void
add_to_auc(void *state, const Tie *tie)
{
	auc_add(state, tie);
}

Datum
fraud_auc_final(PG_FUNCTION_ARGS)
{
	TwoSamples *samples = rows_of_classes(fcinfo, true, true);
	Auc auc = {0};

	if (samples == NULL)
		PG_RETURN_NULL();
	for_each_tie(samples, add_to_auc, &auc);
	PG_RETURN_FLOAT8(auc_value(&auc));
}

static void
add_to_average_precision(void *state, const Tie *tie)
{
	average_precision_add(state, tie);
}

Datum
fraud_average_precision_final(PG_FUNCTION_ARGS)
{
	TwoSamples *samples = rows_of_classes(fcinfo, true, false);
	AveragePrecision state = {0};

	if (samples == NULL)
		PG_RETURN_NULL();
	for_each_tie(samples, add_to_average_precision, &state);
	PG_RETURN_FLOAT8(average_precision_value(&state));
}

static void
add_to_best_precision(void *state, const Tie *tie)
{
	best_precision_add(state, tie);
}

Datum
fraud_precision_at_recall_final(PG_FUNCTION_ARGS)
{
	TwoSamples *samples = rows_of_classes(fcinfo, true, false);
	BestPrecision state = {.best = NAN};

	if (samples == NULL)
		PG_RETURN_NULL();
	state.recall = share_parameter(samples, "recall");
	state.all_frauds = two_samples_counts(samples)->rows[1];
	for_each_tie(samples, add_to_best_precision, &state);
	PG_RETURN_FLOAT8(best_precision_value(&state));
}

/* The most frauds that a threshold catches which satisfies a bound. */
typedef struct BestRecall
{
	double bound;
	uint64 all_others;
	uint64 frauds;
	uint64 others;
	uint64 best;
} BestRecall;

static void
add_where_precise(void *argument, const Tie *tie)
{
	BestRecall *state = argument;

	state->frauds += tie->frauds;
	state->others += tie->others;
	if ((double) state->frauds / (double) (state->frauds + state->others) >= state->bound)
		state->best = state->frauds;
}

Datum
fraud_recall_at_precision_final(PG_FUNCTION_ARGS)
{
	TwoSamples *samples = rows_of_classes(fcinfo, true, false);
	BestRecall state = {0};

	if (samples == NULL)
		PG_RETURN_NULL();
	state.bound = share_parameter(samples, "precision");
	for_each_tie(samples, add_where_precise, &state);
	PG_RETURN_FLOAT8((double) state.best / (double) state.frauds);
}

static void
add_where_few_false(void *argument, const Tie *tie)
{
	BestRecall *state = argument;

	state->frauds += tie->frauds;
	state->others += tie->others;
	if ((double) state->others / (double) state->all_others <= state->bound)
		state->best = state->frauds;
}

Datum
fraud_recall_at_fpr_final(PG_FUNCTION_ARGS)
{
	TwoSamples *samples = rows_of_classes(fcinfo, true, true);
	BestRecall state = {0};

	if (samples == NULL)
		PG_RETURN_NULL();
	state.bound = share_parameter(samples, "fpr");
	state.all_others = two_samples_counts(samples)->rows[0];
	for_each_tie(samples, add_where_few_false, &state);
	PG_RETURN_FLOAT8((double) state.best / (double) state.frauds);
}

static size_t
points_parameter(const TwoSamples *samples)
{
	double points = two_samples_parameter(samples);

	if (isnan(points))
		return DEFAULT_CURVE_POINTS;
	if (!(points >= 2 && points <= RANKING_CURVE_STEPS))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("points must be between 2 and %d", RANKING_CURVE_STEPS)));
	return (size_t) points;
}

static void
add_to_curve(void *state, const Tie *tie)
{
	ranking_curve_add(state, tie);
}

/* An array of (threshold, x, y), of the element type of the aggregate's result. */
static Datum
array_of_points(FunctionCallInfo fcinfo, const RankingCurve *curve)
{
	Oid element = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	TupleDesc tupdesc = lookup_rowtype_tupdesc(element, -1);
	Datum *elements = palloc(sizeof(Datum) * curve->n);
	ArrayType *array;

	for (size_t i = 0; i < curve->n; i++)
	{
		const RankingCurvePoint *point = &curve->points[i];
		Datum values[3] = {Float8GetDatum(point->threshold), Float8GetDatum(point->x),
		                   Float8GetDatum(point->y)};
		bool nulls[3] = {false, false, false};

		elements[i] = HeapTupleGetDatum(heap_form_tuple(tupdesc, values, nulls));
	}
	ReleaseTupleDesc(tupdesc);
	array = construct_array(elements, (int) curve->n, element, -1, false, TYPALIGN_DOUBLE);
	return PointerGetDatum(array);
}

static Datum
curve_final(FunctionCallInfo fcinfo, RankingCurveKind kind)
{
	TwoSamples *samples = rows_of_classes(fcinfo, true, kind == RANKING_CURVE_ROC);
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	RankingCurve curve;
	size_t points;

	if (samples == NULL)
		PG_RETURN_NULL();
	points = points_parameter(samples);
	require_memory(ranking_curve_begin(&curve, kind, two_samples_counts(samples)->rows[1],
	                                   two_samples_counts(samples)->rows[0], &allocator));
	for_each_tie(samples, add_to_curve, &curve);
	require_memory(ranking_curve_reduce(&curve, points, &allocator));
	return array_of_points(fcinfo, &curve);
}

Datum
fraud_roc_curve_final(PG_FUNCTION_ARGS)
{
	return curve_final(fcinfo, RANKING_CURVE_ROC);
}

Datum
fraud_pr_curve_final(PG_FUNCTION_ARGS)
{
	return curve_final(fcinfo, RANKING_CURVE_PR);
}

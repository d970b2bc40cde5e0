/*
 * compare.c
 *		fraud_compare: two versions of a model on the same labelled rows. Differences of
 *		metrics are those of core/paired_bootstrap.h, the test of the areas is DeLong's, that of
 *		decisions McNemar's (core/delong.h).
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "core/paired_bootstrap.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pg/memory.h"
#include "scoring/evaluation.h"
#include "scoring/held_model.h"
#include "scoring/labelled_source.h"
#include "scoring/scored_rows.h"
#include "scoring/statement.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define N_COLUMNS 7
#define BYTES_PER_ROW (sizeof(PairedRow) + PAIRED_BOOTSTRAP_BYTES_PER_ROW)

PG_FUNCTION_INFO_V1(fraud_compare);
PGDLLEXPORT Datum fraud_compare(PG_FUNCTION_ARGS);

typedef struct Comparison
{
	MemoryContext context;
	PairedRow *rows;
	Size n;
	Size capacity;
	Size frauds;
	double threshold;
} Comparison;

static void
keep_row(const LabelledRow *row, void *argument)
{
	Comparison *comparison = argument;

	if (comparison->n == comparison->capacity)
	{
		Size capacity = scored_rows_room(comparison->n, comparison->capacity, BYTES_PER_ROW);

		comparison->rows =
		    comparison->rows == NULL
		        ? MemoryContextAllocHuge(comparison->context, capacity * sizeof(PairedRow))
		        : repalloc_huge(comparison->rows, capacity * sizeof(PairedRow));
		comparison->capacity = capacity;
	}
	comparison->rows[comparison->n++] = (PairedRow){{row->scores[0], row->scores[1]}, row->label};
}

/* NaN, for not defined, becomes NULL. */
static void
put_metric(ReturnSetInfo *result, const char *name, const PairedMetric *metric)
{
	double difference = metric->values[1] - metric->values[0];
	Datum values[N_COLUMNS] = {CStringGetTextDatum(name),
	                           Float8GetDatum(metric->values[0]),
	                           Float8GetDatum(metric->values[1]),
	                           Float8GetDatum(difference),
	                           Float8GetDatum(metric->interval.low),
	                           Float8GetDatum(metric->interval.high),
	                           Float8GetDatum(metric->p_value)};
	bool nulls[N_COLUMNS] = {false,
	                         isnan(metric->values[0]),
	                         isnan(metric->values[1]),
	                         isnan(difference),
	                         isnan(metric->interval.low),
	                         isnan(metric->interval.high),
	                         isnan(metric->p_value)};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
put_count(ReturnSetInfo *result, const char *name, Size count)
{
	PairedMetric metric = {{(double) count, (double) count}, {NAN, NAN}, NAN};

	put_metric(result, name, &metric);
}

static double
delong_pvalue(const Comparison *comparison)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	DelongResult result;
	CoreError error;

	if (comparison->frauds < 2 || comparison->n - comparison->frauds < 2)
		return NAN;
	if (!delong_compare(comparison->rows, comparison->n, qsort_interruptible, &result, &allocator,
	                    &error))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("%s", error.message)));
	return result.p_value;
}

static double
mcnemar_of_decisions(const Comparison *comparison)
{
	uint64 only[2] = {0, 0};

	if (comparison->n == 0)
		return NAN;
	for (Size i = 0; i < comparison->n; i++)
	{
		const PairedRow *row = &comparison->rows[i];
		bool flagged[2] = {row->scores[0] >= comparison->threshold,
		                   row->scores[1] >= comparison->threshold};

		if (flagged[0] != flagged[1])
			only[flagged[1] == (row->label == 1)]++;
	}
	return mcnemar_pvalue(only[0], only[1]);
}

static void
put_comparison(ReturnSetInfo *result, Comparison *comparison, const BootstrapPlan *plan)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	PairedMetric metrics[PAIRED_N_METRICS];
	double by_delong;
	CoreError error;

	for (Size i = 0; i < comparison->n; i++)
		comparison->frauds += comparison->rows[i].label;
	if (comparison->n > 0)
		paired_rows_sort(comparison->rows, comparison->n, qsort_interruptible);
	CHECK_FOR_INTERRUPTS();
	by_delong = delong_pvalue(comparison);
	CHECK_FOR_INTERRUPTS();
	if (!paired_bootstrap(comparison->rows, comparison->n, comparison->threshold, plan,
	                      qsort_interruptible, &allocator, metrics, &error))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("%s", error.message)));
	metrics[RANKING_AUC].p_value = by_delong;
	metrics[PAIRED_ACCURACY].p_value = mcnemar_of_decisions(comparison);
	put_count(result, "rows", comparison->n);
	put_count(result, "frauds", comparison->frauds);
	for (int m = 0; m < RANKING_N_METRICS; m++)
		put_metric(result, ranking_metric_name(m), &metrics[m]);
	put_metric(result, "accuracy", &metrics[PAIRED_ACCURACY]);
}

static double
threshold_argument(FunctionCallInfo fcinfo, int number)
{
	evaluation_check_not_null(fcinfo, number, "threshold");
	if (isnan(PG_GETARG_FLOAT8(number)))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("threshold must not be NaN")));
	return PG_GETARG_FLOAT8(number);
}

/* (model, source, other_version, label, version, threshold, bootstrap, confidence, seed) */
Datum
fraud_compare(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	Snapshot snapshot = statement_snapshot();
	MemoryContext context;
	LabelledSource source = {.consumer = keep_row};
	Comparison comparison = {0};
	BootstrapPlan plan;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(caller, "fraud_detect comparison", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	source.text = evaluation_text_argument(fcinfo, 1, "source");
	evaluation_check_not_null(fcinfo, 2, "other_version");
	source.label = evaluation_text_argument(fcinfo, 3, "label");
	comparison.threshold = threshold_argument(fcinfo, 5);
	plan = evaluation_plan(fcinfo, 6);
	source.models[0] = held_model(fcinfo->args[0], fcinfo->args[4], snapshot, context);
	source.models[1] = held_model(fcinfo->args[0], fcinfo->args[2], snapshot, context);
	source.argument = &comparison;
	comparison.context = context;
	if (labelled_source_read(&source))
		for (Size i = 0; i < comparison.n; i++)
			comparison.rows[i].label ^= 1;
	put_comparison((ReturnSetInfo *) fcinfo->resultinfo, &comparison, &plan);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	PG_RETURN_NULL();
}

/*
 * evaluate.c
 *		fraud_evaluate: how good a version is on rows whose labels are known.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "funcapi.h"
#include "scoring/evaluation.h"
#include "scoring/held_model.h"
#include "scoring/labelled_source.h"
#include "scoring/scored_rows.h"
#include "scoring/statement.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define N_COLUMNS 4

PG_FUNCTION_INFO_V1(fraud_evaluate);
PGDLLEXPORT Datum fraud_evaluate(PG_FUNCTION_ARGS);

static void
keep_row(const LabelledRow *row, void *argument)
{
	scored_rows_add(argument, row->scores[0], row->label);
}

/* NaN, for not defined, becomes NULL. */
static void
put_metric(ReturnSetInfo *result, const char *name, double value, double low, double high)
{
	Datum values[N_COLUMNS] = {CStringGetTextDatum(name), Float8GetDatum(value),
	                           Float8GetDatum(low), Float8GetDatum(high)};
	bool nulls[N_COLUMNS] = {false, isnan(value), isnan(low), isnan(high)};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
put_metrics(ReturnSetInfo *result, ScoredRows *rows, const BootstrapPlan *plan)
{
	Evaluation evaluation = evaluation_measure(rows->rows, rows->n, plan);
	Size frauds = 0;

	for (Size i = 0; i < rows->n; i++)
		frauds += rows->rows[i].label;
	put_metric(result, "rows", (double) rows->n, NAN, NAN);
	put_metric(result, "frauds", (double) frauds, NAN, NAN);
	for (int m = 0; m < RANKING_N_METRICS; m++)
		put_metric(result, ranking_metric_name(m), evaluation.metrics[m],
		           evaluation.intervals[m].low, evaluation.intervals[m].high);
}

/* (model, source, label, version, bootstrap, confidence, seed) */
Datum
fraud_evaluate(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;
	LabelledSource source = {.consumer = keep_row};
	ScoredRows rows = {0};
	BootstrapPlan plan;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(caller, "fraud_detect evaluation", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	source.text = evaluation_text_argument(fcinfo, 1, "source");
	source.label = evaluation_text_argument(fcinfo, 2, "label");
	plan = evaluation_plan(fcinfo, 4);
	source.models[0] = held_model(fcinfo->args[0], fcinfo->args[3], statement_snapshot(), context);
	source.argument = &rows;
	rows.context = context;
	rows.bytes_per_row = sizeof(ScoredRow) + evaluation_bytes_per_row(&plan);
	if (labelled_source_read(&source))
		for (Size i = 0; i < rows.n; i++)
			rows.rows[i].label ^= 1;
	put_metrics((ReturnSetInfo *) fcinfo->resultinfo, &rows, &plan);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	PG_RETURN_NULL();
}

/*
 * performance_estimate.c
 *		fraud_estimate_performance: how good a version will turn out to be on rows whose
 *		labels are not known yet.
 *
 * Rows are scored as fraud_score scores them; all else is core/performance_estimate.h.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "core/performance_estimate.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pg/memory.h"
#include "scoring/held_model.h"
#include "scoring/scored_rows.h"
#include "scoring/scored_source.h"
#include "scoring/statement.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(fraud_estimate_performance);
PGDLLEXPORT Datum fraud_estimate_performance(PG_FUNCTION_ARGS);

#define MOST_DRAWS 10000
#define N_COLUMNS 4

typedef struct Estimation
{
	LoadedModel *model;
	ScoredRows rows;
} Estimation;

static void
invalid_argument(const char *message)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s", message)));
}

static void
check_arguments(FunctionCallInfo fcinfo)
{
	static const char *const names[] = {"model", "source",     "version",
	                                    "draws", "confidence", "seed"};

	for (int i = 1; i < lengthof(names); i++)
		if (i != 2 && PG_ARGISNULL(i))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			                errmsg("%s of fraud_estimate_performance must not be NULL", names[i])));
	if (PG_GETARG_INT32(3) < 1 || PG_GETARG_INT32(3) > MOST_DRAWS)
		invalid_argument("draws must be between 1 and 10000");
	if (!(PG_GETARG_FLOAT8(4) > 0.0 && PG_GETARG_FLOAT8(4) < 1.0))
		invalid_argument("confidence must be between 0 and 1, both excluded");
}

static void
keep_row(const float *features, double score, void *argument)
{
	Estimation *estimation = argument;

	scored_rows_add(&estimation->rows, score, 0);
}

static void
check_for_interrupts(void *context)
{
	CHECK_FOR_INTERRUPTS();
}

/* NaN, for not defined, becomes NULL. */
static void
put_estimate(ReturnSetInfo *result, const char *name, const PerformanceEstimate *estimate)
{
	Datum values[N_COLUMNS] = {CStringGetTextDatum(name), Float8GetDatum(estimate->value),
	                           Float8GetDatum(estimate->low), Float8GetDatum(estimate->high)};
	bool nulls[N_COLUMNS] = {false, isnan(estimate->value), isnan(estimate->low),
	                         isnan(estimate->high)};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
put_estimates(FunctionCallInfo fcinfo, Estimation *estimation)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	BootstrapPlan plan = {.replicates = (uint32) PG_GETARG_INT32(3),
	                      .confidence = PG_GETARG_FLOAT8(4),
	                      .seed = (uint64) PG_GETARG_INT64(5),
	                      .before_replicate = check_for_interrupts};
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	PerformanceEstimate n_rows = {(double) estimation->rows.n, NAN, NAN};
	PerformanceEstimate metrics[RANKING_N_METRICS];
	PerformanceEstimate frauds;
	CoreError error;

	if (estimation->rows.n > 0)
		ranking_sort(estimation->rows.rows, estimation->rows.n);
	CHECK_FOR_INTERRUPTS();
	if (!performance_estimate(estimation->rows.rows, estimation->rows.n, &plan, &allocator, metrics,
	                          &frauds, &error))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("%s", error.message)));
	put_estimate(result, "rows", &n_rows);
	put_estimate(result, "frauds", &frauds);
	for (int m = 0; m < RANKING_N_METRICS; m++)
		put_estimate(result, ranking_metric_name(m), &metrics[m]);
}

/* (model, source, version, draws, confidence, seed) */
Datum
fraud_estimate_performance(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;
	Estimation estimation = {0};

	check_arguments(fcinfo);
	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(caller, "fraud_detect estimate", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	estimation.rows.context = context;
	estimation.rows.bytes_per_row = sizeof(ScoredRow);
	estimation.model = held_model(fcinfo->args[0], fcinfo->args[2], statement_snapshot(), context);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	MemoryContextSwitchTo(context);
	scored_source_read(estimation.model, text_to_cstring(PG_GETARG_TEXT_PP(1)), keep_row,
	                   &estimation);
	SPI_finish();
	MemoryContextSwitchTo(context);
	put_estimates(fcinfo, &estimation);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	PG_RETURN_NULL();
}

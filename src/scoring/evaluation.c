/*
 * evaluation.c
 *		Arguments and measurements of functions that evaluate versions: the metrics are
 *		those of core/ranking.h, their intervals those of core/bootstrap.h.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "miscadmin.h"
#include "pg/memory.h"
#include "scoring/evaluation.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#define MOST_REPLICATES 10000

void
evaluation_check_not_null(FunctionCallInfo fcinfo, int number, const char *name)
{
	if (PG_ARGISNULL(number))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		         errmsg("%s of %s must not be NULL", name, get_func_name(fcinfo->flinfo->fn_oid))));
}

char *
evaluation_text_argument(FunctionCallInfo fcinfo, int number, const char *name)
{
	evaluation_check_not_null(fcinfo, number, name);
	return text_to_cstring(PG_GETARG_TEXT_PP(number));
}

static void
check_for_interrupts(void *context)
{
	CHECK_FOR_INTERRUPTS();
}

BootstrapPlan
evaluation_plan(FunctionCallInfo fcinfo, int first)
{
	int32 replicates;
	float8 confidence;

	evaluation_check_not_null(fcinfo, first, "bootstrap");
	evaluation_check_not_null(fcinfo, first + 1, "confidence");
	evaluation_check_not_null(fcinfo, first + 2, "seed");
	replicates = PG_GETARG_INT32(first);
	confidence = PG_GETARG_FLOAT8(first + 1);
	if (replicates < 0 || replicates > MOST_REPLICATES)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("bootstrap must be between 0 and %d", MOST_REPLICATES)));
	if (!(confidence > 0.0 && confidence < 1.0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("confidence must be between 0 and 1, both excluded")));
	return (BootstrapPlan){.replicates = (uint32) replicates,
	                       .confidence = confidence,
	                       .seed = (uint64) PG_GETARG_INT64(first + 2),
	                       .before_replicate = check_for_interrupts};
}

Size
evaluation_bytes_per_row(const BootstrapPlan *plan)
{
	return plan->replicates > 0 ? BOOTSTRAP_BYTES_PER_ROW : 0;
}

Evaluation
evaluation_measure(ScoredRow *rows, Size n, const BootstrapPlan *plan)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	Evaluation evaluation;
	CoreError error;

	for (int m = 0; m < RANKING_N_METRICS; m++)
		evaluation.intervals[m] = (BootstrapInterval){NAN, NAN};
	if (n > 0)
		ranking_sort(rows, n);
	CHECK_FOR_INTERRUPTS();
	ranking_measure(rows, NULL, n, evaluation.metrics);
	if (plan->replicates > 0 && n > 0 &&
	    !ranking_bootstrap(rows, n, plan, &allocator, evaluation.intervals, &error))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("%s", error.message)));
	return evaluation;
}

/*
 * score_support.c
 *		What the planner is told of a score's cost: it follows from the model's size.
 *
 * Measured (docs/scoring.md): a row takes a fixed time, for its columns, and one that
 * grows with the image, for its trees. An operator of the server takes about 6 ns.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "fmgr.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "scoring/score_call.h"

/* In operators. */
#define COST_OF_ROW 40.0
#define COST_OF_IMAGE_KB 0.07

PG_FUNCTION_INFO_V1(fraud_score_support);
PGDLLEXPORT Datum fraud_score_support(PG_FUNCTION_ARGS);

/* False where the function's own COST has to do: the model is not known, or is not the caller's. */
static bool
estimate_cost(SupportRequestCost *request)
{
	ScoreCall call;
	VersionId id;
	Snapshot snapshot;
	double kilobytes;

	if (!score_call_recognize(request->node, &call) ||
	    !score_call_find_version(&call, &id, &snapshot))
		return false;
	kilobytes = (double) registry_version_facts(&id, snapshot).image_size / 1024;
	request->startup = 0;
	request->per_tuple = (COST_OF_ROW + COST_OF_IMAGE_KB * kilobytes) * cpu_operator_cost;
	return true;
}

Datum
fraud_score_support(PG_FUNCTION_ARGS)
{
	Node *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestCost) && estimate_cost((SupportRequestCost *) request))
		PG_RETURN_POINTER(request);
	PG_RETURN_POINTER(NULL);
}

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
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "scoring/model_cache.h"
#include "scoring/score_call.h"
#include "utils/lsyscache.h"

/* In operators. */
#define COST_OF_ROW 40.0
#define COST_OF_IMAGE_KB 0.17
#define COST_OF_COMPUTED_FEATURE 1300.0 /* from history, docs/features.md: 12 in about 100 us */

PG_FUNCTION_INFO_V1(fraud_score_support);
PGDLLEXPORT Datum fraud_score_support(PG_FUNCTION_ARGS);

/*
 * Features that the rows lack and the model's set computes. The signature that says so is
 * looked at only where the session has it: until it has scored once, there seem to be none.
 */
static int
count_computed(const ScoreCall *call, const VersionId *id)
{
	const LoadedModel *model = model_cache_peek(id);
	Oid relation = get_typ_typrelid(exprType((Node *) call->record));
	int n = 0;

	if (model == NULL || model->signature->feature_set == NULL || !OidIsValid(relation))
		return 0;
	for (int i = 0; i < model->signature->n_features; i++)
		if (model->signature->features[i].computed &&
		    get_attnum(relation, model->signature->features[i].column) == InvalidAttrNumber)
			n++;
	return n;
}

/* False where the function's own COST has to do: the model is not known, or is not the caller's. */
static bool
estimate_cost(SupportRequestCost *request)
{
	ScoreCall call;
	VersionId id;
	Snapshot snapshot;
	double kilobytes;
	double operators;

	if (!score_call_recognize(request->node, &call) ||
	    !score_call_find_version(&call, &id, &snapshot))
		return false;
	kilobytes = (double) registry_version_facts(&id, snapshot).image_size / 1024;
	operators = COST_OF_ROW + COST_OF_IMAGE_KB * kilobytes +
	            COST_OF_COMPUTED_FEATURE * count_computed(&call, &id);
	request->startup = 0;
	request->per_tuple = operators * cpu_operator_cost;
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

/*
 * recorded_decision.c
 *		From recorded lists and rules to the inputs of core/decision, and
 *		fraud.decide_again, which fraud_backtest asks for each decision.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "fmgr.h"
#include "pg/json_member.h"
#include "scoring/recorded_decision.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(fraud_decide_again);
PGDLLEXPORT Datum fraud_decide_again(PG_FUNCTION_ARGS);

static Decision
decision_of(const char *name, int length)
{
	char *copy = pnstrdup(name, length);
	Decision decision;

	if (!decision_of_name(copy, &decision))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("\"%s\" is not a decision", copy)));
	pfree(copy);
	return decision;
}

/* Member "decision" of each object of an array. */
static int
decisions_of(Jsonb *document, Decision **decisions)
{
	JsonbContainer *array;
	int n;

	*decisions = NULL;
	if (document == NULL)
		return 0;
	array = &document->root;
	if (!JsonContainerIsArray(array) || JsonContainerIsScalar(array))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("recorded lists and rules must be arrays")));
	n = (int) JsonContainerSize(array);
	*decisions = palloc(Max(n, 1) * sizeof(Decision));
	for (int i = 0; i < n; i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(array, i);
		JsonbValue *member = NULL;

		if (element->type == jbvBinary && JsonContainerIsObject(element->val.binary.data))
			member = json_member(element->val.binary.data, "decision");
		if (member == NULL || member->type != jbvString)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("a recorded list or rule has no decision")));
		(*decisions)[i] = decision_of(member->val.string.val, member->val.string.len);
	}
	return n;
}

bool
recorded_decide(const RecordedInputs *inputs, DecisionMade *made)
{
	DecisionInputs decision = {
	    .failed = inputs->failed,
	    .on_error = DECISION_APPROVE,
	    .score = inputs->score,
	    .review_at = inputs->review_at,
	    .block_at = inputs->block_at,
	};
	Decision *lists;
	Decision *rules;

	decision.n_lists = decisions_of(inputs->lists, &lists);
	decision.n_rules = decisions_of(inputs->rules, &rules);
	decision.lists = lists;
	decision.rules = rules;
	if (inputs->failed && inputs->on_error != NULL)
		decision.on_error = decision_of(inputs->on_error, strlen(inputs->on_error));
	*made = decision_make(&decision);
	return made->ground != GROUND_ERROR || inputs->on_error != NULL;
}

static double
float_or_nan(FunctionCallInfo fcinfo, int i)
{
	return PG_ARGISNULL(i) ? NAN : PG_GETARG_FLOAT8(i);
}

/*
 * fraud.decide_again(lists jsonb, failed bool, on_error text, rules jsonb, score float8, review_at
 * float8, block_at float8) -> text
 */
Datum
fraud_decide_again(PG_FUNCTION_ARGS)
{
	RecordedInputs inputs = {
	    .lists = PG_ARGISNULL(0) ? NULL : PG_GETARG_JSONB_P(0),
	    .failed = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1),
	    .on_error = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2)),
	    .rules = PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3),
	    .score = float_or_nan(fcinfo, 4),
	    .review_at = float_or_nan(fcinfo, 5),
	    .block_at = float_or_nan(fcinfo, 6),
	};
	DecisionMade made;

	if (!recorded_decide(&inputs, &made))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(decision_name(made.decision)));
}

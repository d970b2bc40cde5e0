/*
 * guard.c
 *		fraud.guard_row, the trigger of a guarded table: decides about each row that is
 *		inserted, records the decision, and carries it out.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "pg/errors.h"
#include "scoring/guard_decide.h"
#include "scoring/guard_record.h"
#include "scoring/guard_release.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(fraud_guard_row);

/* Rejecting */

/* What decided, in words. No message of a failure: it may speak of other rows. */
static void
append_ground(StringInfo detail, const GuardDecision *decision)
{
	switch (decision->made.ground)
	{
		case GROUND_LIST:
			appendStringInfo(detail, " by the list \"%s\"",
			                 decision->lists[decision->made.place].list);
			break;
		case GROUND_ERROR:
			appendStringInfo(detail, " since it could not be made (SQLSTATE %s)",
			                 unpack_sql_state(decision->failure.sqlstate));
			break;
		case GROUND_RULE:
			appendStringInfo(detail, " by the rule \"%s\"",
			                 decision->rules[decision->made.place].name);
			break;
		case GROUND_SCORE:
			appendStringInfo(detail, " by the score, %.3f", decision->score);
			break;
		case GROUND_NONE:
			break;
	}
}

/* Where the score decided: what spoke against the row. */
static void
append_reasons(StringInfo detail, const GuardDecision *decision)
{
	int n = 0;

	for (int i = 0; i < decision->n_reasons && decision->made.ground == GROUND_SCORE; i++)
		if (decision->reasons[i].contribution > 0)
			appendStringInfo(detail, "%s%s", n++ == 0 ? ": " : "; ", decision->reasons[i].reason);
}

static void
pg_attribute_noreturn()
    reject(const GuardPolicy *policy, const GuardDecision *decision, int64 id, Relation relation)
{
	StringInfoData detail;

	initStringInfo(&detail);
	appendStringInfo(&detail, "Decision " INT64_FORMAT, id);
	if (policy->detail_has_reasons)
	{
		append_ground(&detail, decision);
		append_reasons(&detail, decision);
	}
	appendStringInfoChar(&detail, '.');
	ereport(ERROR, (errcode(ERRCODE_FRAUD_BLOCKED), errmsg("the transaction was blocked as fraud"),
	                errdetail_internal("%s", detail.data), errtable(relation)));
}

/* The trigger */

static GuardOutcome
outcome_of(const GuardPolicy *policy, const GuardDecision *decision)
{
	if (decision->made.decision != DECISION_BLOCK || decision->random_pass ||
	    policy->on_block == ON_BLOCK_FLAG)
		return OUTCOME_INSERTED;
	return policy->on_block == ON_BLOCK_REJECT ? OUTCOME_REJECTED : OUTCOME_QUARANTINED;
}

static HeapTuple
with_flag(HeapTuple tuple, TupleDesc columns, AttrNumber flag, Decision decision)
{
	int column = flag;
	Datum value = CStringGetTextDatum(decision_name(decision));
	bool is_null = false;

	return heap_modify_tuple_by_cols(tuple, columns, 1, &column, &value, &is_null);
}

static void
check_call(FunctionCallInfo fcinfo)
{
	const TriggerData *trigger = (const TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
	    !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) || !TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
		                errmsg("function \"%s\" must be fired BEFORE INSERT FOR EACH ROW",
		                       "fraud.guard_row"),
		                errhint("fraud_guard makes its trigger.")));
}

static GuardStatement *
statement_of(FunctionCallInfo fcinfo, const TriggerData *trigger)
{
	FmgrInfo *call = fcinfo->flinfo;

	if (call->fn_extra == NULL)
		call->fn_extra =
		    guard_statement_begin(trigger->tg_relation, trigger->tg_trigger->tgoid, call->fn_mcxt);
	return call->fn_extra;
}

PGDLLEXPORT Datum
fraud_guard_row(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = (const TriggerData *) fcinfo->context;
	MemoryContext caller = CurrentMemoryContext;
	GuardStatement *statement;
	GuardPolicy *policy;
	GuardDecision decision;
	GuardOutcome outcome;
	int nest_level;
	int64 id;

	check_call(fcinfo);
	if (guard_releases(trigger->tg_relation))
		return PointerGetDatum(trigger->tg_trigtuple);
	statement = statement_of(fcinfo, trigger);
	policy = statement->policy;
	MemoryContextReset(statement->row_memory);
	MemoryContextSwitchTo(statement->row_memory);
	nest_level = NewGUCNestLevel();
	guard_decide(statement, trigger->tg_trigslot, true, &decision);
	outcome = outcome_of(policy, &decision);
	id = guard_record(policy, &decision, &outcome);
	AtEOXact_GUC(true, nest_level);
	MemoryContextSwitchTo(caller);
	if (outcome == OUTCOME_REJECTED)
		reject(policy, &decision, id, trigger->tg_relation);
	if (outcome == OUTCOME_QUARANTINED)
		return PointerGetDatum(NULL);
	if (policy->flag == 0)
		return PointerGetDatum(trigger->tg_trigtuple);
	return PointerGetDatum(with_flag(trigger->tg_trigtuple, RelationGetDescr(trigger->tg_relation),
	                                 policy->flag, decision.made.decision));
}

/*
 * decide.c
 *		fraud_decide: what the guard of a table would decide about a row, and nothing done
 *		about it; and fraud.check_guard, which finds what does not fit before rows come.
 *
 * Functions of generated columns belong to the table's owner, and are called as soon as they are
 * planned. Who inserts calls them as the server does; who only asks, or looks after the guards of
 * others, as a superuser does, must not: so both act as the owner.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/tupconvert.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pg/errors.h"
#include "pg/registry_rows.h"
#include "scoring/guard_decide.h"
#include "scoring/guard_json.h"
#include "scoring/guard_record.h"
#include "scoring/guard_scorer.h"
#include "scoring/statement.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(fraud_check_guard);
PG_FUNCTION_INFO_V1(fraud_decide);

/* Columns of fraud.decision_result. */
enum
{
	RESULT_DECISION,
	RESULT_SCORE,
	RESULT_MODEL,
	RESULT_VERSION,
	RESULT_POLICY,
	RESULT_REASONS,
	RESULT_LATENCY,
	RESULT_GROUND,
	RESULT_LISTS,
	RESULT_RULES,
	RESULT_ERROR,
	N_RESULT_COLUMNS
};

static Oid
trigger_of(Relation relation)
{
	Oid trigger = guard_trigger_of(relation);

	if (!OidIsValid(trigger))
		ereport(ERROR, (errcode(ERRCODE_FRAUD_NOT_GUARDED),
		                errmsg("relation \"%s\" has no guard", RelationGetRelationName(relation)),
		                errhint("SELECT fraud_guard(%s)",
		                        quote_literal_cstr(RelationGetRelationName(relation)))));
	return trigger;
}

static Relation
open_relation(Oid relation)
{
	Relation opened = OidIsValid(relation) ? try_relation_open(relation, AccessShareLock) : NULL;

	if (opened == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
		                errmsg("relation with OID %u does not exist", relation)));
	return opened;
}

static Relation
relation_of_record(FunctionCallInfo fcinfo, HeapTupleHeader record)
{
	Oid relation;

	if (!PG_ARGISNULL(1))
		relation = PG_GETARG_OID(1);
	else
		relation = get_typ_typrelid(HeapTupleHeaderGetTypeId(record));
	if (!OidIsValid(relation))
		ereport(ERROR, (errcode(ERRCODE_FRAUD_NOT_GUARDED),
		                errmsg("the record is not a row of a guarded table"),
		                errhint("Name the table: fraud_decide(..., 'transactions')")));
	/* Who may not insert does not learn what would become of it. */
	if (pg_class_aclcheck(relation, GetUserId(), ACL_INSERT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, get_relkind_objtype(get_rel_relkind(relation)),
		               get_rel_name(relation));
	return open_relation(relation);
}

/* Columns are found by name, where the record is not of the table's own row type. */
static TupleTableSlot *
slot_of_record(Relation relation, HeapTupleHeader record)
{
	Oid type = HeapTupleHeaderGetTypeId(record);
	TupleDesc columns = RelationGetDescr(relation);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(columns, &TTSOpsHeapTuple);
	HeapTupleData data;
	HeapTuple tuple = &data;

	data.t_len = HeapTupleHeaderGetDatumLength(record);
	ItemPointerSetInvalid(&data.t_self);
	data.t_tableOid = RelationGetRelid(relation);
	data.t_data = record;
	if (type != columns->tdtypeid)
	{
		TupleDesc from = lookup_rowtype_tupdesc(type, HeapTupleHeaderGetTypMod(record));
		TupleConversionMap *map = convert_tuples_by_name(from, columns);

		if (map != NULL)
			tuple = execute_attr_map_tuple(tuple, map);
		ReleaseTupleDesc(from);
	}
	ExecStoreHeapTuple(heap_copytuple(tuple), slot, true);
	return slot;
}

/* Who may not read what is recorded of decisions does not learn it by asking. */
static bool
may_read_decisions(void)
{
	return pg_class_aclcheck(registry_relation(REGISTRY_DECISION), GetUserId(), ACL_SELECT) ==
	       ACLCHECK_OK;
}

static Datum
result_of(FunctionCallInfo fcinfo, const GuardPolicy *policy, const GuardDecision *decision)
{
	const LoadedModel *model = decision->model;
	Jsonb *reasons = guard_reasons_jsonb(decision);
	Jsonb *lists = guard_lists_jsonb(decision);
	Jsonb *rules = guard_rules_jsonb(decision);
	Jsonb *error = guard_error_jsonb(decision, may_read_decisions());
	TupleDesc tupdesc;
	Datum values[N_RESULT_COLUMNS] = {0};
	bool nulls[N_RESULT_COLUMNS] = {false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE ||
	    tupdesc->natts != N_RESULT_COLUMNS)
		elog(ERROR, "fraud_decide does not return a fraud.decision_result");
	values[RESULT_DECISION] = CStringGetTextDatum(decision_name(decision->made.decision));
	values[RESULT_SCORE] = Float8GetDatum(decision->score);
	nulls[RESULT_SCORE] = isnan(decision->score);
	nulls[RESULT_MODEL] = nulls[RESULT_VERSION] = model == NULL;
	if (model != NULL)
	{
		values[RESULT_MODEL] = CStringGetTextDatum(model->id.model);
		values[RESULT_VERSION] = Int32GetDatum(model->id.version);
	}
	values[RESULT_POLICY] = Int32GetDatum(policy->version);
	values[RESULT_REASONS] = PointerGetDatum(reasons);
	nulls[RESULT_REASONS] = reasons == NULL;
	values[RESULT_LATENCY] = Int32GetDatum(guard_latency(decision));
	values[RESULT_GROUND] = CStringGetTextDatum(decision_ground_name(decision->made.ground));
	values[RESULT_LISTS] = PointerGetDatum(lists);
	nulls[RESULT_LISTS] = lists == NULL;
	values[RESULT_RULES] = PointerGetDatum(rules);
	nulls[RESULT_RULES] = rules == NULL;
	values[RESULT_ERROR] = PointerGetDatum(error);
	nulls[RESULT_ERROR] = error == NULL;
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls));
}

/* fraud_decide(record, relation regclass) -> fraud.decision_result */
PGDLLEXPORT Datum
fraud_decide(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;
	HeapTupleHeader record;
	Relation relation;
	GuardStatement *statement;
	TupleTableSlot *slot;
	GuardDecision decision;
	int nest_level;
	Oid user;
	int security;
	Datum result;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	context = AllocSetContextCreate(caller, "fraud_decide", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	record = PG_GETARG_HEAPTUPLEHEADER(0);
	relation = relation_of_record(fcinfo, record);
	slot = slot_of_record(relation, record);
	GetUserIdAndSecContext(&user, &security);
	guard_attempt_as(relation->rd_rel->relowner);
	statement = guard_statement_begin(relation, trigger_of(relation), context);
	nest_level = NewGUCNestLevel();
	guard_decide(statement, slot, false, &decision);
	AtEOXact_GUC(true, nest_level);
	SetUserIdAndSecContext(user, security);
	MemoryContextSwitchTo(caller);
	result = result_of(fcinfo, statement->policy, &decision);
	MemoryContextSwitchTo(context);
	ExecDropSingleTupleTableSlot(slot);
	relation_close(relation, NoLock);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return result;
}

/* As the owner, whose rights an error gives back. */
static void
check_as_owner(Relation relation, MemoryContext context, Snapshot snapshot)
{
	GuardStatement *statement;
	GuardPolicy *policy;
	LoadedModel *model;
	Oid user;
	int security;

	GetUserIdAndSecContext(&user, &security);
	guard_attempt_as(relation->rd_rel->relowner);
	statement = guard_statement_begin(relation, trigger_of(relation), context);
	policy = statement->policy;
	guard_attempt_as(guard_statement_owner(statement));
	model = guard_statement_champion(statement, snapshot);
	(void) guard_scorer_get(policy, &policy->champion, model, true, snapshot);
	SetUserIdAndSecContext(user, security);
}

/*
 * fraud.check_guard(relation regclass): raises what would fail in every decision: a policy that
 * does not fit the columns, a model that cannot score such rows, a rule that cannot be read.
 */
PGDLLEXPORT Datum
fraud_check_guard(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context =
	    AllocSetContextCreate(caller, "fraud.check_guard", ALLOCSET_DEFAULT_SIZES);
	Relation relation = open_relation(PG_GETARG_OID(0));
	Snapshot snapshot = statement_snapshot();

	MemoryContextSwitchTo(context);
	check_as_owner(relation, context, snapshot);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	relation_close(relation, NoLock);
	PG_RETURN_VOID();
}

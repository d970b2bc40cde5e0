/*
 * guard_policy.c
 *		Policies as the session keeps them: read when a statement first needs them,
 *		bound to the columns of the relation, dropped when either has changed.
 *
 * What tells is the relcache: a policy's row makes the server invalidate the table that it
 * is for (fraud.policy_changed), as altering the table does by itself. The callback
 * only marks; an entry in use stays until the statement has ended. A policy is
 * made below the statement's context until it is complete: an error leaves nothing.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "parser/parse_func.h"
#include "pg/errors.h"
#include "pg/registry_policy.h"
#include "pg/registry_rows.h"
#include "scoring/guard_options.h"
#include "scoring/guard_policy.h"
#include "utils/float.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#define TRIGGER_NAME "fraud_guard"

PG_FUNCTION_INFO_V1(fraud_policy_changed);

static dlist_head policies = DLIST_STATIC_INIT(policies);
static MemoryContext cache_context = NULL;

/* Invalidation: may come at almost any moment, so it only marks. */

static void
on_relation_change(Datum argument, Oid relation)
{
	dlist_iter iter;

	dlist_foreach (iter, &policies)
	{
		GuardPolicy *policy = dlist_container(GuardPolicy, node, iter.cur);

		if (relation == InvalidOid || relation == policy->relation || relation == policy->guarded)
			policy->stale = true;
	}
}

/* Expressions of generated columns and rules have functions in them, whose owners are trusted or not. */
static void
on_catalog_change(Datum argument, int cache, uint32 hash)
{
	on_relation_change(argument, InvalidOid);
}

void
guard_policy_define(void)
{
	CacheRegisterRelcacheCallback(on_relation_change, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, on_catalog_change, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, on_catalog_change, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, on_catalog_change, (Datum) 0);
}

/*
 * Row trigger of fraud.policy: every session drops what it keeps of the policy when the
 * transaction commits, and this one at once.
 */
PGDLLEXPORT Datum
fraud_policy_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	bool is_null;
	Datum relation;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR,
		        (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
		         errmsg("function \"%s\" was not called as a trigger", "fraud_policy_changed")));
	relation =
	    heap_getattr(trigger->tg_trigtuple, 1, RelationGetDescr(trigger->tg_relation), &is_null);
	/* After a restore without the table, the number names nothing. */
	if (!is_null && SearchSysCacheExists1(RELOID, relation))
		CacheInvalidateRelcacheByRelid(DatumGetObjectId(relation));
	return PointerGetDatum(NULL);
}

/* Whose policy it is */

Oid
guard_trigger_of(Relation relation)
{
	TriggerDesc *triggers = relation->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger *trigger = &triggers->triggers[i];

		if (strcmp(trigger->tgname, TRIGGER_NAME) == 0)
			return trigger->tgoid;
	}
	return InvalidOid;
}

/* A trigger, and the one that it is a copy of for a partition. */
static Form_pg_trigger
read_trigger(Relation catalog, Oid trigger, FormData_pg_trigger *form)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
	            ObjectIdGetDatum(trigger));
	scan = systable_beginscan(catalog, TriggerOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "could not find trigger %u", trigger);
	memcpy(form, GETSTRUCT(tuple), offsetof(FormData_pg_trigger, tgattr));
	systable_endscan(scan);
	return form;
}

static Oid
guarded_by(Oid trigger)
{
	Relation catalog = table_open(TriggerRelationId, AccessShareLock);
	FormData_pg_trigger form;

	while (OidIsValid(read_trigger(catalog, trigger, &form)->tgparentid))
		trigger = form.tgparentid;
	table_close(catalog, AccessShareLock);
	return form.tgrelid;
}

/* Making */

static void
read_options(GuardPolicy *policy, const Jsonb *options)
{
	static const char *const sources[] = {"given", "alert_budget", "cost"};
	static const char *const details[] = {"decision", "reasons"};
	static const char *const records[] = {"never", "not_approved", "always"};
	const GuardColumns *columns = policy->columns;

	policy->thresholds = guard_option_word(options, "thresholds", sources, lengthof(sources));
	policy->alert_budget = guard_option_number(options, "alert_budget", 0, 1, 0);
	policy->block_budget = guard_option_number(options, "block_budget", 0, 1, 0);
	policy->handling_cost =
	    guard_option_number(options, "handling_cost", 0, get_float8_infinity(), NAN);
	policy->time_budget = guard_option_milliseconds(options, "time_budget");
	policy->random_pass = guard_option_number(options, "random_pass", 0, 1, 0);
	policy->shadow = guard_option_text(options, "shadow");
	policy->n_reasons = (int) guard_option_number(options, "reasons", 0, PG_INT32_MAX, 0);
	policy->detail_has_reasons =
	    guard_option_word(options, "detail", details, lengthof(details)) == 1;
	policy->record_row = guard_option_word(options, "record_row", records, lengthof(records));
	policy->amount =
	    guard_columns_find(columns, guard_option_text(options, "amount"), "option \"amount\"");
	policy->event_time = guard_columns_find(columns, guard_option_text(options, "event_time"),
	                                        "option \"event_time\"");
	if (policy->on_block == ON_BLOCK_FLAG)
		policy->flag = guard_columns_find(columns, guard_option_text(options, "flag_column"),
		                                  "option \"flag_column\"");
}

static void
take_stored(GuardPolicy *policy, const StoredPolicy *stored)
{
	static const char *const ways[] = {"reject", "quarantine", "flag"};

	policy->version = stored->version;
	policy->model = stored->model;
	policy->review_at = stored->review_at;
	policy->block_at = stored->block_at;
	policy->on_block = guard_word("on_block", stored->on_block, ways, lengthof(ways));
	if (!decision_of_name(stored->on_error, &policy->on_error))
		elog(ERROR, "on_error is \"%s\"", stored->on_error);
	policy->owner = stored->owner;
	policy->options = stored->options;
	policy->rules = stored->rules;
	policy->key = guard_columns_find(policy->columns, stored->key, "argument \"key\"");
	read_options(policy, stored->options);
	policy->lists = guard_lists_bind(stored->options, policy->columns);
	policy->card_numbers = guard_card_numbers_bind(stored->options, stored->key, NIL,
	                                               guard_columns_tupdesc(policy->columns));
	policy->serialize = guard_serialize_bind(stored->options, policy->guarded, policy->columns);
}

static void
read_policy(GuardPolicy *policy, Relation relation)
{
	Snapshot latest = RegisterSnapshot(GetLatestSnapshot());
	StoredPolicy stored;
	bool found = registry_read_policy(policy->guarded, latest, &stored);

	UnregisterSnapshot(latest);
	if (!found)
		ereport(ERROR, (errcode(ERRCODE_FRAUD_NOT_GUARDED),
		                errmsg("relation \"%s\" has no policy of a guard",
		                       RelationGetRelationName(relation)),
		                errdetail("It has the trigger, but fraud.policy has no row for \"%s\".",
		                          get_rel_name(policy->guarded)),
		                errhint("Call fraud_guard, or drop the trigger.")));
	take_stored(policy, &stored);
}

static GuardPolicy *
make(Relation relation, Oid trigger)
{
	MemoryContext context =
	    AllocSetContextCreate(CurrentMemoryContext, "fraud_detect policy", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	GuardPolicy *policy = palloc0(sizeof(GuardPolicy));

	policy->context = context;
	policy->relation = RelationGetRelid(relation);
	policy->guarded = guarded_by(trigger);
	MemoryContextSetIdentifier(context, pstrdup(RelationGetRelationName(relation)));
	/* Known from here on, so that a change that comes while it is made marks it. */
	dlist_push_head(&policies, &policy->node);
	PG_TRY();
	{
		policy->columns = guard_columns_bind(relation);
		read_policy(policy, relation);
	}
	PG_CATCH();
	{
		dlist_delete(&policy->node);
		PG_RE_THROW();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	if (cache_context == NULL)
		cache_context = AllocSetContextCreate(CacheMemoryContext, "fraud_detect policies",
		                                      ALLOCSET_SMALL_SIZES);
	MemoryContextSetParent(context, cache_context);
	policy->complete = true;
	return policy;
}

/* Keeping */

static GuardPolicy *
find(Oid relation)
{
	dlist_mutable_iter iter;
	GuardPolicy *found = NULL;

	dlist_foreach_modify(iter, &policies)
	{
		GuardPolicy *policy = dlist_container(GuardPolicy, node, iter.cur);

		if (!policy->complete)
			continue;
		if (policy->stale && policy->holders == 0)
		{
			dlist_delete(&policy->node);
			MemoryContextDelete(policy->context);
		}
		else if (!policy->stale && policy->relation == relation)
			found = policy;
	}
	return found;
}

GuardPolicy *
guard_policy_hold(Relation relation, Oid trigger)
{
	GuardPolicy *policy = find(RelationGetRelid(relation));

	if (policy == NULL)
		policy = make(relation, trigger);
	policy->holders++;
	return policy;
}

void
guard_policy_release(GuardPolicy *policy)
{
	Assert(policy->holders > 0);
	policy->holders--;
}

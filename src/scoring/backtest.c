/*
 * backtest.c
 *		fraud.rules_fired: the rules of a policy that somebody only thinks of, asked of rows
 *		that were decided about before; fraud.require_trusted_columns: may these be made again?
 *
 * They are compiled and asked as a guard does it, but as the current user, whose rules
 * they are.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/objectaddress.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "scoring/code_trust.h"
#include "scoring/guard_attempt.h"
#include "scoring/guard_json.h"
#include "scoring/guard_rules.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(fraud_require_trusted_columns);
PG_FUNCTION_INFO_V1(fraud_rules_fired);
PGDLLEXPORT Datum fraud_require_trusted_columns(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_rules_fired(PG_FUNCTION_ARGS);

/* Of a call site: the rules as they are compiled for its rows. */
typedef struct CallSite
{
	MemoryContext context;
	Jsonb *rules;
	Oid type;
	int32 typmod;
	TupleDesc columns;
	GuardRules *compiled;
	Datum *values;
	bool *nulls;
	bool *fires;
	double score;
} CallSite;

static bool
is_compiled(const CallSite *site, HeapTupleHeader row, Jsonb *rules)
{
	return site->context != NULL && site->type == HeapTupleHeaderGetTypeId(row) &&
	       site->typmod == HeapTupleHeaderGetTypMod(row) &&
	       VARSIZE(site->rules) == VARSIZE(rules) &&
	       memcmp(site->rules, rules, VARSIZE(rules)) == 0 &&
	       guard_rules_are_current(site->compiled);
}

static void
compile(CallSite *site, HeapTupleHeader row, Jsonb *rules, MemoryContext parent)
{
	TupleDesc columns =
	    lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));
	MemoryContext old;

	if (site->context != NULL)
		MemoryContextDelete(site->context);
	memset(site, 0, sizeof(*site));
	site->context =
	    AllocSetContextCreate(parent, "fraud_detect backtest rules", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(site->context);
	site->columns = CreateTupleDescCopy(columns);
	ReleaseTupleDesc(columns);
	site->rules = (Jsonb *) PG_DETOAST_DATUM_COPY(JsonbPGetDatum(rules));
	site->type = HeapTupleHeaderGetTypeId(row);
	site->typmod = HeapTupleHeaderGetTypMod(row);
	site->compiled = guard_rules_compile(site->rules, site->columns);
	site->values = palloc(Max(site->columns->natts, 1) * sizeof(Datum));
	site->nulls = palloc(Max(site->columns->natts, 1) * sizeof(bool));
	site->fires = palloc(Max(guard_rules_count(site->compiled), 1) * sizeof(bool));
	MemoryContextSwitchTo(old);
}

static CallSite *
call_site(FunctionCallInfo fcinfo, HeapTupleHeader row, Jsonb *rules)
{
	CallSite *site = fcinfo->flinfo->fn_extra;

	if (site == NULL)
		site = fcinfo->flinfo->fn_extra =
		    MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(CallSite));
	if (!is_compiled(site, row, rules))
		compile(site, row, rules, fcinfo->flinfo->fn_mcxt);
	return site;
}

static void
ask(void *argument)
{
	CallSite *site = argument;

	guard_rules_evaluate(site->compiled, site->values, site->nulls, site->score, site->fires);
}

/* As fraud.decision.rules, empty where none fired; JSON's null where a rule failed. */
static Jsonb *
fired_rules(const CallSite *site, bool failed)
{
	int n_rules = guard_rules_count(site->compiled);
	JsonbValue null = {.type = jbvNull};
	RuleHit *hits;
	int n = 0;

	if (failed)
		return JsonbValueToJsonb(&null);
	hits = palloc(Max(n_rules, 1) * sizeof(RuleHit));
	for (int i = 0; i < n_rules; i++)
	{
		if (site->fires[i])
			hits[n++] = (RuleHit){guard_rules_name(site->compiled, i),
			                      guard_rules_decision(site->compiled, i)};
	}
	return rule_hits_jsonb(hits, n);
}

/* fraud.rules_fired("row" record, rules jsonb, score float8) -> jsonb; NULL for a NULL row. */
Datum
fraud_rules_fired(PG_FUNCTION_ARGS)
{
	HeapTupleData tuple;
	GuardFailure failure;
	CallSite *site;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	tuple.t_data = PG_GETARG_HEAPTUPLEHEADER(0);
	tuple.t_len = HeapTupleHeaderGetDatumLength(tuple.t_data);
	tuple.t_tableOid = InvalidOid;
	ItemPointerSetInvalid(&tuple.t_self);
	site = call_site(fcinfo, tuple.t_data, PG_GETARG_JSONB_P(1));
	heap_deform_tuple(&tuple, site->columns, site->values, site->nulls);
	site->score = PG_ARGISNULL(2) ? NAN : PG_GETARG_FLOAT8(2);
	PG_RETURN_JSONB_P(fired_rules(site, !guard_attempt(STEP_DECIDES, ask, site, 0, &failure)));
}

/*
 * fraud.require_trusted_columns(relation regclass): a recorded row becomes a row again by
 * jsonb_populate_record, which checks domains; whose they are, as the caller. That the table
 * is another role's does no harm. It stays locked, as for the query to come, so nobody
 * gets that far who may not read it.
 */
Datum
fraud_require_trusted_columns(PG_FUNCTION_ARGS)
{
	Oid table = PG_GETARG_OID(0);
	Relation relation;
	TupleDesc columns;

	/* 42P01 where it does not exist. */
	if (pg_class_aclcheck(table, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, get_relkind_objtype(get_rel_relkind(table)),
		               get_rel_name(table));
	relation = relation_open(table, AccessShareLock);
	columns = RelationGetDescr(relation);
	for (int i = 0; i < columns->natts; i++)
	{
		if (!TupleDescAttr(columns, i)->attisdropped)
			code_trust_check_type(TupleDescAttr(columns, i)->atttypid, "a backtest with rules");
	}
	relation_close(relation, NoLock);
	PG_RETURN_VOID();
}

/*
 * guard_statement.c
 *		One statement, one policy and one model.
 *
 * Names are resolved under the snapshot of the statement, so a promotion that commits
 * meanwhile is for the next one.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "scoring/guard_statement.h"
#include "utils/acl.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

static void
release_all(void *argument)
{
	GuardStatement *statement = argument;

	if (statement->challenger != NULL)
		model_cache_release(statement->challenger);
	if (statement->champion != NULL)
		model_cache_release(statement->champion);
	guard_policy_release(statement->policy);
}

GuardStatement *
guard_statement_begin(Relation relation, Oid trigger, MemoryContext context)
{
	GuardStatement *statement = MemoryContextAllocZero(context, sizeof(GuardStatement));

	statement->row_memory =
	    AllocSetContextCreate(context, "fraud_detect decision", ALLOCSET_DEFAULT_SIZES);
	statement->policy = guard_policy_hold(relation, trigger);
	statement->release.func = release_all;
	statement->release.arg = statement;
	MemoryContextRegisterResetCallback(context, &statement->release);
	return statement;
}

static Oid
owner_of(Oid relation)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relation);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

Oid
guard_statement_owner(GuardStatement *statement)
{
	const GuardPolicy *policy = statement->policy;
	Oid owner;

	if (OidIsValid(statement->owner))
		return statement->owner;
	owner = get_role_oid(policy->owner, false);
	if (!has_privs_of_role(owner, owner_of(policy->guarded)))
		ereport(ERROR,
		        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		         errmsg("the guard's policy is not one of the table's owner"),
		         errdetail("It was made by role \"%s\", which has not the rights of the owner.",
		                   policy->owner),
		         errhint("Call fraud_guard again as the owner.")));
	statement->owner = owner;
	return owner;
}

LoadedModel *
guard_statement_champion(GuardStatement *statement, Snapshot snapshot)
{
	const GuardPolicy *policy = statement->policy;
	VersionId id;

	if (statement->has_champion)
		return statement->champion;
	if (policy->model != NULL)
	{
		id = registry_resolve(policy->model, 0, snapshot);
		statement->is_shadowed =
		    policy->shadow != NULL &&
		    registry_find_alias(&id, policy->shadow, snapshot, &statement->shadow);
		statement->champion = model_cache_hold(&id, snapshot);
		/* The name that was resolved lives no longer than this row. */
		statement->shadow.model = statement->champion->id.model;
	}
	statement->has_champion = true;
	return statement->champion;
}

LoadedModel *
guard_statement_challenger(GuardStatement *statement, Snapshot snapshot)
{
	if (statement->challenger == NULL)
		statement->challenger = model_cache_hold(&statement->shadow, snapshot);
	return statement->challenger;
}

/*
 * guard_statement.h
 *		What the decisions of one statement share: the policy, and the versions that score.
 */
#ifndef FRAUD_DETECT_GUARD_STATEMENT_H
#define FRAUD_DETECT_GUARD_STATEMENT_H

#include "scoring/guard_policy.h"
#include "scoring/model_cache.h"

typedef struct GuardStatement
{
	GuardPolicy *policy;
	MemoryContext row_memory; /* for one decision */
	Oid owner;                /* InvalidOid: not looked up yet */
	bool has_champion;        /* resolved; with NULL where the policy has no model */
	LoadedModel *champion;
	bool is_shadowed; /* resolved with the champion; the challenger is loaded when it scores */
	VersionId shadow;
	LoadedModel *challenger;
	MemoryContextCallback release;
} GuardStatement;

/* Lives as long as the memory context, and so do its holds. Errors of guard_policy_hold. */
extern GuardStatement *guard_statement_begin(Relation relation, Oid trigger, MemoryContext context);

/*
 * The role that decides. 42704 where it has been dropped, 55000 where it may no longer act for the
 * table: its rules must not run on the rows of a new owner.
 */
extern Oid guard_statement_owner(GuardStatement *statement);

/*
 * The champion of the policy's model, as the current user: FD002, FD003, FD005, 42501. NULL where
 * the policy has no model.
 */
extern LoadedModel *guard_statement_champion(GuardStatement *statement, Snapshot snapshot);

/* The version of the same model that shadows it, where the statement is_shadowed: FD005. */
extern LoadedModel *guard_statement_challenger(GuardStatement *statement, Snapshot snapshot);

#endif

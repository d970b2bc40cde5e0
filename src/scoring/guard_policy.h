/*
 * guard_policy.h
 *		The policy of a guarded table, parsed and bound to its columns, as this session
 *		keeps it.
 *
 * A policy is like a definition, not like data: a statement is decided under the
 * one that was committed when it began, in any isolation level.
 */
#ifndef FRAUD_DETECT_GUARD_POLICY_H
#define FRAUD_DETECT_GUARD_POLICY_H

#include "access/tupdesc.h"
#include "core/decision.h"
#include "lib/ilist.h"
#include "scoring/guard_card_numbers.h"
#include "scoring/guard_columns.h"
#include "scoring/guard_lists.h"
#include "scoring/guard_serialize.h"
#include "utils/relcache.h"

typedef enum OnBlock
{
	ON_BLOCK_REJECT,
	ON_BLOCK_QUARANTINE,
	ON_BLOCK_FLAG
} OnBlock;

typedef enum ThresholdSource
{
	THRESHOLDS_GIVEN,
	THRESHOLDS_ALERT_BUDGET,
	THRESHOLDS_COST
} ThresholdSource;

typedef enum RecordRow
{
	RECORD_ROW_NEVER,
	RECORD_ROW_NOT_APPROVED,
	RECORD_ROW_ALWAYS
} RecordRow;

typedef struct GuardScorer GuardScorer;

typedef struct GuardPolicy
{
	Oid relation; /* of the rows; a partition has an entry of its own */
	Oid guarded;  /* the relation that the policy is for */
	int32 version;
	char *model; /* NULL: lists and rules alone decide */
	ThresholdSource thresholds;
	double review_at; /* as given; NaN: never */
	double block_at;
	double alert_budget; /* shares of transactions */
	double block_budget;
	double handling_cost;
	OnBlock on_block;
	Decision on_error;
	char *owner;
	Jsonb *options;
	Jsonb *rules;
	AttrNumber key; /* 0: none; so are the next three */
	AttrNumber amount;
	AttrNumber event_time;
	AttrNumber flag;
	int time_budget; /* milliseconds; 0: none */
	double random_pass;
	char *shadow; /* alias; NULL: none */
	int n_reasons;
	bool detail_has_reasons;
	RecordRow record_row;
	GuardColumns *columns;
	GuardLists *lists;
	GuardCardNumbers *card_numbers;
	GuardSerialize *serialize; /* NULL: it does not */

	/* Made when first needed (guard_scorer.h). */
	GuardScorer *champion;
	GuardScorer *challenger;
	bool busy; /* a row is being decided */

	/* Of the cache. */
	dlist_node node;
	MemoryContext context;
	int holders;
	bool complete;
	bool stale;
} GuardPolicy;

extern void guard_policy_define(void); /* _PG_init only */

/*
 * The policy for rows of a relation whose trigger is given, until released. FD012 where there
 * is none, 22023, 42703, 42804 where it does not fit the relation.
 */
extern GuardPolicy *guard_policy_hold(Relation relation, Oid trigger);

/* Never fails: it runs in callbacks that clean up after errors. */
extern void guard_policy_release(GuardPolicy *policy);

/* The relation's trigger of a guard; InvalidOid where there is none. */
extern Oid guard_trigger_of(Relation relation);

#endif

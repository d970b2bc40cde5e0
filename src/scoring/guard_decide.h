/*
 * guard_decide.h
 *		The decision about one row: everything but its consequences.
 */
#ifndef FRAUD_DETECT_GUARD_DECIDE_H
#define FRAUD_DETECT_GUARD_DECIDE_H

#include "scoring/guard_attempt.h"
#include "scoring/guard_statement.h"
#include "scoring/reasons.h"

typedef struct RuleHit
{
	const char *name;
	Decision decision;
} RuleHit;

/* All in the memory of the row, but for what is the policy's or the model's. */
typedef struct GuardDecision
{
	TimestampTz decided_at;
	DecisionMade made;
	int n_lists;
	ListHit *lists;
	int n_rules;
	RuleHit *rules; /* those that fired */
	bool failed;
	GuardFailure failure; /* of what the decision is made from */

	const LoadedModel *model; /* that scored; NULL: none did */
	const float *features;
	float margin;
	double score; /* NaN: none */
	double review_at;
	double block_at;

	bool random_pass;
	double propensity; /* with which a row of this kind of decision is let through */

	const Signature *signature; /* that the reasons are of */
	int n_reasons;
	Reason *reasons;
	int32 shadow_version; /* 0: there is none */
	double shadow_score;  /* NaN: it could not be had */

	/* The row, generated columns computed. */
	const Datum *values;
	const bool *nulls;
	char *key;
	bool has_event_time;
	TimestampTz event_time;
	double amount;
} GuardDecision;

/*
 * Decides about the row in a slot of the relation's columns, under the active snapshot; as_insert
 * says that its INSERT is under way: it takes the policy's locks, and blocks may be passed by
 * chance. In CurrentMemoryContext. Settings are pinned until the GUC nest level ends. FD010, and what guard_attempt does not catch.
 */
extern void guard_decide(GuardStatement *statement, TupleTableSlot *slot, bool as_insert,
                         GuardDecision *decision);

#endif

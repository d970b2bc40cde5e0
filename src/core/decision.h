/*
 * decision.h
 *		What is decided about a transaction, from all that speaks for or against it.
 *
 * This function is the precedence, and there is no other place that decides: the
 * guard, fraud_decide, fraud_replay and fraud_backtest all call it.
 *
 *		1. Lists. Of the entries that name something of the transaction the most severe
 *		   one decides: a stolen device blocks on an allowed customer, too.
 *		2. A failure. What the rest needs could not be had: on_error decides.
 *		3. Rules. The first one that fires decides.
 *		4. The score: block from block_at on, else review from review_at on.
 *		5. Otherwise approve.
 */
#ifndef FRAUD_DETECT_DECISION_H
#define FRAUD_DETECT_DECISION_H

#include <stdbool.h>

/* In the order of severity. */
typedef enum Decision
{
	DECISION_APPROVE,
	DECISION_REVIEW,
	DECISION_BLOCK
} Decision;

typedef enum DecisionGround
{
	GROUND_LIST,
	GROUND_ERROR,
	GROUND_RULE,
	GROUND_SCORE,
	GROUND_NONE /* nothing spoke against it */
} DecisionGround;

typedef struct DecisionInputs
{
	int n_lists;
	const Decision *lists; /* of the entries that match */
	bool failed;
	Decision on_error;
	int n_rules;
	const Decision *rules; /* of those that fired, in the order of the policy */
	double score;          /* NaN: there is no model */
	double review_at;      /* 0 to 1; NaN: never */
	double block_at;
} DecisionInputs;

typedef struct DecisionMade
{
	Decision decision;
	DecisionGround ground;
	int place; /* in lists or rules: which one decided; -1 for other grounds */
} DecisionMade;

extern DecisionMade decision_make(const DecisionInputs *inputs);

/* approve, review, block, and list, error, rule, score, none; as they are recorded. */
extern const char *decision_name(Decision decision);
extern bool decision_of_name(const char *name, Decision *decision);
extern const char *decision_ground_name(DecisionGround ground);

#endif

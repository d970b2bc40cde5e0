/*
 * recorded_decision.h
 *		Deciding once more, from what a decision has on record.
 */
#ifndef FRAUD_DETECT_RECORDED_DECISION_H
#define FRAUD_DETECT_RECORDED_DECISION_H

#include "core/decision.h"
#include "utils/jsonb.h"

/* As the columns of fraud.decision are; NULL and NaN where they are NULL. */
typedef struct RecordedInputs
{
	Jsonb *lists;
	Jsonb *rules; /* that fired, in the order in which they count */
	bool failed;
	const char *on_error; /* of the policy; needed where it failed */
	double score;
	double review_at;
	double block_at;
} RecordedInputs;

/* False where nobody can say: it failed, and on_error is not known. 22023 for a document that is none. */
extern bool recorded_decide(const RecordedInputs *inputs, DecisionMade *made);

#endif

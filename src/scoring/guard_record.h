/*
 * guard_record.h
 *		Decisions on record: fraud.decision, and the rows of fraud.quarantine.
 */
#ifndef FRAUD_DETECT_GUARD_RECORD_H
#define FRAUD_DETECT_GUARD_RECORD_H

#include "scoring/guard_decide.h"

typedef enum GuardOutcome
{
	OUTCOME_INSERTED,
	OUTCOME_REJECTED,
	OUTCOME_QUARANTINED
} GuardOutcome;

/*
 * Records a decision with what becomes of the row, and the row itself where it is quarantined; the
 * number of the decision. A row that cannot be held in quarantine is rejected: *outcome says so.
 * A rejection is on record whatever becomes of the transaction.
 */
extern int64 guard_record(const GuardPolicy *policy, const GuardDecision *decision,
                          GuardOutcome *outcome);

/* Microseconds since the decision began, at most what an int4 holds. */
extern int32 guard_latency(const GuardDecision *decision);

#endif

/*
 * guard_attempt.h
 *		What may fail in a decision without failing the transaction.
 */
#ifndef FRAUD_DETECT_GUARD_ATTEMPT_H
#define FRAUD_DETECT_GUARD_ATTEMPT_H

#include "datatype/timestamp.h"

/* Bytes of a text in the record of a decision: of a failure's message, or of a value that is a reason. */
#define GUARD_MOST_RECORDED 2000

typedef struct GuardFailure
{
	int sqlstate; /* as MAKE_SQLSTATE makes it */
	char *message;
	char *context; /* where it came from, e.g. which rule; NULL: not known */
} GuardFailure;

typedef enum GuardStep
{
	STEP_DECIDES,
	STEP_ADDS /* what the decision does not depend on */
} GuardStep;

/*
 * Runs step(argument) in a subtransaction, and takes back what it changed if it fails: false, with
 * the failure in CurrentMemoryContext. A step that has not ended at the deadline (0: none)
 * fails with FD011. The user is afterwards who it was before.
 *
 * Not caught, since it is not for the guard to decide on: a cancellation by anybody else, a
 * shutdown, a serialization failure or deadlock, and a card number (FD010). Nor, of a step that
 * decides, the want of memory, locks, disk or stack, and lock_timeout: who inserts can bring them
 * about in the own session, and would be let in by on_error.
 */
extern bool guard_attempt(GuardStep kind, void (*step)(void *argument), void *argument,
                          TimestampTz deadline, GuardFailure *failure);

/* In a step: from here on as the policy's owner, restricted as in an index's maintenance. */
extern void guard_attempt_as(Oid owner);

#endif

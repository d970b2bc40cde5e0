/*
 * guard_budget.h
 *		The time that a decision may take.
 */
#ifndef FRAUD_DETECT_GUARD_BUDGET_H
#define FRAUD_DETECT_GUARD_BUDGET_H

#include "datatype/timestamp.h"

/*
 * From begin to end the server's check for interrupts raises "query canceled" once it is this late
 * (0: never). A decision within a decision, as a rule's function may ask for one, has no more
 * time than the outer one: begin returns the outer deadline, which end takes. end is called on
 * errors, too, before the subtransaction is rolled back; it says whether time had run out,
 * and takes back a cancellation that nobody has seen yet.
 */
extern TimestampTz guard_budget_begin(TimestampTz deadline);
extern bool guard_budget_end(TimestampTz outer);

#endif

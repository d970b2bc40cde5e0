/*
 * guard_budget.h
 *		The time that a decision may take.
 */
#ifndef FRAUD_DETECT_GUARD_BUDGET_H
#define FRAUD_DETECT_GUARD_BUDGET_H

#include "datatype/timestamp.h"

/*
 * From begin to end the server's check for interrupts raises "query canceled" once it is this late
 * (0: never). The two do not nest. end is called on errors, too, before the subtransaction is
 * rolled back; it says whether time had run out, and takes back a cancellation that
 * nobody has seen yet.
 */
extern void guard_budget_begin(TimestampTz deadline);
extern bool guard_budget_end(void);

#endif

/*
 * guard_condition.h
 *		The condition of a rule: an expression over a row, its features and its score.
 */
#ifndef FRAUD_DETECT_GUARD_CONDITION_H
#define FRAUD_DETECT_GUARD_CONDITION_H

#include "access/tupdesc.h"
#include "utils/plancache.h"

/* These columns, and the score after them. */
extern TupleDesc guard_condition_row(TupleDesc columns);

/*
 * Analysed over these columns ("score" is not among them), checked and planned, as the
 * current user. Vars have varno 1 and the numbers of guard_condition_row. The caller frees
 * it. Errors are those of the parser; 42P17 for a condition that may change something, 42501
 * for one that runs what a role wrote that lacks the current user's rights.
 */
extern CachedExpression *guard_condition_plan(const char *text, TupleDesc columns);

/* Settings that the value of a condition must not depend on, until the GUC nest level ends. */
extern void guard_condition_settings(void);

/*
 * Does it call code that is not the server's own? Whatever that code promises of itself, its names
 * must not be looked up in the search_path of who inserts.
 */
extern bool guard_condition_has_foreign_code(Node *condition);

#endif

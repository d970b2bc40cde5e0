/*
 * guard_rules.h
 *		The rules of a policy: conditions over a row, its features and its score.
 */
#ifndef FRAUD_DETECT_GUARD_RULES_H
#define FRAUD_DETECT_GUARD_RULES_H

#include "access/tupdesc.h"
#include "core/decision.h"
#include "utils/jsonb.h"

typedef struct GuardRules GuardRules;

/*
 * Compiles fraud.policy.rules, whose order stays, over rows of these columns (the
 * table's, then computed features) and "score". In CurrentMemoryContext. Errors are those of the
 * parser, and 42P17 for a condition that may change something; each names its rule.
 */
extern GuardRules *guard_rules_compile(const Jsonb *rules, TupleDesc columns);

extern int guard_rules_count(const GuardRules *rules);
extern const char *guard_rules_name(const GuardRules *rules, int rule);
extern Decision guard_rules_decision(const GuardRules *rules, int rule);

/* False once a function or type that a condition uses has changed: compile again. */
extern bool guard_rules_are_current(const GuardRules *rules);

/*
 * Which rules fire: those whose condition is true. values and nulls are by column; a score of NaN
 * is NULL. Runs as the current user; an error in a condition names its rule.
 */
extern void guard_rules_evaluate(GuardRules *rules, const Datum *values, const bool *nulls,
                                 double score, bool *fires);

#endif

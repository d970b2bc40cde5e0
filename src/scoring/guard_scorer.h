/*
 * guard_scorer.h
 *		How a policy's rows are scored by one version of its model, and the rules that
 *		see that score: kept from statement to statement, made anew when the version is
 *		another one.
 */
#ifndef FRAUD_DETECT_GUARD_SCORER_H
#define FRAUD_DETECT_GUARD_SCORER_H

#include "scoring/guard_policy.h"
#include "scoring/guard_rules.h"
#include "scoring/row_encoder.h"

struct GuardScorer
{
	MemoryContext context;
	uint64 model;                   /* its number; 0: there is no model */
	RowEncoder *encoder;            /* NULL: there is no model */
	TupleDesc columns;              /* the row's, and computed ones after them */
	float *features;                /* of the latest row */
	GuardCardNumbers *card_numbers; /* in columns that windows are grouped by; NULL: none */
	double review_at;               /* by the policy's budgets; NaN: never, or there are none */
	double block_at;
	GuardRules *rules; /* NULL: none, or they are not for this scorer */
};

/*
 * The scorer of a held model (NULL: none) at a place of the policy, good until the next call for
 * that place: it is asked for row by row. As the owner: FD004, FD009, and those of
 * guard_rules_compile.
 */
extern GuardScorer *guard_scorer_get(GuardPolicy *policy, GuardScorer **place,
                                     const LoadedModel *model, bool with_rules, Snapshot snapshot);

#endif

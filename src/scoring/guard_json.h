/*
 * guard_json.h
 *		Parts of a decision as documents: what fraud.decision records, and fraud_decide gives.
 */
#ifndef FRAUD_DETECT_GUARD_JSON_H
#define FRAUD_DETECT_GUARD_JSON_H

#include "scoring/guard_decide.h"

/* An array of objects, which may be empty: name, decision. */
extern Jsonb *rule_hits_jsonb(const RuleHit *hits, int n);

/* Arrays of objects; NULL where there is nothing. */
extern Jsonb *guard_lists_jsonb(const GuardDecision *decision); /* entry_id, list, kind, decision */
extern Jsonb *guard_rules_jsonb(const GuardDecision *decision); /* as rule_hits_jsonb */
/* feature, value, contribution, reason */
extern Jsonb *guard_reasons_jsonb(const GuardDecision *decision);
/*
 * An object: sqlstate, and in words the message, and context where there is one, which may speak of
 * other rows. NULL where nothing failed.
 */
extern Jsonb *guard_error_jsonb(const GuardDecision *decision, bool in_words);

#endif

/*
 * guard_store.h
 *		Rows of fraud.decision and fraud.quarantine, written by the guard itself: without
 *		SQL, without triggers, and without a right of the role that inserts.
 */
#ifndef FRAUD_DETECT_GUARD_STORE_H
#define FRAUD_DETECT_GUARD_STORE_H

#include "datatype/timestamp.h"

/* Columns that the guard fills; order as in sql/decision.sql and sql/quarantine.sql. */
enum
{
	DECISION_ID,
	DECISION_DECIDED_AT,
	DECISION_RELATION,
	DECISION_POLICY,
	DECISION_KEY,
	DECISION_EVENT_TIME,
	DECISION_AMOUNT,
	DECISION_MODEL,
	DECISION_VERSION,
	DECISION_VERSION_UID,
	DECISION_FEATURES,
	DECISION_MARGIN,
	DECISION_SCORE,
	DECISION_REVIEW_AT,
	DECISION_BLOCK_AT,
	DECISION_LISTS,
	DECISION_RULES,
	DECISION_DECISION,
	DECISION_GROUND,
	DECISION_OUTCOME,
	DECISION_RANDOM_PASS,
	DECISION_PROPENSITY,
	DECISION_REASONS,
	DECISION_ERROR,
	DECISION_SHADOW_VERSION,
	DECISION_SHADOW_SCORE,
	DECISION_ROW,
	DECISION_DECIDED_BY,
	DECISION_LATENCY,
	N_DECISION_COLUMNS
};
enum
{
	QUARANTINE_DECISION_ID,
	QUARANTINE_RELATION,
	QUARANTINE_ROW,
	QUARANTINE_QUARANTINED_AT,
	QUARANTINE_STATUS,
	N_QUARANTINE_COLUMNS
};

/*
 * A row of fraud.decision, by these columns, in the partition of its time. One that survives stays
 * whatever becomes of the transaction, and is on disk when this returns, as far as
 * synchronous_commit asks for that; where its partition was created by the transaction itself it
 * is a row like any other, since a rollback takes the partition, too.
 */
extern void guard_store_decision(const Datum *values, const bool *nulls, TimestampTz decided_at,
                                 bool survives);

/* A row of fraud.quarantine. */
extern void guard_store_quarantined(const Datum *values, const bool *nulls);

#endif

/*
 * guard_record.c
 *		What is recorded of a decision.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "scoring/decision_number.h"
#include "scoring/guard_json.h"
#include "scoring/guard_record.h"
#include "scoring/guard_store.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#define MAX_KEY_SIZE 1000

static const char *const outcome_names[] = {"inserted", "rejected", "quarantined"};

typedef struct Record
{
	Datum values[N_DECISION_COLUMNS];
	bool nulls[N_DECISION_COLUMNS];
} Record;

static void
put(Record *record, int column, Datum value)
{
	record->values[column] = value;
	record->nulls[column] = false;
}

static void
put_text(Record *record, int column, const char *text)
{
	if (text != NULL)
		put(record, column, CStringGetTextDatum(text));
}

static void
put_number(Record *record, int column, double number)
{
	if (!isnan(number))
		put(record, column, Float8GetDatum(number));
}

static void
put_jsonb(Record *record, int column, Jsonb *document)
{
	if (document != NULL)
		put(record, column, JsonbPGetDatum(document));
}

static void
put_features(Record *record, const float *features, uint32 n)
{
	Size size = ARR_OVERHEAD_NONULLS(1) + n * sizeof(float4);
	ArrayType *vector = palloc0(size);

	SET_VARSIZE(vector, size);
	vector->ndim = 1;
	vector->elemtype = FLOAT4OID;
	ARR_DIMS(vector)[0] = (int) n;
	ARR_LBOUND(vector)[0] = 1;
	memcpy(ARR_DATA_PTR(vector), features, n * sizeof(float4));
	put(record, DECISION_FEATURES, PointerGetDatum(vector));
}

static void
put_score(Record *record, const GuardDecision *decision)
{
	const LoadedModel *model = decision->model;

	if (model == NULL)
		return;
	put_text(record, DECISION_MODEL, model->id.model);
	put(record, DECISION_VERSION, Int32GetDatum(model->id.version));
	put(record, DECISION_VERSION_UID, UUIDPGetDatum(&model->id.uid));
	put_features(record, decision->features, model->forest.n_features);
	put(record, DECISION_MARGIN, Float4GetDatum(decision->margin));
	put_number(record, DECISION_SCORE, decision->score);
	put_number(record, DECISION_REVIEW_AT, decision->review_at);
	put_number(record, DECISION_BLOCK_AT, decision->block_at);
}

/* What is too long for an index's entry is cut: no key fails the transaction. */
static void
put_key(Record *record, const char *key)
{
	if (key != NULL)
	{
		int size = pg_mbcliplen(key, (int) strlen(key), MAX_KEY_SIZE);

		put(record, DECISION_KEY, PointerGetDatum(cstring_to_text_with_len(key, size)));
	}
}

static void
put_row(Record *record, const GuardDecision *decision, const char *key)
{
	put_key(record, key);
	if (decision->has_event_time)
		put(record, DECISION_EVENT_TIME, TimestampTzGetDatum(decision->event_time));
	put_number(record, DECISION_AMOUNT, decision->amount);
}

static void
put_decision(Record *record, const GuardDecision *decision)
{
	put_jsonb(record, DECISION_LISTS, guard_lists_jsonb(decision));
	put_jsonb(record, DECISION_RULES, guard_rules_jsonb(decision));
	put_text(record, DECISION_DECISION, decision_name(decision->made.decision));
	put_text(record, DECISION_GROUND, decision_ground_name(decision->made.ground));
	put(record, DECISION_RANDOM_PASS, BoolGetDatum(decision->random_pass));
	put(record, DECISION_PROPENSITY, Float8GetDatum(decision->propensity));
	put_jsonb(record, DECISION_REASONS, guard_reasons_jsonb(decision));
	put_jsonb(record, DECISION_ERROR, guard_error_jsonb(decision, true));
	if (decision->shadow_version > 0)
		put(record, DECISION_SHADOW_VERSION, Int32GetDatum(decision->shadow_version));
	put_number(record, DECISION_SHADOW_SCORE, decision->shadow_score);
}

int32
guard_latency(const GuardDecision *decision)
{
	TimestampTz passed = GetCurrentTimestamp() - decision->decided_at;

	return (int32) Max(0, Min(passed, PG_INT32_MAX));
}

static bool
records_row(const GuardPolicy *policy, const GuardDecision *decision)
{
	return policy->record_row == RECORD_ROW_ALWAYS ||
	       (policy->record_row == RECORD_ROW_NOT_APPROVED &&
	        decision->made.decision != DECISION_APPROVE);
}

static void
quarantine(const GuardPolicy *policy, int64 id, Jsonb *row)
{
	Datum values[N_QUARANTINE_COLUMNS];
	bool nulls[N_QUARANTINE_COLUMNS] = {false};

	values[QUARANTINE_DECISION_ID] = Int64GetDatum(id);
	values[QUARANTINE_RELATION] = ObjectIdGetDatum(policy->guarded);
	values[QUARANTINE_ROW] = JsonbPGetDatum(row);
	values[QUARANTINE_QUARANTINED_AT] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[QUARANTINE_STATUS] = CStringGetTextDatum("held");
	guard_store_quarantined(values, nulls);
}

typedef struct RowText
{
	const GuardPolicy *policy;
	const GuardDecision *decision;
	Jsonb *row;
} RowText;

static void
write_row(void *argument)
{
	RowText *text = argument;

	text->row =
	    guard_columns_jsonb(text->policy->columns, text->decision->values, text->decision->nulls);
}

/*
 * NULL for a row that jsonb cannot hold: a json with \u0000 in it, a text of 256 MB. Who inserts
 * one must not keep a rejection off the record by it.
 */
static Jsonb *
row_as_jsonb(const GuardPolicy *policy, const GuardDecision *decision)
{
	RowText text = {policy, decision};
	GuardFailure failure;

	if (guard_attempt(STEP_ADDS, write_row, &text, 0, &failure))
		return text.row;
	ereport(LOG_SERVER_ONLY, (errcode(failure.sqlstate),
	                          errmsg("a guard's decision has no row: %s", failure.message)));
	return NULL;
}

int64
guard_record(const GuardPolicy *policy, const GuardDecision *decision, GuardOutcome *wanted)
{
	int64 id = decision_number_next();
	GuardOutcome outcome = *wanted;
	Jsonb *row = NULL;
	Record record;

	memset(record.nulls, true, sizeof(record.nulls));
	if (outcome == OUTCOME_QUARANTINED || records_row(policy, decision))
		row = row_as_jsonb(policy, decision);
	if (outcome == OUTCOME_QUARANTINED && row == NULL)
		outcome = *wanted = OUTCOME_REJECTED;
	put(&record, DECISION_ID, Int64GetDatum(id));
	put(&record, DECISION_DECIDED_AT, TimestampTzGetDatum(decision->decided_at));
	put(&record, DECISION_RELATION, ObjectIdGetDatum(policy->guarded));
	put(&record, DECISION_POLICY, Int32GetDatum(policy->version));
	put_row(&record, decision, decision->key);
	put_score(&record, decision);
	put_decision(&record, decision);
	put_text(&record, DECISION_OUTCOME, outcome_names[outcome]);
	if (records_row(policy, decision))
		put_jsonb(&record, DECISION_ROW, row);
	put_text(&record, DECISION_DECIDED_BY, GetUserNameFromId(GetUserId(), false));
	put(&record, DECISION_LATENCY, Int32GetDatum(guard_latency(decision)));
	guard_store_decision(record.values, record.nulls, decision->decided_at,
	                     outcome == OUTCOME_REJECTED);
	if (outcome == OUTCOME_QUARANTINED)
		quarantine(policy, id, row);
	return id;
}

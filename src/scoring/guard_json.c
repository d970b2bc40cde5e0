/*
 * guard_json.c
 *		Writes parts of decisions as jsonb.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "scoring/guard_json.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

static void
put_key(JsonbParseState **state, const char *key)
{
	JsonbValue value = {.type = jbvString};

	value.val.string.val = unconstify(char *, key);
	value.val.string.len = (int) strlen(key);
	(void) pushJsonbValue(state, WJB_KEY, &value);
}

static void
put_text(JsonbParseState **state, const char *key, const char *text)
{
	JsonbValue value = {.type = text == NULL ? jbvNull : jbvString};

	put_key(state, key);
	if (text != NULL)
	{
		value.val.string.val = unconstify(char *, text);
		value.val.string.len = (int) strlen(text);
	}
	(void) pushJsonbValue(state, WJB_VALUE, &value);
}

static void
put_numeric(JsonbParseState **state, const char *key, Numeric number)
{
	JsonbValue value = {.type = jbvNumeric};

	put_key(state, key);
	value.val.numeric = number;
	(void) pushJsonbValue(state, WJB_VALUE, &value);
}

/* With the digits that tell it from all others; a cast to numeric would keep 15. */
static void
put_double(JsonbParseState **state, const char *key, double number)
{
	char text[DOUBLE_SHORTEST_DECIMAL_LEN];

	double_to_shortest_decimal_buf(number, text);
	put_numeric(
	    state, key,
	    DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text),
	                                        ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1))));
}

Jsonb *
guard_lists_jsonb(const GuardDecision *decision)
{
	JsonbParseState *state = NULL;

	if (decision->n_lists == 0)
		return NULL;
	(void) pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < decision->n_lists; i++)
	{
		const ListHit *hit = &decision->lists[i];

		(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		put_numeric(&state, "entry_id", int64_to_numeric(hit->entry_id));
		put_text(&state, "list", hit->list);
		put_text(&state, "kind", hit->kind);
		put_text(&state, "decision", decision_name(hit->decision));
		(void) pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

Jsonb *
rule_hits_jsonb(const RuleHit *hits, int n)
{
	JsonbParseState *state = NULL;

	(void) pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < n; i++)
	{
		(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		put_text(&state, "name", hits[i].name);
		put_text(&state, "decision", decision_name(hits[i].decision));
		(void) pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

Jsonb *
guard_rules_jsonb(const GuardDecision *decision)
{
	return decision->n_rules == 0 ? NULL : rule_hits_jsonb(decision->rules, decision->n_rules);
}

/* A value may be a text of hundreds of megabytes, which is no reason to lose the decision. */
static const char *
clipped(const char *value)
{
	int length = value == NULL ? 0 : (int) strlen(value);

	return length <= GUARD_MOST_RECORDED
	           ? value
	           : pnstrdup(value, pg_mbcliplen(value, length, GUARD_MOST_RECORDED));
}

Jsonb *
guard_reasons_jsonb(const GuardDecision *decision)
{
	JsonbParseState *state = NULL;

	if (decision->n_reasons == 0)
		return NULL;
	(void) pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < decision->n_reasons; i++)
	{
		const Reason *reason = &decision->reasons[i];

		(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		put_text(&state, "feature", decision->signature->features[reason->feature].name);
		put_text(&state, "value", clipped(reason->value));
		put_double(&state, "contribution", reason->contribution);
		put_text(&state, "reason", reason->reason);
		(void) pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

Jsonb *
guard_error_jsonb(const GuardDecision *decision, bool in_words)
{
	JsonbParseState *state = NULL;

	if (!decision->failed)
		return NULL;
	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	put_text(&state, "sqlstate", unpack_sql_state(decision->failure.sqlstate));
	if (in_words)
		put_text(&state, "message", decision->failure.message);
	if (in_words && decision->failure.context != NULL)
		put_text(&state, "context", decision->failure.context);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

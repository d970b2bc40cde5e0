/*
 * reasons.c
 *		Ranks contributions and puts them into words.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "core/card_number.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "scoring/reasons.h"
#include "utils/lsyscache.h"

/* So many bytes of a value, in a reason. */
#define MOST_SHOWN 64

#define SECONDS_PER_HOUR 3600
#define SECONDS_PER_DAY 86400

/* What an hour of the day as float32 may be below the instant, in seconds. */
#define ROUNDING 0.01

/* Ranking */

typedef struct Contribution
{
	int feature;
	double value;
} Contribution;

static int
larger_first(const void *one, const void *other)
{
	const Contribution *a = one;
	const Contribution *b = other;
	double size_a = fabs(a->value);
	double size_b = fabs(b->value);

	if (size_a != size_b)
		return size_a > size_b ? -1 : 1;
	return a->feature < b->feature ? -1 : 1;
}

static Contribution *
ranked_contributions(ForestExplainer *explainer, const Signature *signature, const float *features)
{
	int n = signature->n_features;
	double *contributions = palloc(n * sizeof(double));
	Contribution *ranked = palloc(n * sizeof(Contribution));

	forest_explain(explainer, features, contributions);
	for (int i = 0; i < n; i++)
		ranked[i] = (Contribution){i, contributions[i]};
	pfree(contributions);
	qsort(ranked, n, sizeof(Contribution), larger_first);
	return ranked;
}

/* Values */

static int
find_column(const RecordColumns *columns, const char *name)
{
	for (int i = 0; i < columns->tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(columns->tupdesc, i);

		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0)
			return i;
	}
	/* The row has been bound to the signature. */
	elog(ERROR, "the record has no column \"%s\"", name);
}

static char *
column_as_text(Oid type, Datum value)
{
	Oid output;
	bool is_varlena;

	getTypeOutputInfo(type, &output, &is_varlena);
	return OidOutputFunctionCall(output, value);
}

static char *
time_of_day(float hours)
{
	int second = Min((int) ((double) hours * SECONDS_PER_HOUR + ROUNDING), SECONDS_PER_DAY - 1);

	return psprintf("%02d:%02d", second / SECONDS_PER_HOUR, second % SECONDS_PER_HOUR / 60);
}

static char *
day_of_week(float number)
{
	static const char *const days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
	                                   "Friday", "Saturday", "Sunday"};

	return pstrdup(days[Max(Min((int) number, 7), 1) - 1]);
}

/* NULL where it is missing. */
static char *
value_as_text(const Feature *feature, float number, const RecordColumns *columns, int column)
{
	Oid type = TupleDescAttr(columns->tupdesc, column)->atttypid;
	char *text;

	if (columns->nulls[column])
		return NULL;
	switch (feature->kind)
	{
		case FEATURE_HOUR:
			return isnan(number) ? NULL : time_of_day(number);
		case FEATURE_WEEKDAY:
			return isnan(number) ? NULL : day_of_week(number);
		case FEATURE_BOOLEAN:
			return pstrdup(DatumGetBool(columns->values[column]) ? "true" : "false");
		case FEATURE_NUMBER:
			text = column_as_text(type, columns->values[column]);
			card_number_mask_number(text, strlen(text));
			return text;
		default:
			text = column_as_text(type, columns->values[column]);
			card_number_mask_text(text, strlen(text));
			return text;
	}
}

/* Words */

static void
append_subject(StringInfo words, const Feature *feature)
{
	if (feature->kind == FEATURE_HOUR)
		appendStringInfo(words, "the time of day of %s", feature->column);
	else if (feature->kind == FEATURE_WEEKDAY)
		appendStringInfo(words, "the day of the week of %s", feature->column);
	else
		appendStringInfoString(words, feature->column);
}

/* What the value alone does not say, or says in another way than the forest sees it. */
static void
append_remark(StringInfo words, const Feature *feature, float number, Oid type)
{
	Oid base = getBaseType(type);

	if (base == TIMESTAMPTZOID || base == TIMETZOID)
		appendStringInfoString(words, " (UTC)");
	else if (feature->kind == FEATURE_CATEGORY &&
	         number >= (float) dictionary_size(feature->dictionary))
		appendStringInfoString(words, " (not seen in training)");
	else if (feature->kind == FEATURE_FREQUENCY && number == 0)
		appendStringInfoString(words, " (rare or new)");
	else if (feature->kind == FEATURE_FREQUENCY)
		appendStringInfo(words, " (seen %.0f times in training)", (double) number);
}

static void
append_value(StringInfo words, const char *value)
{
	int length = (int) strlen(value);
	int shown = pg_mbcliplen(value, length, MOST_SHOWN);

	appendBinaryStringInfo(words, value, shown);
	if (shown < length)
		appendStringInfoString(words, "...");
}

static char *
reason_in_words(const Feature *feature, float number, Oid type, const Reason *reason)
{
	StringInfoData words;

	initStringInfo(&words);
	append_subject(&words, feature);
	appendStringInfoString(&words, " is ");
	if (reason->value == NULL)
		appendStringInfoString(&words, "missing");
	else
	{
		append_value(&words, reason->value);
		append_remark(&words, feature, number, type);
	}
	appendStringInfoString(&words, reason->contribution > 0   ? ", which raises the risk"
	                               : reason->contribution < 0 ? ", which lowers the risk"
	                                                          : ", which changes nothing");
	return words.data;
}

int
reasons_for_row(ForestExplainer *explainer, const Signature *signature, const float *features,
                const RecordColumns *columns, int n, Reason *reasons)
{
	Contribution *ranked = ranked_contributions(explainer, signature, features);

	n = Min(n, signature->n_features);
	for (int i = 0; i < n; i++)
	{
		Reason *reason = &reasons[i];
		const Feature *feature = &signature->features[ranked[i].feature];
		float number = features[ranked[i].feature];
		int column = find_column(columns, feature->column);

		reason->feature = ranked[i].feature;
		reason->contribution = ranked[i].value;
		reason->value = value_as_text(feature, number, columns, column);
		reason->reason = reason_in_words(feature, number,
		                                 TupleDescAttr(columns->tupdesc, column)->atttypid, reason);
	}
	pfree(ranked);
	return n;
}

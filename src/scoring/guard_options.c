/*
 * guard_options.c
 *		Options of a policy, with their types checked.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "pg/json_member.h"
#include "scoring/guard_options.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

static void
pg_attribute_noreturn() refuse(const char *name)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("option \"%s\" of the guard's policy is not valid", name),
	                errhint("Call fraud_guard, which checks and writes all options.")));
}

static JsonbValue *
option(const Jsonb *options, const char *name)
{
	JsonbValue *value = json_member(&unconstify(Jsonb *, options)->root, name);

	return value == NULL || value->type == jbvNull ? NULL : value;
}

char *
guard_option_text(const Jsonb *options, const char *name)
{
	JsonbValue *value = option(options, name);

	if (value == NULL)
		return NULL;
	if (value->type != jbvString)
		refuse(name);
	return pnstrdup(value->val.string.val, value->val.string.len);
}

double
guard_option_number(const Jsonb *options, const char *name, double least, double most,
                    double otherwise)
{
	JsonbValue *value = option(options, name);
	double number;

	if (value == NULL)
		return otherwise;
	if (value->type != jbvNumeric)
		refuse(name);
	number =
	    DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(value->val.numeric)));
	if (!(number >= least && number <= most))
		refuse(name);
	return number;
}

int
guard_word(const char *name, const char *word, const char *const *words, int n_words)
{
	for (int i = 0; i < n_words; i++)
	{
		if (word != NULL && strcmp(word, words[i]) == 0)
			return i;
	}
	refuse(name);
}

int
guard_option_word(const Jsonb *options, const char *name, const char *const *words, int n_words)
{
	return guard_word(name, guard_option_text(options, name), words, n_words);
}

int
guard_option_milliseconds(const Jsonb *options, const char *name)
{
	char *text = guard_option_text(options, name);
	Interval *interval;
	int64 milliseconds;

	if (text == NULL)
		return 0;
	interval = DatumGetIntervalP(DirectFunctionCall3(
	    interval_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	if (interval->month != 0 || interval->day != 0 || interval->time < 0)
		refuse(name);
	milliseconds = (interval->time + 999) / 1000;
	if (milliseconds > PG_INT32_MAX)
		refuse(name);
	return (int) milliseconds;
}

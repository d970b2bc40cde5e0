/*
 * generate_options.c
 *		The jsonb options of fraud_generate:
 *
 *	 {"label_delay_days": 4, ..., "shares": {"stolen_card": 0.5},
 *	  "drift": [{"from": "2026-05-01", "scenario": "card_testing", "share": 0.4,
 *				 "amount_factor": 2, "channel": "online", "channel_share": 0.5}]}
 */
#include "postgres.h"
#include "pg/compat.h"

#include "core/nearest_name.h"
#include "scoring/generate_options.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

typedef struct NumberOption
{
	const char *name;
	size_t offset;
} NumberOption;

static const NumberOption number_options[] = {
    {"label_delay_days", offsetof(WorldOptions, label_delay_days)},
    {"label_delay_sigma", offsetof(WorldOptions, label_delay_sigma)},
    {"never_reported", offsetof(WorldOptions, never_reported)},
    {"decline_rate", offsetof(WorldOptions, decline_rate)},
    {"cvv_failure_rate", offsetof(WorldOptions, cvv_failure_rate)},
    {"travel_share", offsetof(WorldOptions, travel_share)},
};

static const char *const option_names[] = {
    "label_delay_days", "label_delay_sigma", "never_reported", "decline_rate",
    "cvv_failure_rate", "travel_share",      "shares",         "drift"};

static const char *const drift_keys[] = {"from",          "scenario", "share",
                                         "amount_factor", "channel",  "channel_share"};

/* The index of a name, or 22023 with the nearest valid one. */
static int
find_name(const char *kind, const char *name, const char *const *names, int n_names)
{
	int nearest;
	StringInfoData list;

	for (int i = 0; i < n_names; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	nearest = nearest_name_index(name, names, n_names);
	initStringInfo(&list);
	for (int i = 0; i < n_names; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", names[i]);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("unknown %s \"%s\"", kind, name), errdetail("Valid are: %s.", list.data),
	                nearest >= 0 ? errhint("Perhaps you meant \"%s\".", names[nearest]) : 0));
	return -1;
}

static void
wrong_type(const char *key, const char *expected)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("option \"%s\" must be %s", key, expected)));
}

static double
number_of(const char *key, const JsonbValue *value)
{
	if (value->type != jbvNumeric)
		wrong_type(key, "a number");
	return DatumGetFloat8(
	    DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
}

static char *
string_of(const char *key, const JsonbValue *value)
{
	if (value->type != jbvString)
		wrong_type(key, "a string");
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* The next pair of an object; the key in memory of its own. False at its end. */
static bool
next_pair(JsonbIterator **iterator, char **key, JsonbValue *value)
{
	JsonbValue name;

	if (JsonbIteratorNext(iterator, &name, true) != WJB_KEY)
		return false;
	*key = pnstrdup(name.val.string.val, name.val.string.len);
	JsonbIteratorNext(iterator, value, true);
	return true;
}

/* An iterator that has just entered the object; 22023 for anything else. */
static JsonbIterator *
enter_object(const char *key, JsonbContainer *container)
{
	JsonbIterator *iterator = JsonbIteratorInit(container);
	JsonbValue begin;

	if (JsonbIteratorNext(&iterator, &begin, false) != WJB_BEGIN_OBJECT)
		wrong_type(key, "an object");
	return iterator;
}

static void
read_shares(JsonbContainer *container, WorldOptions *world)
{
	JsonbIterator *iterator = enter_object("shares", container);
	JsonbValue value;
	char *key;

	while (next_pair(&iterator, &key, &value))
	{
		int scenario = 1 + find_name("scenario", key, scenario_names + 1, N_SCENARIOS - 1);

		world->shares[scenario] = number_of(key, &value);
	}
}

/* A date as ISO 8601 has it, midnight UTC: nothing that DateStyle or TimeZone could change. */
static int64
read_date(const char *text, int64 start_us)
{
	int year = 0, month = 0, day = 0, length = 0;
	int y, m, d;

	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &length) != 3 || length != 10 ||
	    text[length] != '\0' || year < 1)
		wrong_type("from", "a date of the form YYYY-MM-DD");
	j2date(date2j(year, month, day), &y, &m, &d);
	if (y != year || m != month || d != day)
		wrong_type("from", "a date of the form YYYY-MM-DD");
	return ((int64) (date2j(year, month, day) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY - start_us) /
	       1000;
}

/* Keeps the drifts in the order of their dates, equals in the order of the document. */
static void
insert_drift(WorldOptions *world, WorldDrift drift)
{
	int position = world->n_drifts;

	if (world->n_drifts == WORLD_MAX_DRIFTS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("there may be at most %d drifts", WORLD_MAX_DRIFTS)));
	for (; position > 0 && world->drifts[position - 1].from_ms > drift.from_ms; position--)
		world->drifts[position] = world->drifts[position - 1];
	world->drifts[position] = drift;
	world->n_drifts++;
}

static void
read_drift(JsonbContainer *container, WorldOptions *world)
{
	JsonbIterator *iterator = enter_object("drift", container);
	WorldDrift drift = {.share = -1, .amount_factor = 1, .channel = -1, .channel_share = 1};
	bool has_from = false;
	bool has_scenario = false;
	JsonbValue value;
	char *key;

	while (next_pair(&iterator, &key, &value))
	{
		switch (find_name("drift key", key, drift_keys, lengthof(drift_keys)))
		{
			case 0:
				drift.from_ms = read_date(string_of(key, &value), world->start_us);
				has_from = true;
				break;
			case 1:
				drift.scenario =
				    find_name("scenario", string_of(key, &value), scenario_names, N_SCENARIOS);
				has_scenario = true;
				break;
			case 2:
				drift.share = number_of(key, &value);
				if (!(drift.share >= 0))
					wrong_type(key, "at least 0");
				break;
			case 3:
				drift.amount_factor = number_of(key, &value);
				break;
			case 4:
				drift.channel =
				    find_name("channel", string_of(key, &value), channel_names, N_CHANNELS);
				break;
			case 5:
				drift.channel_share = number_of(key, &value);
				break;
		}
	}
	if (!has_from || !has_scenario)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("a drift needs \"%s\"", has_from ? "scenario" : "from")));
	insert_drift(world, drift);
}

/* One drift, or an array of them. */
static void
read_drifts(JsonbContainer *container, WorldOptions *world)
{
	JsonbIterator *iterator;
	JsonbValue value;

	world->n_drifts = 0;
	if (!JsonContainerIsArray(container))
	{
		read_drift(container, world);
		return;
	}
	iterator = JsonbIteratorInit(container);
	JsonbIteratorNext(&iterator, &value, false);
	while (JsonbIteratorNext(&iterator, &value, true) == WJB_ELEM)
	{
		if (value.type != jbvBinary)
			wrong_type("drift", "an object or an array of objects");
		read_drift(value.val.binary.data, world);
	}
}

void
generate_options_read(Jsonb *document, WorldOptions *world)
{
	JsonbIterator *iterator = enter_object("options", &document->root);
	JsonbValue value;
	char *key;

	while (next_pair(&iterator, &key, &value))
	{
		int option = find_name("option", key, option_names, lengthof(option_names));

		if (option < (int) lengthof(number_options))
		{
			*(double *) ((char *) world + number_options[option].offset) = number_of(key, &value);
			continue;
		}
		if (value.type != jbvBinary)
			wrong_type(key, "an object");
		if (strcmp(key, "shares") == 0)
			read_shares(value.val.binary.data, world);
		else
			read_drifts(value.val.binary.data, world);
	}
}

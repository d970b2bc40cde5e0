/*
 * profile_agg.c
 *		fraud_profile(record): the profile of all columns in one pass.
 *
 * Numbers are kept as those of the drift aggregates are, sorted runs that spill, so
 * bins are exact and the same whatever the plan. Texts are counted, up to
 * MOST_VALUES distinct ones; a column with more has no categories.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "core/dictionary.h"
#include "core/profile_number.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "pg/memory.h"
#include "pg/profile.h"
#include "scoring/aggregate_state.h"
#include "scoring/profile_columns.h"
#include "scoring/two_samples_state.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(fraud_profile_add);
PG_FUNCTION_INFO_V1(fraud_profile_combine);
PG_FUNCTION_INFO_V1(fraud_profile_serial);
PG_FUNCTION_INFO_V1(fraud_profile_deserial);
PG_FUNCTION_INFO_V1(fraud_profile_final);
PGDLLEXPORT Datum fraud_profile_add(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_profile_combine(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_profile_serial(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_profile_deserial(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_profile_final(PG_FUNCTION_ARGS);

#define SERIAL_VERSION 4
#define MOST_VALUES 100000
#define FIRST_VALUES 32

typedef struct FeatureState
{
	char *name;
	bool is_text;
	uint64 present;
	uint64 missing;
	TwoSamples *numbers; /* side 0 */
	Dictionary *values;
	uint64 *counts; /* by code */
	Size capacity;
	bool too_many;
} FeatureState;

typedef struct ProfileState
{
	MemoryContext context;
	ProfileColumns *columns; /* NULL in a state that was merged only */
	int n;
	FeatureState *features;
} ProfileState;

static ProfileState *
new_state(MemoryContext context, int n)
{
	ProfileState *state = MemoryContextAllocZero(context, sizeof(ProfileState));

	state->context = context;
	state->n = n;
	state->features = MemoryContextAllocZero(context, Max(n, 1) * sizeof(FeatureState));
	return state;
}

/* Columns are many: each keeps a quarter of what an aggregate over it alone would. */
#define COLUMN_SHARE 4

static void
begin_feature(ProfileState *state, int i, const char *name, bool is_text, FunctionCallInfo fcinfo)
{
	FeatureState *feature = &state->features[i];
	CoreAllocator allocator = memory_context_allocator(state->context);

	feature->name = MemoryContextStrdup(state->context, name);
	feature->is_text = is_text;
	if (is_text)
		feature->values = dictionary_create(&allocator);
	else if (fcinfo != NULL)
	{
		feature->numbers = two_samples_create(fcinfo);
		two_samples_keep_moments(feature->numbers);
		two_samples_limit_keys(feature->numbers, COLUMN_SHARE);
		feature->numbers->most_keys = Max(feature->numbers->most_keys, 8192);
	}
}

static void
add_value(ProfileState *state, FeatureState *feature, const char *value, Size length, uint64 count)
{
	uint32 before = dictionary_size(feature->values);
	int32 code;

	if (feature->too_many)
		return;
	code = dictionary_find(feature->values, value, length);
	if (code == DICTIONARY_UNKNOWN && before == MOST_VALUES)
	{
		feature->too_many = true;
		return;
	}
	if (code == DICTIONARY_UNKNOWN)
	{
		if (before == feature->capacity)
		{
			feature->capacity = Max(FIRST_VALUES, 2 * feature->capacity);
			feature->counts =
			    feature->counts == NULL
			        ? MemoryContextAlloc(state->context, feature->capacity * sizeof(uint64))
			        : repalloc(feature->counts, feature->capacity * sizeof(uint64));
		}
		code = dictionary_add(feature->values, value, length);
		feature->counts[code] = 0;
	}
	feature->counts[code] += count;
}

static void
add_column(ProfileState *state, int i, FunctionCallInfo fcinfo)
{
	FeatureState *feature = &state->features[i];
	CategoryText text;
	double number;

	if (feature->is_text && profile_column_text(state->columns, i, &text))
	{
		add_value(state, feature, text.bytes, text.length, 1);
		category_text_done(&text);
		feature->present++;
	}
	else if (!feature->is_text && profile_column_number(state->columns, i, &number))
	{
		two_samples_put(feature->numbers, 0, sample_key(number), fcinfo);
		feature->numbers->counts.rows[0]++;
		feature->present++;
	}
	else
		feature->missing++;
}

/* (state, record); a NULL record is left out. */
Datum
fraud_profile_add(PG_FUNCTION_ARGS)
{
	ProfileState *state = PG_ARGISNULL(0) ? NULL : (ProfileState *) PG_GETARG_POINTER(0);
	HeapTupleHeader record;

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	record = PG_GETARG_HEAPTUPLEHEADER(1);
	if (state == NULL)
	{
		MemoryContext context = aggregate_context(fcinfo);
		ProfileColumns *columns = profile_columns_of(record, context);

		state = new_state(context, columns->n);
		state->columns = columns;
		for (int i = 0; i < columns->n; i++)
			begin_feature(state, i, columns->columns[i].name, columns->columns[i].is_text, fcinfo);
	}
	profile_columns_deform(state->columns, record);
	for (int i = 0; i < state->n; i++)
		add_column(state, i, fcinfo);
	PG_FREE_IF_COPY(record, 1);
	PG_RETURN_POINTER(state);
}

static void
merge_feature(ProfileState *state, FeatureState *feature, const FeatureState *other,
              FunctionCallInfo fcinfo)
{
	if (feature->is_text != other->is_text || strcmp(feature->name, other->name) != 0)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("the records of a profile must be of one type")));
	feature->present += other->present;
	feature->missing += other->missing;
	if (!feature->is_text)
	{
		two_samples_merge(feature->numbers, other->numbers, fcinfo);
		return;
	}
	feature->too_many = feature->too_many || other->too_many;
	for (uint32 code = 0; code < dictionary_size(other->values); code++)
	{
		size_t length;
		const char *value = dictionary_key(other->values, code, &length);

		add_value(state, feature, value, length, other->counts[code]);
	}
}

Datum
fraud_profile_combine(PG_FUNCTION_ARGS)
{
	ProfileState *state = PG_ARGISNULL(0) ? NULL : (ProfileState *) PG_GETARG_POINTER(0);
	ProfileState *other = PG_ARGISNULL(1) ? NULL : (ProfileState *) PG_GETARG_POINTER(1);

	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
	{
		state = new_state(aggregate_context(fcinfo), other->n);
		for (int i = 0; i < other->n; i++)
			begin_feature(state, i, other->features[i].name, other->features[i].is_text, fcinfo);
	}
	if (state->n != other->n)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("the records of a profile must be of one type")));
	for (int i = 0; i < state->n; i++)
		merge_feature(state, &state->features[i], &other->features[i], fcinfo);
	PG_RETURN_POINTER(state);
}

static void
send_values(StringInfo message, const FeatureState *feature)
{
	uint32 n = feature->too_many ? 0 : dictionary_size(feature->values);

	pq_sendbyte(message, feature->too_many);
	pq_sendint32(message, n);
	for (uint32 code = 0; code < n; code++)
	{
		size_t length;
		const char *value = dictionary_key(feature->values, code, &length);

		pq_sendint32(message, (uint32) length);
		pq_sendbytes(message, value, (int) length);
		pq_sendint64(message, feature->counts[code]);
	}
}

/* Moments go along in the message. Returns its bytes for the numbers; texts are few, or enlarge it. */
static Size
hand_over_numbers(ProfileState *state, FunctionCallInfo fcinfo)
{
	Size bytes = 0;

	for (int i = 0; i < state->n; i++)
	{
		TwoSamples *numbers = state->features[i].numbers;

		if (state->features[i].is_text)
			continue;
		two_samples_hand_over(numbers, fcinfo);
		bytes += two_samples_message_bytes(numbers);
	}
	return bytes;
}

Datum
fraud_profile_serial(PG_FUNCTION_ARGS)
{
	ProfileState *state = (ProfileState *) PG_GETARG_POINTER(0);
	StringInfoData message;

	(void) aggregate_context(fcinfo);
	two_samples_begin_message(&message, SERIAL_VERSION, hand_over_numbers(state, fcinfo));
	pq_sendint32(&message, state->n);
	for (int i = 0; i < state->n; i++)
	{
		FeatureState *feature = &state->features[i];

		pq_sendint32(&message, (uint32) strlen(feature->name));
		pq_sendbytes(&message, feature->name, (int) strlen(feature->name));
		pq_sendbyte(&message, feature->is_text);
		pq_sendint64(&message, feature->present);
		pq_sendint64(&message, feature->missing);
		if (feature->is_text)
			send_values(&message, feature);
		else
		{
			two_samples_send(&message, feature->numbers);
			send_moments(&message, feature->numbers->moments);
		}
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

static void
receive_values(StringInfo message, ProfileState *state, FeatureState *feature)
{
	uint32 n;

	feature->too_many = pq_getmsgbyte(message) != 0;
	n = pq_getmsgint(message, 4);
	if (n > MOST_VALUES)
		aggregate_state_damaged();
	for (uint32 i = 0; i < n; i++)
	{
		int length = pq_getmsgint(message, 4);
		const char *value = pq_getmsgbytes(message, length);

		add_value(state, feature, value, length, pq_getmsgint64(message));
	}
}

Datum
fraud_profile_deserial(PG_FUNCTION_ARGS)
{
	StringInfo message = aggregate_message(fcinfo, SERIAL_VERSION);
	int n = pq_getmsgint(message, 4);
	ProfileState *state;

	if (n < 1 || n > PROFILE_MOST_FEATURES)
		aggregate_state_damaged();
	state = new_state(CurrentMemoryContext, n);
	for (int i = 0; i < n; i++)
	{
		FeatureState *feature = &state->features[i];
		int length = pq_getmsgint(message, 4);
		const char *name = pq_getmsgbytes(message, length);

		begin_feature(state, i, pnstrdup(name, length), pq_getmsgbyte(message) != 0, NULL);
		feature->present = pq_getmsgint64(message);
		feature->missing = pq_getmsgint64(message);
		if (feature->is_text)
			receive_values(message, state, feature);
		else
		{
			feature->numbers = two_samples_receive(message);
			two_samples_keep_moments(feature->numbers);
			receive_moments(message, feature->numbers->moments);
		}
	}
	pq_getmsgend(message);
	PG_RETURN_POINTER(state);
}

static void
finish_numbers(FeatureState *feature, ProfileFeature *result)
{
	Moments moments = two_samples_moments(feature->numbers);
	TwoSamplesWalk *walk = two_samples_walk_of_side(feature->numbers, 0);
	SampleTie ties[TWO_SAMPLES_TIES];
	ProfileBinner binner;
	size_t n;

	result->bins = palloc(PROFILE_MOST_BINS * sizeof(ProfileBin));
	if (feature->present == 0)
		return;
	profile_binner_begin(&binner, result, feature->present);
	while ((n = two_samples_walk_next(walk, ties)) > 0)
	{
		double last = 0.0;
		uint64 rows;

		if (binner.seen == 0)
			result->low = ties[0].value;
		for (size_t i = 0; i < n; i++)
			profile_binner_add(&binner, ties[i].value, ties[i].counts[0]);
		rows = two_samples_walk_skip(walk, profile_binner_passable(&binner), &last);
		profile_binner_pass(&binner, rows, last);
	}
	profile_binner_end(&binner);
	result->mean = moments_mean(&moments);
	result->deviation = moments_deviation(&moments);
}

static void
finish_values(const FeatureState *feature, ProfileFeature *result)
{
	uint32 n = feature->too_many ? 0 : dictionary_size(feature->values);

	result->categories = palloc(Max(n, 1) * sizeof(ProfileCategory));
	result->others = feature->present;
	for (uint32 code = 0; code < n; code++)
	{
		size_t length;

		result->categories[code].value = dictionary_key(feature->values, code, &length);
		result->categories[code].length = (uint32) length;
		result->categories[code].count = feature->counts[code];
	}
	qsort(result->categories, n, sizeof(ProfileCategory), profile_by_count);
	result->n = Min(n, PROFILE_MOST_CATEGORIES);
	for (uint32 i = 0; i < result->n; i++)
		result->others -= result->categories[i].count;
	qsort(result->categories, result->n, sizeof(ProfileCategory), profile_by_value);
}

Datum
fraud_profile_final(PG_FUNCTION_ARGS)
{
	ProfileState *state = PG_ARGISNULL(0) ? NULL : (ProfileState *) PG_GETARG_POINTER(0);
	Profile profile;

	(void) aggregate_context(fcinfo);
	if (state == NULL)
		PG_RETURN_NULL();
	profile.n = (uint32) state->n;
	profile.features = palloc0(state->n * sizeof(ProfileFeature));
	for (int i = 0; i < state->n; i++)
	{
		FeatureState *feature = &state->features[i];
		ProfileFeature *result = &profile.features[i];

		result->name = feature->name;
		result->name_length = (uint32) strlen(feature->name);
		result->is_text = feature->is_text;
		result->present = feature->present;
		result->missing = feature->missing;
		if (feature->is_text)
			finish_values(feature, result);
		else
			finish_numbers(feature, result);
	}
	PG_RETURN_TEXT_P(text_of_profile(&profile));
}

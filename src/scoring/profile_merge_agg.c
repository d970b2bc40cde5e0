/*
 * profile_merge_agg.c
 *		fraud_profile_merge(fraud.profile): one profile of many, of days or of shards.
 *
 * Profiles are collected and merged at once, in the order of their bytes: the
 * result does not depend on the order in which they come.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "pg/memory.h"
#include "pg/profile.h"
#include "scoring/aggregate_state.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(fraud_profile_merge_add);
PG_FUNCTION_INFO_V1(fraud_profile_merge_combine);
PG_FUNCTION_INFO_V1(fraud_profile_merge_serial);
PG_FUNCTION_INFO_V1(fraud_profile_merge_deserial);
PG_FUNCTION_INFO_V1(fraud_profile_merge_final);
PGDLLEXPORT Datum fraud_profile_merge_add(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_profile_merge_combine(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_profile_merge_serial(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_profile_merge_deserial(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_profile_merge_final(PG_FUNCTION_ARGS);

#define SERIAL_VERSION 1
#define MOST_PRESENT (UINT64CONST(1) << 60)

typedef struct MergeState
{
	MemoryContext context;
	List *profiles; /* of text */
} MergeState;

static MergeState *
state_argument(FunctionCallInfo fcinfo)
{
	MergeState *state;

	if (!PG_ARGISNULL(0))
		return (MergeState *) PG_GETARG_POINTER(0);
	state = MemoryContextAllocZero(aggregate_context(fcinfo), sizeof(MergeState));
	state->context = aggregate_context(fcinfo);
	return state;
}

static void
keep(MergeState *state, const text *profile)
{
	MemoryContext caller = MemoryContextSwitchTo(state->context);

	state->profiles =
	    lappend(state->profiles,
	            cstring_to_text_with_len(VARDATA_ANY(profile), VARSIZE_ANY_EXHDR(profile)));
	MemoryContextSwitchTo(caller);
}

/* (state, profile); NULL is left out. */
Datum
fraud_profile_merge_add(PG_FUNCTION_ARGS)
{
	MergeState *state = state_argument(fcinfo);

	if (!PG_ARGISNULL(1))
		keep(state, PG_GETARG_TEXT_PP(1));
	PG_RETURN_POINTER(state);
}

Datum
fraud_profile_merge_combine(PG_FUNCTION_ARGS)
{
	const MergeState *other = PG_ARGISNULL(1) ? NULL : (MergeState *) PG_GETARG_POINTER(1);
	MergeState *state;
	ListCell *cell;

	if (other == NULL)
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	state = state_argument(fcinfo);
	foreach (cell, other->profiles)
		keep(state, lfirst(cell));
	PG_RETURN_POINTER(state);
}

Datum
fraud_profile_merge_serial(PG_FUNCTION_ARGS)
{
	const MergeState *state = (MergeState *) PG_GETARG_POINTER(0);
	StringInfoData message;
	ListCell *cell;

	(void) aggregate_context(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, SERIAL_VERSION);
	pq_sendint32(&message, list_length(state->profiles));
	foreach (cell, state->profiles)
	{
		const text *profile = lfirst(cell);

		pq_sendint32(&message, VARSIZE_ANY_EXHDR(profile));
		pq_sendbytes(&message, VARDATA_ANY(profile), VARSIZE_ANY_EXHDR(profile));
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
fraud_profile_merge_deserial(PG_FUNCTION_ARGS)
{
	StringInfo message = aggregate_message(fcinfo, SERIAL_VERSION);
	MergeState *state = palloc0(sizeof(MergeState));
	int n = pq_getmsgint(message, 4);

	state->context = CurrentMemoryContext;
	for (int i = 0; i < n; i++)
	{
		int size = pq_getmsgint(message, 4);
		const char *bytes = pq_getmsgbytes(message, size);

		state->profiles = lappend(state->profiles, cstring_to_text_with_len(bytes, size));
	}
	pq_getmsgend(message);
	PG_RETURN_POINTER(state);
}

static int
compare_texts(const ListCell *a, const ListCell *b)
{
	const text *x = lfirst(a);
	const text *y = lfirst(b);
	Size x_size = VARSIZE_ANY_EXHDR(x), y_size = VARSIZE_ANY_EXHDR(y);
	int order = memcmp(VARDATA_ANY(x), VARDATA_ANY(y), Min(x_size, y_size));

	return order != 0 ? order : (x_size > y_size) - (x_size < y_size);
}

/* Equal values, which are neighbours, become one. */
static uint32
join_equal(ProfileCategory *categories, uint32 n)
{
	uint32 kept = 0;

	for (uint32 i = 0; i < n; i++)
		if (kept > 0 && profile_compare_values(&categories[kept - 1], &categories[i]) == 0)
			categories[kept - 1].count += categories[i].count;
		else
			categories[kept++] = categories[i];
	return kept;
}

static void
merge_texts(const ProfileFeature *const *parts, int n, ProfileFeature *result)
{
	uint32 total = 0;

	*result = (ProfileFeature){
	    .is_text = true, .name = parts[0]->name, .name_length = parts[0]->name_length};
	result->categories = palloc_extended(
	    (Size) (n * PROFILE_MOST_CATEGORIES + 1) * sizeof(ProfileCategory), MCXT_ALLOC_HUGE);
	for (int i = 0; i < n; i++)
	{
		result->present += parts[i]->present;
		result->missing += parts[i]->missing;
		memcpy(result->categories + total, parts[i]->categories,
		       parts[i]->n * sizeof(ProfileCategory));
		total += parts[i]->n;
	}
	qsort(result->categories, total, sizeof(ProfileCategory), profile_by_value);
	total = join_equal(result->categories, total);
	qsort(result->categories, total, sizeof(ProfileCategory), profile_by_count);
	result->n = Min(total, PROFILE_MOST_CATEGORIES);
	qsort(result->categories, result->n, sizeof(ProfileCategory), profile_by_value);
	result->others = result->present;
	for (uint32 i = 0; i < result->n; i++)
		result->others -= result->categories[i].count;
}

/* Profiles of one source have their features at the same places. */
static const ProfileFeature *
find_feature(const Profile *profile, const ProfileFeature *wanted, uint32 place)
{
	if (place < profile->n && profile->features[place].name_length == wanted->name_length &&
	    memcmp(profile->features[place].name, wanted->name, wanted->name_length) == 0)
		return &profile->features[place];
	return profile_find(profile, wanted->name, wanted->name_length);
}

static void
merge_feature(const Profile *profiles, int n, uint32 number, ProfileFeature *result)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	const ProfileFeature *first = &profiles[0].features[number];
	const ProfileFeature **parts = palloc(n * sizeof(ProfileFeature *));
	uint64 present = 0, missing = 0;

	for (int i = 0; i < n; i++)
	{
		parts[i] = find_feature(&profiles[i], first, number);
		if (parts[i] == NULL || parts[i]->is_text != first->is_text ||
		    profiles[i].n != profiles[0].n)
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
			                errmsg("profiles of different columns cannot be merged"),
			                errdetail("Not all of them have the column \"%.*s\", of one kind.",
			                          (int) first->name_length, first->name)));
		present += parts[i]->present;
		missing += parts[i]->missing;
		if (present > MOST_PRESENT || missing > MOST_PRESENT)
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			                errmsg("the profiles have too many rows")));
	}
	if (first->is_text)
		merge_texts(parts, n, result);
	else
		require_memory(profile_merge_number(parts, n, result, &allocator));
}

Datum
fraud_profile_merge_final(PG_FUNCTION_ARGS)
{
	MergeState *state = PG_ARGISNULL(0) ? NULL : (MergeState *) PG_GETARG_POINTER(0);
	Profile merged;
	Profile *profiles;
	int n;

	(void) aggregate_context(fcinfo);
	n = state != NULL ? list_length(state->profiles) : 0;
	if (n == 0)
		PG_RETURN_NULL();
	list_sort(state->profiles, compare_texts);
	profiles = palloc(n * sizeof(Profile));
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		profiles[i] = profile_of_text(list_nth(state->profiles, i));
	}
	merged.n = profiles[0].n;
	merged.features = palloc(Max(merged.n, 1) * sizeof(ProfileFeature));
	for (uint32 i = 0; i < merged.n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		merge_feature(profiles, n, i, &merged.features[i]);
	}
	PG_RETURN_TEXT_P(text_of_profile(&merged));
}

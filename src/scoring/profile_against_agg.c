/*
 * profile_against_agg.c
 *		fraud_profile_against(record, baseline): the profile of rows in the bins and
 *		categories of a baseline. Counts only, so it is cheap, and merges are exact.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "core/profile_counts.h"
#include "libpq/pqformat.h"
#include "nodes/primnodes.h"
#include "pg/memory.h"
#include "pg/profile.h"
#include "scoring/aggregate_state.h"
#include "scoring/profile_columns.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(fraud_profile_against_add);
PG_FUNCTION_INFO_V1(fraud_profile_against_combine);
PG_FUNCTION_INFO_V1(fraud_profile_against_serial);
PG_FUNCTION_INFO_V1(fraud_profile_against_deserial);
PG_FUNCTION_INFO_V1(fraud_profile_against_final);
PGDLLEXPORT Datum fraud_profile_against_add(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_profile_against_combine(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_profile_against_serial(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_profile_against_deserial(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_profile_against_final(PG_FUNCTION_ARGS);

#define SERIAL_VERSION 1

typedef struct AgainstState
{
	text *baseline;
	const void *argument; /* where the baseline was found last */
	Profile profile;
	ProfileCounts *counts; /* by feature of the baseline */
	ProfileColumns *columns;
	int *column_of; /* by feature */
} AgainstState;

static AgainstState *
new_state(MemoryContext context, const text *baseline)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	AgainstState *state = palloc0(sizeof(AgainstState));
	CoreAllocator allocator = memory_context_allocator(context);

	state->baseline = (text *) palloc(VARHDRSZ + VARSIZE_ANY_EXHDR(baseline));
	SET_VARSIZE(state->baseline, VARHDRSZ + VARSIZE_ANY_EXHDR(baseline));
	memcpy(VARDATA(state->baseline), VARDATA_ANY(baseline), VARSIZE_ANY_EXHDR(baseline));
	state->profile = profile_of_text(state->baseline);
	state->counts = palloc(Max(state->profile.n, 1) * sizeof(ProfileCounts));
	for (uint32 i = 0; i < state->profile.n; i++)
		(void) profile_counts_begin(&state->counts[i], &state->profile.features[i], &allocator);
	MemoryContextSwitchTo(caller);
	return state;
}

static bool
same_baseline(const AgainstState *state, const text *baseline)
{
	return VARSIZE_ANY_EXHDR(baseline) == VARSIZE_ANY_EXHDR(state->baseline) &&
	       memcmp(VARDATA_ANY(baseline), VARDATA(state->baseline), VARSIZE_ANY_EXHDR(baseline)) ==
	           0;
}

/* Columns of the record by the baseline's names. */
static void
bind_columns(AgainstState *state, HeapTupleHeader record, MemoryContext context)
{
	state->columns = profile_columns_of(record, context);
	state->column_of = MemoryContextAlloc(context, Max(state->profile.n, 1) * sizeof(int));
	for (uint32 i = 0; i < state->profile.n; i++)
	{
		const ProfileFeature *feature = &state->profile.features[i];
		int column = 0;

		for (; column < state->columns->n; column++)
			if (strlen(state->columns->columns[column].name) == feature->name_length &&
			    memcmp(state->columns->columns[column].name, feature->name, feature->name_length) ==
			        0)
				break;
		if (column == state->columns->n)
			ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
			                errmsg("the record lacks column \"%.*s\" of the baseline",
			                       (int) feature->name_length, feature->name)));
		if (state->columns->columns[column].is_text != feature->is_text)
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
			                errmsg("column \"%.*s\" is a %s in the baseline, not in the record",
			                       (int) feature->name_length, feature->name,
			                       feature->is_text ? "text" : "number")));
		state->column_of[i] = column;
	}
}

/* Whether the baseline is a constant or the result of a subquery: at one place while a state is built. */
static bool
baseline_stays(FunctionCallInfo fcinfo)
{
	Aggref *aggref = AggGetAggref(fcinfo);
	TargetEntry *entry;

	if (aggref == NULL || list_length(aggref->args) < 2)
		return false;
	entry = lsecond_node(TargetEntry, aggref->args);
	return IsA(entry->expr, Const) || IsA(entry->expr, Param);
}

static AgainstState *
state_of_transition(FunctionCallInfo fcinfo)
{
	const void *argument = PG_GETARG_POINTER(2);
	AgainstState *state = NULL;
	text *baseline;

	if (!PG_ARGISNULL(0))
	{
		state = (AgainstState *) PG_GETARG_POINTER(0);
		if (state->argument == argument)
			return state;
	}
	baseline = PG_GETARG_TEXT_PP(2);
	if (state == NULL)
		state = new_state(aggregate_context(fcinfo), baseline);
	else if (!same_baseline(state, baseline))
		aggregate_arguments_differ("baseline");
	state->argument = baseline_stays(fcinfo) ? argument : NULL;
	return state;
}

/* (state, record, baseline) */
Datum
fraud_profile_against_add(PG_FUNCTION_ARGS)
{
	AgainstState *state;
	HeapTupleHeader record;

	if (PG_ARGISNULL(2))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("baseline must not be NULL")));
	state = state_of_transition(fcinfo);
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);
	record = PG_GETARG_HEAPTUPLEHEADER(1);
	if (state->columns == NULL)
		bind_columns(state, record, aggregate_context(fcinfo));
	profile_columns_deform(state->columns, record);
	for (uint32 i = 0; i < state->profile.n; i++)
	{
		const ProfileFeature *feature = &state->profile.features[i];
		CategoryText text;
		double number;

		if (feature->is_text && profile_column_text(state->columns, state->column_of[i], &text))
		{
			state->counts[i].counts[profile_category_of(feature, text.bytes, text.length)]++;
			category_text_done(&text);
		}
		else if (!feature->is_text &&
		         profile_column_number(state->columns, state->column_of[i], &number))
			profile_counts_number(&state->counts[i], feature, number);
		else
			state->counts[i].missing++;
	}
	PG_FREE_IF_COPY(record, 1);
	PG_RETURN_POINTER(state);
}

Datum
fraud_profile_against_combine(PG_FUNCTION_ARGS)
{
	AgainstState *state = PG_ARGISNULL(0) ? NULL : (AgainstState *) PG_GETARG_POINTER(0);
	AgainstState *other = PG_ARGISNULL(1) ? NULL : (AgainstState *) PG_GETARG_POINTER(1);

	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
		state = new_state(aggregate_context(fcinfo), other->baseline);
	else if (!same_baseline(state, other->baseline))
		aggregate_arguments_differ("baseline");
	for (uint32 i = 0; i < state->profile.n; i++)
		profile_counts_merge(&state->counts[i], &other->counts[i], &state->profile.features[i]);
	PG_RETURN_POINTER(state);
}

Datum
fraud_profile_against_serial(PG_FUNCTION_ARGS)
{
	AgainstState *state = (AgainstState *) PG_GETARG_POINTER(0);
	StringInfoData message;

	(void) aggregate_context(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, SERIAL_VERSION);
	pq_sendint32(&message, VARSIZE_ANY_EXHDR(state->baseline));
	pq_sendbytes(&message, VARDATA(state->baseline), VARSIZE_ANY_EXHDR(state->baseline));
	for (uint32 i = 0; i < state->profile.n; i++)
	{
		ProfileCounts *counts = &state->counts[i];

		profile_counts_settle(counts, &state->profile.features[i]);
		for (uint32 k = 0; k <= state->profile.features[i].n; k++)
			pq_sendint64(&message, counts->counts[k]);
		pq_sendint64(&message, counts->missing);
		pq_sendint64(&message, counts->finite);
		pq_sendfloat8(&message, counts->low);
		send_exact_sum(&message, &counts->sum);
		send_exact_sum(&message, &counts->squares);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
fraud_profile_against_deserial(PG_FUNCTION_ARGS)
{
	StringInfo message = aggregate_message(fcinfo, SERIAL_VERSION);
	int size = pq_getmsgint(message, 4);
	const char *bytes = pq_getmsgbytes(message, size);
	AgainstState *state = new_state(CurrentMemoryContext, cstring_to_text_with_len(bytes, size));

	for (uint32 i = 0; i < state->profile.n; i++)
	{
		ProfileCounts *counts = &state->counts[i];

		for (uint32 k = 0; k <= state->profile.features[i].n; k++)
			counts->counts[k] = pq_getmsgint64(message);
		counts->missing = pq_getmsgint64(message);
		counts->finite = pq_getmsgint64(message);
		counts->low = pq_getmsgfloat8(message);
		receive_exact_sum(message, &counts->sum);
		receive_exact_sum(message, &counts->squares);
	}
	pq_getmsgend(message);
	PG_RETURN_POINTER(state);
}

Datum
fraud_profile_against_final(PG_FUNCTION_ARGS)
{
	AgainstState *state = PG_ARGISNULL(0) ? NULL : (AgainstState *) PG_GETARG_POINTER(0);
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	Profile profile;

	(void) aggregate_context(fcinfo);
	if (state == NULL)
		PG_RETURN_NULL();
	profile.n = state->profile.n;
	profile.features = palloc0(Max(profile.n, 1) * sizeof(ProfileFeature));
	for (uint32 i = 0; i < profile.n; i++)
		(void) profile_counts_finish(&state->counts[i], &state->profile.features[i],
		                             &profile.features[i], &allocator);
	PG_RETURN_TEXT_P(text_of_profile(&profile));
}

/*
 * card_precision_agg.c
 *		Card precision: of the k cards with the highest scores of each day, the share
 *		that were used for fraud that day, averaged over the days (Dal Pozzolo 2015;
 *		Le Borgne et al., "Fraud Detection Handbook", chapter 4).
 *
 * A card's score of a day is the highest of its rows; a day with fewer than k
 * cards is judged by those it has. Cards with equal scores at the k-th place
 * share the places that are left. The state has an entry for each card and day.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "core/dictionary.h"
#include "libpq/pqformat.h"
#include "pg/memory.h"
#include "pg/settings.h"
#include "scoring/aggregate_state.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(fraud_card_add);
PG_FUNCTION_INFO_V1(fraud_card_combine);
PG_FUNCTION_INFO_V1(fraud_card_serial);
PG_FUNCTION_INFO_V1(fraud_card_deserial);
PG_FUNCTION_INFO_V1(fraud_card_precision_final);
PGDLLEXPORT Datum fraud_card_add(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_card_combine(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_card_serial(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_card_deserial(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_card_precision_final(PG_FUNCTION_ARGS);

#define SERIAL_VERSION 1
#define FIRST_CARDS 64

typedef struct CardDay
{
	DateADT day;
	bool fraud;
	double score;
} CardDay;

typedef struct CardDays
{
	MemoryContext context;
	int32 k;
	Dictionary *cards; /* keys: the day's four bytes, then the card's */
	CardDay *entries;  /* by code */
	Size capacity;
} CardDays;

static CardDays *
new_state(MemoryContext context, int32 k)
{
	CoreAllocator allocator = memory_context_allocator(context);
	CardDays *state = MemoryContextAllocZero(context, sizeof(CardDays));

	state->context = context;
	state->k = k;
	state->cards = dictionary_create(&allocator);
	return state;
}

static CardDays *
state_for(FunctionCallInfo fcinfo, int32 k)
{
	CardDays *state;

	if (PG_ARGISNULL(0))
		return new_state(aggregate_context(fcinfo), k);
	state = (CardDays *) PG_GETARG_POINTER(0);
	if (state->k != k)
		aggregate_arguments_differ("k");
	return state;
}

static void
check_memory(const CardDays *state)
{
	Size bytes = state->capacity * 2 * sizeof(CardDay) + dictionary_memory(state->cards);

	if (bytes > (Size) setting_max_training_memory_kb() * 1024)
		ereport(ERROR, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
		                errmsg("too many cards and days for fraud_card_precision"),
		                errdetail("%u do not fit fraud_detect.max_training_memory.",
		                          dictionary_size(state->cards)),
		                errhint("Ask for fewer days at a time, or raise the setting.")));
}

/* The entry of a key, made where it is new. */
static CardDay *
entry_of(CardDays *state, const char *key, Size length, bool *is_new)
{
	uint32 before = dictionary_size(state->cards);
	int32 code;

	if (before == state->capacity)
	{
		check_memory(state);
		state->capacity = Max(FIRST_CARDS, 2 * state->capacity);
		state->entries =
		    state->entries == NULL
		        ? MemoryContextAllocHuge(state->context, state->capacity * sizeof(CardDay))
		        : repalloc_huge(state->entries, state->capacity * sizeof(CardDay));
	}
	code = dictionary_add(state->cards, key, length);
	require_memory(code != DICTIONARY_UNKNOWN);
	*is_new = dictionary_size(state->cards) > before;
	return &state->entries[code];
}

static void
add_entry(CardDays *state, const char *key, Size length, CardDay row)
{
	bool is_new;
	CardDay *entry = entry_of(state, key, length, &is_new);

	if (is_new)
		*entry = row;
	else
	{
		entry->score = Max(entry->score, row.score);
		entry->fraud = entry->fraud || row.fraud;
	}
}

/* (state, score, label, card, day, k) */
Datum
fraud_card_add(PG_FUNCTION_ARGS)
{
	CardDays *state;
	text *card;
	Size length;
	char *key;
	CardDay row;

	if (PG_ARGISNULL(5))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("k must not be NULL")));
	if (PG_GETARG_INT32(5) < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("k must be at least 1")));
	state = state_for(fcinfo, PG_GETARG_INT32(5));
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(4))
		PG_RETURN_POINTER(state);
	row = (CardDay){PG_GETARG_DATEADT(4), PG_GETARG_BOOL(2), aggregate_score(fcinfo, 1) + 0.0};
	card = PG_GETARG_TEXT_PP(3);
	length = VARSIZE_ANY_EXHDR(card);
	key = palloc(sizeof(DateADT) + length);
	memcpy(key, &row.day, sizeof(DateADT));
	memcpy(key + sizeof(DateADT), VARDATA_ANY(card), length);
	add_entry(state, key, sizeof(DateADT) + length, row);
	pfree(key);
	PG_RETURN_POINTER(state);
}

Datum
fraud_card_combine(PG_FUNCTION_ARGS)
{
	const CardDays *other = PG_ARGISNULL(1) ? NULL : (CardDays *) PG_GETARG_POINTER(1);
	CardDays *state;

	if (other == NULL)
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	state = state_for(fcinfo, other->k);
	for (uint32 code = 0; code < dictionary_size(other->cards); code++)
	{
		size_t length;
		const char *key = dictionary_key(other->cards, code, &length);

		add_entry(state, key, length, other->entries[code]);
	}
	PG_RETURN_POINTER(state);
}

Datum
fraud_card_serial(PG_FUNCTION_ARGS)
{
	const CardDays *state = (CardDays *) PG_GETARG_POINTER(0);
	StringInfoData message;

	(void) aggregate_context(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, SERIAL_VERSION);
	pq_sendint32(&message, state->k);
	pq_sendint32(&message, dictionary_size(state->cards));
	for (uint32 code = 0; code < dictionary_size(state->cards); code++)
	{
		size_t length;
		const char *key = dictionary_key(state->cards, code, &length);

		pq_sendint32(&message, (uint32) length);
		pq_sendbytes(&message, key, (int) length);
		pq_sendfloat8(&message, state->entries[code].score);
		pq_sendbyte(&message, state->entries[code].fraud);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
fraud_card_deserial(PG_FUNCTION_ARGS)
{
	StringInfo message = aggregate_message(fcinfo, SERIAL_VERSION);
	CardDays *state = new_state(CurrentMemoryContext, pq_getmsgint(message, 4));
	uint32 n = pq_getmsgint(message, 4);

	for (uint32 i = 0; i < n; i++)
	{
		int length = pq_getmsgint(message, 4);
		const char *key = pq_getmsgbytes(message, length);
		CardDay row;

		if (length < (int) sizeof(DateADT))
			aggregate_state_damaged();
		memcpy(&row.day, key, sizeof(DateADT));
		row.score = pq_getmsgfloat8(message);
		row.fraud = pq_getmsgbyte(message) != 0;
		if (isnan(row.score))
			aggregate_state_damaged();
		add_entry(state, key, length, row);
	}
	pq_getmsgend(message);
	PG_RETURN_POINTER(state);
}

/* By day, then highest score first. */
static int
compare_entries(const void *a, const void *b, void *context)
{
	const CardDay *x = a;
	const CardDay *y = b;

	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	return x->score > y->score ? -1 : x->score < y->score;
}

/* Of a day's cards in order, the share of fraud among the first k. */
static double
precision_of_day(const CardDay *cards, Size n, Size k)
{
	Size places = Min(n, k);
	double frauds = 0.0;

	for (Size i = 0; i < places;)
	{
		Size end = i;
		double tied_frauds = 0.0;

		for (; end < n && cards[end].score == cards[i].score; end++)
			tied_frauds += cards[end].fraud;
		frauds +=
		    end <= places ? tied_frauds : tied_frauds * (double) (places - i) / (double) (end - i);
		i = end;
	}
	return frauds / (double) places;
}

Datum
fraud_card_precision_final(PG_FUNCTION_ARGS)
{
	const CardDays *state = PG_ARGISNULL(0) ? NULL : (CardDays *) PG_GETARG_POINTER(0);
	ExactSum sum = {0};
	CardDay *entries;
	uint32 n, days = 0;

	(void) aggregate_context(fcinfo);
	n = state != NULL ? dictionary_size(state->cards) : 0;
	if (n == 0)
		PG_RETURN_NULL();
	entries = MemoryContextAllocHuge(CurrentMemoryContext, n * sizeof(CardDay));
	memcpy(entries, state->entries, n * sizeof(CardDay));
	qsort_interruptible(entries, n, sizeof(CardDay), compare_entries, NULL);
	for (uint32 i = 0; i < n; days++)
	{
		uint32 end = i;

		while (end < n && entries[end].day == entries[i].day)
			end++;
		exact_sum_add(&sum, precision_of_day(entries + i, end - i, (Size) state->k));
		i = end;
	}
	PG_RETURN_FLOAT8(exact_sum_value(&sum) / days);
}

/*
 * generate.c
 *		fraud_generate: the simulated world (core/world.h) as a set of rows.
 *
 * One row a call, nothing is materialised here: in the form of the SQL function
 * fraud_generate rows stream through the plan, and a LIMIT ends the world early.
 * What a row needs of memory is the caller's, per row; the world itself lives in
 * the memory of the call.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "core/world.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "pg/memory.h"
#include "scoring/generate_options.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(fraud_generate_rows);
PG_FUNCTION_INFO_V1(fraud_generate_support);
PGDLLEXPORT Datum fraud_generate_rows(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_generate_support(PG_FUNCTION_ARGS);

/* Columns of fraud.transaction; order as in sql/generate.sql. */
enum
{
	TRANSACTION_ID,
	TX_TIME,
	CUSTOMER_ID,
	CARD_ID,
	MERCHANT_ID,
	MERCHANT_CATEGORY,
	CHANNEL,
	AMOUNT,
	CURRENCY,
	COUNTRY,
	DEVICE_ID,
	HOME_DISTANCE_KM,
	CVV_MATCH,
	DECLINED,
	IS_FRAUD,
	FRAUD_SCENARIO,
	LABEL_TIME,
	N_COLUMNS
};

/* Arguments; order as in sql/generate.sql. */
enum
{
	ARGUMENT_TRANSACTIONS,
	ARGUMENT_SEED,
	ARGUMENT_START,
	ARGUMENT_DAYS,
	ARGUMENT_CUSTOMERS,
	ARGUMENT_MERCHANTS,
	ARGUMENT_FRAUD_RATE,
	ARGUMENT_OPTIONS,
	N_ARGUMENTS
};

static const char *const argument_names[N_ARGUMENTS] = {
    "transactions", "seed", "start", "days", "customers", "merchants", "fraud_rate", "options"};

/* A prefix and 12 hexadecimal digits, as a text datum with a short header. */
#define TOKEN_DIGITS 12
typedef struct Token
{
	int length;
	char datum[1 + 8 + TOKEN_DIGITS];
} Token;

typedef struct Generator
{
	World *world;
	TimestampTz start;
	Token card;
	Token device;
	Datum categories[N_CATEGORIES];
	Datum channels[N_CHANNELS];
	Datum currencies[N_CURRENCIES];
	Datum countries[N_COUNTRIES];
	Datum scenarios[N_SCENARIOS];
} Generator;

static void
make_texts(Datum *datums, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		datums[i] = CStringGetTextDatum(names[i]);
}

static void
token_init(Token *token, const char *prefix)
{
	int prefix_length = strlen(prefix);

	token->length = prefix_length + TOKEN_DIGITS;
	SET_VARSIZE_SHORT(token->datum, VARHDRSZ_SHORT + token->length);
	memcpy(token->datum + VARHDRSZ_SHORT, prefix, prefix_length);
}

/* The same memory for each row: forming the tuple copies it. */
static Datum
token_datum(Token *token, uint64 value)
{
	static const char digits[] = "0123456789abcdef";
	char *end = token->datum + VARHDRSZ_SHORT + token->length;

	for (int i = 0; i < TOKEN_DIGITS; i++)
	{
		*--end = digits[value & 15];
		value >>= 4;
	}
	return PointerGetDatum(token->datum);
}

/* A count that may be NULL: 0 leaves the choice to the world, so that 0 itself is refused. */
static int32
optional_count(FunctionCallInfo fcinfo, int argument)
{
	int32 count;

	if (PG_ARGISNULL(argument))
		return 0;
	count = PG_GETARG_INT32(argument);
	if (count <= 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("%s must be at least 1", argument_names[argument])));
	return count;
}

static void
check_time_range(TimestampTz start, int32 days)
{
	/* the last label comes long after the last transaction */
	int64 reach = ((int64) days + WORLD_MAX_LABEL_DELAY_DAYS + 1) * USECS_PER_DAY;

	if (TIMESTAMP_NOT_FINITE(start) || days < 1 || days > WORLD_MAX_DAYS)
		return;
	if (start >= END_TIMESTAMP - reach)
		ereport(ERROR,
		        (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range"),
		         errdetail("Labels can become known up to %d days after the last transaction.",
		                   WORLD_MAX_LABEL_DELAY_DAYS)));
}

static WorldOptions
read_arguments(FunctionCallInfo fcinfo)
{
	WorldOptions options = world_default_options();

	for (int i = 0; i < N_ARGUMENTS; i++)
		if (PG_ARGISNULL(i) && i != ARGUMENT_CUSTOMERS && i != ARGUMENT_MERCHANTS)
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			                errmsg("%s must not be null", argument_names[i])));
	options.transactions = PG_GETARG_INT64(ARGUMENT_TRANSACTIONS);
	options.seed = (uint64) PG_GETARG_INT64(ARGUMENT_SEED);
	options.start_us = PG_GETARG_TIMESTAMPTZ(ARGUMENT_START);
	if (TIMESTAMP_NOT_FINITE(options.start_us))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("start must be finite")));
	options.days = PG_GETARG_INT32(ARGUMENT_DAYS);
	options.customers = optional_count(fcinfo, ARGUMENT_CUSTOMERS);
	options.merchants = optional_count(fcinfo, ARGUMENT_MERCHANTS);
	options.fraud_rate = PG_GETARG_FLOAT8(ARGUMENT_FRAUD_RATE);
	check_time_range(options.start_us, options.days);
	generate_options_read(PG_GETARG_JSONB_P(ARGUMENT_OPTIONS), &options);
	return options;
}

static Generator *
generator_make(FunctionCallInfo fcinfo)
{
	Generator *generator = palloc(sizeof(Generator));
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	WorldOptions options = read_arguments(fcinfo);
	CoreError error;

	generator->start = options.start_us;
	generator->world = world_create(&options, &allocator, &error);
	if (generator->world == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s", error.message)));
	token_init(&generator->card, "card_");
	token_init(&generator->device, "dev_");
	make_texts(generator->categories, category_names, N_CATEGORIES);
	make_texts(generator->channels, channel_names, N_CHANNELS);
	make_texts(generator->currencies, currency_names, N_CURRENCIES);
	make_texts(generator->countries, country_names, N_COUNTRIES);
	make_texts(generator->scenarios, scenario_names, N_SCENARIOS);
	return generator;
}

static HeapTuple
form_row(Generator *generator, TupleDesc tupdesc, const Transaction *transaction)
{
	Datum values[N_COLUMNS];
	bool nulls[N_COLUMNS] = {false};

	values[TRANSACTION_ID] = Int64GetDatum(transaction->id);
	values[TX_TIME] = TimestampTzGetDatum(generator->start + transaction->time_ms * 1000);
	values[CUSTOMER_ID] = Int64GetDatum(transaction->customer_id);
	values[CARD_ID] = token_datum(&generator->card, transaction->card);
	values[MERCHANT_ID] = Int64GetDatum(transaction->merchant_id);
	values[MERCHANT_CATEGORY] = generator->categories[transaction->category];
	values[CHANNEL] = generator->channels[transaction->channel];
	values[AMOUNT] = NumericGetDatum(int64_div_fast_to_numeric(transaction->amount, 2));
	values[CURRENCY] = generator->currencies[transaction->currency];
	values[COUNTRY] = generator->countries[transaction->country];
	nulls[DEVICE_ID] = transaction->device == 0;
	values[DEVICE_ID] = token_datum(&generator->device, transaction->device);
	nulls[HOME_DISTANCE_KM] = isnan(transaction->home_distance_km);
	values[HOME_DISTANCE_KM] = Float8GetDatum(transaction->home_distance_km);
	nulls[CVV_MATCH] = transaction->cvv_match < 0;
	values[CVV_MATCH] = BoolGetDatum(transaction->cvv_match > 0);
	values[DECLINED] = BoolGetDatum(transaction->declined);
	values[IS_FRAUD] = BoolGetDatum(transaction->scenario != SCENARIO_LEGITIMATE);
	nulls[FRAUD_SCENARIO] = transaction->scenario == SCENARIO_LEGITIMATE;
	values[FRAUD_SCENARIO] = generator->scenarios[transaction->scenario];
	nulls[LABEL_TIME] = transaction->label_ms == TRANSACTION_NONE;
	values[LABEL_TIME] = TimestampTzGetDatum(
	    nulls[LABEL_TIME] ? 0 : generator->start + transaction->label_ms * 1000);
	return heap_form_tuple(tupdesc, values, nulls);
}

/* The row type; created together with this function, but better looked at than trusted. */
static TupleDesc
row_type(FunctionCallInfo fcinfo)
{
	TupleDesc tupdesc;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE ||
	    tupdesc->natts != N_COLUMNS)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("fraud.transaction is not the type of fraud_generate's rows")));
	return BlessTupleDesc(tupdesc);
}

Datum
fraud_generate_rows(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	Generator *generator;
	Transaction transaction;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext before;

		call = SRF_FIRSTCALL_INIT();
		before = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		call->tuple_desc = row_type(fcinfo);
		call->user_fctx = generator_make(fcinfo);
		MemoryContextSwitchTo(before);
	}
	CHECK_FOR_INTERRUPTS();
	call = SRF_PERCALL_SETUP();
	generator = call->user_fctx;
	if (!world_next(generator->world, &transaction))
		SRF_RETURN_DONE(call);
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(form_row(generator, call->tuple_desc, &transaction)));
}

/* Rows: the first argument, where it is known when the query is planned. */
Datum
fraud_generate_support(PG_FUNCTION_ARGS)
{
	Node *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestRows))
	{
		SupportRequestRows *rows = (SupportRequestRows *) request;
		List *arguments = is_funcclause(rows->node) ? ((FuncExpr *) rows->node)->args : NIL;
		Node *count =
		    arguments != NIL ? estimate_expression_value(rows->root, linitial(arguments)) : NULL;

		if (count != NULL && IsA(count, Const) && !((Const *) count)->constisnull)
		{
			rows->rows = Max((double) DatumGetInt64(((Const *) count)->constvalue), 0);
			PG_RETURN_POINTER(rows);
		}
	}
	PG_RETURN_POINTER(NULL);
}

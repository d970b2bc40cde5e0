/*
 * category_aggs.c
 *		Drift of a text column: rows of each value on both sides, and the divergences
 *		and tests over them.
 *
 * Values are compared as bytes. They are put in order before anything is summed,
 * so the result does not depend on the order of rows. The state has an entry for
 * each distinct value, within fraud_detect.max_training_memory (53400 beyond).
 */
#include "postgres.h"
#include "pg/compat.h"

#include "core/dictionary.h"
#include "core/tail_probability.h"
#include "libpq/pqformat.h"
#include "pg/memory.h"
#include "pg/settings.h"
#include "scoring/aggregate_state.h"
#include "scoring/drift_method.h"
#include "utils/memutils.h"

#define FUNCTION(name)                                                                             \
	PG_FUNCTION_INFO_V1(name);                                                                     \
	PGDLLEXPORT Datum name(PG_FUNCTION_ARGS)

FUNCTION(fraud_category_add);
FUNCTION(fraud_category_combine);
FUNCTION(fraud_category_serial);
FUNCTION(fraud_category_deserial);
FUNCTION(fraud_category_psi_final);
FUNCTION(fraud_category_kl_final);
FUNCTION(fraud_category_jensen_shannon_final);
FUNCTION(fraud_category_hellinger_final);
FUNCTION(fraud_category_chi_square_final);
FUNCTION(fraud_category_chi_square_pvalue_final);
FUNCTION(fraud_category_cramers_v_final);

#define SERIAL_VERSION 1
#define FIRST_VALUES 32

typedef struct Categories
{
	MemoryContext context;
	DriftMethod method;
	Dictionary *values;
	uint64 (*counts)[2]; /* by code */
	Size capacity;
	uint64 missing[2];
} Categories;

static Categories *
new_state(MemoryContext context, DriftMethod method)
{
	CoreAllocator allocator = memory_context_allocator(context);
	Categories *state = MemoryContextAllocZero(context, sizeof(Categories));

	state->context = context;
	state->method = method;
	state->values = dictionary_create(&allocator);
	return state;
}

static Categories *
state_for(FunctionCallInfo fcinfo, DriftMethod method)
{
	Categories *state;

	if (PG_ARGISNULL(0))
		return new_state(aggregate_context(fcinfo), method);
	state = (Categories *) PG_GETARG_POINTER(0);
	if (state->method != method)
		aggregate_arguments_differ("method");
	return state;
}

static void
make_room(Categories *state)
{
	Size bytes = state->capacity * 2 * sizeof(uint64[2]) + dictionary_memory(state->values);

	if (bytes > (Size) setting_max_training_memory_kb() * 1024)
		ereport(ERROR,
		        (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
		         errmsg("too many distinct values for a drift aggregate"),
		         errdetail("%u do not fit fraud_detect.max_training_memory.",
		                   dictionary_size(state->values)),
		         errhint("A column of identities has no categories; group its values, or raise the "
		                 "setting.")));
	state->capacity = Max(FIRST_VALUES, 2 * state->capacity);
	state->counts =
	    state->counts == NULL
	        ? MemoryContextAllocHuge(state->context, state->capacity * sizeof(uint64[2]))
	        : repalloc_huge(state->counts, state->capacity * sizeof(uint64[2]));
}

/* The counts of a value, zero where it is new. */
static uint64 *
counts_of(Categories *state, const char *value, Size length)
{
	uint32 before = dictionary_size(state->values);
	int32 code;

	if (before == state->capacity)
		make_room(state);
	code = dictionary_add(state->values, value, length);
	require_memory(code != DICTIONARY_UNKNOWN);
	if (dictionary_size(state->values) > before)
		state->counts[code][0] = state->counts[code][1] = 0;
	return state->counts[code];
}

/* (state, value, is_current [, method]) */
Datum
fraud_category_add(PG_FUNCTION_ARGS)
{
	Categories *state;
	text *value;
	int side;

	if (PG_NARGS() > 3 && PG_ARGISNULL(3))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("method must not be NULL")));
	state = state_for(fcinfo, PG_NARGS() > 3 ? drift_method_of_name(PG_GETARG_TEXT_PP(3))
	                                         : DRIFT_METHOD_QUANTILE);
	if (PG_ARGISNULL(2))
		PG_RETURN_POINTER(state);
	side = PG_GETARG_BOOL(2) ? 1 : 0;
	if (PG_ARGISNULL(1))
	{
		state->missing[side]++;
		PG_RETURN_POINTER(state);
	}
	value = PG_GETARG_TEXT_PP(1);
	counts_of(state, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value))[side]++;
	PG_FREE_IF_COPY(value, 1);
	PG_RETURN_POINTER(state);
}

Datum
fraud_category_combine(PG_FUNCTION_ARGS)
{
	const Categories *other = PG_ARGISNULL(1) ? NULL : (Categories *) PG_GETARG_POINTER(1);
	Categories *state;

	if (other == NULL)
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	state = state_for(fcinfo, other->method);
	for (uint32 code = 0; code < dictionary_size(other->values); code++)
	{
		size_t length;
		const char *value = dictionary_key(other->values, code, &length);
		uint64 *counts = counts_of(state, value, length);

		counts[0] += other->counts[code][0];
		counts[1] += other->counts[code][1];
	}
	state->missing[0] += other->missing[0];
	state->missing[1] += other->missing[1];
	PG_RETURN_POINTER(state);
}

Datum
fraud_category_serial(PG_FUNCTION_ARGS)
{
	const Categories *state = (Categories *) PG_GETARG_POINTER(0);
	StringInfoData message;

	(void) aggregate_context(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, SERIAL_VERSION);
	pq_sendbyte(&message, state->method);
	pq_sendint64(&message, state->missing[0]);
	pq_sendint64(&message, state->missing[1]);
	pq_sendint32(&message, dictionary_size(state->values));
	for (uint32 code = 0; code < dictionary_size(state->values); code++)
	{
		size_t length;
		const char *value = dictionary_key(state->values, code, &length);

		pq_sendint32(&message, (uint32) length);
		pq_sendbytes(&message, value, (int) length);
		pq_sendint64(&message, state->counts[code][0]);
		pq_sendint64(&message, state->counts[code][1]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
fraud_category_deserial(PG_FUNCTION_ARGS)
{
	StringInfo message = aggregate_message(fcinfo, SERIAL_VERSION);
	int method = pq_getmsgbyte(message);
	Categories *state;
	uint32 n;

	if (method > DRIFT_METHOD_EVIDENTLY)
		aggregate_state_damaged();
	state = new_state(CurrentMemoryContext, (DriftMethod) method);
	state->missing[0] = pq_getmsgint64(message);
	state->missing[1] = pq_getmsgint64(message);
	n = pq_getmsgint(message, 4);
	for (uint32 i = 0; i < n; i++)
	{
		int length = pq_getmsgint(message, 4);
		const char *value = pq_getmsgbytes(message, length);
		uint64 *counts = counts_of(state, value, length);

		counts[0] = pq_getmsgint64(message);
		counts[1] = pq_getmsgint64(message);
	}
	pq_getmsgend(message);
	PG_RETURN_POINTER(state);
}

typedef struct Category
{
	const char *value;
	size_t length;
	const uint64 *counts;
} Category;

static int
compare_categories(const void *a, const void *b, void *context)
{
	const Category *x = a;
	const Category *y = b;
	int order = memcmp(x->value, y->value, Min(x->length, y->length));

	if (order != 0)
		return order;
	return x->length < y->length ? -1 : x->length > y->length;
}

static Category *
in_order(const Categories *state)
{
	uint32 n = dictionary_size(state->values);
	Category *categories =
	    MemoryContextAllocHuge(CurrentMemoryContext, Max(n, 1) * sizeof(Category));

	for (uint32 code = 0; code < n; code++)
	{
		categories[code].value = dictionary_key(state->values, code, &categories[code].length);
		categories[code].counts = state->counts[code];
	}
	qsort_interruptible(categories, n, sizeof(Category), compare_categories, NULL);
	return categories;
}

static void
add_bin(Bins *bins, uint64 reference, uint64 current)
{
	require_memory(bins_add(bins, reference, current));
}

/*
 * A bin for each value. By default values that the reference lacks share one, so
 * that many rare new ones are not many surprises, and missing values have one;
 * Evidently gives each its own and drops missing ones. False where a side has no row.
 */
static bool
bins_of(const Categories *state, const CoreAllocator *allocator, Bins *bins)
{
	bool evidently;
	uint64 totals[2] = {0, 0};
	uint64 unseen = 0;
	const Category *categories;

	if (state == NULL)
		return false;
	evidently = state->method == DRIFT_METHOD_EVIDENTLY;
	categories = in_order(state);
	bins_begin(bins, allocator);
	for (uint32 i = 0; i < dictionary_size(state->values); i++)
	{
		const uint64 *counts = categories[i].counts;

		totals[0] += counts[0];
		totals[1] += counts[1];
		if (counts[0] > 0 || evidently)
			add_bin(bins, counts[0], counts[1]);
		else
			unseen += counts[1];
	}
	if (unseen > 0)
		add_bin(bins, 0, unseen);
	if (!evidently && state->missing[0] + state->missing[1] > 0)
	{
		add_bin(bins, state->missing[0], state->missing[1]);
		totals[0] += state->missing[0];
		totals[1] += state->missing[1];
	}
	return totals[0] > 0 && totals[1] > 0;
}

static const Categories *
final_argument(FunctionCallInfo fcinfo)
{
	(void) aggregate_context(fcinfo);
	return PG_ARGISNULL(0) ? NULL : (Categories *) PG_GETARG_POINTER(0);
}

static Datum
divergence_final(FunctionCallInfo fcinfo, Divergence kind)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	const Categories *state = final_argument(fcinfo);
	Bins bins;

	if (!bins_of(state, &allocator, &bins))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(divergence(&bins, kind, fill_of(kind, state->method)));
}

Datum
fraud_category_psi_final(PG_FUNCTION_ARGS)
{
	return divergence_final(fcinfo, DIVERGENCE_PSI);
}

Datum
fraud_category_kl_final(PG_FUNCTION_ARGS)
{
	return divergence_final(fcinfo, DIVERGENCE_KL);
}

Datum
fraud_category_jensen_shannon_final(PG_FUNCTION_ARGS)
{
	return divergence_final(fcinfo, DIVERGENCE_JENSEN_SHANNON);
}

Datum
fraud_category_hellinger_final(PG_FUNCTION_ARGS)
{
	return divergence_final(fcinfo, DIVERGENCE_HELLINGER);
}

static bool
chi_square_of(const Categories *state, ChiSquare *result)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	Bins bins;

	if (!bins_of(state, &allocator, &bins))
		return false;
	*result = state->method == DRIFT_METHOD_EVIDENTLY ? chi_square_of_fit(&bins)
	                                                  : chi_square_of_table(&bins);
	return true;
}

Datum
fraud_category_chi_square_final(PG_FUNCTION_ARGS)
{
	ChiSquare result;

	if (!chi_square_of(final_argument(fcinfo), &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result.statistic);
}

Datum
fraud_category_chi_square_pvalue_final(PG_FUNCTION_ARGS)
{
	ChiSquare result;

	if (!chi_square_of(final_argument(fcinfo), &result))
		PG_RETURN_NULL();
	if (result.degrees_of_freedom < 1.0)
		PG_RETURN_FLOAT8(1.0);
	PG_RETURN_FLOAT8(chi_square_tail(result.statistic, result.degrees_of_freedom));
}

Datum
fraud_category_cramers_v_final(PG_FUNCTION_ARGS)
{
	ChiSquare result;

	if (!chi_square_of(final_argument(fcinfo), &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result.cramers_v);
}

/*
 * features_skew.c
 *		fraud_skew_check: are the features of single rows those of the view, to the
 *		last bit?
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/htup_details.h"
#include "core/random.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pg/feature_set.h"
#include "pg/source.h"
#include "scoring/features_online.h"
#include "scoring/features_set.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#define SAMPLE_SEED 42
#define MOST_SAMPLED 10000000

PG_FUNCTION_INFO_V1(fraud_skew_check);
PGDLLEXPORT Datum fraud_skew_check(PG_FUNCTION_ARGS);

/* A sample of given size of all rows (reservoir sampling: Vitter 1985, algorithm R). */
typedef struct Sample
{
	MemoryContext context;
	RandomState random;
	uint64 n_seen;
	uint64 size;
	HeapTuple *rows;
} Sample;

static bool
sample_row(TupleTableSlot *slot, void *argument)
{
	Sample *sample = argument;
	uint64 place = sample->n_seen++;
	MemoryContext old;

	if (place >= sample->size)
	{
		place = random_below(&sample->random, sample->n_seen);
		if (place >= sample->size)
			return true;
		heap_freetuple(sample->rows[place]);
	}
	old = MemoryContextSwitchTo(sample->context);
	sample->rows[place] = ExecCopySlotHeapTuple(slot);
	MemoryContextSwitchTo(old);
	return true;
}

static bool
same_value(TupleDesc tupdesc, int a, int b, const Datum *values, const bool *nulls)
{
	Form_pg_attribute attribute = TupleDescAttr(tupdesc, a);

	if (nulls[a] || nulls[b])
		return nulls[a] && nulls[b];
	return datum_image_eq(values[a], values[b], attribute->attbyval, attribute->attlen);
}

static void
compare(const Sample *sample, FeaturesOnline *online, int64 *different)
{
	TupleDesc tupdesc = features_online_tupdesc(online);
	int n = features_online_n_columns(online);
	int n_record = tupdesc->natts - n;
	TupleDesc record = CreateTemplateTupleDesc(n_record);
	Datum *values = palloc(tupdesc->natts * sizeof(Datum));
	bool *nulls = palloc(tupdesc->natts * sizeof(bool));
	uint64 n_rows = Min(sample->n_seen, sample->size);

	for (int i = 1; i <= n_record; i++)
		TupleDescCopyEntry(record, i, tupdesc, i);
	for (uint64 r = 0; r < n_rows; r++)
	{
		CHECK_FOR_INTERRUPTS();
		heap_deform_tuple(sample->rows[r], record, values, nulls);
		features_online_compute(online, values, nulls);
		for (int i = 0; i < n; i++)
		{
			int place;

			(void) features_online_column(online, i, &place);
			if (!same_value(tupdesc, place, n_record + i, values, nulls))
				different[i]++;
		}
	}
}

static void
check(const char *name, Sample *sample, ReturnSetInfo *result)
{
	Source source;
	FeaturesOnline *online;
	int64 *different;
	int n;

	(void) features_set_get(name, NULL, NULL);
	source_open(&source,
	            psprintf("SELECT * FROM %s", quote_qualified_identifier(FEATURE_SCHEMA, name)));
	online = features_online_bind_view(name, source.tupdesc);
	n = features_online_n_columns(online);
	different = palloc0(Max(n, 1) * sizeof(int64));
	source_read(&source, sample_row, sample);
	source_close(&source);
	compare(sample, online, different);
	for (int i = 0; i < n; i++)
	{
		int place;
		Datum values[3] = {CStringGetTextDatum(features_online_column(online, i, &place)),
		                   Int64GetDatum((int64) Min(sample->n_seen, sample->size)),
		                   Int64GetDatum(different[i])};
		bool nulls[3] = {false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/*
 * fraud_skew_check(name text, sample int) -> (feature text, compared bigint, different
 * bigint), a row for each feature that is computed.
 */
PGDLLEXPORT Datum
fraud_skew_check(PG_FUNCTION_ARGS)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int32 size = PG_GETARG_INT32(1);
	MemoryContext context;
	Sample sample = {0};

	if (size < 1 || size > MOST_SAMPLED)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("sample must be from 1 to %d, not %d", MOST_SAMPLED, size)));
	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "fraud_detect skew check",
	                                ALLOCSET_DEFAULT_SIZES);
	SPI_connect();
	MemoryContextSwitchTo(context);
	sample.context = context;
	sample.size = size;
	sample.rows = palloc0(size * sizeof(HeapTuple));
	random_seed(&sample.random, SAMPLE_SEED, 0);
	check(name, &sample, (ReturnSetInfo *) fcinfo->resultinfo);
	SPI_finish();
	MemoryContextDelete(context);
	return (Datum) 0;
}

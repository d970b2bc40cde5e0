/*
 * feature_rows.c
 *		The rows that training works on.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "core/forest.h"
#include "miscadmin.h"
#include "pg/encode.h"
#include "pg/errors.h"
#include "pg/memory.h"
#include "training/feature_rows.h"
#include "utils/memutils.h"

#define BATCH_FLOATS (256 * 1024)

/* Rows that are read in the order of the file and written in that of time: 16 MB of them at a time. */
#define WRITE_FLOATS (4 * 1024 * 1024)

/* Of the texts that a signature keeps; a jsonb value has room for 256 MB. */
#define MAX_TEXT_BYTES (64 * 1024 * 1024)

/* What the training part says about a slot of a stored row. */
typedef struct SlotSummary
{
	TrainingColumn *column;
	int slot; /* within the column */
	uint64 filled;
	float low;
	float high;
	uint32 *counts; /* text: training rows by code, else NULL */
	uint32 n_values;
	float *encoded; /* text: the feature's value by code */
	bool kept;
} SlotSummary;

typedef struct CountedValue
{
	const char *bytes;
	size_t length;
	uint32 count;
} CountedValue;

/* Learning about the training part */

static void
count_slot(SlotSummary *summary, float value)
{
	if (summary->counts != NULL)
	{
		int32 code = stored_code(value);

		if (code == DICTIONARY_UNKNOWN)
			return;
		if (summary->counts[code]++ == 0)
			summary->n_values++;
	}
	else
	{
		if (isnan(value))
			return;
		summary->low = summary->filled == 0 ? value : Min(summary->low, value);
		summary->high = summary->filled == 0 ? value : Max(summary->high, value);
	}
	summary->filled++;
}

static SlotSummary *
summarize_training(ColumnChoice *choice, RowStore *store, const Split *split)
{
	SlotSummary *summaries = palloc0(sizeof(SlotSummary) * choice->n_slots);
	uint32 batch_rows = Max(1, BATCH_FLOATS / store->width);
	float *batch = palloc(sizeof(float) * batch_rows * store->width);

	for (int c = 0; c < choice->n_columns; c++)
	{
		TrainingColumn *column = &choice->columns[c];

		for (int s = 0; s < column->n_slots; s++)
		{
			SlotSummary *summary = &summaries[column->first_slot + s];

			summary->column = column;
			summary->slot = s;
			summary->kept = !column->left_out;
			if (summary->kept && column->class == COLUMN_TEXT)
				summary->counts =
				    palloc_extended(sizeof(uint32) * Max(1, dictionary_size(column->dictionary)),
				                    MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
		}
	}

	for (uint64 first = 0; first < store->n_rows; first += batch_rows)
	{
		uint32 n = Min(batch_rows, store->n_rows - first);

		CHECK_FOR_INTERRUPTS();
		row_store_read(store, first, n, batch);
		for (uint32 r = 0; r < n; r++)
		{
			const float *row = batch + (size_t) r * store->width;

			if (split->parts[first + r] != PART_TRAINING)
				continue;
			for (int s = 0; s < choice->n_slots; s++)
			{
				if (summaries[s].kept)
					count_slot(&summaries[s], row[s]);
			}
		}
	}
	pfree(batch);
	return summaries;
}

/* Leaving out what says nothing. A column counts as left out when all its slots are. */
static void
append_name(StringInfo list, const SlotSummary *summary)
{
	appendStringInfo(list, "%s\"%s\"", list->len == 0 ? "" : ", ",
	                 feature_name(summary->column, summary->slot));
}

static int
drop_uninformative(SlotSummary *summaries, int n_slots, uint64 training_rows)
{
	StringInfoData empty;
	StringInfoData constant;
	int n_kept = 0;

	initStringInfo(&empty);
	initStringInfo(&constant);
	for (int s = 0; s < n_slots; s++)
	{
		SlotSummary *summary = &summaries[s];
		bool one_value = summary->counts ? summary->n_values == 1 : summary->low == summary->high;

		if (!summary->kept)
			continue;
		summary->kept = summary->filled > 0 && !(summary->filled == training_rows && one_value);
		if (summary->kept)
			n_kept++;
		else
			append_name(summary->filled == 0 ? &empty : &constant, summary);
	}
	if (empty.len > 0)
		ereport(NOTICE, (errmsg("left out because they are NULL in all of the training part: %s",
		                        empty.data)));
	if (constant.len > 0)
		ereport(NOTICE,
		        (errmsg("left out because they are the same in all of the training part: %s",
		                constant.data)));
	return n_kept;
}

/* Encoding texts */

static int
compare_bytes(const void *a, const void *b)
{
	const CountedValue *x = a;
	const CountedValue *y = b;
	int difference = memcmp(x->bytes, y->bytes, Min(x->length, y->length));

	if (difference != 0)
		return difference;
	return (x->length > y->length) - (x->length < y->length);
}

static int
compare_counts(const void *a, const void *b)
{
	const CountedValue *x = a;
	const CountedValue *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return compare_bytes(a, b);
}

/* The values that a feature keeps, by bytes; sets its kind. */
static CountedValue *
values_to_keep(const SlotSummary *summary, const TrainingRequest *request, Feature *feature,
               uint32 *n)
{
	Dictionary *dictionary = summary->column->dictionary;
	CountedValue *values =
	    palloc_extended(sizeof(CountedValue) * summary->n_values, MCXT_ALLOC_HUGE);

	*n = 0;
	for (uint32 code = 0; code < dictionary_size(dictionary); code++)
	{
		if (summary->counts[code] == 0)
			continue;
		values[*n].bytes = dictionary_key(dictionary, code, &values[*n].length);
		values[(*n)++].count = summary->counts[code];
	}
	feature->kind = FEATURE_CATEGORY;
	if (*n > request->max_categories)
	{
		feature->kind = FEATURE_FREQUENCY;
		qsort(values, *n, sizeof(CountedValue), compare_counts);
		*n = Min(*n, request->max_encoded_values);
	}
	qsort(values, *n, sizeof(CountedValue), compare_bytes);
	return values;
}

static Size
text_bytes(const CountedValue *values, uint32 n)
{
	Size bytes = 0;

	for (uint32 i = 0; i < n; i++)
		bytes += values[i].length;
	return bytes;
}

/* *kept_bytes: of the texts that all features keep so far. */
static void
encode_texts(SlotSummary *summary, const TrainingRequest *request, Feature *feature,
             Size *kept_bytes)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	Dictionary *dictionary = summary->column->dictionary;
	uint32 n;
	CountedValue *values = values_to_keep(summary, request, feature, &n);

	*kept_bytes += text_bytes(values, n);
	if (*kept_bytes > MAX_TEXT_BYTES)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("the different values of text columns take more than the %d MB that "
		                       "a model can keep",
		                       MAX_TEXT_BYTES / (1024 * 1024)),
		                errdetail("Column \"%s\" alone has %u values of %zu MB.", feature->column,
		                          n, text_bytes(values, n) / (1024 * 1024)),
		                errhint("Exclude columns of long texts.")));

	feature->dictionary = dictionary_create(&allocator);
	if (feature->kind == FEATURE_FREQUENCY)
		feature->counts = palloc_extended(sizeof(float) * Max(n, 1), MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < n; i++)
	{
		(void) dictionary_add(feature->dictionary, values[i].bytes, values[i].length);
		if (feature->kind == FEATURE_FREQUENCY)
			feature->counts[i] = (float) values[i].count;
	}
	pfree(values);

	summary->encoded =
	    palloc_extended(sizeof(float) * dictionary_size(dictionary), MCXT_ALLOC_HUGE);
	for (uint32 code = 0; code < dictionary_size(dictionary); code++)
	{
		size_t length;
		const char *bytes = dictionary_key(dictionary, code, &length);

		summary->encoded[code] = encode_category(feature, bytes, length);
	}
}

/* How many different values the feature can have, by its kind and the range of integers. */
static double
most_different(const SlotSummary *summary, const Feature *feature)
{
	if (feature->kind == FEATURE_CATEGORY)
		return dictionary_size(feature->dictionary);
	if (feature->kind == FEATURE_BOOLEAN)
		return 2;
	if (feature->kind == FEATURE_WEEKDAY)
		return 7;
	if (feature->kind == FEATURE_NUMBER &&
	    (summary->column->type == INT2OID || summary->column->type == INT4OID ||
	     summary->column->type == INT8OID))
		return (double) summary->high - summary->low + 1;
	return INFINITY;
}

static Signature *
build_signature(SlotSummary *summaries, int n_slots, int n_kept, const TrainingRequest *request,
                double *different)
{
	Signature *signature = palloc0(sizeof(Signature));
	Size kept_bytes = 0;

	signature->features = palloc0(sizeof(Feature) * n_kept);
	for (int s = 0; s < n_slots; s++)
	{
		SlotSummary *summary = &summaries[s];
		Feature *feature;

		if (!summary->kept)
			continue;
		feature = &signature->features[signature->n_features];
		feature->name = feature_name(summary->column, summary->slot);
		feature->column = pstrdup(summary->column->name);
		feature->kind = summary->column->kinds[summary->slot];
		feature->computed = summary->column->computed;
		for (int i = 0; i < signature->n_features; i++)
		{
			if (strcmp(signature->features[i].name, feature->name) == 0)
				ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN),
				                errmsg("two features would be named \"%s\"", feature->name),
				                errhint("Exclude or rename one of the columns.")));
		}
		if (summary->counts != NULL)
			encode_texts(summary, request, feature, &kept_bytes);
		different[signature->n_features++] = most_different(summary, feature);
	}
	return signature;
}

/* Writing the rows */

static float
encoded_value(const SlotSummary *summary, float stored)
{
	int32 code;

	if (summary->counts == NULL)
		return stored;
	code = stored_code(stored);
	return code == DICTIONARY_UNKNOWN ? NAN : summary->encoded[code];
}

/* A row to write, by where it is read from and its place among those written with it. */
typedef struct PlacedRow
{
	uint32 row;
	uint32 place;
} PlacedRow;

static int
compare_rows(const void *a, const void *b)
{
	uint32 x = ((const PlacedRow *) a)->row;
	uint32 y = ((const PlacedRow *) b)->row;

	return (x > y) - (x < y);
}

static void
encode_row(FeatureRows *rows, Part part, const SlotSummary *summaries, int n_slots,
           const float *from, float *to)
{
	int n = 0;

	for (int s = 0; s < n_slots; s++)
	{
		if (!summaries[s].kept)
			continue;
		to[n] = encoded_value(&summaries[s], from[s]);
		if (part == PART_TRAINING && !isnan(to[n]))
			rows->n_values[n]++;
		n++;
	}
}

/*
 * The next rows of a part, at most n of them: from the order at *next on. Sorted
 * as they lie in the file, for where the source is not in order of time each
 * block of it would be read once a row.
 */
static uint32
place_rows(PlacedRow *placed, uint32 n, Part part, const RowFacts *facts, const Split *split,
           const uint32 *order, uint32 *next)
{
	uint32 n_placed = 0;

	for (; *next < facts->n_rows && n_placed < n; (*next)++)
	{
		if (split->parts[order[*next]] == part)
		{
			placed[n_placed].row = order[*next];
			placed[n_placed].place = n_placed;
			n_placed++;
		}
	}
	qsort(placed, n_placed, sizeof(PlacedRow), compare_rows);
	return n_placed;
}

static void
write_part(FeatureRows *rows, Part part, const SlotSummary *summaries, int n_slots, RowStore *store,
           const RowFacts *facts, const Split *split, const uint32 *order)
{
	uint32 width = rows->store.width;
	uint32 batch_rows = Max(1, Min(WRITE_FLOATS / width, split->summaries[part].rows));
	PlacedRow *placed = palloc(sizeof(PlacedRow) * batch_rows);
	float *batch = palloc_extended(sizeof(float) * batch_rows * width, MCXT_ALLOC_HUGE);
	float *from = palloc(sizeof(float) * store->width);
	uint32 next = 0;
	uint32 n;

	while ((n = place_rows(placed, batch_rows, part, facts, split, order, &next)) > 0)
	{
		for (uint32 i = 0; i < n; i++)
		{
			CHECK_FOR_INTERRUPTS();
			row_store_read(store, placed[i].row, 1, from);
			encode_row(rows, part, summaries, n_slots, from,
			           batch + (size_t) placed[i].place * width);
			rows->labels[rows->store.n_rows + placed[i].place] = facts->labels[placed[i].row];
		}
		for (uint32 i = 0; i < n; i++)
			row_store_append(&rows->store, batch + (size_t) i * width);
		rows->n_rows[part] += n;
	}
	pfree(placed);
	pfree(batch);
	pfree(from);
}

void
feature_rows_build(FeatureRows *rows, const TrainingRequest *request, ColumnChoice *choice,
                   RowStore *store, const RowFacts *facts, const Split *split, const uint32 *order)
{
	SlotSummary *summaries = summarize_training(choice, store, split);
	uint64 n_rows = 0;
	int n_kept =
	    drop_uninformative(summaries, choice->n_slots, split->summaries[PART_TRAINING].rows);

	memset(rows, 0, sizeof(*rows));
	if (n_kept == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_FRAUD_UNUSABLE_DATA),
		         errmsg("no column of the source can be a feature"),
		         errdetail("All of them give the label away, or are NULL or the same in all of "
		                   "the training part.")));
	if (n_kept > FOREST_MAX_FEATURES)
		ereport(ERROR, (errcode(ERRCODE_TOO_MANY_COLUMNS),
		                errmsg("%d features are more than the %d a model can have", n_kept,
		                       FOREST_MAX_FEATURES),
		                errhint("Name fewer columns in features, or more in exclude.")));
	rows->most_different = palloc(sizeof(double) * n_kept);
	rows->signature =
	    build_signature(summaries, choice->n_slots, n_kept, request, rows->most_different);
	for (int i = 0; i < rows->signature->n_features; i++)
	{
		if (rows->signature->features[i].computed)
		{
			rows->signature->feature_set = choice->feature_set;
			rows->signature->definition = choice->definition;
		}
	}
	for (int c = 0; c < choice->n_columns; c++)
	{
		if (choice->columns[c].dictionary != NULL)
			dictionary_free(choice->columns[c].dictionary);
		choice->columns[c].dictionary = NULL;
		distinct_release(&choice->columns[c].distinct);
	}

	for (int part = 0; part < N_USED_PARTS; part++)
		n_rows += split->summaries[part].rows;
	rows->labels = MemoryContextAllocHuge(CurrentMemoryContext, n_rows);
	rows->n_values = palloc0(sizeof(uint64) * n_kept);
	row_store_create(&rows->store, n_kept);
	for (Part part = 0; part < N_USED_PARTS; part++)
		write_part(rows, part, summaries, choice->n_slots, store, facts, split, order);
	row_store_close(store);

	for (int s = 0; s < choice->n_slots; s++)
	{
		if (summaries[s].counts == NULL)
			continue;
		pfree(summaries[s].counts);
		if (summaries[s].encoded != NULL)
			pfree(summaries[s].encoded);
	}
	pfree(summaries);
}

/*
 * leakage.c
 *		Columns that give the label away.
 *
 * Counts of values and NULLs are exact, over all rows. Orders are judged on a
 * sample that depends on the content of the rows only, so that the verdict does
 * not depend on their physical order.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "core/random.h"
#include "core/ranking.h"
#include "miscadmin.h"
#include "training/leakage.h"
#include "utils/memutils.h"

#define PRECISION 0.999
#define RECALL 0.5
#define AREA 0.999

/* Frauds that a text must have before it says anything by having no legitimate row. */
#define VALUE_SUPPORT 10
/* Different values from which on a rising number is a clock and not a change of habit. */
#define CLOCK_VALUES 20

#define SAMPLE_FRAUDS 10000
#define SAMPLE_LEGITIMATE 40000
#define SAMPLE_FLOATS (16 * 1024 * 1024)

#define BATCH_FLOATS (256 * 1024)

static const char *const by_name[] = {"fraud_scenario", "label_time"};

/* Rows drawn by content, in the order of time. A sampled row of a class stands for weights[class]. */
typedef struct Sample
{
	uint32 n;
	uint32 n_class[2];
	double weights[2];
	uint32 *row_numbers;
	float *rows;
	int width;
} Sample;

/* The values of one slot in the sample, without NULLs, and their labels. */
typedef struct SlotValues
{
	uint32 n;
	float *values;
	uint8 *labels;
	uint64 *scratch;
	ScoredRow *sorted; /* by value, descending */
} SlotValues;

/* Verdicts */

static void
give_away(const char *name, bool named, const char *reason)
{
	if (named)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("column \"%s\" cannot be a feature: %s", name, reason),
		                errhint("Take it out of the argument \"features\".")));
	ereport(WARNING, (errmsg("column \"%s\" is left out: %s", name, reason)));
}

static void
leave_out(TrainingColumn *column, const char *reason)
{
	give_away(column->name, column->named, reason);
	column->left_out = true;
}

bool
leakage_by_name(const char *name, bool is_label_time, bool named)
{
	bool found = is_label_time;

	for (int i = 0; i < lengthof(by_name); i++)
		found = found || strcmp(name, by_name[i]) == 0;
	if (found)
		give_away(name, named, "it is known only after the fraud is");
	return found;
}

/* Does a condition that holds for these rows all but prove fraud, and find half of the frauds? */
static bool
proves_fraud(double frauds_found, double legitimate_found, double frauds)
{
	if (frauds_found >= LEAKAGE_MIN_PERFECT && frauds_found == frauds && legitimate_found == 0)
		return true;
	return frauds >= LEAKAGE_MIN_FRAUDS && frauds_found >= RECALL * frauds &&
	       frauds_found >= PRECISION * (frauds_found + legitimate_found);
}

/* NULL or not */

static void
check_filled(TrainingColumn *column, const RowFacts *facts)
{
	uint64 frauds = facts->n_frauds;
	uint64 legitimate = facts->n_rows - facts->n_frauds;

	if (proves_fraud(column->filled[1], column->filled[0], frauds))
		leave_out(column, "it is filled in for frauds and hardly ever for other rows");
	else if (proves_fraud(frauds - column->filled[1], legitimate - column->filled[0], frauds))
		leave_out(column, "it is NULL for frauds and hardly ever for other rows");
}

/* Unique in every row */

static void
check_unique(TrainingColumn *column)
{
	uint64 filled = column->filled[0] + column->filled[1];
	bool unique = false;

	if (filled < LEAKAGE_MIN_ROWS)
		return;
	if (column->class == COLUMN_TEXT)
		unique = column->dictionary == NULL || dictionary_size(column->dictionary) == filled;
	else if (column->watched)
		unique = !column->distinct.repeated;
	if (unique)
		leave_out(column, "it differs in every row, as an identifier does");
}

/* Values of texts */

typedef struct ValueCounts
{
	TrainingColumn *column;
	uint32 *counts[2]; /* by code */
} ValueCounts;

static void
count_values(ValueCounts *counts, int n_counts, RowStore *store, const RowFacts *facts)
{
	uint32 batch_rows = Max(1, BATCH_FLOATS / store->width);
	float *rows = palloc(sizeof(float) * batch_rows * store->width);

	for (uint64 first = 0; first < store->n_rows; first += batch_rows)
	{
		uint32 n = Min(batch_rows, store->n_rows - first);

		CHECK_FOR_INTERRUPTS();
		row_store_read(store, first, n, rows);
		for (uint32 r = 0; r < n; r++)
		{
			for (int c = 0; c < n_counts; c++)
			{
				int32 code =
				    stored_code(rows[(size_t) r * store->width + counts[c].column->first_slot]);

				if (code != DICTIONARY_UNKNOWN)
					counts[c].counts[facts->labels[first + r]][code]++;
			}
		}
	}
	pfree(rows);
}

static void
check_values(ColumnChoice *choice, RowStore *store, const RowFacts *facts)
{
	ValueCounts *counts = palloc(sizeof(ValueCounts) * Max(choice->n_columns, 1));
	int n = 0;

	for (int c = 0; c < choice->n_columns; c++)
	{
		TrainingColumn *column = &choice->columns[c];
		Size size;

		if (column->left_out || column->class != COLUMN_TEXT)
			continue;
		size = sizeof(uint32) * Max(1, dictionary_size(column->dictionary));
		counts[n].column = column;
		for (int label = 0; label < 2; label++)
			counts[n].counts[label] = palloc_extended(size, MCXT_ALLOC_ZERO | MCXT_ALLOC_HUGE);
		n++;
	}
	if (n > 0)
		count_values(counts, n, store, facts);

	for (int c = 0; c < n; c++)
	{
		uint32 n_codes = dictionary_size(counts[c].column->dictionary);
		uint64 frauds = 0;
		uint64 legitimate = 0;

		for (uint32 code = 0; code < n_codes; code++)
		{
			uint32 f = counts[c].counts[1][code];
			uint32 l = counts[c].counts[0][code];

			if (f < VALUE_SUPPORT || f < PRECISION * ((double) f + l))
				continue;
			frauds += f;
			legitimate += l;
		}
		if (proves_fraud(frauds, legitimate, facts->n_frauds))
			leave_out(counts[c].column, "some of its values occur in hardly any row but frauds");
	}
}

/* Orders */

static bool
is_drawn(uint64 hash, uint64 n, uint64 wanted)
{
	/* Not the hash itself: equal shares of it must not coincide with a split. */
	return n <= wanted || (random_mix(~hash) >> 11) * 0x1.0p-53 < (double) wanted / n;
}

static void
draw_sample(Sample *sample, RowStore *store, const RowFacts *facts, const uint32 *order)
{
	uint64 most = Max(1, SAMPLE_FLOATS / store->width);
	uint64 wanted[2];
	uint64 in_class[2];

	in_class[1] = facts->n_frauds;
	in_class[0] = facts->n_rows - facts->n_frauds;
	wanted[1] = Min(SAMPLE_FRAUDS, most / 5);
	wanted[0] = Min(SAMPLE_LEGITIMATE, most - most / 5);
	memset(sample, 0, sizeof(*sample));
	sample->width = store->width;
	sample->row_numbers =
	    MemoryContextAllocHuge(CurrentMemoryContext, sizeof(uint32) * facts->n_rows);
	for (uint32 i = 0; i < facts->n_rows; i++)
	{
		uint8 label = facts->labels[order[i]];

		if (!is_drawn(facts->hashes[order[i]], in_class[label], wanted[label]))
			continue;
		sample->row_numbers[sample->n++] = order[i];
		sample->n_class[label]++;
	}
	for (int label = 0; label < 2; label++)
		sample->weights[label] = (double) in_class[label] / Max(sample->n_class[label], 1);

	sample->rows = MemoryContextAllocHuge(CurrentMemoryContext,
	                                      sizeof(float) * sample->width * Max(sample->n, 1));
	for (uint32 i = 0; i < sample->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		row_store_read(store, sample->row_numbers[i], 1, sample->rows + (size_t) i * sample->width);
	}
}

static SlotValues
slot_values_create(uint32 n)
{
	SlotValues values = {0};

	n = Max(n, 1);
	values.values = palloc_extended(sizeof(float) * n, MCXT_ALLOC_HUGE);
	values.labels = palloc_extended(sizeof(uint8) * n, MCXT_ALLOC_HUGE);
	values.scratch = palloc_extended(sizeof(uint64) * 2 * n, MCXT_ALLOC_HUGE);
	values.sorted = palloc_extended(sizeof(ScoredRow) * n, MCXT_ALLOC_HUGE);
	return values;
}

/* Sums over values in order: what one threshold finds, and the area under the curve. */
static bool
order_proves_fraud(const SlotValues *slot, const Sample *sample, bool descending)
{
	const ScoredRow *values = slot->sorted;
	uint32 n = slot->n;
	double found[2] = {0, 0};
	double frauds = sample->n_class[1];
	double legitimate = 0;
	double area = 0;
	uint32 i = 0;

	for (uint32 k = 0; k < n; k++)
		legitimate += values[k].label == 0;
	while (i < n)
	{
		uint32 group[2] = {0, 0};
		double value = values[descending ? i : n - 1 - i].score;

		for (; i < n && values[descending ? i : n - 1 - i].score == value; i++)
			group[values[descending ? i : n - 1 - i].label]++;
		area += group[1] * (legitimate - found[0] - group[0] / 2.0);
		found[0] += group[0];
		found[1] += group[1];
		/* A prefix of everything says nothing: some other row has to be left. */
		if (i < n && proves_fraud(found[1] * sample->weights[1], found[0] * sample->weights[0],
		                          frauds * sample->weights[1]))
			return true;
	}
	return frauds >= LEAKAGE_MIN_FRAUDS && found[1] >= RECALL * frauds && legitimate > 0 &&
	       area >= AREA * found[1] * legitimate;
}

static void
check_order(TrainingColumn *column, int slot, const Sample *sample, const RowFacts *facts,
            SlotValues *values)
{
	values->n = 0;
	for (uint32 i = 0; i < sample->n; i++)
	{
		float value = sample->rows[(size_t) i * sample->width + slot];

		if (isnan(value))
			continue;
		values->values[values->n] = value;
		values->labels[values->n++] = facts->labels[sample->row_numbers[i]];
	}
	ranking_sort_margins(values->values, values->labels, values->n, values->scratch,
	                     values->sorted);
	if (order_proves_fraud(values, sample, false) || order_proves_fraud(values, sample, true))
		leave_out(column, "its values alone tell frauds from legitimate rows");
}

/* Never falls from one event time to a later one, and takes many values. */
static void
check_clock(TrainingColumn *column, int slot, const Sample *sample, const RowFacts *facts)
{
	float highest_before = -INFINITY; /* in rows of strictly earlier times */
	float highest = -INFINITY;
	uint32 filled = 0;
	uint32 rises = 0;
	int64 time = 0;

	for (uint32 i = 0; i < sample->n; i++)
	{
		float value = sample->rows[(size_t) i * sample->width + slot];
		int64 row_time = facts->event_times[sample->row_numbers[i]];

		if (isnan(value))
			continue;
		if (filled == 0 || row_time != time)
			highest_before = highest;
		time = row_time;
		if (value < highest_before)
			return;
		rises += value > highest;
		highest = Max(highest, value);
		filled++;
	}
	if (filled >= LEAKAGE_MIN_ROWS && rises >= CLOCK_VALUES)
		leave_out(column, "it rises with the event time, as a clock does");
}

static void
check_orders(ColumnChoice *choice, RowStore *store, const RowFacts *facts, const uint32 *order)
{
	Sample sample;
	SlotValues values;

	draw_sample(&sample, store, facts, order);
	values = slot_values_create(sample.n);
	for (int c = 0; c < choice->n_columns; c++)
	{
		TrainingColumn *column = &choice->columns[c];

		CHECK_FOR_INTERRUPTS();
		if (column->left_out || column->class == COLUMN_TEXT)
			continue;
		for (int s = 0; s < column->n_slots && !column->left_out; s++)
			check_order(column, column->first_slot + s, &sample, facts, &values);
		if (!column->left_out && facts->event_times != NULL && column->class == COLUMN_NUMBER)
			check_clock(column, column->first_slot, &sample, facts);
	}
}

void
leakage_check(ColumnChoice *choice, RowStore *store, const RowFacts *facts, const uint32 *order)
{
	MemoryContext context =
	    AllocSetContextCreate(CurrentMemoryContext, "leak detection", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);

	for (int c = 0; c < choice->n_columns; c++)
	{
		TrainingColumn *column = &choice->columns[c];

		check_filled(column, facts);
		if (!column->left_out)
			check_unique(column);
	}
	check_values(choice, store, facts);
	check_orders(choice, store, facts, order);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

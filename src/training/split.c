/*
 * split.c
 *		Which rows train, which stop and calibrate, which measure.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "core/label_delay.h"
#include "core/random.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pg/errors.h"
#include "pg/memory.h"
#include "training/split.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

static const char *const part_names[N_USED_PARTS] = {"training", "validation", "holdout"};

/* Before which each part begins, and where the one before it ended because of the gap. */
typedef struct TimeCuts
{
	int64 training_end; /* exclusive */
	int64 validation_begin;
	int64 validation_end; /* exclusive */
	int64 holdout_begin;  /* TIME_NEVER: no holdout */
} TimeCuts;

const char *
part_name(Part part)
{
	return part_names[part];
}

static double
validation_share(const TrainingRequest *request)
{
	return request->holdout > 0 ? request->holdout : SPLIT_VALIDATION_SHARE;
}

/* Uniform in [0, 1) for a hash and the seed; streams are independent of each other. */
static double
uniform_of(uint64 hash, int64 seed, uint64 stream)
{
	uint64 key = random_mix((uint64) seed + UINT64_C(0x9e3779b97f4a7c15) * (stream + 1));

	return (random_mix(hash ^ key) >> 11) * 0x1.0p-53;
}

static Part
part_of_uniform(const TrainingRequest *request, double u)
{
	if (u < request->holdout)
		return PART_HOLDOUT;
	u = (u - request->holdout) / (1 - request->holdout);
	return u < validation_share(request) ? PART_VALIDATION : PART_TRAINING;
}

/* By time */

/*
 * Calendar arithmetic on UTC: does not depend on the session's time zone. What
 * a calendar cannot hold is refused by an error that would not say what is wrong.
 */
static int64
minus_delay(int64 time, Interval *delay)
{
	double seconds = (double) delay->time / USECS_PER_SEC + (double) delay->day * SECS_PER_DAY +
	                 (double) delay->month * (DAYS_PER_MONTH + 1) * SECS_PER_DAY;

	if ((double) (time - MIN_TIMESTAMP) / USECS_PER_SEC < seconds + SECS_PER_DAY)
		ereport(ERROR, (errcode(ERRCODE_DATETIME_FIELD_OVERFLOW),
		                errmsg("label_delay reaches back further than any time"),
		                errhint("It is the time until the label of a row is known.")));
	return DatumGetTimestamp(DirectFunctionCall2(timestamp_mi_interval, TimestampGetDatum(time),
	                                             IntervalPGetDatum(delay)));
}

/* How many rows of the order lie before a time. */
static uint32
rows_before(const RowFacts *facts, const uint32 *order, int64 time)
{
	uint32 low = 0;
	uint32 high = facts->n_rows;

	while (low < high)
	{
		uint32 middle = low + (high - low) / 2;

		if (facts->event_times[order[middle]] < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
find_cuts(TimeCuts *cuts, const TrainingRequest *request, const RowFacts *facts,
          const uint32 *order)
{
	uint32 n = facts->n_rows;
	uint32 position;

	cuts->holdout_begin = TIME_NEVER;
	cuts->validation_end = TIME_NEVER;
	if (request->holdout > 0)
	{
		position = Min(n - 1, (uint32) (n * (1 - request->holdout)));
		cuts->holdout_begin = facts->event_times[order[position]];
		cuts->validation_end = minus_delay(cuts->holdout_begin, request->label_delay);
		n = rows_before(facts, order, cuts->validation_end);
	}
	if (n == 0 && facts->event_times[order[0]] == facts->event_times[order[facts->n_rows - 1]])
		ereport(ERROR,
		        (errcode(ERRCODE_FRAUD_UNUSABLE_DATA), errmsg("all rows have the same event time"),
		         errhint("Name another column in event_time, or leave it out for a split at "
		                 "random.")));
	if (n == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_FRAUD_UNUSABLE_DATA),
		         errmsg("no rows are left to train on before the holdout and its gap"),
		         errhint("Lower holdout or label_delay, or let the source reach further back.")));
	position = Min(n - 1, (uint32) (n * (1 - validation_share(request))));
	cuts->validation_begin = facts->event_times[order[position]];
	cuts->training_end = minus_delay(cuts->validation_begin, request->label_delay);
}

static Part
part_of_time(const TimeCuts *cuts, int64 time)
{
	if (time >= cuts->holdout_begin)
		return PART_HOLDOUT;
	if (time >= cuts->validation_end)
		return PART_GAP;
	if (time >= cuts->validation_begin)
		return PART_VALIDATION;
	return time >= cuts->training_end ? PART_GAP : PART_TRAINING;
}

static void
split_by_time(Split *split, const TrainingRequest *request, const RowFacts *facts,
              const uint32 *order)
{
	TimeCuts cuts;

	find_cuts(&cuts, request, facts, order);
	split->summaries[PART_TRAINING].label_cut = cuts.validation_begin;
	split->summaries[PART_VALIDATION].label_cut = cuts.holdout_begin;
	for (uint32 i = 0; i < facts->n_rows; i++)
	{
		Part part = part_of_time(&cuts, facts->event_times[i]);

		if (part == PART_GAP)
			split->gap_rows++;
		else if (facts->entities != NULL &&
		         part_of_uniform(request, uniform_of(facts->entities[i], request->seed, 1)) != part)
		{
			part = PART_DROPPED;
			split->dropped_rows++;
		}
		split->parts[i] = part;
	}
}

/* By content */

typedef struct DrawnRow
{
	double u;
	uint32 row;
} DrawnRow;

static int
compare_drawn(const void *a, const void *b)
{
	double x = ((const DrawnRow *) a)->u;
	double y = ((const DrawnRow *) b)->u;

	/* Sorting millions of rows takes seconds. */
	CHECK_FOR_INTERRUPTS();
	return (x > y) - (x < y);
}

/* Rows of a class in the order of their draw; equal draws are equal rows. */
static void
split_class(Split *split, const TrainingRequest *request, const RowFacts *facts, uint8 label)
{
	uint64 in_class = label ? facts->n_frauds : facts->n_rows - facts->n_frauds;
	DrawnRow *drawn = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(DrawnRow) * in_class);
	uint32 n = 0;
	uint32 n_holdout;
	uint32 n_validation;

	for (uint32 i = 0; i < facts->n_rows; i++)
	{
		if (facts->labels[i] != label)
			continue;
		drawn[n].u = uniform_of(facts->hashes[i], request->seed, 0);
		drawn[n].row = i;
		n++;
	}
	qsort(drawn, n, sizeof(DrawnRow), compare_drawn);

	/* At least one row of each class in each part, if there are as many. */
	n_holdout = (uint32) (n * request->holdout + 0.5);
	if (request->holdout > 0 && n_holdout == 0 && n >= N_USED_PARTS)
		n_holdout = 1;
	n_validation = (uint32) ((n - n_holdout) * validation_share(request) + 0.5);
	if (n_validation == 0 && n - n_holdout >= 2)
		n_validation = 1;
	for (uint32 k = 0; k < n; k++)
		split->parts[drawn[k].row] = k < n_holdout                  ? PART_HOLDOUT
		                             : k < n_holdout + n_validation ? PART_VALIDATION
		                                                            : PART_TRAINING;
	pfree(drawn);
}

static void
split_by_content(Split *split, const TrainingRequest *request, const RowFacts *facts)
{
	split->summaries[PART_TRAINING].label_cut = TIME_NEVER;
	split->summaries[PART_VALIDATION].label_cut = TIME_NEVER;
	if (facts->entities == NULL)
	{
		split_class(split, request, facts, 0);
		split_class(split, request, facts, 1);
		return;
	}
	for (uint32 i = 0; i < facts->n_rows; i++)
		split->parts[i] =
		    part_of_uniform(request, uniform_of(facts->entities[i], request->seed, 1));
}

/* Both */

static void
summarize(Split *split, RowFacts *facts)
{
	for (uint32 i = 0; i < facts->n_rows; i++)
	{
		PartSummary *part;

		if (split->parts[i] >= N_USED_PARTS)
			continue;
		part = &split->summaries[split->parts[i]];
		if (facts->labels[i] && facts->known_times != NULL && part->label_cut != TIME_NEVER &&
		    facts->known_times[i] > part->label_cut)
		{
			facts->labels[i] = 0;
			part->unknown++;
		}
		part->frauds += facts->labels[i];
		if (facts->event_times != NULL)
		{
			int64 time = facts->event_times[i];

			part->from = part->rows == 0 ? time : Min(part->from, time);
			part->until = part->rows == 0 ? time : Max(part->until, time);
		}
		part->rows++;
	}
}

/*
 * How complete the labels are
 *
 * Only labels that count are looked at, so nothing that becomes known later, or
 * never, changes the estimate.
 */

static bool
is_labelled_part(Part part)
{
	return part == PART_TRAINING || part == PART_VALIDATION;
}

static void
fit_label_delays(LabelDelays *delays, const Split *split, const RowFacts *facts)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	uint64 most = split->summaries[PART_TRAINING].frauds + split->summaries[PART_VALIDATION].frauds;
	KnownFraud *frauds = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(KnownFraud) * most);
	size_t n = 0;
	CoreError error;

	for (uint32 i = 0; i < facts->n_rows; i++)
	{
		Part part = split->parts[i];
		double event;

		if (!is_labelled_part(part) || !facts->labels[i])
			continue;
		event = (double) facts->event_times[i];
		frauds[n].delay = (double) facts->known_times[i] - event;
		frauds[n++].age = (double) split->summaries[part].label_cut - event;
	}
	if (!label_delays_fit(frauds, n, &allocator, delays, &error))
		elog(ERROR, "%s", error.message);
	pfree(frauds);
}

/* Means over the rows of each part, in an order that is not that of the source. */
static void
average_known(Split *split, const LabelDelays *delays, const RowFacts *facts, const uint32 *order)
{
	double sums[N_USED_PARTS] = {0};

	for (uint32 k = 0; k < facts->n_rows; k++)
	{
		Part part = split->parts[order[k]];
		double event = (double) facts->event_times[order[k]];

		CHECK_FOR_INTERRUPTS();
		if (is_labelled_part(part))
			sums[part] +=
			    label_delays_known(delays, (double) split->summaries[part].label_cut - event);
	}
	for (Part part = PART_TRAINING; part <= PART_VALIDATION; part++)
		split->summaries[part].known = sums[part] / split->summaries[part].rows;
}

/* labels: as they count; there is a fraud in each part, so its share of known ones is above 0. */
static void
estimate_known(Split *split, const RowFacts *facts, const uint32 *order)
{
	LabelDelays delays;

	fit_label_delays(&delays, split, facts);
	average_known(split, &delays, facts, order);
	pfree(delays.steps);
}

static void
check_parts(const Split *split, const TrainingRequest *request)
{
	for (Part part = PART_TRAINING; part <= PART_VALIDATION; part++)
	{
		const PartSummary *summary = &split->summaries[part];

		if (summary->frauds > 0 && summary->frauds < summary->rows)
			continue;
		ereport(ERROR,
		        (errcode(ERRCODE_FRAUD_UNUSABLE_DATA),
		         summary->rows == 0
		             ? errmsg("the %s part has no rows", part_name(part))
		             : errmsg("the %s part has rows of one class only", part_name(part)),
		         errdetail("It has " UINT64_FORMAT " rows, of which " UINT64_FORMAT
		                   " are frauds and " UINT64_FORMAT " more are not known to be yet. "
		                   "Rows in gaps: " UINT64_FORMAT
		                   ", dropped for their entity: " UINT64_FORMAT ".",
		                   summary->rows, summary->frauds, summary->unknown, split->gap_rows,
		                   split->dropped_rows),
		         errhint("Training needs frauds in both the training and the validation part: "
		                 "let the source give more rows%s.",
		                 split->by_time ? ", or lower holdout or label_delay" : "")));
	}
	if (request->holdout > 0 && split->summaries[PART_HOLDOUT].rows == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_FRAUD_UNUSABLE_DATA), errmsg("the holdout part has no rows"),
		         errhint("Let the source give more rows, or set holdout to 0.")));
}

void
split_rows(Split *split, const TrainingRequest *request, RowFacts *facts, uint32 *order)
{
	memset(split, 0, sizeof(*split));
	split->by_time = facts->event_times != NULL;
	split->by_entity = facts->entities != NULL;
	split->summaries[PART_HOLDOUT].label_cut = TIME_NEVER;
	for (Part part = 0; part < N_USED_PARTS; part++)
		split->summaries[part].known = 1;
	split->parts = MemoryContextAllocHuge(CurrentMemoryContext, facts->n_rows);
	if (split->by_time)
		split_by_time(split, request, facts, order);
	else
		split_by_content(split, request, facts);
	summarize(split, facts);
	reader_order_labels(order, facts);
	check_parts(split, request);
	if (facts->known_times != NULL && split->summaries[PART_VALIDATION].label_cut != TIME_NEVER)
		estimate_known(split, facts, order);
	if (split->dropped_rows > 0)
		ereport(NOTICE, (errmsg(UINT64_FORMAT " of %u rows are dropped: their entity belongs to "
		                                      "another part than their time",
		                        split->dropped_rows, facts->n_rows)));
}

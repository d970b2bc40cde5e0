/*
 * two_samples.c
 *		Two samples: values come in, and are sorted.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "pg/query_scratch.h"
#include "scoring/two_samples_state.h"
#include "utils/memutils.h"

#define FIRST_KEYS 64
/*
 * Keys are copied to twice the room. From where they would fill one large page on several are reserved, and then four
 * times as many: making one takes long, and the first is not filled only to be copied. What no key has reached yet is
 * only reserved there.
 */
#define GROWTH 2
#define LARGE_GROWTH 4
#define MARGIN_KEYS (LARGE_MEMORY_MARGIN / sizeof(uint64))
#define FIRST_LARGE_KEYS (1024 * 1024 - MARGIN_KEYS)
#define MOST_SMALL_KEYS 65536
/* From so many on it is large pages that are filled. */
#define FULL_PAGE_KEYS (256 * 1024)
/* Keys take up to half of work_mem, the scratch that they are sorted and packed by as much, runs in memory a quarter. */
#define KEYS_SHARE 2
#define RUNS_SHARE 4

const TwoSamplesCounts *
two_samples_counts(const TwoSamples *samples)
{
	return &samples->counts;
}

double
two_samples_parameter(const TwoSamples *samples)
{
	return samples->parameter;
}

TwoSamples *
two_samples_argument(FunctionCallInfo fcinfo)
{
	if (AggCheckCallContext(fcinfo, NULL) == 0)
		elog(ERROR, "function called outside of an aggregate");
	return PG_ARGISNULL(0) ? NULL : (TwoSamples *) PG_GETARG_POINTER(0);
}

/* In what a leader gathers from: not in a query of a function that is called there, nor where nothing is gathered. */
static bool
is_below_gather(const AggState *aggregate)
{
	return DO_AGGSPLIT_SERIALIZE(aggregate->aggsplit) &&
	       aggregate->ss.ps.state->es_query_dsa != NULL;
}

TwoSamples *
two_samples_create(FunctionCallInfo fcinfo)
{
	MemoryContext context;
	TwoSamples *samples;
	int kind = AggCheckCallContext(fcinfo, &context);

	if (kind == 0)
		elog(ERROR, "function called outside of an aggregate");
	samples = MemoryContextAllocZero(context, sizeof(TwoSamples));
	samples->context = context;
	samples->query = query_context(fcinfo);
	samples->parameter = NAN;
	samples->may_spill = kind == AGG_CONTEXT_AGGREGATE;
	samples->leaves_file = samples->may_spill && is_below_gather((AggState *) fcinfo->context);
	samples->most_bytes_of_runs =
	    samples->may_spill ? (Size) work_mem * 1024 / RUNS_SHARE : MaxAllocHugeSize;
	two_samples_limit_keys(samples, 1);
	return samples;
}

void
two_samples_limit_keys(TwoSamples *samples, int share)
{
	Size keys = (Size) work_mem * 1024 / KEYS_SHARE / share / sizeof(uint64);

	samples->most_keys = keys >= FULL_PAGE_KEYS ? keys - MARGIN_KEYS : keys;
}

void *
two_samples_scratch(TwoSamples *samples, Size n)
{
	return query_scratch(samples->query, sample_run_most_bytes(n) + SAMPLE_BLOCK_MOST);
}

void
two_samples_sort(TwoSamples *samples, int side)
{
	Size n = samples->n[side];

	if (samples->n_sorted[side] == n)
		return;
	CHECK_FOR_INTERRUPTS();
	sample_sort(two_samples_keys(samples, side), two_samples_scratch(samples, n), n);
	samples->n_sorted[side] = n;
}

void
two_samples_keep_moments(TwoSamples *samples)
{
	samples->moments = MemoryContextAllocZero(samples->context, sizeof(Moments));
}

Moments
two_samples_moments(TwoSamples *samples)
{
	Moments moments = *samples->moments;

	for (int side = 0; side < 2; side++)
	{
		two_samples_sort(samples, side);
		moments_add_keys(&moments, two_samples_keys(samples, side), samples->n[side]);
	}
	return moments;
}

/* Copied, not moved by its page tables: that would take its large pages away. */
static void
grow(TwoSamples *samples, Size capacity)
{
	LargeMemory memory = large_memory_allocate(samples->context, capacity * sizeof(uint64));
	uint64 *keys = memory.at;

	if (samples->keys != NULL)
	{
		memcpy(keys, samples->keys, samples->n[0] * sizeof(uint64));
		memcpy(keys + capacity - samples->n[1], two_samples_keys(samples, 1),
		       samples->n[1] * sizeof(uint64));
	}
	large_memory_release(&samples->memory);
	samples->memory = memory;
	samples->keys = keys;
	samples->capacity = capacity;
}

static Size
next_capacity(Size capacity)
{
	if (capacity >= FIRST_LARGE_KEYS)
		return LARGE_GROWTH * (capacity + MARGIN_KEYS) - MARGIN_KEYS;
	return capacity == MOST_SMALL_KEYS ? FIRST_LARGE_KEYS : Max(FIRST_KEYS, GROWTH * capacity);
}

static void
make_room(TwoSamples *samples, FunctionCallInfo fcinfo)
{
	Size capacity = next_capacity(samples->capacity);

	if (!samples->may_spill)
		grow(samples, capacity);
	else if (samples->capacity < samples->most_keys)
		grow(samples, Min(capacity, samples->most_keys));
	else
		two_samples_make_runs(samples, fcinfo);
}

TwoSamples *
two_samples_put_and_grow(TwoSamples *samples, int side, uint64 key, FunctionCallInfo fcinfo)
{
	make_room(samples, fcinfo);
	return two_samples_put(samples, side, key, fcinfo);
}

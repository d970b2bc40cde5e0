/*
 * two_samples.c
 *		Two samples: values come in, runs are made, walks go over all of them.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "miscadmin.h"
#include "pg/memory.h"
#include "scoring/two_samples_state.h"
#include "utils/memutils.h"

#define FIRST_KEYS 64
#define FIRST_RUNS 8
/* Keys take half of work_mem; the scratch of sorting and runs in memory share the rest. */
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
	samples->parameter = NAN;
	samples->may_spill = kind == AGG_CONTEXT_AGGREGATE;
	samples->most_keys = (Size) work_mem * 1024 / KEYS_SHARE / sizeof(uint64);
	return samples;
}

static uint64 *
new_keys(TwoSamples *samples, Size n)
{
	uint64 *keys = MemoryContextAllocHuge(samples->context, n * sizeof(uint64));

	memory_use_large_pages(keys, n * sizeof(uint64));
	return keys;
}

void
two_samples_sort(TwoSamples *samples, int side)
{
	Size n = samples->n[side];
	uint64 *scratch;

	if (samples->n_sorted[side] == n)
		return;
	CHECK_FOR_INTERRUPTS();
	scratch = new_keys(samples, n);
	sample_sort(two_samples_keys(samples, side), scratch, n);
	samples->n_sorted[side] = n;
	pfree(scratch);
}

static KeyRun *
new_run(TwoSamples *samples, int side)
{
	KeyRun *run;

	if (samples->n_runs == samples->runs_capacity)
	{
		int capacity = Max(FIRST_RUNS, 2 * samples->runs_capacity);

		samples->runs = samples->runs == NULL
		                    ? MemoryContextAlloc(samples->context, capacity * sizeof(KeyRun))
		                    : repalloc_huge(samples->runs, (Size) capacity * sizeof(KeyRun));
		samples->runs_capacity = capacity;
	}
	run = &samples->runs[samples->n_runs++];
	*run = (KeyRun){.side = side};
	return run;
}

static void
close_file(Datum argument)
{
	TwoSamples *samples = (TwoSamples *) DatumGetPointer(argument);

	if (samples->file != NULL)
		BufFileClose(samples->file);
	samples->file = NULL;
}

/* The file lives until the aggregate's group ends; an error closes it with the transaction. */
static void
open_file(TwoSamples *samples, FunctionCallInfo fcinfo)
{
	MemoryContext caller;

	if (samples->file != NULL)
		return;
	AggRegisterCallback(fcinfo, close_file, PointerGetDatum(samples));
	caller = MemoryContextSwitchTo(samples->context);
	samples->file = BufFileCreateTemp(false);
	MemoryContextSwitchTo(caller);
}

/* Runs begin at blocks, so that a run is found by its block. */
static void
write_run(TwoSamples *samples, KeyRun *run, const uint8 *bytes, Size size)
{
	PGAlignedBlock zeros = {0};
	Size padding = (BLCKSZ - size % BLCKSZ) % BLCKSZ;

	run->block = samples->file_blocks;
	if (BufFileSeekBlock(samples->file, samples->file_blocks) != 0)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not seek in a temporary file")));
	BufFileWrite(samples->file, unconstify(uint8 *, bytes), size);
	if (padding > 0)
		BufFileWrite(samples->file, zeros.data, padding);
	samples->file_blocks += (long) ((size + padding) / BLCKSZ);
}

/* A run's bytes become part of the state; takes them over where they stay in memory. */
static void
keep_run(TwoSamples *samples, KeyRun *run, uint8 *bytes, Size size, FunctionCallInfo fcinfo)
{
	Size most = (Size) work_mem * 1024 / RUNS_SHARE;

	run->size = size;
	if (!samples->may_spill || samples->bytes_of_runs + size <= most)
	{
		run->bytes = bytes;
		samples->bytes_of_runs += size;
		return;
	}
	open_file(samples, fcinfo);
	write_run(samples, run, bytes, size);
	pfree(bytes);
}

/* Sorted keys become a run. */
static void
make_run(TwoSamples *samples, int side, const uint64 *keys, Size n, FunctionCallInfo fcinfo)
{
	SampleRunWriter writer = {0};
	Size capacity = 1024;
	Size size = 0;
	uint8 *bytes;
	KeyRun *run;

	if (n == 0)
		return;
	bytes = MemoryContextAlloc(samples->context, capacity);
	for (Size i = 0; i < n; i++)
	{
		if (capacity - size < 2 * SAMPLE_RUN_ENTRY)
			bytes = repalloc_huge(bytes, capacity *= 2);
		size += sample_run_add(&writer, keys[i], 1, bytes + size);
	}
	size += sample_run_end(&writer, bytes + size);
	run = new_run(samples, side);
	run->rows = n;
	keep_run(samples, run, repalloc_huge(bytes, size), size, fcinfo);
}

static void
make_runs(TwoSamples *samples, FunctionCallInfo fcinfo)
{
	for (int side = 0; side < 2; side++)
	{
		two_samples_sort(samples, side);
		make_run(samples, side, two_samples_keys(samples, side), samples->n[side], fcinfo);
		samples->n[side] = samples->n_sorted[side] = 0;
	}
}

/* Large memory is moved by its page tables: side 0 is not copied, and its pages are not cleared anew. */
static void
grow(TwoSamples *samples, Size capacity)
{
	Size before = samples->capacity;
	Size n = samples->n[1];

	samples->keys = samples->keys == NULL ? new_keys(samples, capacity)
	                                      : repalloc_huge(samples->keys, capacity * sizeof(uint64));
	memory_use_large_pages(samples->keys, capacity * sizeof(uint64));
	memmove(samples->keys + capacity - n, samples->keys + before - n, n * sizeof(uint64));
	samples->capacity = capacity;
}

void
two_samples_make_room(TwoSamples *samples, FunctionCallInfo fcinfo)
{
	if (!samples->may_spill)
		grow(samples, Max(FIRST_KEYS, 2 * samples->capacity));
	else if (samples->capacity < samples->most_keys)
		grow(samples, Min(Max(FIRST_KEYS, 2 * samples->capacity), samples->most_keys));
	else
		make_runs(samples, fcinfo);
}

/* A worker's keys, from a message that may begin anywhere: kept as they are where they fit. */
static void
add_plain_run(TwoSamples *samples, const KeyRun *source, FunctionCallInfo fcinfo)
{
	uint8 *bytes = (uint8 *) new_keys(samples, source->rows);
	KeyRun *run;

	memcpy(bytes, source->bytes, source->size);
	if (samples->may_spill &&
	    samples->bytes_of_runs + source->size > samples->most_keys * sizeof(uint64))
	{
		make_run(samples, source->side, (const uint64 *) bytes, source->rows, fcinfo);
		pfree(bytes);
		return;
	}
	run = new_run(samples, source->side);
	*run = *source;
	run->bytes = bytes;
	samples->bytes_of_runs += source->size;
}

/* Takes the plain runs of a side off the state. */
static int
take_plain_runs(TwoSamples *samples, int side, KeyRun *taken)
{
	int n_taken = 0, kept = 0;

	for (int i = 0; i < samples->n_runs; i++)
	{
		if (samples->runs[i].side != side || !samples->runs[i].is_plain)
			samples->runs[kept++] = samples->runs[i];
		else
		{
			taken[n_taken++] = samples->runs[i];
			samples->bytes_of_runs -= samples->runs[i].size;
		}
	}
	samples->n_runs = kept;
	return n_taken;
}

/* The first two of the runs become one, the last. Keys of the state itself are not of a run. */
static void
merge_first_two(TwoSamples *samples, KeyRun *runs, int n)
{
	KeyRun merged = {.side = runs[0].side, .is_plain = true};

	CHECK_FOR_INTERRUPTS();
	merged.rows = runs[0].rows + runs[1].rows;
	merged.size = merged.rows * sizeof(uint64);
	merged.bytes = (uint8 *) new_keys(samples, merged.rows);
	sample_merge((uint64 *) runs[0].bytes, runs[0].rows, (uint64 *) runs[1].bytes, runs[1].rows,
	             (uint64 *) merged.bytes);
	for (int i = 0; i < 2; i++)
		if ((uint64 *) runs[i].bytes != two_samples_keys(samples, merged.side))
			pfree(runs[i].bytes);
	memmove(runs, runs + 2, (n - 2) * sizeof(KeyRun));
	runs[n - 2] = merged;
}

void
two_samples_join(TwoSamples *samples, int side)
{
	KeyRun *taken = palloc((samples->n_runs + 1) * sizeof(KeyRun));
	Size n = samples->n[side];
	int n_taken = take_plain_runs(samples, side, taken);

	if (n_taken > 0 && n > 0)
	{
		two_samples_sort(samples, side);
		taken[n_taken++] = (KeyRun){.side = side,
		                            .is_plain = true,
		                            .rows = n,
		                            .size = n * sizeof(uint64),
		                            .bytes = (uint8 *) two_samples_keys(samples, side)};
	}
	for (; n_taken > 1; n_taken--)
		merge_first_two(samples, taken, n_taken);
	if (n_taken > 0 && n > 0)
		samples->n[side] = samples->n_sorted[side] = 0;
	if (n_taken == 1)
	{
		*new_run(samples, side) = taken[0];
		samples->bytes_of_runs += taken[0].size;
	}
	pfree(taken);
}

void
two_samples_add_run(TwoSamples *samples, const KeyRun *source, BufFile *file,
                    FunctionCallInfo fcinfo)
{
	uint8 *bytes;
	KeyRun *run;

	if (source->is_plain)
	{
		add_plain_run(samples, source, fcinfo);
		return;
	}
	bytes = MemoryContextAllocHuge(samples->context, Max(source->size, 1));
	run = new_run(samples, source->side);
	run->rows = source->rows;
	if (source->bytes != NULL)
		memcpy(bytes, source->bytes, source->size);
	else
		run_read(source, file, 0, bytes, source->size);
	keep_run(samples, run, bytes, source->size, fcinfo);
}

void
run_read(const KeyRun *run, BufFile *file, Size from, uint8 *bytes, Size size)
{
	Assert(from % BLCKSZ == 0);
	if (BufFileSeekBlock(file, run->block + (long) (from / BLCKSZ)) != 0)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not seek in a temporary file")));
	if (BufFileRead(file, bytes, size) != size)
		ereport(ERROR, (errcode_for_file_access(), errmsg("a temporary file is too short")));
}

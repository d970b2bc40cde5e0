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
/* Memory that no key has reached yet is only reserved, and what is copied is a third of what there is. */
#define GROWTH 4
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

void
two_samples_sort(TwoSamples *samples, int side)
{
	Size n = samples->n[side];
	uint64 *scratch;
	void *chunk;

	if (samples->n_sorted[side] == n)
		return;
	CHECK_FOR_INTERRUPTS();
	scratch = memory_allocate_large(samples->context, n * sizeof(uint64), &chunk);
	sample_sort(two_samples_keys(samples, side), scratch, n);
	samples->n_sorted[side] = n;
	pfree(chunk);
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

	run->file_block = samples->file_blocks;
	if (BufFileSeekBlock(samples->file, samples->file_blocks) != 0)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not seek in a temporary file")));
	BufFileWrite(samples->file, unconstify(uint8 *, bytes), size);
	if (padding > 0)
		BufFileWrite(samples->file, zeros.data, padding);
	samples->file_blocks += (long) ((size + padding) / BLCKSZ);
}

/* A run's bytes become part of the state; takes them over where they stay in memory. */
static void
keep_run(TwoSamples *samples, KeyRun *run, uint8 *bytes, void *chunk, FunctionCallInfo fcinfo)
{
	Size most = (Size) work_mem * 1024 / RUNS_SHARE;

	if (!samples->may_spill || samples->bytes_of_runs + run->size <= most)
	{
		run->bytes = bytes;
		run->chunk = chunk;
		samples->bytes_of_runs += run->size;
		return;
	}
	open_file(samples, fcinfo);
	write_run(samples, run, bytes, run->size);
	pfree(chunk);
}

/* Sorted keys become a run. */
static void
make_run(TwoSamples *samples, int side, const uint64 *keys, Size n, FunctionCallInfo fcinfo)
{
	uint8 *bytes;
	KeyRun *run;
	Size taken;

	if (n == 0)
		return;
	bytes = MemoryContextAllocHuge(samples->context, sample_run_most_bytes(n) + SAMPLE_BLOCK_MOST);
	run = new_run(samples, side);
	run->rows = n;
	for (Size i = 0; i < n; i += taken)
	{
		run->size += sample_block_write(keys + i, n - i, bytes + run->size, &taken);
		run->n_blocks++;
	}
	bytes = repalloc_huge(bytes, run->size);
	if (samples->moments != NULL)
		moments_add_keys(samples->moments, keys, n);
	keep_run(samples, run, bytes, bytes, fcinfo);
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

/* Copied, not moved by its page tables: that would take its large pages away. */
static void
grow(TwoSamples *samples, Size capacity)
{
	void *before = samples->keys_chunk;
	void *chunk;
	uint64 *keys = memory_allocate_large(samples->context, capacity * sizeof(uint64), &chunk);

	if (before != NULL)
	{
		memcpy(keys, samples->keys, samples->n[0] * sizeof(uint64));
		memcpy(keys + capacity - samples->n[1], two_samples_keys(samples, 1),
		       samples->n[1] * sizeof(uint64));
	}
	samples->keys = keys;
	samples->keys_chunk = chunk;
	samples->capacity = capacity;
	if (before != NULL)
		pfree(before);
}

static void
make_room(TwoSamples *samples, FunctionCallInfo fcinfo)
{
	Size capacity = Max(FIRST_KEYS, GROWTH * samples->capacity);

	if (!samples->may_spill)
		grow(samples, capacity);
	else if (samples->capacity < samples->most_keys)
		grow(samples, Min(capacity, samples->most_keys));
	else
		make_runs(samples, fcinfo);
}

TwoSamples *
two_samples_put_and_grow(TwoSamples *samples, int side, uint64 key, FunctionCallInfo fcinfo)
{
	make_room(samples, fcinfo);
	return two_samples_put(samples, side, key, fcinfo);
}

void
two_samples_add_run(TwoSamples *samples, const KeyRun *source, BufFile *file,
                    FunctionCallInfo fcinfo)
{
	void *chunk;
	uint8 *bytes = memory_allocate_large(samples->context, Max(source->size, 1), &chunk);
	KeyRun *run = new_run(samples, source->side);

	run->rows = source->rows;
	run->size = source->size;
	run->n_blocks = source->n_blocks;
	if (source->bytes != NULL)
		memcpy(bytes, source->bytes, source->size);
	else
		run_read(source, file, 0, bytes, source->size);
	keep_run(samples, run, bytes, chunk, fcinfo);
}

void
run_read(const KeyRun *run, BufFile *file, Size from, uint8 *bytes, Size size)
{
	Assert(from % BLCKSZ == 0);
	if (BufFileSeekBlock(file, run->file_block + (long) (from / BLCKSZ)) != 0)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not seek in a temporary file")));
	if (BufFileRead(file, bytes, size) != size)
		ereport(ERROR, (errcode_for_file_access(), errmsg("a temporary file is too short")));
}

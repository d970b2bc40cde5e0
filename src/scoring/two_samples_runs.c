/*
 * two_samples_runs.c
 *		Keys that have become runs: in memory, in a file of the process, or in one that
 *		is left to the leader.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/parallel.h"
#include "commands/tablespace.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "pg/query_scratch.h"
#include "pg/temporary_file.h"
#include "scoring/aggregate_state.h"
#include "scoring/two_samples_state.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#define FIRST_RUNS 8
/* What a message takes along, because a file would cost more. */
#define MOST_SENT_BYTES ((Size) 4 * BLCKSZ)
/* Between two looks at whether the query is to end. */
#define BLOCKS_AT_ONCE 1024

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

/* A file that this state was to leave, and did not, is of no use to anybody. */
static void
close_files(Datum argument)
{
	TwoSamples *samples = (TwoSamples *) DatumGetPointer(argument);

	if (samples->file != 0)
	{
		FileClose(samples->file);
		if (samples->name != NULL)
			leader_file_delete(samples->name);
	}
	samples->file = 0;
	for (; samples->handed != NULL; samples->handed = samples->handed->next)
	{
		FileClose(samples->handed->file);
		if (samples->handed->deletes)
			leader_file_delete(&samples->handed->name);
	}
}

/* Files live until the aggregate's group ends; an error closes them with the transaction. */
static void
close_files_in_the_end(TwoSamples *samples, FunctionCallInfo fcinfo)
{
	if (!samples->closes)
		AggRegisterCallback(fcinfo, close_files, PointerGetDatum(samples));
	samples->closes = true;
}

static void
open_file(TwoSamples *samples, FunctionCallInfo fcinfo)
{
	if (samples->file != 0)
		return;
	close_files_in_the_end(samples, fcinfo);
	if (samples->leaves_file)
	{
		LeaderFile *name = MemoryContextAlloc(samples->context, sizeof(LeaderFile));

		samples->file = leader_file_create(name);
		samples->name = name;
	}
	else
	{
		PrepareTempTablespaces();
		samples->file = OpenTemporaryFile(false);
	}
}

static void
append(TwoSamples *samples, const void *bytes, Size size)
{
	temporary_file_write(samples->file, samples->file_size, bytes, size);
	samples->file_size += (int64) size;
}

static void
write_run(TwoSamples *samples, KeyRun *run, const uint8 *bytes)
{
	KeyRun in_memory = *run;
	SampleBlockPlace *places;

	in_memory.bytes = unconstify(uint8 *, bytes);
	places = run_places(&in_memory);
	run->bytes = NULL;
	run->file = samples->file;
	run->file_offset = samples->file_size;
	append(samples, bytes, run->size);
	append(samples, places, run->n_blocks * sizeof(SampleBlockPlace));
	pfree(places);
}

/* A copy of a run's bytes becomes part of the state. */
static void
keep_run(TwoSamples *samples, KeyRun *run, const uint8 *bytes, FunctionCallInfo fcinfo)
{
	if (samples->bytes_of_runs + run->size <= samples->most_bytes_of_runs)
	{
		run->bytes = MemoryContextAllocHuge(samples->context, run->size);
		memcpy(run->bytes, bytes, run->size);
		samples->bytes_of_runs += run->size;
		return;
	}
	open_file(samples, fcinfo);
	write_run(samples, run, bytes);
}

static void
make_run(TwoSamples *samples, int side, FunctionCallInfo fcinfo)
{
	Size n = samples->n[side];
	const uint64 *keys;
	uint8 *bytes;
	KeyRun *run;
	Size taken;

	if (n == 0)
		return;
	two_samples_sort(samples, side);
	keys = two_samples_keys(samples, side);
	bytes = two_samples_scratch(samples, n);
	run = new_run(samples, side);
	run->rows = n;
	for (Size i = 0; i < n; i += taken)
	{
		if (run->n_blocks % BLOCKS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		run->size += sample_block_write(keys + i, n - i, bytes + run->size, &taken);
		run->n_blocks++;
	}
	if (samples->moments != NULL)
		moments_add_keys(samples->moments, keys, n);
	keep_run(samples, run, bytes, fcinfo);
	samples->n[side] = samples->n_sorted[side] = 0;
}

void
two_samples_make_runs(TwoSamples *samples, FunctionCallInfo fcinfo)
{
	for (int side = 0; side < 2; side++)
		make_run(samples, side, fcinfo);
}

void
two_samples_add_run(TwoSamples *samples, const KeyRun *source, FunctionCallInfo fcinfo)
{
	KeyRun *run = new_run(samples, source->side);

	run->rows = source->rows;
	run->size = source->size;
	run->n_blocks = source->n_blocks;
	keep_run(samples, run, source->bytes, fcinfo);
}

/* The part of the leader itself: it may be asked for it again, where workers are started anew, and deletes it in the end. */
static bool
is_leaders_own(const LeaderFile *name)
{
	return name->creator == MyProcPid && !IsParallelWorker();
}

/* Whether each message comes once: what lies between the workers and the aggregate may give it again. */
static bool
comes_once(FunctionCallInfo fcinfo)
{
	PlanState *from = outerPlanState(fcinfo->context);

	return IsA(from, GatherState) || IsA(from, GatherMergeState);
}

void
two_samples_take_runs(TwoSamples *samples, const KeyRun *runs, int n, const LeaderFile *name,
                      FunctionCallInfo fcinfo)
{
	HandedFile *handed = MemoryContextAlloc(samples->context, sizeof(HandedFile));
	bool own = is_leaders_own(name);

	close_files_in_the_end(samples, fcinfo);
	handed->name = *name;
	handed->deletes = !own && comes_once(fcinfo);
	handed->file = leader_file_open(name);
	if (!own && !handed->deletes)
		leader_file_delete_with(&handed->name, samples->query);
	handed->next = samples->handed;
	samples->handed = handed;
	for (int i = 0; i < n; i++)
	{
		KeyRun *run = new_run(samples, runs[i].side);

		*run = runs[i];
		run->file = handed->file;
	}
}

/* All runs go to the file. */
static void
leave_file(TwoSamples *samples)
{
	for (int i = 0; i < samples->n_runs; i++)
	{
		KeyRun *run = &samples->runs[i];
		uint8 *bytes = run->bytes;

		if (bytes != NULL)
		{
			write_run(samples, run, bytes);
			pfree(bytes);
		}
		run->file = 0;
	}
	samples->bytes_of_runs = 0;
	FileClose(samples->file);
	samples->file = 0;
	if (is_leaders_own(samples->name))
		leader_file_delete_with(samples->name, samples->query);
}

/* All runs come to memory, for a message. */
static void
read_file(TwoSamples *samples)
{
	for (int i = 0; i < samples->n_runs; i++)
	{
		KeyRun *run = &samples->runs[i];
		uint8 *bytes;

		if (run->bytes != NULL)
			continue;
		bytes = MemoryContextAllocHuge(samples->context, run->size);
		run_read(run, 0, bytes, run->size);
		run->bytes = bytes;
		run->file = 0;
		samples->bytes_of_runs += run->size;
	}
	FileClose(samples->file);
	samples->file = 0;
}

/* A file counts against the limit of temporary files, which no query should meet for being parallel: a message does not. */
void
two_samples_hand_over(TwoSamples *samples, FunctionCallInfo fcinfo)
{
	samples->most_bytes_of_runs =
	    samples->leaves_file && temp_file_limit < 0 ? MOST_SENT_BYTES : MaxAllocHugeSize;
	two_samples_make_runs(samples, fcinfo);
	if (samples->file == 0)
		return;
	if (samples->leaves_file)
		leave_file(samples);
	else
		read_file(samples);
}

void
run_read(const KeyRun *run, Size from, void *bytes, Size size)
{
	temporary_file_read(run->file, run->file_offset + (int64) from, bytes, size);
}

static void
check_places(const KeyRun *run, const SampleBlockPlace *places)
{
	bool ascend = places[0].before == 0 && places[0].offset == 0;

	for (Size i = 1; i < run->n_blocks; i++)
		ascend = ascend && places[i].first > places[i - 1].first &&
		         places[i].before > places[i - 1].before && places[i].offset > places[i - 1].offset;
	if (!ascend || places[run->n_blocks - 1].before >= run->rows ||
	    places[run->n_blocks - 1].offset >= run->size)
		aggregate_state_damaged();
}

SampleBlockPlace *
run_places(const KeyRun *run)
{
	Size size = run->n_blocks * sizeof(SampleBlockPlace);
	SampleBlockPlace *places = MemoryContextAllocHuge(CurrentMemoryContext, size);
	size_t n;

	if (run->bytes != NULL)
	{
		if (!sample_run_blocks(run->bytes, run->size, run->rows, places, &n))
			aggregate_state_damaged();
		return places;
	}
	run_read(run, run->size, places, size);
	check_places(run, places);
	return places;
}

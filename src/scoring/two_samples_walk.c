/*
 * two_samples_walk.c
 *		Reading two samples: all runs and the keys beside them, merged.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "miscadmin.h"
#include "scoring/two_samples_state.h"
#include "utils/memutils.h"

struct TwoSamplesWalk
{
	SampleWalk walk;
	SampleCursor **cursors;
	int n_cursors;
};

RunReader *
run_reader_create(const KeyRun *run, BufFile *file)
{
	RunReader *reader = palloc0(sizeof(RunReader));

	reader->run = run;
	reader->file = file;
	if (run->bytes == NULL)
		reader->buffer = palloc(SAMPLE_RUN_ENTRY + RUN_BUFFER);
	return reader;
}

/*
 * The bytes that the cursor has left are moved in front of those that follow,
 * which are read at multiples of a block.
 */
size_t
run_reader_source(SampleCursor *cursor, const uint8 **bytes)
{
	RunReader *reader = cursor->source_state;
	Size left = cursor->n_bytes;
	Size size = reader->run->size - reader->given;
	uint8 *start;

	if (size == 0)
		return 0;
	if (reader->run->bytes != NULL)
	{
		reader->given += size;
		*bytes = reader->run->bytes;
		return size;
	}
	size = Min(size, RUN_BUFFER);
	start = reader->buffer + SAMPLE_RUN_ENTRY - left;
	if (left > 0)
		memmove(start, cursor->at, left);
	run_read(reader->run, reader->file, reader->given, reader->buffer + SAMPLE_RUN_ENTRY, size);
	reader->given += size;
	*bytes = start;
	return left + size;
}

static SampleCursor *
next_cursor(TwoSamplesWalk *walk)
{
	return walk->cursors[walk->n_cursors++] = palloc(sizeof(SampleCursor));
}

static void
cursor_of_run(SampleCursor *cursor, TwoSamples *samples, const KeyRun *run)
{
	if (run->is_plain)
		sample_cursor_of_keys(cursor, run->side, (const uint64 *) run->bytes, run->rows);
	else
		sample_cursor_of_run(cursor, run->side, run_reader_source,
		                     run_reader_create(run, samples->file));
}

/* A walk over two arrays at most needs no heap. */
#define FEW_ARRAYS 2

static void
join_arrays(TwoSamples *samples, int first, int last)
{
	int n_arrays = 0;

	for (int side = first; side <= last; side++)
		n_arrays += samples->n[side] > 0;
	for (int i = 0; i < samples->n_runs; i++)
		n_arrays += samples->runs[i].is_plain && samples->runs[i].side >= first &&
		            samples->runs[i].side <= last;
	for (int side = first; n_arrays > FEW_ARRAYS && side <= last; side++)
		two_samples_join(samples, side);
}

static TwoSamplesWalk *
walk_over_sides(TwoSamples *samples, int first, int last)
{
	TwoSamplesWalk *walk = palloc(sizeof(TwoSamplesWalk));

	join_arrays(samples, first, last);
	walk->cursors = palloc((samples->n_runs + 2) * sizeof(SampleCursor *));
	walk->n_cursors = 0;
	for (int side = first; side <= last; side++)
	{
		two_samples_sort(samples, side);
		sample_cursor_of_keys(next_cursor(walk), side, two_samples_keys(samples, side),
		                      samples->n[side]);
	}
	for (int i = 0; i < samples->n_runs; i++)
		if (samples->runs[i].side >= first && samples->runs[i].side <= last)
			cursor_of_run(next_cursor(walk), samples, &samples->runs[i]);
	sample_walk_begin(&walk->walk, walk->cursors, walk->n_cursors);
	return walk;
}

TwoSamplesWalk *
two_samples_walk(TwoSamples *samples)
{
	return walk_over_sides(samples, 0, 1);
}

TwoSamplesWalk *
two_samples_walk_of_side(TwoSamples *samples, int side)
{
	return walk_over_sides(samples, side, side);
}

/* Nothing is sorted, and runs are read one after the other. */
void
two_samples_scan(TwoSamples *samples, int side, KeysConsumer consumer, void *state)
{
	SampleCursor *cursor = palloc(sizeof(SampleCursor));

	consumer(state, two_samples_keys(samples, side), NULL, samples->n[side]);
	for (int i = 0; i < samples->n_runs; i++)
	{
		if (samples->runs[i].side != side)
			continue;
		cursor_of_run(cursor, samples, &samples->runs[i]);
		while (sample_cursor_ready(cursor))
		{
			CHECK_FOR_INTERRUPTS();
			consumer(state, cursor->keys, cursor->counts, cursor->n);
			cursor->next = cursor->n;
		}
	}
	pfree(cursor);
}

size_t
two_samples_walk_next(TwoSamplesWalk *walk, SampleTie ties[TWO_SAMPLES_TIES])
{
	CHECK_FOR_INTERRUPTS();
	return sample_walk_next(&walk->walk, ties, TWO_SAMPLES_TIES);
}

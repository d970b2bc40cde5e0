/*
 * two_samples_walk.c
 *		Reading two samples: all runs and the keys beside them, merged.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "miscadmin.h"
#include "scoring/aggregate_state.h"
#include "scoring/two_samples_state.h"
#include "utils/memutils.h"

struct TwoSamplesWalk
{
	SampleWalk walk;
	SampleCursor **cursors;
	SampleCursor **heap; /* the same, for the walk to reorder */
	int n_cursors;
};

RunReader *
run_reader_create(const KeyRun *run, BufFile *file)
{
	RunReader *reader = palloc0(sizeof(RunReader));

	reader->run = run;
	reader->file = file;
	reader->buffer = palloc(SAMPLE_BLOCK_MOST + RUN_BUFFER);
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
	size = Min(size, RUN_BUFFER);
	start = reader->buffer + SAMPLE_BLOCK_MOST - left;
	if (left > 0)
		memmove(start, cursor->at, left);
	run_read(reader->run, reader->file, reader->given, reader->buffer + SAMPLE_BLOCK_MOST, size);
	reader->given += size;
	*bytes = start;
	return left + size;
}

static SampleCursor *
next_cursor(TwoSamplesWalk *walk)
{
	return walk->cursors[walk->n_cursors++] = palloc(sizeof(SampleCursor));
}

static SampleBlockPlace *
blocks_of_run(const KeyRun *run)
{
	SampleBlockPlace *places =
	    MemoryContextAllocHuge(CurrentMemoryContext, run->n_blocks * sizeof(SampleBlockPlace));
	size_t n;

	if (!sample_run_blocks(run->bytes, run->size, run->rows, places, &n))
		aggregate_state_damaged();
	return places;
}

static void
cursor_of_run(SampleCursor *cursor, TwoSamples *samples, const KeyRun *run)
{
	if (run->bytes != NULL)
		sample_cursor_of_blocks(cursor, run->side, run->bytes, run->size, run->rows,
		                        blocks_of_run(run), run->n_blocks);
	else
		sample_cursor_of_run(cursor, run->side, run_reader_source,
		                     run_reader_create(run, samples->file));
}

static TwoSamplesWalk *
walk_over_sides(TwoSamples *samples, int first, int last)
{
	TwoSamplesWalk *walk = palloc(sizeof(TwoSamplesWalk));

	walk->cursors = palloc((samples->n_runs + 2) * sizeof(SampleCursor *));
	walk->heap = palloc((samples->n_runs + 2) * sizeof(SampleCursor *));
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
	memcpy(walk->heap, walk->cursors, walk->n_cursors * sizeof(SampleCursor *));
	sample_walk_begin(&walk->walk, walk->heap, walk->n_cursors);
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

/* A run that is not what its header says, from a state that was forged, or a file that was. */
static void
check_cursor(const SampleCursor *cursor)
{
	if (cursor->damaged)
		aggregate_state_damaged();
}

/* Of blocks that lie between edges, the number of rows is enough. */
static void
scan_blocks(const KeyRun *run, const uint64 *edges, size_t n_edges, KeysConsumer consumer,
            void *state)
{
	SampleBlockPlace *places = blocks_of_run(run);
	uint64 keys[SAMPLE_BLOCK_KEYS], counts[SAMPLE_BLOCK_KEYS];
	size_t edge = 0;

	for (Size i = 0; i < run->n_blocks; i++)
	{
		uint64 end = i + 1 < run->n_blocks ? places[i + 1].first : PG_UINT64_MAX;
		const uint8 *bytes = run->bytes + places[i].offset;
		SampleBlock block;

		while (edge < n_edges && edges[edge] < places[i].first)
			edge++;
		if (!sample_block_open(bytes, run->size - places[i].offset, &block))
			aggregate_state_damaged();
		if (edge == n_edges || edges[edge] >= end)
		{
			consumer(state, &block.first, &block.rows, 1);
			continue;
		}
		if (!sample_block_read(bytes, &block, keys, counts))
			aggregate_state_damaged();
		consumer(state, keys, block.count_bits > 0 ? counts : NULL, block.n);
	}
	pfree(places);
}

static void
scan_file(const KeyRun *run, BufFile *file, KeysConsumer consumer, void *state)
{
	SampleCursor *cursor = palloc(sizeof(SampleCursor));
	RunReader *reader = run_reader_create(run, file);

	sample_cursor_of_run(cursor, run->side, run_reader_source, reader);
	while (sample_cursor_ready(cursor))
	{
		CHECK_FOR_INTERRUPTS();
		consumer(state, cursor->keys, cursor->counts, cursor->n);
		cursor->next = cursor->n;
	}
	check_cursor(cursor);
	pfree(reader->buffer);
	pfree(reader);
	pfree(cursor);
}

/* Nothing is sorted, and runs are read one after the other. */
void
two_samples_scan(TwoSamples *samples, int side, const uint64 *edges, size_t n_edges,
                 KeysConsumer consumer, void *state)
{
	consumer(state, two_samples_keys(samples, side), NULL, samples->n[side]);
	for (int i = 0; i < samples->n_runs; i++)
	{
		const KeyRun *run = &samples->runs[i];

		CHECK_FOR_INTERRUPTS();
		if (run->side != side)
			continue;
		if (run->bytes != NULL)
			scan_blocks(run, edges, n_edges, consumer, state);
		else
			scan_file(run, samples->file, consumer, state);
	}
}

static void
check_cursors(const TwoSamplesWalk *walk)
{
	for (int i = 0; i < walk->n_cursors; i++)
		check_cursor(walk->cursors[i]);
}

size_t
two_samples_walk_next(TwoSamplesWalk *walk, SampleTie ties[TWO_SAMPLES_TIES])
{
	size_t n;

	CHECK_FOR_INTERRUPTS();
	n = sample_walk_next(&walk->walk, ties, TWO_SAMPLES_TIES);
	check_cursors(walk);
	return n;
}

uint64
two_samples_walk_skip(TwoSamplesWalk *walk, uint64 most, double *last)
{
	uint64 rows;

	CHECK_FOR_INTERRUPTS();
	rows = sample_walk_skip(&walk->walk, most, last);
	check_cursors(walk);
	return rows;
}

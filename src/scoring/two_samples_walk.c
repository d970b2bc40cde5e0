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
	bool skips; /* some keys may be passed over */
};

/* Those up to the next quantile are few after a skip, and all are looked at. */
#define FEW_TIES 32

/* A SampleRunSource over a run in a file. After a seek few blocks are wanted. */
#define RUN_BUFFER 32768
#define FIRST_BLOCKS 2
StaticAssertDecl(RUN_BUFFER >= SAMPLE_BLOCK_MOST, "what a source is asked for at least has room");

typedef struct RunReader
{
	const KeyRun *run;
	Size given;    /* bytes of the run that were given before */
	Size step;     /* bytes to read next */
	uint8 *buffer; /* SAMPLE_BLOCK_MOST and RUN_BUFFER bytes */
} RunReader;

static RunReader *
run_reader_create(const KeyRun *run)
{
	RunReader *reader = palloc0(sizeof(RunReader));

	reader->run = run;
	reader->step = RUN_BUFFER;
	reader->buffer = palloc(SAMPLE_BLOCK_MOST + RUN_BUFFER);
	return reader;
}

/* The bytes that the cursor has left are moved in front of those that follow. */
static size_t
run_reader_source(SampleCursor *cursor, size_t least, const uint8 **bytes)
{
	RunReader *reader = cursor->source_state;
	Size left = cursor->n_bytes;
	Size size = Min(reader->run->size - reader->given, Max(reader->step, least - left));
	uint8 *start;

	if (size == 0)
		return 0;
	start = reader->buffer + SAMPLE_BLOCK_MOST - left;
	if (left > 0)
		memmove(start, cursor->at, left);
	run_read(reader->run, reader->given, reader->buffer + SAMPLE_BLOCK_MOST, size);
	reader->given += size;
	reader->step = Min(2 * reader->step, RUN_BUFFER);
	*bytes = start;
	return left + size;
}

static void
run_reader_seek(SampleCursor *cursor, uint64 offset)
{
	RunReader *reader = cursor->source_state;
	Size end = cursor->block + FIRST_BLOCKS;
	Size end_offset = end < cursor->n_places ? cursor->places[end].offset : reader->run->size;

	reader->given = offset;
	reader->step = Min(end_offset - offset, RUN_BUFFER);
}

static SampleCursor *
next_cursor(TwoSamplesWalk *walk)
{
	return walk->cursors[walk->n_cursors++] = palloc(sizeof(SampleCursor));
}

/* Where some keys may be passed over, blocks are known. */
static void
cursor_of_run(SampleCursor *cursor, const KeyRun *run, bool skips)
{
	if (run->bytes != NULL)
		sample_cursor_of_bytes(cursor, run->side, run->bytes, run->size);
	else
		sample_cursor_of_run(cursor, run->side, run_reader_source, run_reader_create(run));
	if (skips)
		sample_cursor_know_blocks(cursor, run->rows, run_places(run), run->n_blocks,
		                          run_reader_seek);
}

static int
runs_of_sides(const TwoSamples *samples, int first, int last)
{
	int n = 0;

	for (int i = 0; i < samples->n_runs; i++)
		n += samples->runs[i].side >= first && samples->runs[i].side <= last;
	return n;
}

static TwoSamplesWalk *
walk_over_sides(TwoSamples *samples, int first, int last, bool skips)
{
	TwoSamplesWalk *walk = palloc(sizeof(TwoSamplesWalk));

	walk->cursors = palloc((samples->n_runs + 2) * sizeof(SampleCursor *));
	walk->heap = palloc((samples->n_runs + 2) * sizeof(SampleCursor *));
	walk->n_cursors = 0;
	walk->skips = skips;
	for (int side = first; side <= last; side++)
	{
		two_samples_sort(samples, side);
		sample_cursor_of_keys(next_cursor(walk), side, two_samples_keys(samples, side),
		                      samples->n[side]);
	}
	for (int i = 0; i < samples->n_runs; i++)
		if (samples->runs[i].side >= first && samples->runs[i].side <= last)
			cursor_of_run(next_cursor(walk), &samples->runs[i], skips);
	memcpy(walk->heap, walk->cursors, walk->n_cursors * sizeof(SampleCursor *));
	sample_walk_begin(&walk->walk, walk->heap, walk->n_cursors);
	return walk;
}

TwoSamplesWalk *
two_samples_walk(TwoSamples *samples)
{
	return walk_over_sides(samples, 0, 1, false);
}

TwoSamplesWalk *
two_samples_walk_of_side(TwoSamples *samples, int side)
{
	/* The places of the blocks of many runs would take much memory, and skipping time. */
	bool skips = runs_of_sides(samples, side, side) < SAMPLE_WALK_SKIPPED_CURSORS;

	return walk_over_sides(samples, side, side, skips);
}

/* A run that is not what its header says, from a state that was forged, or a file that was. */
static void
check_cursor(const SampleCursor *cursor)
{
	if (cursor->damaged)
		aggregate_state_damaged();
}

static uint64
rows_of_block(const KeyRun *run, const SampleBlockPlace *places, Size i)
{
	return (i + 1 < run->n_blocks ? places[i + 1].before : run->rows) - places[i].before;
}

/* Where a block ends, in bytes of the run. */
static Size
end_of_block(const KeyRun *run, const SampleBlockPlace *places, Size i)
{
	return i + 1 < run->n_blocks ? places[i + 1].offset : run->size;
}

/* A scan of a run, block by block. */
typedef struct RunScan
{
	const KeyRun *run;
	const SampleBlockPlace *places;
	const uint64 *edges;
	size_t n_edges;
	size_t edge;   /* the first one that is not below the block */
	uint8 *buffer; /* of a run in a file */
	Size from;     /* bytes of the run that are in it */
	Size to;
} RunScan;

/* Does an edge lie in the block? *edge moves on to the first one that is not below it. */
static bool
has_edge(const RunScan *scan, Size i, size_t *edge)
{
	while (*edge < scan->n_edges && scan->edges[*edge] < scan->places[i].first)
		(*edge)++;
	return *edge < scan->n_edges &&
	       (i + 1 == scan->run->n_blocks || scan->edges[*edge] < scan->places[i + 1].first);
}

/* Reads a block, and those behind it that will be asked for next. */
static void
read_blocks(RunScan *scan, Size i)
{
	Size from = scan->places[i].offset;
	Size to = end_of_block(scan->run, scan->places, i);
	size_t edge = scan->edge;

	if (to - from > SAMPLE_BLOCK_MOST)
		aggregate_state_damaged();
	while (++i < scan->run->n_blocks && has_edge(scan, i, &edge) &&
	       end_of_block(scan->run, scan->places, i) - from <= RUN_BUFFER)
		to = end_of_block(scan->run, scan->places, i);
	if (scan->buffer == NULL)
		scan->buffer = palloc(RUN_BUFFER);
	run_read(scan->run, from, scan->buffer, to - from);
	scan->from = from;
	scan->to = to;
}

static const uint8 *
bytes_of_block(RunScan *scan, Size i, Size *size)
{
	Size offset = scan->places[i].offset;
	Size end = end_of_block(scan->run, scan->places, i);

	*size = end - offset;
	if (scan->run->bytes != NULL)
		return scan->run->bytes + offset;
	if (offset < scan->from || end > scan->to)
		read_blocks(scan, i);
	return scan->buffer + (offset - scan->from);
}

/* Of blocks that lie between edges, the number of rows is enough. */
static void
scan_run(const KeyRun *run, const uint64 *edges, size_t n_edges, KeysConsumer consumer, void *state)
{
	SampleBlockPlace *places = run_places(run);
	RunScan scan = {.run = run, .places = places, .edges = edges, .n_edges = n_edges};
	uint64 keys[SAMPLE_BLOCK_KEYS], counts[SAMPLE_BLOCK_KEYS];

	for (Size i = 0; i < run->n_blocks; i++)
	{
		uint64 rows = rows_of_block(run, places, i);
		SampleBlock block;
		const uint8 *bytes;
		Size size;

		if (!has_edge(&scan, i, &scan.edge))
		{
			consumer(state, &places[i].first, &rows, 1);
			continue;
		}
		CHECK_FOR_INTERRUPTS();
		bytes = bytes_of_block(&scan, i, &size);
		if (!sample_block_open(bytes, size, &block) || block.first != places[i].first ||
		    block.rows != rows || !sample_block_read(bytes, &block, keys, counts))
			aggregate_state_damaged();
		consumer(state, keys, block.count_bits > 0 ? counts : NULL, block.n);
	}
	if (scan.buffer != NULL)
		pfree(scan.buffer);
	pfree(places);
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
		scan_run(run, edges, n_edges, consumer, state);
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
	n = sample_walk_next(&walk->walk, ties, walk->skips ? FEW_TIES : TWO_SAMPLES_TIES);
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

/*
 * sample_walk.h
 *		The walk over two samples in order of value: what every statistic of two
 *		samples, and every metric of scores with labels, is computed from. What is
 *		computed depends on the values alone, never on the order in which they came.
 *
 * A sample is any number of sorted arrays and runs (core/sample_run.h).
 */
#ifndef FRAUD_DETECT_SAMPLE_WALK_H
#define FRAUD_DETECT_SAMPLE_WALK_H

#include "core/sample_run.h"

/* Sorted keys of one side, some at a time. */
typedef struct SampleCursor SampleCursor;

/* Bytes of a run. Returns how many it gave, 0 at the end; at least SAMPLE_BLOCK_MOST where there are as many. */
typedef size_t (*SampleRunSource)(SampleCursor *cursor, const uint8_t **bytes);
/* The source's next bytes are those of the run from this one on. */
typedef void (*SampleRunSeek)(SampleCursor *cursor, uint64_t offset);

struct SampleCursor
{
	const uint64_t *keys;
	const uint64_t *counts; /* NULL: each key once */
	size_t next;
	size_t n;
	int side;
	/* Of a run only: bytes that are not unpacked yet. */
	bool is_run;
	SampleRunSource source; /* NULL: all are at hand */
	void *source_state;
	const uint8_t *at;
	size_t n_bytes;
	uint64_t last; /* key of the block before */
	bool started;
	bool damaged;         /* a block is cut off, or keys do not ascend */
	const uint8_t *bytes; /* of a run in memory */
	size_t size;
	/* Of a run whose blocks are known. */
	SampleRunSeek seek;
	const SampleBlockPlace *places;
	size_t n_places;
	size_t block; /* the next one to be unpacked */
	uint64_t rows;
	uint64_t unpacked_keys[SAMPLE_BLOCK_KEYS];
	uint64_t unpacked_counts[SAMPLE_BLOCK_KEYS];
};

/* A cursor over an array of sorted keys. */
extern void sample_cursor_of_keys(SampleCursor *cursor, int side, const uint64_t *keys, size_t n);
/*
 * A cursor over a run that is read in order. The source is asked when fewer than SAMPLE_BLOCK_MOST bytes
 * are left: it then has to give these (cursor->at, cursor->n_bytes) and what follows.
 */
extern void sample_cursor_of_run(SampleCursor *cursor, int side, SampleRunSource source,
                                 void *source_state);
/* A cursor over a run in memory. */
extern void sample_cursor_of_bytes(SampleCursor *cursor, int side, const uint8_t *bytes,
                                   size_t size);
/*
 * Before a run is read: it has this many rows, and these blocks, which sample_run_blocks() has told. So
 * keys can be passed over. A run with a source needs a seek.
 */
extern void sample_cursor_know_blocks(SampleCursor *cursor, uint64_t rows,
                                      const SampleBlockPlace *places, size_t n_places,
                                      SampleRunSeek seek);
/* Whether keys[next] is there; unpacks the next block of a run where it has to. */
extern bool sample_cursor_ready(SampleCursor *cursor);

/* A value, and how often it occurs on each side. */
typedef struct SampleTie
{
	double value;
	uint64_t counts[2];
} SampleTie;

/* Of one side: keys below those that the cursors are at. */
#define SAMPLE_STAGE_CURSORS 8
#define SAMPLE_STAGE_KEYS (SAMPLE_STAGE_CURSORS * SAMPLE_BLOCK_KEYS)

typedef struct SampleStage
{
	const uint64_t *keys;
	size_t next;
	size_t n;
	uint64_t merged[2][SAMPLE_STAGE_KEYS];
} SampleStage;

/* The walk: ties in ascending order of value. */
typedef struct SampleWalk
{
	SampleCursor **heap; /* cursors that are not exhausted, the least key first */
	size_t n;
	SampleStage stages[2];
} SampleWalk;

/* Takes the cursors' array for its own use. */
extern void sample_walk_begin(SampleWalk *walk, SampleCursor **cursors, size_t n);
/* Fills up to capacity ties and returns how many; 0 at the end. */
extern size_t sample_walk_next(SampleWalk *walk, SampleTie *ties, size_t capacity);

/* The most cursors of a walk that passes over ties. */
#define SAMPLE_WALK_SKIPPED_CURSORS (2 * SAMPLE_STAGE_CURSORS)

/*
 * Passes over as many of the next ties as it can without looking at them, with up to most rows of both sides
 * together: fewer than there are, and none where the blocks of a run are not known. Returns their rows; *last
 * becomes their greatest value where there are any.
 */
extern uint64_t sample_walk_skip(SampleWalk *walk, uint64_t most, double *last);

#endif

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

#include "core/sample_cursor.h"

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

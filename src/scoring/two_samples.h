/*
 * two_samples.h
 *		The state of every aggregate that needs its values in order: two samples
 *		(legitimate and fraud, or reference and current) as sorted runs of keys.
 *
 * A state keeps within work_mem: what does not fit is sorted and becomes a run,
 * in memory where repeated values make it short, else in a temporary file.
 * Parallel workers sort what they have and hand it over as runs; who gathers them merges
 * these, or passes over most of them where only some ranks are asked for.
 *
 * A window function cannot spill (there is no end at which to close the file):
 * there, a state grows in memory.
 */
#ifndef FRAUD_DETECT_TWO_SAMPLES_H
#define FRAUD_DETECT_TWO_SAMPLES_H

#include "core/sample_walk.h"
#include "fmgr.h"

typedef struct TwoSamples TwoSamples;

typedef struct TwoSamplesCounts
{
	uint64 rows[2];    /* values */
	uint64 missing[2]; /* NULL and NaN */
} TwoSamplesCounts;

extern const TwoSamplesCounts *two_samples_counts(const TwoSamples *samples);
/* What the aggregate was given beside value and side, the same in every row; NaN where nothing. */
extern double two_samples_parameter(const TwoSamples *samples);

/* The state of an aggregate's first argument, NULL where it has seen no row. */
extern TwoSamples *two_samples_argument(FunctionCallInfo fcinfo);

/* Walks over all values, ascending, in CurrentMemoryContext; any number of times. */
typedef struct TwoSamplesWalk TwoSamplesWalk;
extern TwoSamplesWalk *two_samples_walk(TwoSamples *samples);
/* Over the values of one side only. */
extern TwoSamplesWalk *two_samples_walk_of_side(TwoSamples *samples, int side);
/*
 * All keys of a side, some at a time, in no order that matters; counts NULL: each once. Edges ascend: keys between
 * which none lies (from one key up to below the other) may come as one of them, with all their rows.
 */
typedef void (*KeysConsumer)(void *state, const uint64 *keys, const uint64 *counts, size_t n);
extern void two_samples_scan(TwoSamples *samples, int side, const uint64 *edges, size_t n_edges,
                             KeysConsumer consumer, void *state);
/* Returns the number of ties, 0 at the end; few at a time where others may be passed over. Checks for interrupts. */
#define TWO_SAMPLES_TIES 512
extern size_t two_samples_walk_next(TwoSamplesWalk *walk, SampleTie ties[TWO_SAMPLES_TIES]);
/*
 * Passes over as many ties as it can without looking at them, of up to most rows; returns the rows, and their
 * greatest value where there are any (core/sample_walk.h).
 */
extern uint64 two_samples_walk_skip(TwoSamplesWalk *walk, uint64 most, double *last);

#endif

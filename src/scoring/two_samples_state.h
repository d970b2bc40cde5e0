/*
 * two_samples_state.h
 *		Inside of TwoSamples: for the files two_samples*.c alone.
 */
#ifndef FRAUD_DETECT_TWO_SAMPLES_STATE_H
#define FRAUD_DETECT_TWO_SAMPLES_STATE_H

#include "core/moments.h"
#include "lib/stringinfo.h"
#include "scoring/two_samples.h"
#include "storage/buffile.h"

/* A run in memory or, from a block of the file on. */
typedef struct KeyRun
{
	int side;
	uint64 rows;
	Size size;    /* bytes */
	uint8 *bytes; /* NULL: in the file */
	void *chunk;  /* what pfree takes for them */
	Size n_blocks;
	long file_block;
} KeyRun;

struct TwoSamples
{
	MemoryContext context; /* of the aggregate */
	TwoSamplesCounts counts;
	double parameter; /* NaN: none */
	bool may_spill;
	/* Keys that are not part of a run yet: side 0 from the start on, side 1 from the end back. */
	uint64 *keys;
	void *keys_chunk; /* what pfree takes for them */
	Size capacity;
	Size most_keys; /* before they become runs */
	Size n[2];
	Size n_sorted[2]; /* equal to n where the side is sorted */
	KeyRun *runs;
	int n_runs;
	int runs_capacity;
	Size bytes_of_runs; /* in memory */
	BufFile *file;
	long file_blocks;
	Moments *moments; /* of the runs' values, where they are asked for; else NULL */
};

/* An empty state in the aggregate's context. */
extern TwoSamples *two_samples_create(FunctionCallInfo fcinfo) pg_attribute_cold;
/* Where there is no room for one more key: makes some, or runs of all keys where work_mem has none. */
extern TwoSamples *two_samples_put_and_grow(TwoSamples *samples, int side, uint64 key,
                                            FunctionCallInfo fcinfo) pg_attribute_cold;
extern void two_samples_sort(TwoSamples *samples, int side);
/* Of a state that has no value yet: makes it keep moments of all that come. */
extern void two_samples_keep_moments(TwoSamples *samples);
/* Of all values of a state that keeps them. */
extern Moments two_samples_moments(TwoSamples *samples);
/* Bytes of a run, copied into the state; from memory or from another state's file. */
extern void two_samples_add_run(TwoSamples *samples, const KeyRun *run, BufFile *file,
                                FunctionCallInfo fcinfo);

/* Adds all of another state. */
extern void two_samples_merge(TwoSamples *samples, TwoSamples *other, FunctionCallInfo fcinfo);

/*
 * A state's bytes as part of a message: one that is begun with as many bytes as the states in it take at most is
 * written where it is sent from.
 */
extern Size two_samples_most_bytes(const TwoSamples *samples);
extern void two_samples_begin_message(StringInfo message, int version, Size most);
extern void two_samples_send(StringInfo message, TwoSamples *samples);
extern TwoSamples *two_samples_receive(StringInfo message);

/* Bytes of a run in a file, from a multiple of BLCKSZ on. */
extern void run_read(const KeyRun *run, BufFile *file, Size from, uint8 *bytes, Size size);

/* A SampleRunSource over a run in a file. */
#define RUN_BUFFER (4 * BLCKSZ)

typedef struct RunReader
{
	const KeyRun *run;
	BufFile *file;
	Size given;    /* bytes of the run that were given before */
	uint8 *buffer; /* SAMPLE_BLOCK_MOST and RUN_BUFFER bytes */
} RunReader;

/* In CurrentMemoryContext. */
extern RunReader *run_reader_create(const KeyRun *run, BufFile *file);
extern size_t run_reader_source(SampleCursor *cursor, const uint8 **bytes);

/*
 * Returns the state. What is done without room ends it, as a call of a function marked as seldom called: so this
 * one, and those it ends in the same way, leave the stack alone. After calls that do not, what PostgreSQL's JIT
 * compiles without optimization waits for each of them (30 aggregates of a row took half as long again on AMD's Zen 5).
 */
static inline TwoSamples *
two_samples_put(TwoSamples *samples, int side, uint64 key, FunctionCallInfo fcinfo)
{
	Size place;

	if (unlikely(samples->n[0] + samples->n[1] == samples->capacity))
		return two_samples_put_and_grow(samples, side, key, fcinfo);
	place = side == 0 ? samples->n[0] : samples->capacity - 1 - samples->n[1];
	samples->keys[place] = key;
	samples->n[side]++;
	return samples;
}

/* The keys of a side, n[side] of them. */
static inline uint64 *
two_samples_keys(TwoSamples *samples, int side)
{
	return side == 0 ? samples->keys : samples->keys + samples->capacity - samples->n[1];
}

#endif

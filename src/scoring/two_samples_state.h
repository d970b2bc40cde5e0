/*
 * two_samples_state.h
 *		Inside of TwoSamples: for the files two_samples*.c alone.
 */
#ifndef FRAUD_DETECT_TWO_SAMPLES_STATE_H
#define FRAUD_DETECT_TWO_SAMPLES_STATE_H

#include "core/moments.h"
#include "lib/stringinfo.h"
#include "pg/large_memory.h"
#include "pg/leader_file.h"
#include "scoring/two_samples.h"
#include "storage/fd.h"

/* A run in memory or in a file, with the places of its blocks behind it. */
typedef struct KeyRun
{
	int side;
	uint64 rows;
	Size size;    /* bytes */
	uint8 *bytes; /* NULL: in the file */
	Size n_blocks;
	File file; /* 0 where it is not open: what this state left, or has received */
	int64 file_offset;
} KeyRun;

/* A file that another process left, open until the group ends. */
typedef struct HandedFile
{
	struct HandedFile *next;
	File file;
	LeaderFile name;
	bool deletes; /* then, too */
} HandedFile;

struct TwoSamples
{
	MemoryContext context; /* of the aggregate */
	MemoryContext query;   /* of the scratch; NULL in a state that was received */
	TwoSamplesCounts counts;
	double parameter; /* NaN: none */
	bool may_spill;
	bool leaves_file; /* to the leader, in the end */
	bool closes;      /* files, when the group ends */
	/* Keys that are not part of a run yet: side 0 from the start on, side 1 from the end back. */
	uint64 *keys;
	LargeMemory memory; /* of the keys */
	Size capacity;
	Size most_keys; /* before they become runs */
	Size n[2];
	Size n_sorted[2]; /* equal to n where the side is sorted */
	KeyRun *runs;
	int n_runs;
	int runs_capacity;
	Size bytes_of_runs; /* in memory */
	Size most_bytes_of_runs;
	File file; /* that is written to; 0: none */
	int64 file_size;
	LeaderFile *name; /* of the file of all runs, where it is the leader's */
	HandedFile *handed;
	Moments *moments; /* of the runs' values, where they are asked for; else NULL */
};

/* An empty state in the aggregate's context. */
extern TwoSamples *two_samples_create(FunctionCallInfo fcinfo) pg_attribute_cold;
/* Where there is no room for one more key: makes some, or runs of all keys where work_mem has none. */
extern TwoSamples *two_samples_put_and_grow(TwoSamples *samples, int side, uint64 key,
                                            FunctionCallInfo fcinfo) pg_attribute_cold;
/* Of a state that has no value yet: it keeps a share of the keys that an aggregate alone would, before they become runs. */
extern void two_samples_limit_keys(TwoSamples *samples, int share);
extern void two_samples_sort(TwoSamples *samples, int side);
/* Room for n keys, and for the run that they become, until it is asked for again. */
extern void *two_samples_scratch(TwoSamples *samples, Size n);
/* Of a state that has no value yet: makes it keep moments of all that come. */
extern void two_samples_keep_moments(TwoSamples *samples);
/* Of all values of a state that keeps them. */
extern Moments two_samples_moments(TwoSamples *samples);

/* All keys become runs. */
extern void two_samples_make_runs(TwoSamples *samples, FunctionCallInfo fcinfo);
/* A copy of a run in memory, of another state. */
extern void two_samples_add_run(TwoSamples *samples, const KeyRun *run, FunctionCallInfo fcinfo);
/* Runs of a file that another process left. */
extern void two_samples_take_runs(TwoSamples *samples, const KeyRun *runs, int n,
                                  const LeaderFile *name, FunctionCallInfo fcinfo);
/*
 * All keys become runs, and all runs parts of a file that is the leader's from now on; few bytes stay in memory.
 * After it nothing is added, or walked over. May be called again.
 */
extern void two_samples_hand_over(TwoSamples *samples, FunctionCallInfo fcinfo);
/* Bytes of a run, or of the places behind it, that is in a file. */
extern void run_read(const KeyRun *run, Size from, void *bytes, Size size);
/* The places of its blocks, in CurrentMemoryContext. */
extern SampleBlockPlace *run_places(const KeyRun *run);

/* Adds all of a state that was received. */
extern void two_samples_merge(TwoSamples *samples, const TwoSamples *received,
                              FunctionCallInfo fcinfo);

/*
 * States that have been handed over, as parts of a message: one that is begun with as many bytes as they take is
 * written where it is sent from.
 */
extern Size two_samples_message_bytes(const TwoSamples *samples);
extern void two_samples_begin_message(StringInfo message, int version, Size size);
extern void two_samples_send(StringInfo message, const TwoSamples *samples);
extern TwoSamples *two_samples_receive(StringInfo message);

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

/*
 * sample.h
 *		Two samples of doubles, as sorted keys, and the walk over both in order of
 *		value: what every statistic of two samples, and every metric of scores with
 *		labels, is computed from.
 *
 * A value is kept as a key of 64 bits whose order as an unsigned integer is the
 * value's. Minus zero is zero; there is no NaN. What is computed from the walk
 * depends on the values alone, never on the order in which they came.
 *
 * A run is a sorted sample as bytes, equal keys counted. Each entry is a byte
 * that holds the number of bytes of (key - previous key) in its low four bits
 * and of (count - 1) in its high ones, then these two numbers, low byte first.
 */
#ifndef FRAUD_DETECT_SAMPLE_H
#define FRAUD_DETECT_SAMPLE_H

#include <string.h>

#include "core/core.h"

/* The greatest key of a number: positive infinity. */
#define SAMPLE_GREATEST_KEY UINT64_C(0xfff0000000000000)

static inline uint64_t
sample_key(double value)
{
	uint64_t bits;

	value += 0.0;
	memcpy(&bits, &value, sizeof(bits));
	return bits ^ ((bits >> 63) != 0 ? UINT64_MAX : UINT64_C(1) << 63);
}

static inline double
sample_value(uint64_t key)
{
	uint64_t bits = key ^ ((key >> 63) != 0 ? UINT64_C(1) << 63 : UINT64_MAX);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* Sorts ascending in linear time; scratch has room for n keys. */
extern void sample_sort(uint64_t *keys, uint64_t *scratch, size_t n);

/* Two sorted arrays to one, which has room for all keys. */
extern void sample_merge(const uint64_t *a, size_t n_a, const uint64_t *b, size_t n_b,
                         uint64_t *out);

/* Encoding: begin, then add sorted keys until the buffer may be full; the last entry comes with the end. */
#define SAMPLE_RUN_ENTRY 17 /* most bytes of an entry */

typedef struct SampleRunWriter
{
	uint64_t previous; /* key of the entry that was written last */
	uint64_t key;      /* of the entry that is still counted */
	uint64_t count;    /* 0: no entry yet */
} SampleRunWriter;

/* Writes the entry that is complete, if any, and returns its number of bytes, up to SAMPLE_RUN_ENTRY. */
extern size_t sample_run_add(SampleRunWriter *writer, uint64_t key, uint64_t count, uint8_t *out);
extern size_t sample_run_end(SampleRunWriter *writer, uint8_t *out);

/* Sorted keys of one side, some at a time. */
#define SAMPLE_CURSOR_KEYS 256

typedef struct SampleCursor SampleCursor;

/* Bytes of a run. Returns how many it gave, 0 at the end; at least SAMPLE_RUN_ENTRY where there are as many. */
typedef size_t (*SampleRunSource)(SampleCursor *cursor, const uint8_t **bytes);

struct SampleCursor
{
	const uint64_t *keys;
	const uint64_t *counts; /* NULL: each key once */
	size_t next;
	size_t n;
	int side;
	/* Of a run only. */
	SampleRunSource source;
	void *source_state;
	const uint8_t *at;
	size_t n_bytes;
	uint64_t previous;
	bool started;
	bool damaged; /* an entry is cut off, or keys do not ascend */
	uint64_t decoded_keys[SAMPLE_CURSOR_KEYS];
	uint64_t decoded_counts[SAMPLE_CURSOR_KEYS];
};

/* A cursor over an array of sorted keys. */
extern void sample_cursor_of_keys(SampleCursor *cursor, int side, const uint64_t *keys, size_t n);
/*
 * A cursor over a run. The source is asked when fewer than SAMPLE_RUN_ENTRY bytes
 * are left: it then has to give these (cursor->at, cursor->n_bytes) and what follows.
 */
extern void sample_cursor_of_run(SampleCursor *cursor, int side, SampleRunSource source,
                                 void *source_state);
/* Whether keys[next] is there; decodes more of a run where it has to. */
extern bool sample_cursor_ready(SampleCursor *cursor);

/* A value, and how often it occurs on each side. */
typedef struct SampleTie
{
	double value;
	uint64_t counts[2];
} SampleTie;

/* The walk: ties in ascending order of value. */
typedef struct SampleWalk
{
	SampleCursor **heap; /* cursors that are not exhausted, the least key first */
	size_t n;
} SampleWalk;

/* Takes the cursors' array for its own use. */
extern void sample_walk_begin(SampleWalk *walk, SampleCursor **cursors, size_t n);
/* Fills up to capacity ties and returns how many; 0 at the end. */
extern size_t sample_walk_next(SampleWalk *walk, SampleTie *ties, size_t capacity);

#endif

/*
 * sample_cursor.h
 *		Sorted keys of one side: of an array, or of a run (core/sample_run.h) as it is
 *		unpacked.
 */
#ifndef FRAUD_DETECT_SAMPLE_CURSOR_H
#define FRAUD_DETECT_SAMPLE_CURSOR_H

#include "core/sample_run.h"

/* Sorted keys of one side, some at a time. */
typedef struct SampleCursor SampleCursor;

/*
 * Bytes of a run. Returns how many it gave, 0 at the end; at least so many, up to SAMPLE_BLOCK_MOST, where there are
 * as many.
 */
typedef size_t (*SampleRunSource)(SampleCursor *cursor, size_t least, const uint8_t **bytes);
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
 * A cursor over a run that is read in order. The source is asked when fewer bytes are left than the next block takes,
 * or one may take (SAMPLE_BLOCK_MOST) where that is not known: it then has to give what is left (cursor->at,
 * cursor->n_bytes) and what follows.
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

static inline uint64_t
sample_cursor_key(const SampleCursor *cursor)
{
	return cursor->keys[cursor->next];
}

static inline bool
sample_cursor_knows_blocks(const SampleCursor *cursor)
{
	return !cursor->is_run || cursor->places != NULL;
}

/*
 * What follows is for cursors that are ready, and whose blocks are known. Those of an array are as if it were a run
 * of blocks that are full.
 */
static inline size_t
sample_cursor_blocks(const SampleCursor *cursor)
{
	return cursor->is_run ? cursor->n_places
	                      : (cursor->n + SAMPLE_BLOCK_KEYS - 1) / SAMPLE_BLOCK_KEYS;
}

static inline uint64_t
sample_cursor_rows_before_block(const SampleCursor *cursor, size_t block)
{
	if (block == sample_cursor_blocks(cursor))
		return cursor->is_run ? cursor->rows : cursor->n;
	return cursor->is_run ? cursor->places[block].before : block * SAMPLE_BLOCK_KEYS;
}

static inline uint64_t
sample_cursor_first_of_block(const SampleCursor *cursor, size_t block)
{
	return cursor->is_run ? cursor->places[block].first : cursor->keys[block * SAMPLE_BLOCK_KEYS];
}

/* The block that the cursor is in. */
static inline size_t
sample_cursor_block(const SampleCursor *cursor)
{
	return cursor->is_run ? cursor->block - 1 : cursor->next / SAMPLE_BLOCK_KEYS;
}

/* Rows before the key that the cursor is at. */
extern uint64_t sample_cursor_rows_before(const SampleCursor *cursor);
/* The first block from this one on that begins with a key or one above it. */
extern size_t sample_cursor_block_from(const SampleCursor *cursor, size_t block, uint64_t key);
/* Moves on to the first key that is not below this one, which is above the cursor's; returns the key before it. */
extern uint64_t sample_cursor_seek(SampleCursor *cursor, uint64_t key);

/* The number of sorted keys that are below a key. */
static inline size_t
sample_keys_below(const uint64_t *keys, size_t n, uint64_t key)
{
	const uint64_t *from = keys;

	while (n > 0)
	{
		size_t half = (n + 1) / 2;

		from += from[half - 1] < key ? half : 0;
		n -= half;
	}
	return (size_t) (from - keys);
}

#endif

/*
 * sample_run.h
 *		Runs: sorted keys (core/sample.h) as few bytes, equal ones counted.
 *
 * A run is a sequence of blocks, each of up to SAMPLE_BLOCK_KEYS distinct keys:
 *	 first key					8 bytes, in the order of the machine, as all numbers
 *	 rows						8 bytes
 *	 keys - 1					1 byte
 *	 bits of a step				1 byte, 0 to 56, or 64
 *	 bits of a count			1 byte, the same
 *	 steps						key - previous key - 1 for all keys but the first
 *	 counts						rows of a key - 1 for all keys
 *	 8 bytes					so that what is read in words ends within the block
 * Steps and counts are packed, each of the two from a byte on. What lies in a block is
 * known without unpacking it: the keys from its first one up to below that of the next.
 *
 * Runs are read by the program that wrote them, from a temporary file or a worker's message.
 */
#ifndef FRAUD_DETECT_SAMPLE_RUN_H
#define FRAUD_DETECT_SAMPLE_RUN_H

#include "core/sample.h"

#define SAMPLE_BLOCK_KEYS 256
#define SAMPLE_BLOCK_LEAST 27 /* bytes of a block of one key, once */
#define SAMPLE_BLOCK_MOST (SAMPLE_BLOCK_LEAST + (2 * SAMPLE_BLOCK_KEYS - 1) * 8)

typedef struct SampleBlock
{
	uint64_t first;
	uint64_t rows;
	uint32_t n; /* distinct keys */
	uint32_t step_bits;
	uint32_t count_bits; /* 0: each key once */
	size_t size;         /* bytes */
} SampleBlock;

/*
 * Writes a block of the first of n > 0 sorted keys, up to SAMPLE_BLOCK_MOST bytes, and returns how many;
 * *taken becomes the number of keys that are in it.
 */
extern size_t sample_block_write(const uint64_t *keys, size_t n, uint8_t *out, size_t *taken);

/* Bytes that a run of n keys has at most. */
static inline uint64_t
sample_run_most_bytes(uint64_t n)
{
	return n * 8 + (n / SAMPLE_BLOCK_KEYS + 1) * SAMPLE_BLOCK_LEAST;
}

/* Looks at any bytes; false where they do not begin with a whole block. */
extern bool sample_block_open(const uint8_t *bytes, size_t size, SampleBlock *block);
/* Unpacks keys, and counts where count_bits is not 0; false where they are not what a block may hold. */
extern bool sample_block_read(const uint8_t *bytes, const SampleBlock *block, uint64_t *keys,
                              uint64_t *counts);

/* Where the blocks of a run are. */
typedef struct SampleBlockPlace
{
	uint64_t first;
	uint64_t before; /* rows */
	uint64_t offset; /* bytes */
} SampleBlockPlace;

/*
 * Counts the blocks of a run, and fills places, where they are asked for, with one for each. False where the
 * bytes are not whole blocks in order, with this many rows.
 */
extern bool sample_run_blocks(const uint8_t *bytes, size_t size, uint64_t rows,
                              SampleBlockPlace *places, size_t *n);

#endif

/*
 * sample_run.c
 *		Blocks of sorted keys: frame of reference coding of the steps between them.
 */
#include "core/sample_run.h"

#define HEADER_BYTES 19
#define SLACK_BYTES 8
#define WORD_BITS 64
/* Bits that a word holds wherever in its first byte they begin. */
#define MOST_PACKED_BITS 56

static inline uint64_t
get_word(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

static inline void
put_word(uint8_t *bytes, uint64_t word)
{
	memcpy(bytes, &word, sizeof(word));
}

/* Bits that hold each of the numbers whose bits, taken together, these are. */
static uint32_t
bits_for(uint64_t together)
{
	uint32_t bits = 0;

	for (; together != 0; together >>= 1)
		bits++;
	return bits <= MOST_PACKED_BITS ? bits : WORD_BITS;
}

static inline size_t
packed_bytes(size_t n, uint32_t bits)
{
	return (n * bits + 7) / 8;
}

/* Writes up to SLACK_BYTES more than the packed ones, and returns the end of these. */
static uint8_t *
pack(const uint64_t *numbers, size_t n, uint32_t bits, uint8_t *out)
{
	uint8_t *end = out + packed_bytes(n, bits);
	uint64_t word = 0;
	uint32_t filled = 0;

	if (bits == 0)
		return out;
	if (bits == WORD_BITS)
	{
		memcpy(out, numbers, n * sizeof(uint64_t));
		return end;
	}
	for (size_t i = 0; i < n; i++)
	{
		uint32_t whole;

		word |= numbers[i] << filled;
		filled += bits;
		put_word(out, word);
		whole = filled / 8;
		out += whole;
		word >>= 8 * whole;
		filled %= 8;
	}
	return end;
}

size_t
sample_block_write(const uint64_t *keys, size_t n, uint8_t *out, size_t *taken)
{
	uint64_t steps[SAMPLE_BLOCK_KEYS]; /* one more than is used: a step to nowhere */
	uint64_t counts[SAMPLE_BLOCK_KEYS];
	uint64_t all_steps = 0, all_counts = 0;
	uint32_t step_bits, count_bits;
	size_t n_keys = 0;
	size_t i = 0;
	uint8_t *at;

	while (n_keys < SAMPLE_BLOCK_KEYS && i < n)
	{
		uint64_t key = keys[i];
		size_t start = i++;

		while (i < n && keys[i] == key)
			i++;
		counts[n_keys] = i - start - 1;
		all_counts |= counts[n_keys];
		if (n_keys > 0)
		{
			steps[n_keys - 1] = key - keys[start - 1] - 1;
			all_steps |= steps[n_keys - 1];
		}
		n_keys++;
	}
	*taken = i;
	step_bits = bits_for(all_steps);
	count_bits = bits_for(all_counts);
	put_word(out, keys[0]);
	put_word(out + 8, i);
	out[16] = (uint8_t) (n_keys - 1);
	out[17] = (uint8_t) step_bits;
	out[18] = (uint8_t) count_bits;
	at = pack(steps, n_keys - 1, step_bits, out + HEADER_BYTES);
	at = pack(counts, n_keys, count_bits, at);
	memset(at, 0, SLACK_BYTES);
	return (size_t) (at + SLACK_BYTES - out);
}

static inline bool
are_bits(uint32_t bits)
{
	return bits <= MOST_PACKED_BITS || bits == WORD_BITS;
}

bool
sample_block_open(const uint8_t *bytes, size_t size, SampleBlock *block)
{
	if (size < HEADER_BYTES)
		return false;
	block->first = get_word(bytes);
	block->rows = get_word(bytes + 8);
	block->n = (uint32_t) bytes[16] + 1;
	block->step_bits = bytes[17];
	block->count_bits = bytes[18];
	block->size = HEADER_BYTES + packed_bytes(block->n - 1, block->step_bits) +
	              packed_bytes(block->n, block->count_bits) + SLACK_BYTES;
	return are_bits(block->step_bits) && are_bits(block->count_bits) && block->size <= size &&
	       block->first <= SAMPLE_GREATEST_KEY && block->rows >= block->n;
}

static inline uint64_t
mask_of(uint32_t bits)
{
	return bits == WORD_BITS ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static inline uint64_t
packed_number(const uint8_t *bytes, size_t i, uint32_t bits, uint64_t mask)
{
	size_t at = i * bits;

	return get_word(bytes + at / 8) >> (at % 8) & mask;
}

static bool
read_counts(const uint8_t *bytes, const SampleBlock *block, uint64_t *counts)
{
	uint64_t mask = mask_of(block->count_bits);
	uint64_t left = block->rows - block->n;

	for (size_t i = 0; i < block->n; i++)
	{
		uint64_t more = packed_number(bytes, i, block->count_bits, mask);

		if (more > left)
			return false;
		left -= more;
		counts[i] = more + 1;
	}
	return left == 0;
}

bool
sample_block_read(const uint8_t *bytes, const SampleBlock *block, uint64_t *keys, uint64_t *counts)
{
	const uint8_t *steps = bytes + HEADER_BYTES;
	uint64_t mask = mask_of(block->step_bits);
	uint64_t key = block->first;
	bool wrapped = false;

	keys[0] = key;
	for (size_t i = 1; i < block->n; i++)
	{
		uint64_t next = key + packed_number(steps, i - 1, block->step_bits, mask) + 1;

		wrapped |= next <= key;
		key = next;
		keys[i] = key;
	}
	if (wrapped || key > SAMPLE_GREATEST_KEY)
		return false;
	if (block->count_bits == 0)
		return block->rows == block->n;
	return read_counts(steps + packed_bytes(block->n - 1, block->step_bits), block, counts);
}

bool
sample_run_blocks(const uint8_t *bytes, size_t size, uint64_t rows, SampleBlockPlace *places,
                  size_t *n)
{
	uint64_t before = 0;
	uint64_t previous = 0;
	size_t at = 0;

	for (*n = 0; at < size; ++*n)
	{
		SampleBlock block;

		if (!sample_block_open(bytes + at, size - at, &block) || block.rows > rows - before ||
		    (at > 0 && block.first <= previous))
			return false;
		if (places != NULL)
			places[*n] = (SampleBlockPlace){block.first, before, at};
		before += block.rows;
		previous = block.first;
		at += block.size;
	}
	return before == rows;
}

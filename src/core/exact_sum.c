/*
 * exact_sum.c
 *		Exact sums of doubles.
 */
#include "core/exact_sum.h"

#include <math.h>
#include <string.h>

#define CHUNK_BITS 32
#define CHUNK_MASK UINT64_C(0xffffffff)
#define MANTISSA_BITS 52
/* A chunk takes less than 2^32 from each term and 2^62 in all. */
#define MOST_PENDING (UINT32_C(1) << 29)
#define LOWEST_EXPONENT (-1074)

/* Leaves every chunk but the last within [0, 2^32). */
void
exact_sum_settle(ExactSum *sum)
{
	int64_t carry = 0;

	for (int i = 0; i < EXACT_SUM_CHUNKS - 1; i++)
	{
		int64_t chunk = sum->chunks[i] + carry;

		carry = chunk >> CHUNK_BITS; /* rounds down: gcc and clang shift arithmetically */
		sum->chunks[i] = (int64_t) ((uint64_t) chunk & CHUNK_MASK);
	}
	sum->chunks[EXACT_SUM_CHUNKS - 1] += carry;
	sum->pending = 0;
}

static inline void
add_scaled(ExactSum *sum, uint64_t integer, uint32_t place, bool negative)
{
	int64_t *chunk = &sum->chunks[place / CHUNK_BITS];
	uint32_t shift = place % CHUNK_BITS;
	uint64_t low = (integer << shift) & CHUNK_MASK;
	uint64_t middle = (integer >> (CHUNK_BITS - shift)) & CHUNK_MASK;
	uint64_t high = shift > 0 ? integer >> (2 * CHUNK_BITS - shift) : 0;

	if (++sum->pending >= MOST_PENDING)
		exact_sum_settle(sum);
	if (!negative)
	{
		chunk[0] += (int64_t) low;
		chunk[1] += (int64_t) middle;
		chunk[2] += (int64_t) high;
	}
	else
	{
		chunk[0] -= (int64_t) low;
		chunk[1] -= (int64_t) middle;
		chunk[2] -= (int64_t) high;
	}
}

void
exact_sum_add_scaled(ExactSum *sum, uint64_t integer, uint32_t place, bool negative)
{
	add_scaled(sum, integer, place, negative);
}

void
exact_sum_add(ExactSum *sum, double term)
{
	uint64_t bits;
	uint64_t mantissa;
	uint32_t place;

	memcpy(&bits, &term, sizeof(bits));
	mantissa = bits & ((UINT64_C(1) << MANTISSA_BITS) - 1);
	place = (uint32_t) (bits >> MANTISSA_BITS) & 0x7ff;
	if (place > 0)
	{
		mantissa |= UINT64_C(1) << MANTISSA_BITS;
		place--;
	}
	add_scaled(sum, mantissa, place, (bits >> 63) != 0);
}

void
exact_sum_merge(ExactSum *sum, const ExactSum *other)
{
	ExactSum settled = *other;

	exact_sum_settle(&settled);
	exact_sum_settle(sum);
	for (int i = 0; i < EXACT_SUM_CHUNKS; i++)
		sum->chunks[i] += settled.chunks[i];
	exact_sum_settle(sum);
}

/* A settled sum that is not negative: its leading 64 bits, rounded once by the conversion. */
static double
nonnegative_value(const int64_t *chunks)
{
	int top = EXACT_SUM_CHUNKS - 1;
	unsigned __int128 leading;
	bool rest = false;
	int lowest;
	int drop;

	while (top > 0 && chunks[top] == 0)
		top--;
	lowest = top >= 2 ? top - 2 : 0;
	leading = 0;
	for (int i = top; i >= lowest; i--)
		leading = leading << CHUNK_BITS | (uint64_t) chunks[i];
	for (int i = 0; i < lowest; i++)
		rest |= chunks[i] != 0;
	/* 96 bits at most: keep 64, the lowest of which also stands for all below ("sticky"). */
	for (drop = 0; leading >> (64 + drop) != 0; drop++)
		;
	if ((leading & (((unsigned __int128) 1 << drop) - 1)) != 0)
		rest = true;
	leading >>= drop;
	return ldexp((double) ((uint64_t) leading | (rest ? 1 : 0)),
	             CHUNK_BITS * lowest + drop + LOWEST_EXPONENT);
}

double
exact_sum_value(const ExactSum *sum)
{
	ExactSum settled = *sum;
	bool negative;

	exact_sum_settle(&settled);
	negative = settled.chunks[EXACT_SUM_CHUNKS - 1] < 0;
	if (negative)
	{
		for (int i = 0; i < EXACT_SUM_CHUNKS; i++)
			settled.chunks[i] = -settled.chunks[i];
		exact_sum_settle(&settled);
	}
	return negative ? -nonnegative_value(settled.chunks) : nonnegative_value(settled.chunks);
}

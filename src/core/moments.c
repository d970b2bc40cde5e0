/*
 * moments.c
 *		Exact sums of doubles and of their squares.
 *
 * Sorted doubles agree in sign and exponent with their neighbours, so the sums of a group of
 * them are sums of integers. n * (sum of squares) - (sum)^2 is an integer too, of units of
 * 2^-2148, and only the deviation that is computed from it is rounded.
 */
#include "core/moments.h"

#include <math.h>

#include "core/sample.h"

#define CHUNK_BITS 32
#define CHUNK_MASK UINT64_C(0xffffffff)
#define MANTISSA_BITS 52
#define MANTISSA_MASK ((UINT64_C(1) << MANTISSA_BITS) - 1)
#define LEAST_EXPONENT (-2148)
/* So many mantissas, of 53 bits, add up below 2^63, and their squares below 2^116. */
#define GROUP 1024
/* Chunks that a group's squares, shifted by up to 31 bits, reach into. */
#define REACH 5
/* A chunk takes less than 2^32 from each group and 2^62 in all. */
#define MOST_PENDING (UINT32_C(1) << 29)
/* Of the product with a number of rows. */
#define WIDE_CHUNKS (MOMENTS_CHUNKS + 3)

static void
settle_chunks(int64_t *chunks, int n)
{
	int64_t carry = 0;

	for (int i = 0; i < n - 1; i++)
	{
		int64_t chunk = chunks[i] + carry;

		carry = chunk >> CHUNK_BITS; /* rounds down: gcc and clang shift arithmetically */
		chunks[i] = (int64_t) ((uint64_t) chunk & CHUNK_MASK);
	}
	chunks[n - 1] += carry;
}

void
moments_settle(Moments *moments)
{
	settle_chunks(moments->squares, MOMENTS_CHUNKS);
	moments->pending = 0;
}

static void
add_squares(Moments *moments, unsigned __int128 squares, uint32_t place)
{
	int64_t *chunk = &moments->squares[place / CHUNK_BITS];
	uint32_t shift = place % CHUNK_BITS;
	/* What the shift moves out of 128 bits is in the last chunk. */
	uint64_t above = shift > 0 ? (uint64_t) (squares >> (128 - shift)) : 0;

	squares <<= shift;
	for (int i = 0; i < REACH - 1; i++, squares >>= CHUNK_BITS)
		chunk[i] += (int64_t) ((uint64_t) squares & CHUNK_MASK);
	chunk[REACH - 1] += (int64_t) above;
	if (++moments->pending >= MOST_PENDING)
		moments_settle(moments);
}

/* Values of one sign and exponent, at the start of the keys; returns how many. */
static size_t
add_group(Moments *moments, const uint64_t *keys, size_t n)
{
	uint64_t upper = keys[0] >> MANTISSA_BITS;
	bool negative = keys[0] >> 63 == 0;
	uint64_t invert = negative ? MANTISSA_MASK : 0;
	uint32_t exponent = (uint32_t) ((negative ? ~upper : upper) & 0x7ff);
	uint64_t implicit = exponent > 0 ? UINT64_C(1) << MANTISSA_BITS : 0;
	uint32_t place = exponent > 0 ? exponent - 1 : 0;
	unsigned __int128 squares = 0;
	uint64_t sum = 0;
	size_t i;

	if (n > GROUP)
		n = GROUP;
	for (i = 0; i < n && keys[i] >> MANTISSA_BITS == upper; i++)
	{
		uint64_t mantissa = ((keys[i] & MANTISSA_MASK) ^ invert) | implicit;

		sum += mantissa;
		squares += (unsigned __int128) mantissa * mantissa;
	}
	if (exponent == 0x7ff)
		return i;
	moments->finite += i;
	exact_sum_add_scaled(&moments->sum, sum, place, negative);
	add_squares(moments, squares, 2 * place);
	return i;
}

void
moments_add_keys(Moments *moments, const uint64_t *keys, size_t n)
{
	for (size_t i = 0; i < n;)
		i += add_group(moments, keys + i, n - i);
}

void
moments_merge(Moments *moments, const Moments *other)
{
	Moments settled = *other;

	moments_settle(&settled);
	moments_settle(moments);
	moments->finite += other->finite;
	exact_sum_merge(&moments->sum, &other->sum);
	for (int i = 0; i < MOMENTS_CHUNKS; i++)
		moments->squares[i] += settled.squares[i];
	moments_settle(moments);
}

double
moments_mean(const Moments *moments)
{
	double mean;

	if (moments->finite == 0)
		return 0.0;
	mean = exact_sum_value(&moments->sum) / (double) moments->finite;
	return isfinite(mean) ? mean : 0.0;
}

/* The digits of a number of rows times the sum of squares. */
static void
multiply_squares(const Moments *moments, int64_t *product)
{
	Moments settled = *moments;
	unsigned __int128 carry = 0;

	moments_settle(&settled);
	for (int i = 0; i < WIDE_CHUNKS; i++)
	{
		if (i < MOMENTS_CHUNKS)
			carry += (unsigned __int128) (uint64_t) settled.squares[i] * settled.finite;
		product[i] = (int64_t) ((uint64_t) carry & CHUNK_MASK);
		carry >>= CHUNK_BITS;
	}
}

/* Subtracts the square of a sum that is settled and not negative. */
static void
subtract_square(int64_t *digits, const int64_t *sum)
{
	for (int i = 0; i < EXACT_SUM_CHUNKS; i++)
	{
		uint64_t factor = (uint64_t) sum[i];
		unsigned __int128 carry = 0;

		if (factor == 0)
			continue;
		for (int k = 0; k < EXACT_SUM_CHUNKS && i + k < WIDE_CHUNKS; k++)
		{
			carry += (unsigned __int128) factor * (uint64_t) sum[k];
			digits[i + k] -= (int64_t) ((uint64_t) carry & CHUNK_MASK);
			carry >>= CHUNK_BITS;
		}
		for (int k = i + EXACT_SUM_CHUNKS; carry > 0 && k < WIDE_CHUNKS; k++)
		{
			digits[k] -= (int64_t) ((uint64_t) carry & CHUNK_MASK);
			carry >>= CHUNK_BITS;
		}
	}
	settle_chunks(digits, WIDE_CHUNKS);
}

/* The square root of an integer of units of 2^-2148, not negative, over a number. */
static double
root_over(const int64_t *digits, double divisor)
{
	unsigned __int128 leading = 0;
	int top = WIDE_CHUNKS - 1;
	int lowest, exponent;

	while (top > 0 && digits[top] == 0)
		top--;
	lowest = top >= 2 ? top - 2 : 0;
	for (int i = top; i >= lowest; i--)
		leading = leading << CHUNK_BITS | (uint64_t) digits[i];
	exponent = CHUNK_BITS * lowest + LEAST_EXPONENT;
	/* Chunks have an even number of bits, and so has the least unit. */
	return ldexp(sqrt((double) leading) / divisor, exponent / 2);
}

double
moments_deviation(const Moments *moments)
{
	int64_t digits[WIDE_CHUNKS];
	ExactSum sum = moments->sum;

	if (moments->finite == 0)
		return 0.0;
	exact_sum_settle(&sum);
	if (sum.chunks[EXACT_SUM_CHUNKS - 1] < 0)
	{
		for (int i = 0; i < EXACT_SUM_CHUNKS; i++)
			sum.chunks[i] = -sum.chunks[i];
		exact_sum_settle(&sum);
	}
	multiply_squares(moments, digits);
	subtract_square(digits, sum.chunks);
	/* Below zero only where sums were forged. */
	return digits[WIDE_CHUNKS - 1] < 0 ? 0.0 : root_over(digits, (double) moments->finite);
}

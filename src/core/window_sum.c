/*
 * window_sum.c
 *		Exact sums of float64 in fixed point.
 */
#include "core/window_sum.h"

#include <math.h>
#include <string.h>

#define MANTISSA_BITS 52
#define EXPONENT_MASK 0x7ff
#define EXPONENT_BIAS 1023
/* Exponents of ordinary values: 2^-12 has its last bit at 2^-64. */
#define LEAST_ORDINARY (EXPONENT_BIAS - 12)
#define MOST_ORDINARY (EXPONENT_BIAS + 31)
#define FIXED_BITS 64  /* fixed is in units of 2^-64 */
#define WIDE_BITS 1074 /* wide is in units of 2^-1074 */
#define ORDINARY_SQUARES_WORDS 4

typedef struct Parts
{
	bool negative;
	int exponent;      /* as stored */
	uint64_t mantissa; /* with the implicit bit */
} Parts;

static inline Parts
parts_of(double value)
{
	uint64_t bits;
	Parts parts;

	memcpy(&bits, &value, sizeof(bits));
	parts.negative = bits >> 63;
	parts.exponent = (int) (bits >> MANTISSA_BITS) & EXPONENT_MASK;
	parts.mantissa = bits & ((UINT64_C(1) << MANTISSA_BITS) - 1);
	if (parts.exponent != 0)
		parts.mantissa |= UINT64_C(1) << MANTISSA_BITS;
	return parts;
}

static inline bool
is_ordinary(const Parts *parts)
{
	return (parts->exponent >= LEAST_ORDINARY && parts->exponent <= MOST_ORDINARY) ||
	       (parts->exponent == 0 && parts->mantissa == 0);
}

/* An ordinary value in units of 2^-64. */
static inline __int128
fixed_of(const Parts *parts)
{
	__int128 magnitude;

	if (parts->mantissa == 0)
		return 0;
	magnitude = (__int128) parts->mantissa << (parts->exponent - LEAST_ORDINARY);
	return parts->negative ? -magnitude : magnitude;
}

/* Where the mantissa of a value stands in units of 2^-1074; subnormals have that of the least normal numbers. */
static inline int
wide_shift(const Parts *parts)
{
	return parts->exponent == 0 ? 0 : parts->exponent - 1;
}

/* Integers of many words, least significant first, two's complement */

/* words += magnitude * 2^shift, or -= */
static void
wide_add(uint64_t *words, int n_words, unsigned __int128 magnitude, int shift, bool subtract)
{
	int word = shift / 64;
	int bit = shift % 64;
	uint64_t pieces[3];
	uint64_t carry = 0;

	pieces[0] = (uint64_t) (magnitude << bit);
	pieces[1] = (uint64_t) ((magnitude << bit) >> 64);
	pieces[2] = bit == 0 ? 0 : (uint64_t) (magnitude >> (128 - bit));
	for (int i = word; i < n_words; i++)
	{
		uint64_t piece = i - word < 3 ? pieces[i - word] : 0;

		if (i - word >= 3 && carry == 0)
			break;
		if (subtract)
		{
			uint64_t taken = piece + carry;
			uint64_t borrow = taken < piece || words[i] < taken;

			words[i] -= taken;
			carry = borrow;
		}
		else
		{
			unsigned __int128 total = (unsigned __int128) words[i] + piece + carry;

			words[i] = (uint64_t) total;
			carry = (uint64_t) (total >> 64);
		}
	}
}

static void
wide_negate(uint64_t *words, int n_words)
{
	uint64_t carry = 1;

	for (int i = 0; i < n_words; i++)
	{
		words[i] = ~words[i] + carry;
		carry = carry != 0 && words[i] == 0;
	}
}

static inline bool
wide_bit(const uint64_t *words, int bit)
{
	return words[bit / 64] >> (bit % 64) & 1;
}

/* The highest bit that is set; -1 for zero. */
static int
wide_highest_bit(const uint64_t *words, int n_words)
{
	for (int i = n_words - 1; i >= 0; i--)
	{
		if (words[i] != 0)
			return 64 * i + 63 - __builtin_clzll(words[i]);
	}
	return -1;
}

static bool
wide_any_below(const uint64_t *words, int bit)
{
	for (int i = 0; i < bit / 64; i++)
	{
		if (words[i] != 0)
			return true;
	}
	return bit % 64 != 0 && (words[bit / 64] & ((UINT64_C(1) << (bit % 64)) - 1)) != 0;
}

/* Of an unsigned integer, rounded to nearest, ties to even, times 2^exponent. */
static double
wide_to_double(const uint64_t *words, int n_words, int exponent)
{
	int highest = wide_highest_bit(words, n_words);
	int lowest = highest - MANTISSA_BITS;
	uint64_t mantissa = 0;

	if (highest < 0)
		return 0.0;
	if (lowest < 0)
		lowest = 0;
	for (int bit = highest; bit >= lowest; bit--)
		mantissa = mantissa << 1 | wide_bit(words, bit);
	if (lowest > 0 && wide_bit(words, lowest - 1) &&
	    ((mantissa & 1) != 0 || wide_any_below(words, lowest - 1)))
		mantissa++;
	return ldexp((double) mantissa, lowest + exponent);
}

/* Sums */

void
window_sum_clear(WindowSum *sum)
{
	memset(sum, 0, sizeof(*sum));
}

static inline __int128
fixed_sum(const WindowSum *sum)
{
	__int128 fixed;

	memcpy(&fixed, sum->fixed, sizeof(fixed));
	return fixed;
}

static inline void
set_fixed(WindowSum *sum, __int128 fixed)
{
	memcpy(sum->fixed, &fixed, sizeof(fixed));
}

static inline unsigned __int128
fixed_magnitude(const WindowSum *sum)
{
	__int128 fixed = fixed_sum(sum);

	return fixed < 0 ? -(unsigned __int128) fixed : (unsigned __int128) fixed;
}

static void
change(WindowSum *sum, double value, bool subtract)
{
	Parts parts = parts_of(value);
	int count = subtract ? -1 : 1;

	if (is_ordinary(&parts))
	{
		__int128 fixed = fixed_of(&parts);

		set_fixed(sum, fixed_sum(sum) + (subtract ? -fixed : fixed));
	}
	else if (parts.exponent == EXPONENT_MASK)
		sum->n_infinite[parts.negative] += count;
	else
	{
		wide_add(sum->wide, WINDOW_SUM_WORDS, parts.mantissa, wide_shift(&parts),
		         subtract != parts.negative);
		sum->n_wide += count;
	}
}

void
window_sum_add(WindowSum *sum, double value)
{
	change(sum, value, false);
}

void
window_sum_subtract(WindowSum *sum, double value)
{
	change(sum, value, true);
}

/* All of the sum in words, in units of 2^-1074, without its sign, which is returned: is it below 0? */
static bool
wide_magnitude(const WindowSum *sum, uint64_t words[WINDOW_SUM_WORDS])
{
	bool negative = fixed_sum(sum) < 0;

	memcpy(words, sum->wide, sizeof(sum->wide));
	wide_add(words, WINDOW_SUM_WORDS, fixed_magnitude(sum), WIDE_BITS - FIXED_BITS, negative);
	negative = words[WINDOW_SUM_WORDS - 1] >> 63;
	if (negative)
		wide_negate(words, WINDOW_SUM_WORDS);
	return negative;
}

static double
wide_value(const WindowSum *sum)
{
	uint64_t words[WINDOW_SUM_WORDS];
	bool negative = wide_magnitude(sum, words);
	double value = wide_to_double(words, WINDOW_SUM_WORDS, -WIDE_BITS);

	return negative ? -value : value;
}

double
window_sum_value(const WindowSum *sum)
{
	if (sum->n_infinite[0] > 0 || sum->n_infinite[1] > 0)
		return sum->n_infinite[1] == 0 ? INFINITY : sum->n_infinite[0] == 0 ? -INFINITY : NAN;
	if (sum->n_wide > 0)
		return wide_value(sum);
	/* The conversion rounds to nearest; the scaling is exact. */
	return (double) fixed_sum(sum) * 0x1p-64;
}

/* Deviations */

void
window_moments_clear(WindowMoments *moments)
{
	memset(moments, 0, sizeof(*moments));
}

/* squares += square * 2^shift, or -=: what wide_add does, in two halves, of which neither is passed over. */
static void
change_squares(uint64_t squares[ORDINARY_SQUARES_WORDS], unsigned __int128 square, int shift,
               bool subtract)
{
	unsigned __int128 low = (unsigned __int128) squares[1] << 64 | squares[0];
	unsigned __int128 high = (unsigned __int128) squares[3] << 64 | squares[2];
	unsigned __int128 more = square << shift;
	unsigned __int128 more_high = shift == 0 ? 0 : square >> (128 - shift);

	if (subtract)
	{
		high -= more_high + (low < more);
		low -= more;
	}
	else
	{
		low += more;
		high += more_high + (low < more);
	}
	squares[0] = (uint64_t) low;
	squares[1] = (uint64_t) (low >> 64);
	squares[2] = (uint64_t) high;
	squares[3] = (uint64_t) (high >> 64);
}

static void
change_moments(WindowMoments *moments, double value, bool subtract)
{
	Parts parts = parts_of(value);
	unsigned __int128 square = (unsigned __int128) parts.mantissa * parts.mantissa;

	change(&moments->sum, value, subtract);
	moments->n += subtract ? -1 : 1;
	if (square == 0 || parts.exponent == EXPONENT_MASK)
		return;
	if (is_ordinary(&parts))
		change_squares(moments->squares, square, 2 * (parts.exponent - LEAST_ORDINARY), subtract);
	else
		wide_add(moments->wide_squares, WINDOW_SQUARES_WORDS, square, 2 * wide_shift(&parts),
		         subtract);
}

void
window_moments_add(WindowMoments *moments, double value)
{
	change_moments(moments, value, false);
}

void
window_moments_subtract(WindowMoments *moments, double value)
{
	change_moments(moments, value, true);
}

/* words *= factor */
static void
wide_multiply(uint64_t *words, int n_words, uint64_t factor)
{
	unsigned __int128 carry = 0;

	for (int i = 0; i < n_words; i++)
	{
		carry += (unsigned __int128) words[i] * factor;
		words[i] = (uint64_t) carry;
		carry >>= 64;
	}
}

/* words -= root^2 */
static void
wide_subtract_square(uint64_t *words, int n_words, const uint64_t *root, int n_root)
{
	for (int i = 0; i < n_root; i++)
	{
		if (root[i] == 0)
			continue;
		for (int j = 0; j < n_root; j++)
		{
			if (root[j] != 0)
				wide_add(words, n_words, (unsigned __int128) root[i] * root[j], 64 * (i + j), true);
		}
	}
}

/* sqrt(words * 2^exponent / divisor); exponent is even. The root is taken of a number near 1. */
static double
root_of_ratio(const uint64_t *words, int n_words, int exponent, double divisor)
{
	int scale = wide_highest_bit(words, n_words) & ~1;

	return ldexp(sqrt(wide_to_double(words, n_words, -scale) / divisor), (scale + exponent) / 2);
}

/* Of ordinary values: |sum| < 2^127 units, and the difference is below 2^254. */
static double
ordinary_deviation(const WindowMoments *moments, double divisor)
{
	unsigned __int128 magnitude = fixed_magnitude(&moments->sum);
	uint64_t sum[2] = {(uint64_t) magnitude, (uint64_t) (magnitude >> 64)};
	uint64_t difference[ORDINARY_SQUARES_WORDS];

	memcpy(difference, moments->squares, sizeof(difference));
	wide_multiply(difference, ORDINARY_SQUARES_WORDS, (uint64_t) moments->n);
	wide_subtract_square(difference, ORDINARY_SQUARES_WORDS, sum, 2);
	return root_of_ratio(difference, ORDINARY_SQUARES_WORDS, -2 * FIXED_BITS, divisor);
}

static double
wide_deviation(const WindowMoments *moments, double divisor)
{
	uint64_t sum[WINDOW_SUM_WORDS];
	uint64_t difference[WINDOW_SQUARES_WORDS];

	(void) wide_magnitude(&moments->sum, sum);
	memcpy(difference, moments->wide_squares, sizeof(difference));
	for (int i = 0; i < ORDINARY_SQUARES_WORDS; i++)
		wide_add(difference, WINDOW_SQUARES_WORDS, moments->squares[i],
		         2 * (WIDE_BITS - FIXED_BITS) + 64 * i, false);
	wide_multiply(difference, WINDOW_SQUARES_WORDS, (uint64_t) moments->n);
	wide_subtract_square(difference, WINDOW_SQUARES_WORDS, sum, WINDOW_SUM_WORDS);
	return root_of_ratio(difference, WINDOW_SQUARES_WORDS, -2 * WIDE_BITS, divisor);
}

/* From n * sum(x^2) - sum(x)^2, which is exact. */
double
window_moments_deviation(const WindowMoments *moments)
{
	const WindowSum *sum = &moments->sum;
	double divisor = (double) moments->n * (double) (moments->n - 1);

	if (moments->n < 2 || sum->n_infinite[0] > 0 || sum->n_infinite[1] > 0)
		return NAN;
	return sum->n_wide > 0 ? wide_deviation(moments, divisor)
	                       : ordinary_deviation(moments, divisor);
}

/*
 * world_draw.h
 *		Draws from distributions, by arithmetic that rounds the same everywhere.
 *
 * libm's exp and log differ between versions in their last bits, and one bit is
 * another amount or another order of rows. The functions here use only the
 * operations that IEEE 754 defines exactly (the build forbids contraction).
 *
 * An expression draws once at most: C leaves the order of evaluation open, and
 * compilers differ in it.
 */
#ifndef FRAUD_DETECT_WORLD_DRAW_H
#define FRAUD_DETECT_WORLD_DRAW_H

#include <stdbool.h>
#include <string.h>

#include "core/random.h"

#define DRAW_LN_2 0.6931471805599453
#define DRAW_SQRT_3 1.7320508075688772

/* 2^x for -1000 < x < 1000, relative error below 1e-8. */
static inline double
draw_exp2(double x)
{
	int64_t whole = (int64_t) (x + 1024.5) - 1024;
	double f = (x - (double) whole) * DRAW_LN_2;
	uint64_t bits = (uint64_t) (whole + 1023) << 52;
	double scale;

	memcpy(&scale, &bits, sizeof(scale));
	return scale *
	       (1 +
	        f * (1 + f / 2 *
	                     (1 + f * (1.0 / 3) *
	                              (1 + f / 4 *
	                                       (1 + f * (1.0 / 5) *
	                                                (1 + f * (1.0 / 6) * (1 + f * (1.0 / 7))))))));
}

/* log2(x) for positive normal x, absolute error below 1e-7. */
static inline double
draw_log2(double x)
{
	uint64_t bits;
	int64_t exponent;
	double m, s, s2;

	memcpy(&bits, &x, sizeof(bits));
	exponent = (int64_t) (bits >> 52) - 1023;
	bits = (bits & UINT64_C(0x000fffffffffffff)) | UINT64_C(0x3ff0000000000000);
	memcpy(&m, &bits, sizeof(m));
	if (m > 1.4142135623730951)
	{
		m /= 2;
		exponent++;
	}
	s = (m - 1) / (m + 1);
	s2 = s * s;
	return (double) exponent +
	       2 / DRAW_LN_2 * s * (1 + s2 * (1.0 / 3 + s2 * (1.0 / 5 + s2 * (1.0 / 7 + s2 / 9))));
}

/*
 * Nearly normal, mean 0 and deviation 1: the sum of four uniforms made of the
 * 64 bits (Irwin-Hall). Its tails end at 3.46, which keeps amounts sane.
 */
static inline double
draw_normal_from_bits(uint64_t bits)
{
	uint32_t sum = (uint32_t) (bits & 0xffff) + (uint32_t) ((bits >> 16) & 0xffff) +
	               (uint32_t) ((bits >> 32) & 0xffff) + (uint32_t) (bits >> 48);

	return ((double) sum * 0x1.0p-16 - 2) * DRAW_SQRT_3;
}

static inline double
draw_normal(RandomState *random)
{
	return draw_normal_from_bits(random_next(random));
}

static inline bool
draw_chance(RandomState *random, double probability)
{
	return random_uniform(random) < probability;
}

static inline double
draw_between(RandomState *random, double low, double high)
{
	return low + (high - low) * random_uniform(random);
}

/* Exponential with the given mean. */
static inline double
draw_exponential(RandomState *random, double mean)
{
	return -mean * DRAW_LN_2 * draw_log2(1 - random_uniform(random));
}

/* An integer in low .. high, both included. */
static inline int
draw_integer(RandomState *random, int low, int high)
{
	return low + (int) random_below(random, (uint64_t) (high - low + 1));
}

#endif

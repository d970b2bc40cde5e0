/*
 * random.h
 *		Seeded random numbers, the same on every machine.
 *
 * xoshiro256** (Blackman and Vigna 2018), seeded through splitmix64; and a
 * stateless 64-bit mix for values that belong to an identity (a customer's
 * home) rather than to a position in a stream.
 */
#ifndef FRAUD_DETECT_RANDOM_H
#define FRAUD_DETECT_RANDOM_H

#include <stdint.h>

typedef struct RandomState
{
	uint64_t s[4];
} RandomState;

extern void random_seed(RandomState *state, uint64_t seed, uint64_t stream);

/* splitmix64's finaliser: a bijection of 64-bit integers that scatters well. */
static inline uint64_t
random_mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	x ^= x >> 31;
	return x;
}

static inline uint64_t
random_rotate(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

static inline uint64_t
random_next(RandomState *state)
{
	uint64_t *s = state->s;
	uint64_t result = random_rotate(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = random_rotate(s[3], 45);
	return result;
}

/* Uniform in [0, 1), 53 bits. */
static inline double
random_uniform(RandomState *state)
{
	return (double) (random_next(state) >> 11) * 0x1.0p-53;
}

/* Uniform in 0 .. n - 1 for n > 0, bias below 2^-32 for n < 2^32 (Lemire's multiplication). */
static inline uint64_t
random_below(RandomState *state, uint64_t n)
{
	return (uint64_t) (((unsigned __int128) random_next(state) * n) >> 64);
}

#endif

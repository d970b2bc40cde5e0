/*
 * sample.h
 *		A sample of doubles as keys of 64 bits, whose order as unsigned integers is the
 *		order of the values. Minus zero is zero; there is no NaN.
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

#endif

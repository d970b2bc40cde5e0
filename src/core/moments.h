/*
 * moments.h
 *		Mean and deviation of doubles from exact sums of them and of their squares: they
 *		depend on the values alone, not on the order in which they came, nor on how they
 *		were split and merged, and no digit is lost where the mean is far from zero.
 *
 * Infinite values are left out. Numbers of rows are far below 2^56.
 */
#ifndef FRAUD_DETECT_MOMENTS_H
#define FRAUD_DETECT_MOMENTS_H

#include "core/exact_sum.h"

/* 4196 bits of the squares of doubles and 62 more for carries. */
#define MOMENTS_CHUNKS 134

/* All zero bytes are the moments of no value. */
typedef struct Moments
{
	uint64_t finite; /* values */
	ExactSum sum;
	int64_t squares[MOMENTS_CHUNKS]; /* chunk i counts units of 2^(32 i - 2148) */
	uint32_t pending;                /* terms since carries of squares were last passed on */
} Moments;

/* Adds values given as keys (core/sample.h); fast where they are sorted. */
extern void moments_add_keys(Moments *moments, const uint64_t *keys, size_t n);
extern void moments_merge(Moments *moments, const Moments *other);

/* 0 where there is no finite value, or where the sum of all is beyond the doubles. */
extern double moments_mean(const Moments *moments);
/* Of the population; 0 where there is no finite value. */
extern double moments_deviation(const Moments *moments);

/* The one form of the squares: chunks in [0, 2^32), but for the last one. */
extern void moments_settle(Moments *moments);

#endif

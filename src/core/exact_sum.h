/*
 * exact_sum.h
 *		The sum of doubles, exact, rounded once when it is read: it does not depend
 *		on the order in which terms come, nor on how they were split and merged.
 *
 * A fixed-point number that spans all doubles, in chunks of 32 bits held in 64,
 * so that carries can wait (Neal, "Fast exact summation using small and large
 * superaccumulators", 2015; the small one). Terms must be finite.
 */
#ifndef FRAUD_DETECT_EXACT_SUM_H
#define FRAUD_DETECT_EXACT_SUM_H

#include "core/core.h"

/* 2098 bits of the doubles and 62 more for carries. */
#define EXACT_SUM_CHUNKS 68

typedef struct ExactSum
{
	int64_t chunks[EXACT_SUM_CHUNKS]; /* chunk i counts units of 2^(32 i - 1074) */
	uint32_t pending;                 /* terms since carries were last passed on */
} ExactSum;

/* All zero bytes are an empty sum. */
extern void exact_sum_add(ExactSum *sum, double term);
/* Adds an integer, or its negative, of units of 2^(place - 1074); place below 2046. */
extern void exact_sum_add_scaled(ExactSum *sum, uint64_t integer, uint32_t place, bool negative);
extern void exact_sum_merge(ExactSum *sum, const ExactSum *other);
/* The nearest double, ties to even; an infinity beyond the range. */
extern double exact_sum_value(const ExactSum *sum);

/* The one form of a sum: chunks 0 .. n-2 in [0, 2^32), the last one holds the sign. */
extern void exact_sum_settle(ExactSum *sum);

#endif

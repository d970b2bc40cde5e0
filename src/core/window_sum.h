/*
 * window_sum.h
 *		Sums and deviations of float64 that depend on the set of values only, not on
 *		the order in which they came or on what was added and taken out again.
 *
 * A sum is kept exactly, in fixed point, and rounded once when it is asked for
 * (to nearest, ties to even): so a window that slides and a window that is
 * summed from nothing agree to the last bit. Values with 2^-12 <= |x| < 2^32, and
 * zero, are multiples of 2^-64 that fit in 128 bits; the others go to a wide
 * accumulator that covers all of float64 (Kulisch; Neal 2015, arXiv:1505.05571,
 * has the fast one of this kind).
 *
 * Other than exact_sum.h, which only grows, these lose values again, and are fast on
 * amounts.
 *
 * Values must not be NaN. Infinities are counted: with one sign the sum is that
 * infinity, with both it is NaN. A sum has fewer than 2^31 values.
 */
#ifndef FRAUD_DETECT_WINDOW_SUM_H
#define FRAUD_DETECT_WINDOW_SUM_H

#include "core/core.h"

/* 2^-1074 to 2^1024, a sign, and room for 2^62 values. */
#define WINDOW_SUM_WORDS 34

typedef struct WindowSum
{
	uint64_t fixed[2]; /* of the values of ordinary size, an integer of 128 bits in units of 2^-64;
	                                 * not an __int128, whose alignment few allocators keep */
	int64_t n_wide;    /* finite values that are in wide */
	int64_t n_infinite[2];           /* positive, negative */
	uint64_t wide[WINDOW_SUM_WORDS]; /* two's complement, units of 2^-1074; zero while n_wide is */
} WindowSum;

extern void window_sum_clear(WindowSum *sum);
extern void window_sum_add(WindowSum *sum, double value);
/* Takes out a value that was added. */
extern void window_sum_subtract(WindowSum *sum, double value);
extern double window_sum_value(const WindowSum *sum);

/* 2^-2148 to 2^2048, and room for n^2 of them. */
#define WINDOW_SQUARES_WORDS 68

/* With the squares, for the standard deviation. */
typedef struct WindowMoments
{
	WindowSum sum;
	int64_t n;
	uint64_t squares[4]; /* of the values of ordinary size, in units of 2^-128 */
	uint64_t wide_squares[WINDOW_SQUARES_WORDS]; /* of those in wide, in units of 2^-2148 */
} WindowMoments;

extern void window_moments_clear(WindowMoments *moments);
extern void window_moments_add(WindowMoments *moments, double value);
extern void window_moments_subtract(WindowMoments *moments, double value);

/*
 * The standard deviation of the sample (divisor n - 1); NaN below two values and
 * with infinities. Exact up to the division and the root; costs the same however many
 * values there are.
 */
extern double window_moments_deviation(const WindowMoments *moments);

#endif

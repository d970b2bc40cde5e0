/*
 * two_samples.h
 *		Distances between two samples, and tests of whether they are from one
 *		distribution. Each is a state that ties are added to in ascending order of
 *		value (core/sample.h); side 0 is the reference, side 1 the current sample.
 *
 * F0 and F1 are the empirical distribution functions, n0 and n1 the numbers of rows.
 *	 ks			max |F0 - F1| (Smirnov 1939)
 *	 wasserstein	integral of |F0 - F1| dx
 *	 energy		sqrt(2 integral of (F0 - F1)^2 dx) (Szekely and Rizzo 2013)
 *	 cramer_von_mises	T with midranks (Anderson 1962), as SciPy
 *	 anderson_darling	A2akN with midranks (Scholz and Stephens 1987, eq. 7),
 *				standardised by its mean and variance, as SciPy
 *
 * Neither side is empty. Wasserstein and energy need finite values.
 */
#ifndef FRAUD_DETECT_TWO_SAMPLES_CORE_H
#define FRAUD_DETECT_TWO_SAMPLES_CORE_H

#include "core/sample_walk.h"

typedef struct TwoSampleTest
{
	uint64_t n[2];
	uint64_t seen[2];
	/* ks: the greatest distance times n0 n1 */
	__int128 greatest;
	/* wasserstein, energy */
	double previous;
	bool started;
	double absolute[2]; /* sum and its lost part */
	double squared[2];
	/* cramer_von_mises: four times the sums of squared rank differences, by side */
	__int128 ranks[2];
	/* anderson_darling: by side */
	double anderson[2];
	uint64_t distinct;
} TwoSampleTest;

extern void two_sample_begin(TwoSampleTest *test, uint64_t n0, uint64_t n1);

/* Add ties to what is asked for. */
extern void two_sample_add_ks(TwoSampleTest *test, const SampleTie *ties, size_t n);
extern void two_sample_add_distance(TwoSampleTest *test, const SampleTie *ties, size_t n);
extern void two_sample_add_ranks(TwoSampleTest *test, const SampleTie *ties, size_t n);

extern double two_sample_ks(const TwoSampleTest *test);
/* Exact where neither side has more than KS_EXACT_ROWS rows, else for large samples, as SciPy. */
#define KS_EXACT_ROWS 10000
extern double two_sample_ks_pvalue(const TwoSampleTest *test, const CoreAllocator *allocator);

extern double two_sample_wasserstein(const TwoSampleTest *test);
extern double two_sample_energy(const TwoSampleTest *test);

extern double two_sample_cramer_von_mises(const TwoSampleTest *test);
/* For large samples. */
extern double two_sample_cramer_von_mises_pvalue(const TwoSampleTest *test);

/* NaN where all values are equal or there are fewer than four rows. */
extern double two_sample_anderson_darling(const TwoSampleTest *test);

#endif

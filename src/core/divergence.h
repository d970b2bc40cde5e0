/*
 * divergence.h
 *		Divergences between two distributions over the same bins, and the bins.
 *
 * r and c are the reference's and the current share of a bin.
 *	 psi			sum (r - c) ln(r / c) (population stability index; Jeffreys 1946)
 *	 kl				sum r ln(r / c)
 *	 jensen_shannon	sqrt of the mean of KL(r | m) and KL(c | m), m = (r + c) / 2, natural logarithm
 *	 hellinger		sqrt(1 - sum sqrt(r c))
 *	 chi_square		of the table of bins and sides (contingency), or of the current
 *					counts given the reference's shares (goodness of fit)
 * psi and kl need bins that are empty on neither side: divergence_fill.
 */
#ifndef FRAUD_DETECT_DIVERGENCE_H
#define FRAUD_DETECT_DIVERGENCE_H

#include "core/sample_walk.h"

typedef struct Bins
{
	uint64_t (*counts)[2];
	size_t n;
	size_t capacity;
	const CoreAllocator *allocator;
} Bins;

extern void bins_begin(Bins *bins, const CoreAllocator *allocator);
/* False only where memory is short. */
extern bool bins_add(Bins *bins, uint64_t reference, uint64_t current);

typedef enum DivergenceFill
{
	DIVERGENCE_FILL_NONE,
	DIVERGENCE_FILL_HALF_ROW, /* an empty bin counts half a row */
	DIVERGENCE_FILL_EVIDENTLY /* share 1e-4, or a millionth of the least share where that is below 1e-4 */
} DivergenceFill;

typedef enum Divergence
{
	DIVERGENCE_PSI,
	DIVERGENCE_KL,
	DIVERGENCE_JENSEN_SHANNON,
	DIVERGENCE_HELLINGER
} Divergence;

/* Neither side is empty. */
extern double divergence(const Bins *bins, Divergence kind, DivergenceFill fill);

typedef struct ChiSquare
{
	double statistic;
	double degrees_of_freedom; /* 0 where there are fewer than two bins */
	double cramers_v;          /* of the table: 0 none, 1 complete association */
} ChiSquare;

extern ChiSquare chi_square_of_table(const Bins *bins);
extern ChiSquare chi_square_of_fit(const Bins *bins);

/*
 * Bins of values after the reference: where it has at most REFERENCE_CATEGORIES
 * distinct values, one for each and one for all other values; else between its
 * quantiles, the outer ones open. A value that makes up a bin's share by itself has
 * a bin of its own. First the reference's values come, ascending, then the current
 * ones in any order. Values are keys (core/sample.h), or any other ascending numbers.
 */
#define REFERENCE_CATEGORIES 20
#define REFERENCE_BINS 10
#define REFERENCE_MOST_EDGES (3 * REFERENCE_BINS)

typedef struct ReferenceBins
{
	uint64_t n;                           /* rows of the reference */
	uint64_t seen;                        /* of them so far */
	uint64_t next;                        /* quantile that closes the bin that is open */
	uint64_t last;                        /* value */
	uint64_t edges[REFERENCE_MOST_EDGES]; /* upper ones, in the bin; the last bin has none */
	size_t n_edges;
	uint64_t distinct;
	uint64_t values[REFERENCE_CATEGORIES];
	uint64_t counts[REFERENCE_MOST_EDGES + 1][2];     /* by bin */
	uint64_t categories[REFERENCE_CATEGORIES + 1][2]; /* by value; the last one for all others */
} ReferenceBins;

extern void reference_bins_begin(ReferenceBins *bins, uint64_t n);
extern void reference_bins_add(ReferenceBins *bins, uint64_t value, uint64_t count);
/*
 * As many rows as may follow whose values are in no way looked at, none of them a part of a value: reference_bins_pass
 * takes up to so many.
 */
extern uint64_t reference_bins_passable(const ReferenceBins *bins);
extern void reference_bins_pass(ReferenceBins *bins, uint64_t rows);
/*
 * Edges between which current values are all the same to the bins, when the reference's have come: from one up
 * to below the other. Returns how many; they ascend.
 */
#define REFERENCE_MOST_CUTS (2 * REFERENCE_CATEGORIES)
extern size_t reference_bins_cuts(const ReferenceBins *bins, uint64_t cuts[REFERENCE_MOST_CUTS]);
/* counts may be NULL: each value once */
extern void reference_bins_count(ReferenceBins *bins, const uint64_t *values,
                                 const uint64_t *counts, size_t n);
/* The bins that have rows. False where memory is short. */
extern bool reference_bins_end(const ReferenceBins *bins, Bins *result);

/* NumPy's edges of equal width by Sturges' rule over n values from low to high, and who falls between. */
#define STURGES_MOST 80

typedef struct SturgesBins
{
	double edges[STURGES_MOST + 1];
	size_t n;
	size_t at;
	uint64_t counts[STURGES_MOST][2];
} SturgesBins;

extern void sturges_begin(SturgesBins *bins, double low, double high, uint64_t n);
extern void sturges_add(SturgesBins *bins, const SampleTie *tie);

#endif

/*
 * divergence.c
 *		Divergences between two distributions over the same bins.
 */
#include "core/divergence.h"

#include <math.h>

#define FIRST_BINS 64
#define EVIDENTLY_SHARE 1e-4

void
bins_begin(Bins *bins, const CoreAllocator *allocator)
{
	*bins = (Bins){.allocator = allocator};
}

bool
bins_add(Bins *bins, uint64_t reference, uint64_t current)
{
	if (bins->n == bins->capacity)
	{
		size_t capacity = bins->capacity > 0 ? 2 * bins->capacity : FIRST_BINS;
		uint64_t(*counts)[2] =
		    bins->allocator->allocate(bins->allocator->context, capacity * sizeof(*counts));

		if (counts == NULL)
			return false;
		if (bins->n > 0)
			memcpy(counts, bins->counts, bins->n * sizeof(*counts));
		bins->allocator->release(bins->allocator->context, bins->counts);
		bins->counts = counts;
		bins->capacity = capacity;
	}
	bins->counts[bins->n][0] = reference;
	bins->counts[bins->n][1] = current;
	bins->n++;
	return true;
}

static uint64_t
total_of(const Bins *bins, int side)
{
	uint64_t total = 0;

	for (size_t i = 0; i < bins->n; i++)
		total += bins->counts[i][side];
	return total;
}

/* The share of an empty bin. */
static double
share_of_empty(const Bins *bins, int side, double total, DivergenceFill fill)
{
	double least = 1.0;

	if (fill == DIVERGENCE_FILL_NONE)
		return 0.0;
	if (fill == DIVERGENCE_FILL_HALF_ROW)
		return 0.5 / total;
	for (size_t i = 0; i < bins->n; i++)
		if (bins->counts[i][side] > 0 && (double) bins->counts[i][side] / total < least)
			least = (double) bins->counts[i][side] / total;
	return least <= EVIDENTLY_SHARE ? least / 1e6 : EVIDENTLY_SHARE;
}

/* x ln(x / y), 0 for x = 0. */
static double
relative_entropy(double x, double y)
{
	return x > 0.0 ? x * log(x / y) : 0.0;
}

static double
term_of(Divergence kind, double r, double c)
{
	double middle = (r + c) / 2.0;

	switch (kind)
	{
		case DIVERGENCE_PSI:
			return (r - c) * log(r / c);
		case DIVERGENCE_KL:
			return relative_entropy(r, c);
		case DIVERGENCE_JENSEN_SHANNON:
			return (relative_entropy(r, middle) + relative_entropy(c, middle)) / 2.0;
		case DIVERGENCE_HELLINGER:
			return sqrt(r * c);
	}
	return NAN;
}

double
divergence(const Bins *bins, Divergence kind, DivergenceFill fill)
{
	double totals[2] = {(double) total_of(bins, 0), (double) total_of(bins, 1)};
	double empty[2] = {share_of_empty(bins, 0, totals[0], fill),
	                   share_of_empty(bins, 1, totals[1], fill)};
	double sum = 0.0, lost = 0.0;

	for (size_t i = 0; i < bins->n; i++)
	{
		double shares[2];
		double term, total;

		/* A bin without any row says nothing, but Evidently fills both of its sides. */
		if (bins->counts[i][0] + bins->counts[i][1] == 0 && fill != DIVERGENCE_FILL_EVIDENTLY)
			continue;
		for (int side = 0; side < 2; side++)
			shares[side] = bins->counts[i][side] > 0 ? (double) bins->counts[i][side] / totals[side]
			                                         : empty[side];
		term = term_of(kind, shares[0], shares[1]);
		total = sum + term;
		lost += fabs(sum) >= fabs(term) ? (sum - total) + term : (term - total) + sum;
		sum = total;
	}
	sum += lost;
	if (kind == DIVERGENCE_HELLINGER)
		return sqrt(sum < 1.0 ? 1.0 - sum : 0.0);
	if (kind == DIVERGENCE_JENSEN_SHANNON)
		return sqrt(sum > 0.0 ? sum : 0.0);
	return sum;
}

ChiSquare
chi_square_of_table(const Bins *bins)
{
	double totals[2] = {(double) total_of(bins, 0), (double) total_of(bins, 1)};
	double all = totals[0] + totals[1];
	double statistic = 0.0;
	size_t used = 0;

	for (size_t i = 0; i < bins->n; i++)
	{
		double row = (double) bins->counts[i][0] + (double) bins->counts[i][1];

		if (row == 0.0)
			continue;
		used++;
		for (int side = 0; side < 2; side++)
		{
			double expected = row * totals[side] / all;
			double gap = (double) bins->counts[i][side] - expected;

			statistic += gap * gap / expected;
		}
	}
	return (ChiSquare){statistic, used > 0 ? (double) used - 1.0 : 0.0, sqrt(statistic / all)};
}

ChiSquare
chi_square_of_fit(const Bins *bins)
{
	double totals[2] = {(double) total_of(bins, 0), (double) total_of(bins, 1)};
	double statistic = 0.0;
	size_t used = 0;

	for (size_t i = 0; i < bins->n; i++)
	{
		double expected = (double) bins->counts[i][0] / totals[0] * totals[1];
		double gap = (double) bins->counts[i][1] - expected;

		if (bins->counts[i][0] + bins->counts[i][1] == 0)
			continue;
		used++;
		statistic += expected > 0.0 ? gap * gap / expected : INFINITY;
	}
	return (ChiSquare){statistic, used > 0 ? (double) used - 1.0 : 0.0,
	                   sqrt(statistic / totals[1])};
}

void
reference_bins_begin(ReferenceBins *bins, uint64_t n)
{
	*bins = (ReferenceBins){.n = n, .next = 1};
}

/* An edge where there is none yet, and not as the last of all. */
static void
close_bin(ReferenceBins *bins, uint64_t edge)
{
	if (bins->n_edges > 0 && bins->edges[bins->n_edges - 1] >= edge)
		return;
	bins->edges[bins->n_edges++] = edge;
}

void
reference_bins_add(ReferenceBins *bins, uint64_t value, uint64_t count)
{
	unsigned __int128 wide = count;
	bool heavy = wide * REFERENCE_BINS >= bins->n;

	if (bins->distinct++ < REFERENCE_CATEGORIES)
	{
		bins->values[bins->distinct - 1] = value;
		bins->categories[bins->distinct - 1][0] = count;
	}
	if (heavy && value > 0)
		close_bin(bins, value - 1);
	bins->counts[bins->n_edges][0] += count;
	bins->seen += count;
	wide = (unsigned __int128) bins->seen * REFERENCE_BINS;
	if (heavy || (bins->seen < bins->n && wide >= (unsigned __int128) bins->next * bins->n))
	{
		bins->next = (uint64_t) (wide / bins->n) + 1;
		close_bin(bins, value);
	}
}

/*
 * What fills a bin by itself needs at least as many rows as there are up to the next quantile, so none of these,
 * but for the last one, can end it.
 */
uint64_t
reference_bins_passable(const ReferenceBins *bins)
{
	unsigned __int128 wide = (unsigned __int128) bins->next * bins->n;
	uint64_t target = (uint64_t) ((wide + REFERENCE_BINS - 1) / REFERENCE_BINS);

	if (bins->distinct <= REFERENCE_CATEGORIES || target <= bins->seen)
		return 0;
	return target - bins->seen - 1;
}

void
reference_bins_pass(ReferenceBins *bins, uint64_t rows)
{
	bins->counts[bins->n_edges][0] += rows;
	bins->seen += rows;
}

size_t
reference_bins_cuts(const ReferenceBins *bins, uint64_t cuts[REFERENCE_MOST_CUTS])
{
	size_t n = 0;

	if (bins->distinct > REFERENCE_CATEGORIES)
	{
		memcpy(cuts, bins->edges, bins->n_edges * sizeof(uint64_t));
		return bins->n_edges;
	}
	for (size_t i = 0; i < bins->distinct; i++)
	{
		if (bins->values[i] > 0 && (n == 0 || cuts[n - 1] < bins->values[i] - 1))
			cuts[n++] = bins->values[i] - 1;
		cuts[n++] = bins->values[i];
	}
	return n;
}

/* Edges are few: to compare with all of them takes no branch. */
static inline size_t
bin_of(const ReferenceBins *bins, uint64_t value)
{
	size_t bin = 0;

	for (size_t i = 0; i < bins->n_edges; i++)
		bin += value > bins->edges[i];
	return bin;
}

static void
count_in_categories(ReferenceBins *bins, uint64_t value, uint64_t count)
{
	size_t at = 0;

	while (at < bins->distinct && bins->values[at] != value)
		at++;
	bins->categories[at][1] += count;
}

void
reference_bins_count(ReferenceBins *bins, const uint64_t *values, const uint64_t *counts, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		uint64_t count = counts != NULL ? counts[i] : 1;

		if (bins->distinct > REFERENCE_CATEGORIES)
			bins->counts[bin_of(bins, values[i])][1] += count;
		else
			count_in_categories(bins, values[i], count);
	}
}

bool
reference_bins_end(const ReferenceBins *bins, Bins *result)
{
	bool by_value = bins->distinct <= REFERENCE_CATEGORIES;
	const uint64_t(*counts)[2] = by_value ? bins->categories : bins->counts;
	size_t n = by_value ? bins->distinct + 1 : bins->n_edges + 1;

	for (size_t i = 0; i < n; i++)
	{
		if (counts[i][0] + counts[i][1] > 0 && !bins_add(result, counts[i][0], counts[i][1]))
			return false;
	}
	return true;
}

/* The operations of NumPy, in its order, so that edges are the same doubles. */
void
sturges_begin(SturgesBins *bins, double low, double high, uint64_t n)
{
	double width = (high - low) / (log2((double) n) + 1.0);
	double step;

	memset(bins, 0, sizeof(*bins));
	bins->n = width > 0.0 ? (size_t) ceil((high - low) / width) : 1;
	if (bins->n > STURGES_MOST)
		bins->n = STURGES_MOST;
	if (low == high)
	{
		low -= 0.5;
		high += 0.5;
	}
	step = (high - low) / (double) bins->n;
	for (size_t i = 0; i < bins->n; i++)
		bins->edges[i] = (double) i * step + low;
	bins->edges[bins->n] = high;
}

void
sturges_add(SturgesBins *bins, const SampleTie *tie)
{
	while (bins->at + 1 < bins->n && tie->value >= bins->edges[bins->at + 1])
		bins->at++;
	bins->counts[bins->at][0] += tie->counts[0];
	bins->counts[bins->at][1] += tie->counts[1];
}

/*
 * profile_merge.c
 *		One profile of a number from many, whose bins may differ.
 *
 * Rows up to a value ascend with it, so each quantile is searched for among the
 * edges of all parts: with p parts that takes O(p log p), not O(p^2).
 */
#include "core/profile.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Merge
{
	const ProfileFeature *const *parts;
	size_t n;
	double *edges; /* of all parts, ascending, each once */
	size_t n_edges;
	double *before; /* rows before each bin and after the last, part by part */
} Merge;

static int
compare_edges(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return x < y ? -1 : x > y;
}

static void
merge_moments(const ProfileFeature *const *parts, size_t n, ProfileFeature *result)
{
	double rows = 0.0, mean = 0.0, squares = 0.0;

	result->low = INFINITY;
	for (size_t i = 0; i < n; i++)
	{
		double more = (double) parts[i]->present;
		double gap = parts[i]->mean - mean;

		result->present += parts[i]->present;
		result->missing += parts[i]->missing;
		if (more == 0.0)
			continue;
		squares += parts[i]->deviation * parts[i]->deviation * more +
		           gap * gap * rows * more / (rows + more);
		mean += gap * more / (rows + more);
		rows += more;
		result->low = parts[i]->low < result->low ? parts[i]->low : result->low;
	}
	result->mean = fmax(-DBL_MAX, fmin(mean, DBL_MAX));
	result->deviation = rows > 0.0 ? fmin(sqrt(squares / rows), DBL_MAX) : 0.0;
}

/* Equal bins, that of some with one more up to infinity: counts add up. */
static bool
merge_equal(const ProfileFeature *const *parts, size_t n, ProfileFeature *result)
{
	const ProfileFeature *least = parts[0];

	for (size_t i = 1; i < n; i++)
		least = parts[i]->n < least->n ? parts[i] : least;
	for (size_t i = 0; i < n; i++)
		if (!profile_shares_bins(least, parts[i]))
			return false;
	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < parts[i]->n; k++)
		{
			if (k >= result->n)
				result->bins[result->n++] = (ProfileBin){parts[i]->bins[k].edge, 0};
			result->bins[k].count += parts[i]->bins[k].count;
		}
	return true;
}

/* profile_rows_up_to of a part, in logarithmic time. */
static double
rows_of_part(const ProfileFeature *part, const double *before, double value)
{
	uint32_t low = 0, high = part->n;
	double start;

	/* The first bin whose edge is above the value. */
	while (low < high)
	{
		uint32_t middle = (low + high) / 2;

		if (part->bins[middle].edge <= value)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == part->n)
		return before[low];
	start = low > 0 ? part->bins[low - 1].edge : part->low;
	return before[low] + profile_rows_within(part, low, start, value);
}

/* Parts are added up in their order, so rows ascend with the value, to the last bit. */
static double
rows_of_all(const Merge *merge, double value)
{
	const double *before = merge->before;
	double rows = 0.0;

	for (size_t i = 0; i < merge->n; i++)
	{
		rows += rows_of_part(merge->parts[i], before, value);
		before += merge->parts[i]->n + 1;
	}
	return rows;
}

/* The first edge from this one on with so many rows up to it, else the last one. */
static size_t
edge_with_rows(const Merge *merge, size_t from, double least)
{
	size_t low = from, high = merge->n_edges - 1;

	while (low < high)
	{
		size_t middle = low + (high - low) / 2;

		if (rows_of_all(merge, merge->edges[middle]) * PROFILE_BINS >= least)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void
close_bin(ProfileFeature *result, double edge, uint64_t upto, uint64_t *placed)
{
	upto = upto > result->present ? result->present : upto;
	upto = upto < *placed ? *placed : upto;
	result->bins[result->n++] = (ProfileBin){edge, upto - *placed};
	*placed = upto;
}

/* Edges among those of the parts, where the rows up to them pass the next quantile. */
static void
merge_quantiles(const Merge *merge, ProfileFeature *result)
{
	double total = (double) result->present;
	uint64_t placed = 0;
	double next = 1.0;

	for (size_t from = 0; from < merge->n_edges;)
	{
		size_t at = edge_with_rows(merge, from, next * total);
		double rows = rows_of_all(merge, merge->edges[at]);
		bool last = at + 1 == merge->n_edges;

		/* An edge right before a step of a bin's size keeps that step in a bin of its own. */
		if (at > from)
		{
			double before = rows_of_all(merge, merge->edges[at - 1]);

			if ((rows - before) * PROFILE_BINS >= 2.0 * total)
				close_bin(result, merge->edges[at - 1], (uint64_t) llround(before), &placed);
		}
		close_bin(result, merge->edges[at], last ? result->present : (uint64_t) llround(rows),
		          &placed);
		next = floor(rows * PROFILE_BINS / total) + 1.0;
		from = at + 1;
	}
}

static size_t
sort_edges(double *edges, size_t n)
{
	size_t kept = 0;

	qsort(edges, n, sizeof(double), compare_edges);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || edges[kept - 1] != edges[i])
			edges[kept++] = edges[i];
	return kept;
}

/* Edges of all parts, and the rows before each of their bins. */
static bool
prepare(Merge *merge, const CoreAllocator *allocator)
{
	size_t n_bins = 0, at = 0;

	for (size_t i = 0; i < merge->n; i++)
		n_bins += merge->parts[i]->n;
	merge->edges = allocator->allocate(allocator->context, (n_bins + 1) * sizeof(double));
	merge->before = allocator->allocate(allocator->context, (n_bins + merge->n) * sizeof(double));
	if (merge->edges == NULL || merge->before == NULL)
		return false;
	for (size_t i = 0; i < merge->n; i++)
	{
		double rows = 0.0;

		for (uint32_t k = 0; k < merge->parts[i]->n; k++)
		{
			merge->edges[at - i] = merge->parts[i]->bins[k].edge;
			merge->before[at++] = rows;
			rows += (double) merge->parts[i]->bins[k].count;
		}
		merge->before[at++] = rows;
	}
	merge->n_edges = sort_edges(merge->edges, n_bins);
	return true;
}

bool
profile_merge_number(const ProfileFeature *const *parts, size_t n, ProfileFeature *result,
                     const CoreAllocator *allocator)
{
	Merge merge = {.parts = parts, .n = n};
	bool done;

	memset(result, 0, sizeof(*result));
	result->name = parts[0]->name;
	result->name_length = parts[0]->name_length;
	merge_moments(parts, n, result);
	result->low = isinf(result->low) && result->present == 0 ? 0.0 : result->low;
	result->bins = allocator->allocate(allocator->context, PROFILE_MOST_BINS * sizeof(ProfileBin));
	if (result->bins == NULL)
		return false;
	if (merge_equal(parts, n, result))
		return true;
	done = prepare(&merge, allocator);
	/* Without rows there are no quantiles, and every edge would pass for one. */
	if (done && result->present > 0)
		merge_quantiles(&merge, result);
	allocator->release(allocator->context, merge.before);
	allocator->release(allocator->context, merge.edges);
	return done;
}

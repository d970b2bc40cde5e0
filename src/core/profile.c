/*
 * profile.c
 *		Looking features up, and merging numbers whose bins differ.
 */
#include "core/profile.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const ProfileFeature *
profile_find(const Profile *profile, const char *name, size_t name_length)
{
	for (uint32_t i = 0; i < profile->n; i++)
		if (profile->features[i].name_length == name_length &&
		    memcmp(profile->features[i].name, name, name_length) == 0)
			return &profile->features[i];
	return NULL;
}

bool
profile_shares_bins(const ProfileFeature *baseline, const ProfileFeature *feature)
{
	uint32_t n = baseline->n;

	/* One more bin, up to infinity, may hold what lies above the baseline. */
	if (feature->n != n && !(feature->n == n + 1 && isinf(feature->bins[n].edge)))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (feature->bins[i].edge != baseline->bins[i].edge)
			return false;
	return true;
}

double
profile_rows_up_to(const ProfileFeature *feature, double value)
{
	double rows = 0.0;
	double low = feature->low;

	for (uint32_t i = 0; i < feature->n; i++)
	{
		double edge = feature->bins[i].edge;
		double count = (double) feature->bins[i].count;

		if (value < edge)
		{
			/* The first bin begins at the least value, which is in it. */
			if (value < low || isinf(edge - low))
				return rows;
			return rows + count * ((value - low) / (edge - low));
		}
		rows += count;
		low = edge;
	}
	return rows;
}

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

static double
rows_of_all(const ProfileFeature *const *parts, size_t n, double value)
{
	double rows = 0.0;

	for (size_t i = 0; i < n; i++)
		rows += profile_rows_up_to(parts[i], value);
	return rows;
}

/* Edges among those of the parts, where the rows up to them pass the next quantile. */
static void
merge_quantiles(const ProfileFeature *const *parts, size_t n, const double *edges, size_t n_edges,
                ProfileFeature *result)
{
	double total = (double) result->present;
	uint64_t placed = 0;
	double next = 1.0;

	/* Without rows there are no quantiles, and every edge would pass for one. */
	if (result->present == 0)
		return;
	for (size_t i = 0; i < n_edges; i++)
	{
		double rows = rows_of_all(parts, n, edges[i]);
		bool last = i + 1 == n_edges;

		if (i + 1 < n_edges && edges[i + 1] == edges[i])
			continue;
		/* An edge right before a step of a bin's size keeps that step in a bin of its own. */
		if (last || rows * PROFILE_BINS >= next * total ||
		    (!last && (rows_of_all(parts, n, edges[i + 1]) - rows) * PROFILE_BINS >= 2.0 * total))
		{
			uint64_t upto = last ? result->present : (uint64_t) llround(rows);

			upto = upto > result->present ? result->present : upto;
			upto = upto < placed ? placed : upto;
			result->bins[result->n++] = (ProfileBin){edges[i], upto - placed};
			placed = upto;
			next = floor(rows * PROFILE_BINS / total) + 1.0;
		}
	}
}

bool
profile_merge_number(const ProfileFeature *const *parts, size_t n, ProfileFeature *result,
                     const CoreAllocator *allocator)
{
	size_t n_edges = 0;
	double *edges;

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
	for (size_t i = 0; i < n; i++)
		n_edges += parts[i]->n;
	edges = allocator->allocate(allocator->context, (n_edges + 1) * sizeof(double));
	if (edges == NULL)
		return false;
	n_edges = 0;
	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < parts[i]->n; k++)
			edges[n_edges++] = parts[i]->bins[k].edge;
	qsort(edges, n_edges, sizeof(double), compare_edges);
	merge_quantiles(parts, n, edges, n_edges, result);
	allocator->release(allocator->context, edges);
	return true;
}

/*
 * profile_counts.c
 *		Counting values into the bins or categories of a baseline's feature.
 */
#include "core/profile_counts.h"

#include <math.h>
#include <string.h>

uint32_t
profile_bin_of(const ProfileFeature *feature, double value)
{
	uint32_t low = 0, high = feature->n;

	/* The first bin whose edge is not below the value. */
	while (low < high)
	{
		uint32_t middle = (low + high) / 2;

		if (feature->bins[middle].edge < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t
profile_category_of(const ProfileFeature *feature, const char *value, size_t length)
{
	ProfileCategory wanted = {.value = value, .length = (uint32_t) length};
	uint32_t low = 0, high = feature->n;

	while (low < high)
	{
		uint32_t middle = (low + high) / 2;
		int order = profile_compare_values(&feature->categories[middle], &wanted);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return feature->n;
}

bool
profile_counts_begin(ProfileCounts *counts, const ProfileFeature *feature,
                     const CoreAllocator *allocator)
{
	size_t size = ((size_t) feature->n + 1) * sizeof(uint64_t);

	memset(counts, 0, sizeof(*counts));
	counts->low = INFINITY;
	counts->counts = allocator->allocate(allocator->context, size);
	if (counts->counts == NULL)
		return false;
	memset(counts->counts, 0, size);
	return true;
}

/*
 * profile_bin_of of all pending numbers, level by level: nothing branches on an edge, and each step of
 * a search goes on while those of the others wait for memory.
 */
static void
count_bins(ProfileCounts *counts, const ProfileFeature *feature)
{
	const ProfileBin *bins = feature->bins;
	uint32_t places[PROFILE_COUNTS_PENDING] = {0};
	uint32_t n = counts->n_pending;

	for (uint32_t left = feature->n; left > 0;)
	{
		uint32_t half = (left + 1) / 2;

		for (uint32_t i = 0; i < n; i++)
			places[i] += half & -(uint32_t) (bins[places[i] + half - 1].edge < counts->pending[i]);
		left -= half;
	}
	for (uint32_t i = 0; i < n; i++)
		counts->counts[places[i]]++;
}

void
profile_counts_settle(ProfileCounts *counts, const ProfileFeature *feature)
{
	count_bins(counts, feature);
	for (uint32_t i = 0; i < counts->n_pending; i++)
	{
		double number = counts->pending[i];

		counts->low = number < counts->low ? number : counts->low;
		if (isinf(number))
			continue;
		counts->finite++;
		exact_sum_add(&counts->sum, number);
		if (isfinite(number * number))
			exact_sum_add(&counts->squares, number * number);
	}
	counts->n_pending = 0;
}

void
profile_counts_merge(ProfileCounts *counts, ProfileCounts *more, const ProfileFeature *feature)
{
	profile_counts_settle(counts, feature);
	profile_counts_settle(more, feature);
	for (uint32_t k = 0; k <= feature->n; k++)
		counts->counts[k] += more->counts[k];
	counts->missing += more->missing;
	counts->finite += more->finite;
	counts->low = more->low < counts->low ? more->low : counts->low;
	exact_sum_merge(&counts->sum, &more->sum);
	exact_sum_merge(&counts->squares, &more->squares);
}

static bool
finish_number(const ProfileCounts *counts, const ProfileFeature *feature, ProfileFeature *result,
              const CoreAllocator *allocator)
{
	double finite = (double) counts->finite;
	uint32_t n = feature->n;
	double squares;

	result->bins = allocator->allocate(allocator->context, ((size_t) n + 1) * sizeof(ProfileBin));
	if (result->bins == NULL)
		return false;
	for (uint32_t k = 0; k < n; k++)
		result->bins[k] = (ProfileBin){feature->bins[k].edge, counts->counts[k]};
	if (counts->counts[n] > 0)
		result->bins[result->n++] = (ProfileBin){INFINITY, counts->counts[n]};
	/* Values below the baseline's are in its first bin. */
	result->low = counts->low < result->low ? counts->low : result->low;
	result->mean = finite > 0 ? exact_sum_value(&counts->sum) / finite : 0.0;
	squares =
	    finite > 0 ? exact_sum_value(&counts->squares) / finite - result->mean * result->mean : 0.0;
	result->mean = isfinite(result->mean) ? result->mean : 0.0;
	result->deviation = isfinite(squares) && squares > 0.0 ? sqrt(squares) : 0.0;
	return true;
}

static bool
finish_text(const ProfileCounts *counts, const ProfileFeature *feature, ProfileFeature *result,
            const CoreAllocator *allocator)
{
	result->categories = allocator->allocate(allocator->context,
	                                         ((size_t) feature->n + 1) * sizeof(ProfileCategory));
	if (result->categories == NULL)
		return false;
	for (uint32_t k = 0; k < feature->n; k++)
	{
		result->categories[k] = feature->categories[k];
		result->categories[k].count = counts->counts[k];
	}
	result->others = counts->counts[feature->n];
	return true;
}

bool
profile_counts_finish(ProfileCounts *counts, const ProfileFeature *feature, ProfileFeature *result,
                      const CoreAllocator *allocator)
{
	profile_counts_settle(counts, feature);
	*result = *feature;
	result->present = result->others = 0;
	result->missing = counts->missing;
	for (uint32_t k = 0; k <= feature->n; k++)
		result->present += counts->counts[k];
	return feature->is_text ? finish_text(counts, feature, result, allocator)
	                        : finish_number(counts, feature, result, allocator);
}

/*
 * profile_number.c
 *		The profile of a number, from its values in ascending order.
 */
#include "core/profile_number.h"

#include "core/moments.h"
#include "core/sample.h"

void
profile_binner_begin(ProfileBinner *binner, ProfileFeature *result, uint64_t rows)
{
	*binner = (ProfileBinner){.result = result, .rows = rows, .next = 1};
}

static void
close_bin(ProfileBinner *binner)
{
	if (binner->open > 0)
		binner->result->bins[binner->result->n++] = (ProfileBin){binner->last, binner->open};
	binner->open = 0;
	binner->next = binner->seen * PROFILE_BINS / binner->rows + 1;
}

void
profile_binner_add(ProfileBinner *binner, double value, uint64_t count)
{
	bool heavy = count * PROFILE_BINS >= binner->rows;

	if (heavy)
		close_bin(binner);
	binner->open += count;
	binner->seen += count;
	binner->last = value;
	if (heavy || binner->seen * PROFILE_BINS >= binner->next * binner->rows)
		close_bin(binner);
}

/* A value that fills a bin has as many rows as there are up to its end: none of these can be one. */
uint64_t
profile_binner_passable(const ProfileBinner *binner)
{
	uint64_t end = (binner->next * binner->rows + PROFILE_BINS - 1) / PROFILE_BINS;

	return end > binner->seen ? end - binner->seen - 1 : 0;
}

void
profile_binner_pass(ProfileBinner *binner, uint64_t rows, double greatest)
{
	if (rows == 0)
		return;
	binner->open += rows;
	binner->seen += rows;
	binner->last = greatest;
}

void
profile_binner_end(ProfileBinner *binner)
{
	if (binner->rows > 0)
		close_bin(binner);
}

static void
find_bins(const uint64_t *keys, size_t n, ProfileFeature *result)
{
	ProfileBinner binner;
	size_t end;

	profile_binner_begin(&binner, result, n);
	for (size_t i = 0; i < n; i = end)
	{
		for (end = i + 1; end < n && keys[end] == keys[i];)
			end++;
		profile_binner_add(&binner, sample_value(keys[i]), end - i);
	}
	profile_binner_end(&binner);
}

bool
profile_of_keys(const uint64_t *keys, size_t n, ProfileFeature *result,
                const CoreAllocator *allocator)
{
	Moments moments = {0};

	result->bins = allocator->allocate(allocator->context, PROFILE_MOST_BINS * sizeof(ProfileBin));
	if (result->bins == NULL)
		return false;
	result->n = 0;
	result->present = n;
	result->low = result->mean = result->deviation = 0.0;
	if (n == 0)
		return true;
	result->low = sample_value(keys[0]);
	find_bins(keys, n, result);
	moments_add_keys(&moments, keys, n);
	result->mean = moments_mean(&moments);
	result->deviation = moments_deviation(&moments);
	return true;
}

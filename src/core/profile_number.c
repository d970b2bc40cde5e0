/*
 * profile_number.c
 *		The profile of a number, from its values in ascending order.
 */
#include "core/profile_number.h"

#include <math.h>

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

static void
find_moments(const uint64_t *keys, size_t n, ProfileFeature *result)
{
	double finite = 0.0, sum = 0.0, squares = 0.0;

	for (size_t i = 0; i < n; i++)
	{
		double value = sample_value(keys[i]);

		if (isinf(value))
			continue;
		finite += 1.0;
		sum += value;
	}
	if (finite == 0.0 || !isfinite(sum))
		return;
	result->mean = sum / finite;
	for (size_t i = 0; i < n; i++)
	{
		double gap = sample_value(keys[i]) - result->mean;

		if (!isinf(gap))
			squares += gap * gap;
	}
	result->deviation = isfinite(squares) ? sqrt(squares / finite) : 0.0;
}

bool
profile_of_keys(const uint64_t *keys, size_t n, ProfileFeature *result,
                const CoreAllocator *allocator)
{
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
	find_moments(keys, n, result);
	return true;
}

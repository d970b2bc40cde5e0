/*
 * profile.c
 *		Looking features up, comparing their bins, and rows up to a value.
 */
#include "core/profile.h"

#include <math.h>
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
profile_rows_within(const ProfileFeature *feature, uint32_t i, double start, double value)
{
	double count = (double) feature->bins[i].count;
	double present = (double) feature->present;
	double width = feature->bins[i].edge - start;

	/* Merged bins are a little larger than those of a sample, whose rows divide them by rounding up. */
	if (present <= PROFILE_BINS || count * PROFILE_BINS > 1.5 * present + PROFILE_BINS)
		return 0.0;
	/* The first bin begins at the least value, which is in it. */
	if (value < start || isinf(width))
		return 0.0;
	return count * ((value - start) / width);
}

double
profile_rows_up_to(const ProfileFeature *feature, double value)
{
	double rows = 0.0;
	double low = feature->low;

	for (uint32_t i = 0; i < feature->n; i++)
	{
		if (value < feature->bins[i].edge)
			return rows + profile_rows_within(feature, i, low, value);
		rows += (double) feature->bins[i].count;
		low = feature->bins[i].edge;
	}
	return rows;
}

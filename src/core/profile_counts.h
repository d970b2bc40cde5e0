/*
 * profile_counts.h
 *		Counting values into the bins or categories of a baseline's feature. Counts add
 *		up, so that profiles of parts merge exactly.
 */
#ifndef FRAUD_DETECT_PROFILE_COUNTS_H
#define FRAUD_DETECT_PROFILE_COUNTS_H

#include "core/exact_sum.h"
#include "core/profile.h"

/* Numbers are counted so many at a time, since searches for bins that do not wait for each other overlap. */
#define PROFILE_COUNTS_PENDING 256

typedef struct ProfileCounts
{
	uint64_t *counts; /* by bin or category; the last one for what is in none */
	uint64_t missing;
	uint64_t finite;
	double low;
	ExactSum sum; /* of finite values */
	ExactSum squares;
	uint32_t n_pending;
	double pending[PROFILE_COUNTS_PENDING];
} ProfileCounts;

/* Both return feature->n where there is none. */
extern uint32_t profile_bin_of(const ProfileFeature *feature, double value);
extern uint32_t profile_category_of(const ProfileFeature *feature, const char *value,
                                    size_t length);

/* False where memory is short. */
extern bool profile_counts_begin(ProfileCounts *counts, const ProfileFeature *feature,
                                 const CoreAllocator *allocator);
/* Counts the numbers that are pending: before any other member is read. */
extern void profile_counts_settle(ProfileCounts *counts, const ProfileFeature *feature);

/* Not NaN, which is missing. */
static inline void
profile_counts_number(ProfileCounts *counts, const ProfileFeature *feature, double number)
{
	counts->pending[counts->n_pending++] = number;
	if (counts->n_pending == PROFILE_COUNTS_PENDING)
		profile_counts_settle(counts, feature);
}

extern void profile_counts_merge(ProfileCounts *counts, ProfileCounts *more,
                                 const ProfileFeature *feature);
/* What was counted, as a feature that shares the baseline's bins. False where memory is short. */
extern bool profile_counts_finish(ProfileCounts *counts, const ProfileFeature *feature,
                                  ProfileFeature *result, const CoreAllocator *allocator);

#endif

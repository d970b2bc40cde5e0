/*
 * profile_number.h
 *		The profile of a number, from its values in ascending order: bins after
 *		quantiles, where a value that fills a bin has one of its own, and moments of
 *		the finite values. It depends on the values alone.
 */
#ifndef FRAUD_DETECT_PROFILE_NUMBER_H
#define FRAUD_DETECT_PROFILE_NUMBER_H

#include "core/profile.h"

/* Bins, while values come in order. */
typedef struct ProfileBinner
{
	ProfileFeature *result; /* with room for PROFILE_MOST_BINS */
	uint64_t rows;          /* of all values; far below 2^56 */
	uint64_t seen;
	uint64_t open;
	uint64_t next;
	double last;
} ProfileBinner;

extern void profile_binner_begin(ProfileBinner *binner, ProfileFeature *result, uint64_t rows);
extern void profile_binner_add(ProfileBinner *binner, double value, uint64_t count);
/*
 * As many rows as may come next whose values do not matter but for the greatest, none of them a part of a value:
 * profile_binner_pass takes up to so many. Not before the first value.
 */
extern uint64_t profile_binner_passable(const ProfileBinner *binner);
extern void profile_binner_pass(ProfileBinner *binner, uint64_t rows, double greatest);
extern void profile_binner_end(ProfileBinner *binner);

/*
 * Fills what a profile keeps of n values, given as sorted keys (core/sample.h); name, missing and
 * is_text are the caller's. False where memory is short.
 */
extern bool profile_of_keys(const uint64_t *keys, size_t n, ProfileFeature *result,
                            const CoreAllocator *allocator);

#endif

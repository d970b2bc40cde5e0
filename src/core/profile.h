/*
 * profile.h
 *		What is kept of the columns of many rows: how many values are missing, moments,
 *		quantile bins of numbers, counts of texts. And its text form:
 *
 *		fraud_profile 1 FEATURES
 *		number "NAME" PRESENT MISSING MEAN DEVIATION LOW BINS EDGE COUNT EDGE COUNT ...
 *		text "NAME" PRESENT MISSING CATEGORIES OTHERS "VALUE" COUNT "VALUE" COUNT ...
 *
 * Bin i holds the values above edge i - 1 and up to edge i. Edges ascend; the last one may
 * be Infinity. Counts of a feature add up to PRESENT; categories are in order of
 * their bytes. In quotes, \ stands before " and \; doubles have 17 digits.
 * A number's bins follow its quantiles (PROFILE_BINS), a value that fills one has its own.
 */
#ifndef FRAUD_DETECT_PROFILE_H
#define FRAUD_DETECT_PROFILE_H

#include "core/core.h"

#define PROFILE_VERSION 1
#define PROFILE_BINS 256
#define PROFILE_MOST_BINS (3 * PROFILE_BINS + 2)
#define PROFILE_MOST_FEATURES 4096 /* above two of each column that a relation can have */
#define PROFILE_MOST_CATEGORIES 200
#define PROFILE_MOST_VALUE_BYTES 60
#define PROFILE_MOST_NAME_BYTES 255

typedef struct ProfileCategory
{
	const char *value; /* not terminated */
	uint32_t length;
	uint64_t count;
} ProfileCategory;

typedef struct ProfileBin
{
	double edge;
	uint64_t count;
} ProfileBin;

typedef struct ProfileFeature
{
	bool is_text;
	const char *name; /* not terminated */
	uint32_t name_length;
	uint64_t present;
	uint64_t missing;
	double mean;
	double deviation; /* of the population */
	double low;       /* the least value */
	uint32_t n;       /* bins or categories */
	uint64_t others;  /* rows of texts that are no category */
	ProfileBin *bins;
	ProfileCategory *categories;
} ProfileFeature;

typedef struct Profile
{
	uint32_t n;
	ProfileFeature *features;
} Profile;

/* Reads any bytes; names and values point into them or into memory of the allocator. */
extern bool profile_read(const char *bytes, size_t size, Profile *profile,
                         const CoreAllocator *allocator, CoreError *error);

/* Writes what profile_read reads, without a terminating zero; returns the size, capacity permitting. */
extern size_t profile_write(const Profile *profile, char *bytes, size_t capacity);

/* Order of categories: by their bytes. */
extern int profile_compare_values(const ProfileCategory *a, const ProfileCategory *b);

/* Orders of categories for qsort: by value, and most frequent first, then by value. */
extern int profile_by_value(const void *a, const void *b);
extern int profile_by_count(const void *a, const void *b);

/* The feature of a name, or NULL. */
extern const ProfileFeature *profile_find(const Profile *profile, const char *name,
                                          size_t name_length);

/* Whether a number's bins are those of the baseline, so that counts compare exactly. */
extern bool profile_shares_bins(const ProfileFeature *baseline, const ProfileFeature *feature);

/*
 * Rows of bin i, which begins at start, up to a value below its edge: by linear interpolation. A bin
 * with more rows than a bin of many values has holds one value, its edge; so does each bin of a
 * feature with so few rows that none needs another's place.
 */
extern double profile_rows_within(const ProfileFeature *feature, uint32_t i, double start,
                                  double value);

/* Rows up to a value: exact at edges, else by profile_rows_within. */
extern double profile_rows_up_to(const ProfileFeature *feature, double value);

/* Of one number in many profiles. False where memory is short. */
extern bool profile_merge_number(const ProfileFeature *const *parts, size_t n,
                                 ProfileFeature *result, const CoreAllocator *allocator);

#endif

/*
 * baseline.c
 *		Profiles of the features and the scores of a version.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "core/profile_number.h"
#include "core/sample.h"
#include "miscadmin.h"
#include "pg/memory.h"
#include "training/baseline.h"
#include "utils/memutils.h"

/* Sampled values, one feature after the other. */
typedef struct BaselineSample
{
	uint32 n_rows;
	float *values;
	uint64 *keys; /* of one feature */
	uint64 *scratch;
} BaselineSample;

static void
take_sample(BaselineSample *sample, FeatureRows *rows)
{
	uint64 n_training = rows->n_rows[PART_TRAINING];
	uint32 width = rows->store.width;
	uint64 n = Min(Min(n_training, BASELINE_ROWS), BASELINE_VALUES / width);
	uint64 begin = part_begin(rows, PART_TRAINING);
	float *row = palloc(sizeof(float) * width);

	sample->n_rows = (uint32) n;
	sample->values =
	    MemoryContextAllocHuge(CurrentMemoryContext, sizeof(float) * Max(n, 1) * width);
	sample->keys = palloc(sizeof(uint64) * Max(n, 1));
	sample->scratch = palloc(sizeof(uint64) * Max(n, 1));
	for (uint64 i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		row_store_read(&rows->store, begin + i * n_training / n, 1, row);
		for (uint32 f = 0; f < width; f++)
			sample->values[f * n + i] = row[f];
	}
	pfree(row);
}

static void
profile_number(BaselineSample *sample, const float *values, ProfileFeature *result)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	uint32 n = 0;

	for (uint32 i = 0; i < sample->n_rows; i++)
		if (!isnan(values[i]))
			sample->keys[n++] = sample_key(values[i]);
	sample_sort(sample->keys, sample->scratch, n);
	(void) profile_of_keys(sample->keys, n, result, &allocator);
	result->missing = sample->n_rows - n;
}

static int
by_value(const void *a, const void *b)
{
	return profile_compare_values(a, b);
}

/* Most frequent first, then by bytes. */
static int
by_count(const void *a, const void *b)
{
	const ProfileCategory *x = a;
	const ProfileCategory *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return profile_compare_values(x, y);
}

/* Values whose first bytes are the same, which are neighbours, become one. */
static uint32
join_equal(ProfileCategory *categories, uint32 n)
{
	uint32 kept = 0;

	for (uint32 i = 0; i < n; i++)
		if (kept > 0 && profile_compare_values(&categories[kept - 1], &categories[i]) == 0)
			categories[kept - 1].count += categories[i].count;
		else
			categories[kept++] = categories[i];
	return kept;
}

static void
profile_category(const BaselineSample *sample, const Feature *feature, const float *values,
                 ProfileFeature *result)
{
	uint32 n = dictionary_size(feature->dictionary);
	ProfileCategory *categories = palloc(sizeof(ProfileCategory) * Max(n, 1));

	for (uint32 code = 0; code < n; code++)
		categories[code] = feature_profile_category(feature, code);
	for (uint32 i = 0; i < sample->n_rows; i++)
	{
		if (isnan(values[i]))
			result->missing++;
		else
			categories[(uint32) values[i]].count++;
	}
	qsort(categories, n, sizeof(ProfileCategory), by_value);
	n = join_equal(categories, n);
	qsort(categories, n, sizeof(ProfileCategory), by_count);
	result->present = result->others = sample->n_rows - result->missing;
	result->n = Min(n, PROFILE_MOST_CATEGORIES);
	for (uint32 i = 0; i < result->n; i++)
		result->others -= categories[i].count;
	qsort(categories, result->n, sizeof(ProfileCategory), by_value);
	result->categories = categories;
}

text *
baseline_of_features(FeatureRows *rows)
{
	const Signature *signature = rows->signature;
	Profile profile = {.n = (uint32) signature->n_features};
	BaselineSample sample;

	take_sample(&sample, rows);
	profile.features = palloc0(sizeof(ProfileFeature) * profile.n);
	for (uint32 f = 0; f < profile.n; f++)
	{
		const Feature *feature = &signature->features[f];
		ProfileFeature *result = &profile.features[f];
		const float *values = sample.values + (size_t) f * sample.n_rows;

		result->name = feature->name;
		result->name_length = (uint32) strlen(feature->name);
		result->is_text = feature_profiled_as_text(feature);
		if (result->is_text)
			profile_category(&sample, feature, values, result);
		else
			profile_number(&sample, values, result);
	}
	pfree(sample.values);
	pfree(sample.keys);
	pfree(sample.scratch);
	return text_of_profile(&profile);
}

text *
baseline_of_scores(const ScoredRow *rows, uint64 n)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	ProfileFeature score = {.name = "score", .name_length = strlen("score")};
	Profile profile = {.n = 1, .features = &score};
	uint64 *keys = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(uint64) * Max(n, 1));

	for (uint64 i = 0; i < n; i++)
		keys[i] = sample_key(rows[n - 1 - i].score);
	(void) profile_of_keys(keys, n, &score, &allocator);
	pfree(keys);
	return text_of_profile(&profile);
}

/*
 * test_profile.c
 *		Promises of core/profile_number.h and core/profile_counts.h: the bins of a number
 *		hold every value once and follow its quantiles; counts into a baseline's bins are
 *		exact, and the same however the rows are split.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/profile_counts.h"
#include "core/profile_number.h"
#include "core/random.h"
#include "core/sample.h"

#define N_VALUES 10000

static ProfileFeature
profile_of(const double *values, size_t n)
{
	uint64_t *keys = malloc((n + 1) * sizeof(uint64_t));
	uint64_t *scratch = malloc((n + 1) * sizeof(uint64_t));
	ProfileFeature feature = {.name = "x", .name_length = 1};

	for (size_t i = 0; i < n; i++)
		keys[i] = sample_key(values[i]);
	sample_sort(keys, scratch, n);
	assert_true(profile_of_keys(keys, n, &feature, &core_malloc_allocator));
	free(keys);
	free(scratch);
	return feature;
}

/* Skewed, with a fifth of the rows at one value. */
static void
fill_values(double *values, size_t n, uint64_t seed)
{
	RandomState random;

	random_seed(&random, seed, 0);
	for (size_t i = 0; i < n; i++)
	{
		double u = random_uniform(&random);

		values[i] = u < 0.2 ? 42.0 : exp(4.0 * u) - 20.0;
	}
}

static uint64_t
rows_up_to(const double *values, size_t n, double edge)
{
	uint64_t rows = 0;

	for (size_t i = 0; i < n; i++)
		rows += values[i] <= edge;
	return rows;
}

static void
bins_hold_every_value_once(void **state)
{
	double values[N_VALUES];
	ProfileFeature feature;
	uint64_t rows = 0;
	bool alone = false;

	fill_values(values, N_VALUES, 1);
	feature = profile_of(values, N_VALUES);
	assert_in_range(feature.n, 150, PROFILE_MOST_BINS);
	for (uint32_t i = 0; i < feature.n; i++)
	{
		rows += feature.bins[i].count;
		assert_int_equal(rows, rows_up_to(values, N_VALUES, feature.bins[i].edge));
		if (feature.bins[i].edge == 42.0)
			alone =
			    feature.bins[i].count == rows - rows_up_to(values, N_VALUES, nextafter(42.0, 0.0));
		else
			assert_in_range(feature.bins[i].count, 1, N_VALUES / PROFILE_BINS + 1);
	}
	assert_true(alone);
	assert_int_equal(feature.present, N_VALUES);
	free(feature.bins);
}

static void
moments_leave_infinities_out(void **state)
{
	const double values[] = {2.0, INFINITY, 4.0, -INFINITY, 6.0};
	const double infinite[] = {INFINITY};
	ProfileFeature feature = profile_of(values, 5);
	ProfileFeature only = profile_of(infinite, 1);
	ProfileFeature nothing = profile_of(values, 0);

	assert_true(feature.mean == 4.0);
	assert_true(fabs(feature.deviation - sqrt(8.0 / 3.0)) < 1e-15);
	assert_true(feature.low == -INFINITY && feature.n == 5);
	assert_true(only.n == 1 && only.mean == 0.0 && only.deviation == 0.0);
	assert_true(nothing.n == 0 && nothing.present == 0);
	free(feature.bins);
	free(only.bins);
	free(nothing.bins);
}

static void
counts_do_not_depend_on_the_split(void **state)
{
	double values[N_VALUES], live[N_VALUES];
	ProfileFeature baseline, whole_result, merged_result;
	ProfileCounts whole, parts[3];
	const CoreAllocator *allocator = &core_malloc_allocator;

	fill_values(values, N_VALUES, 1);
	fill_values(live, N_VALUES, 2);
	live[17] = 1e300;
	live[18] = -1e300;
	live[19] = INFINITY;
	baseline = profile_of(values, N_VALUES);
	assert_true(profile_counts_begin(&whole, &baseline, allocator));
	for (int p = 0; p < 3; p++)
		assert_true(profile_counts_begin(&parts[p], &baseline, allocator));
	for (size_t i = 0; i < N_VALUES; i++)
	{
		profile_counts_number(&whole, &baseline, live[i]);
		profile_counts_number(&parts[i * i % 3], &baseline, live[i]);
	}
	whole.missing = 7;
	parts[1].missing = 7;
	profile_counts_merge(&parts[2], &parts[0], &baseline);
	profile_counts_merge(&parts[1], &parts[2], &baseline);
	assert_true(profile_counts_finish(&whole, &baseline, &whole_result, allocator));
	assert_true(profile_counts_finish(&parts[1], &baseline, &merged_result, allocator));
	assert_true(profile_shares_bins(&baseline, &whole_result));
	assert_int_equal(whole_result.n, baseline.n + 1);
	assert_int_equal(whole_result.present, N_VALUES);
	assert_true(whole_result.low == -1e300);
	assert_int_equal(whole_result.n, merged_result.n);
	assert_memory_equal(whole_result.bins, merged_result.bins, whole_result.n * sizeof(ProfileBin));
	assert_true(whole_result.mean == merged_result.mean &&
	            whole_result.deviation == merged_result.deviation);
	assert_int_equal(merged_result.missing, 7);
	for (uint32_t i = 0, upto = 0; i < baseline.n; i++)
		assert_int_equal(upto += whole_result.bins[i].count,
		                 rows_up_to(live, N_VALUES, baseline.bins[i].edge));
	free(baseline.bins);
	free(whole_result.bins);
	free(merged_result.bins);
	free(whole.counts);
	for (int p = 0; p < 3; p++)
		free(parts[p].counts);
}

static void
unknown_categories_are_others(void **state)
{
	ProfileCategory known[] = {{"atm", 3, 5}, {"chip", 4, 3}};
	ProfileFeature baseline = {.is_text = true, .n = 2, .present = 8, .categories = known};
	ProfileFeature result;
	ProfileCounts counts;

	assert_true(profile_counts_begin(&counts, &baseline, &core_malloc_allocator));
	assert_int_equal(profile_category_of(&baseline, "atm", 3), 0);
	assert_int_equal(profile_category_of(&baseline, "chip", 4), 1);
	assert_int_equal(profile_category_of(&baseline, "chi", 3), 2);
	counts.counts[0] = 1;
	counts.counts[2] = 4;
	assert_true(profile_counts_finish(&counts, &baseline, &result, &core_malloc_allocator));
	assert_int_equal(result.present, 5);
	assert_int_equal(result.others, 4);
	assert_int_equal(result.categories[0].count, 1);
	assert_int_equal(result.categories[1].count, 0);
	free(counts.counts);
	free(result.categories);
}

/* How far the rows up to an edge are from the truth, at most, as a share of all rows. */
static double
worst_rank(const ProfileFeature *feature, const double *values, size_t n)
{
	uint64_t rows = 0;
	double worst = 0.0;

	for (uint32_t i = 0; i < feature->n; i++)
	{
		double error;

		rows += feature->bins[i].count;
		error = fabs((double) rows - (double) rows_up_to(values, n, feature->bins[i].edge));
		worst = fmax(worst, error / (double) n);
	}
	return worst;
}

static ProfileFeature
merged(const ProfileFeature *parts, size_t n)
{
	const ProfileFeature **pointers = malloc(n * sizeof(ProfileFeature *));
	ProfileFeature result;

	for (size_t i = 0; i < n; i++)
		pointers[i] = &parts[i];
	assert_true(profile_merge_number(pointers, n, &result, &core_malloc_allocator));
	free(pointers);
	return result;
}

/* Prices: some that many rows have, far from what lies between them, and a tail. Parts of rows_of_part. */
static void
check_merge(size_t rows_of_part)
{
	enum
	{
		n = 64000,
		groups = 10
	};
	static double values[n];
	size_t n_parts = n / rows_of_part;
	ProfileFeature *parts = malloc(n_parts * sizeof(ProfileFeature));
	ProfileFeature whole, of_groups[groups], of_merged;
	RandomState random;

	random_seed(&random, rows_of_part, 0);
	for (size_t i = 0; i < n; i++)
		values[i] = i % 4 == 0 ? 5.0 + (double) random_below(&random, 3)
		                       : exp(20.0 * random_uniform(&random)) * (i % 2 == 0 ? 1.0 : -1.0);
	for (size_t p = 0; p < n_parts; p++)
		parts[p] = profile_of(values + p * rows_of_part, rows_of_part);
	whole = merged(parts, n_parts);
	assert_int_equal(whole.present, n);
	assert_true(whole.n <= PROFILE_MOST_BINS);
	assert_true(worst_rank(&whole, values, n) < 0.01);
	/* A merge of merges. */
	for (size_t g = 0; g < groups; g++)
		of_groups[g] = merged(parts + g * n_parts / groups, n_parts / groups);
	of_merged = merged(of_groups, groups);
	assert_true(worst_rank(&of_merged, values, n) < 0.01);
	for (size_t g = 0; g < groups; g++)
		free(of_groups[g].bins);
	for (size_t p = 0; p < n_parts; p++)
		free(parts[p].bins);
	free(of_merged.bins);
	free(whole.bins);
	free(parts);
}

static void
merged_ranks_are_within_a_hundredth(void **state)
{
	check_merge(40);
	check_merge(320);
	check_merge(800);
	check_merge(6400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bins_hold_every_value_once),
	    cmocka_unit_test(moments_leave_infinities_out),
	    cmocka_unit_test(counts_do_not_depend_on_the_split),
	    cmocka_unit_test(unknown_categories_are_others),
	    cmocka_unit_test(merged_ranks_are_within_a_hundredth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

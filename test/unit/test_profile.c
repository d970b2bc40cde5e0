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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bins_hold_every_value_once),
	    cmocka_unit_test(moments_leave_infinities_out),
	    cmocka_unit_test(counts_do_not_depend_on_the_split),
	    cmocka_unit_test(unknown_categories_are_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

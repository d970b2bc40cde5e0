/*
 * test_divergence.c
 *		Promises of core/divergence.h: bins hold every row once, follow the reference
 *		and do not move with the current sample; divergences by their definitions.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/divergence.h"
#include "core/random.h"

static void
assert_close(double value, double expected)
{
	if (!(fabs(value - expected) <= 1e-12 * fabs(expected)))
		fail_msg("%.17g is not %.17g", value, expected);
}

static Bins
bins_of(const uint64_t (*counts)[2], size_t n)
{
	Bins bins;

	bins_begin(&bins, &core_malloc_allocator);
	for (size_t i = 0; i < n; i++)
		assert_true(bins_add(&bins, counts[i][0], counts[i][1]));
	return bins;
}

static void
divergences_by_definition(void **state)
{
	const uint64_t counts[][2] = {{50, 40}, {30, 30}, {20, 30}};
	Bins bins = bins_of(counts, 3);

	assert_close(divergence(&bins, DIVERGENCE_PSI, DIVERGENCE_FILL_HALF_ROW),
	             0.1 * log(0.5 / 0.4) + -0.1 * log(0.2 / 0.3));
	assert_close(divergence(&bins, DIVERGENCE_KL, DIVERGENCE_FILL_HALF_ROW),
	             0.5 * log(0.5 / 0.4) + 0.2 * log(0.2 / 0.3));
	assert_close(divergence(&bins, DIVERGENCE_HELLINGER, DIVERGENCE_FILL_NONE),
	             sqrt(1.0 - sqrt(0.2) - 0.3 - sqrt(0.06)));
	assert_close(chi_square_of_table(&bins).statistic, 2 * 25.0 / 45 + 2 * 25.0 / 25);
	assert_true(chi_square_of_table(&bins).degrees_of_freedom == 2.0);
	assert_close(chi_square_of_fit(&bins).statistic, 100.0 / 50 + 100.0 / 20);
	free(bins.counts);
}

static void
empty_bins_are_filled(void **state)
{
	const uint64_t counts[][2] = {{100, 50}, {0, 50}};
	Bins bins = bins_of(counts, 2);

	assert_close(divergence(&bins, DIVERGENCE_PSI, DIVERGENCE_FILL_HALF_ROW),
	             0.5 * log(2.0) + (0.005 - 0.5) * log(0.005 / 0.5));
	assert_close(divergence(&bins, DIVERGENCE_PSI, DIVERGENCE_FILL_EVIDENTLY),
	             0.5 * log(2.0) + (1e-4 - 0.5) * log(1e-4 / 0.5));
	assert_true(isinf(chi_square_of_fit(&bins).statistic));
	free(bins.counts);
}

/* levels: distinct values, many or few; heavy: a value that many rows have. */
static void
check_reference_bins(uint64_t levels, uint64_t heavy)
{
	enum
	{
		n = 10000
	};
	static uint64_t reference[2 * n], current[n];
	ReferenceBins builder;
	RandomState random;
	Bins bins;
	uint64_t totals[2] = {0, 0};

	random_seed(&random, levels, heavy);
	for (size_t i = 0; i < n; i++)
	{
		reference[i] =
		    random_below(&random, 10) < heavy ? levels / 2 : random_below(&random, levels);
		current[i] = random_below(&random, 2 * levels);
	}
	sample_sort(reference, reference + n, n);
	reference_bins_begin(&builder, n);
	for (size_t i = 0; i < n;)
	{
		size_t end = i;

		while (end < n && reference[end] == reference[i])
			end++;
		reference_bins_add(&builder, reference[i], end - i);
		i = end;
	}
	reference_bins_count(&builder, current, NULL, n);
	bins_begin(&bins, &core_malloc_allocator);
	assert_true(reference_bins_end(&builder, &bins));
	for (size_t i = 0; i < bins.n; i++)
	{
		totals[0] += bins.counts[i][0];
		totals[1] += bins.counts[i][1];
		/* No bin of many values is much more than a tenth. */
		assert_true(levels <= REFERENCE_CATEGORIES || heavy > 0 ||
		            bins.counts[i][0] <= n / 10 + n / levels + 100);
	}
	assert_int_equal(totals[0], n);
	assert_int_equal(totals[1], n);
	if (levels > 100 && heavy == 0)
		assert_int_equal(bins.n, REFERENCE_BINS);
	if (levels <= REFERENCE_CATEGORIES)
		assert_int_equal(bins.n, levels + 1);
	free(bins.counts);
}

static void
every_row_is_in_one_bin(void **state)
{
	for (uint64_t heavy = 0; heavy < 10; heavy += 3)
		for (uint64_t levels = 2; levels < 100000; levels = levels * 3 + 1)
			check_reference_bins(levels, heavy);
}

static void
a_heavy_value_has_a_bin_of_its_own(void **state)
{
	ReferenceBins builder;
	Bins bins;
	const uint64_t current[] = {5, 49, 50, 50, 51, 1000};

	reference_bins_begin(&builder, 200);
	for (uint64_t value = 1; value <= 100; value++)
		reference_bins_add(&builder, value, value == 50 ? 101 : 1);
	reference_bins_count(&builder, current, NULL, 6);
	bins_begin(&bins, &core_malloc_allocator);
	assert_true(reference_bins_end(&builder, &bins));
	for (size_t i = 0; i < bins.n; i++)
		if (bins.counts[i][0] >= 101)
		{
			assert_int_equal(bins.counts[i][0], 101);
			assert_int_equal(bins.counts[i][1], 2);
		}
	free(bins.counts);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(divergences_by_definition),
	    cmocka_unit_test(empty_bins_are_filled),
	    cmocka_unit_test(every_row_is_in_one_bin),
	    cmocka_unit_test(a_heavy_value_has_a_bin_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

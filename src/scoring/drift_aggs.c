/*
 * drift_aggs.c
 *		Distances and tests of two samples of numbers, as final functions over the
 *		values in order (core/two_samples.h, core/divergence.h).
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "core/divergence.h"
#include "core/tail_probability.h"
#include "core/two_samples.h"
#include "miscadmin.h"
#include "pg/memory.h"
#include "scoring/drift_method.h"
#include "scoring/two_samples.h"
#include "utils/builtins.h"

#define FINAL(name)                                                                                \
	PG_FUNCTION_INFO_V1(name);                                                                     \
	PGDLLEXPORT Datum name(PG_FUNCTION_ARGS)

FINAL(fraud_ks_final);
FINAL(fraud_ks_pvalue_final);
FINAL(fraud_wasserstein_final);
FINAL(fraud_energy_final);
FINAL(fraud_cramer_von_mises_final);
FINAL(fraud_cramer_von_mises_pvalue_final);
FINAL(fraud_anderson_darling_final);
FINAL(fraud_anderson_darling_pvalue_final);
FINAL(fraud_psi_final);
FINAL(fraud_kl_final);
FINAL(fraud_jensen_shannon_final);
FINAL(fraud_hellinger_final);
FINAL(fraud_chi_square_final);
FINAL(fraud_chi_square_pvalue_final);
FINAL(fraud_cramers_v_final);

typedef void (*TiesConsumer)(TwoSampleTest *test, const SampleTie *ties, size_t n);

/* A walk over both samples; false, for NULL, where one of them has no value. */
static bool
run_test(FunctionCallInfo fcinfo, TiesConsumer consumer, TwoSampleTest *test)
{
	TwoSamples *samples = two_samples_argument(fcinfo);
	SampleTie ties[TWO_SAMPLES_TIES];
	TwoSamplesWalk *walk;
	size_t n;

	if (samples == NULL || two_samples_counts(samples)->rows[0] == 0 ||
	    two_samples_counts(samples)->rows[1] == 0)
		return false;
	two_sample_begin(test, two_samples_counts(samples)->rows[0],
	                 two_samples_counts(samples)->rows[1]);
	walk = two_samples_walk(samples);
	while ((n = two_samples_walk_next(walk, ties)) > 0)
		consumer(test, ties, n);
	return true;
}

static Datum
float_or_null(FunctionCallInfo fcinfo, double value)
{
	if (isnan(value))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value);
}

Datum
fraud_ks_final(PG_FUNCTION_ARGS)
{
	TwoSampleTest test;

	if (!run_test(fcinfo, two_sample_add_ks, &test))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(two_sample_ks(&test));
}

Datum
fraud_ks_pvalue_final(PG_FUNCTION_ARGS)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	TwoSampleTest test;

	if (!run_test(fcinfo, two_sample_add_ks, &test))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(two_sample_ks_pvalue(&test, &allocator));
}

static void
add_finite(TwoSampleTest *test, const SampleTie *ties, size_t n)
{
	for (size_t i = 0; i<n; i += n> 1 ? n - 1 : 1)
		if (isinf(ties[i].value))
			ereport(ERROR,
			        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			         errmsg("a distance between samples with infinite values is not defined"),
			         errhint("Leave them out with FILTER, or use fraud_ks, for which only order "
			                 "counts.")));
	two_sample_add_distance(test, ties, n);
}

/* Mean over the reference of (value - center)^power. */
static double
moment_of_reference(TwoSamples *samples, double center, int power)
{
	TwoSamplesWalk *walk = two_samples_walk(samples);
	SampleTie ties[TWO_SAMPLES_TIES];
	double rows = (double) two_samples_counts(samples)->rows[0];
	double sum = 0.0;
	size_t n;

	while ((n = two_samples_walk_next(walk, ties)) > 0)
		for (size_t i = 0; i < n; i++)
		{
			double gap = ties[i].value - center;

			sum += (double) ties[i].counts[0] / rows * (power == 1 ? gap : gap * gap);
		}
	return sum;
}

/* Population standard deviation of the reference, at least Evidently's 0.001. */
static double
norm_of_reference(TwoSamples *samples)
{
	double mean = moment_of_reference(samples, 0.0, 1);

	return Max(sqrt(moment_of_reference(samples, mean, 2)), 0.001);
}

/* A distance, where sums and squares of the values were within the range of a float8. */
static double
finite_distance(double distance)
{
	if (!isfinite(distance))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		                errmsg("the range of the values is too large for a distance"),
		                errhint("Leave out what cannot be a value, or compare ranks: "
		                        "fraud_ks(value, is_current).")));
	return distance;
}

Datum
fraud_wasserstein_final(PG_FUNCTION_ARGS)
{
	TwoSampleTest test;
	double distance;

	if (!run_test(fcinfo, add_finite, &test))
		PG_RETURN_NULL();
	distance = two_sample_wasserstein(&test);
	if (drift_method(two_samples_argument(fcinfo)) == DRIFT_METHOD_EVIDENTLY)
		distance /= finite_distance(norm_of_reference(two_samples_argument(fcinfo)));
	PG_RETURN_FLOAT8(finite_distance(distance));
}

Datum
fraud_energy_final(PG_FUNCTION_ARGS)
{
	TwoSampleTest test;

	if (!run_test(fcinfo, add_finite, &test))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(finite_distance(two_sample_energy(&test)));
}

Datum
fraud_cramer_von_mises_final(PG_FUNCTION_ARGS)
{
	TwoSampleTest test;

	if (!run_test(fcinfo, two_sample_add_ranks, &test))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(two_sample_cramer_von_mises(&test));
}

Datum
fraud_cramer_von_mises_pvalue_final(PG_FUNCTION_ARGS)
{
	TwoSampleTest test;

	if (!run_test(fcinfo, two_sample_add_ranks, &test))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(two_sample_cramer_von_mises_pvalue(&test));
}

Datum
fraud_anderson_darling_final(PG_FUNCTION_ARGS)
{
	TwoSampleTest test;

	if (!run_test(fcinfo, two_sample_add_ranks, &test))
		PG_RETURN_NULL();
	return float_or_null(fcinfo, two_sample_anderson_darling(&test));
}

Datum
fraud_anderson_darling_pvalue_final(PG_FUNCTION_ARGS)
{
	TwoSampleTest test;
	double statistic;

	if (!run_test(fcinfo, two_sample_add_ranks, &test))
		PG_RETURN_NULL();
	statistic = two_sample_anderson_darling(&test);
	if (isnan(statistic))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(anderson_darling_tail(statistic));
}

static void
count_in_bins(void *state, const uint64 *keys, const uint64 *counts, size_t n)
{
	reference_bins_count(state, keys, counts, n);
}

/* Bins between the reference's quantiles, and one of missing values. Only the reference is sorted. */
static void
reference_bins_of(TwoSamples *samples, const CoreAllocator *allocator, Bins *bins)
{
	const TwoSamplesCounts *counts = two_samples_counts(samples);
	TwoSamplesWalk *walk = two_samples_walk_of_side(samples, 0);
	SampleTie ties[TWO_SAMPLES_TIES];
	uint64 cuts[REFERENCE_MOST_CUTS];
	ReferenceBins builder;
	double last;
	size_t n;

	reference_bins_begin(&builder, counts->rows[0]);
	while ((n = two_samples_walk_next(walk, ties)) > 0)
	{
		for (size_t i = 0; i < n; i++)
			reference_bins_add(&builder, sample_key(ties[i].value), ties[i].counts[0]);
		reference_bins_pass(&builder,
		                    two_samples_walk_skip(walk, reference_bins_passable(&builder), &last));
	}
	n = reference_bins_cuts(&builder, cuts);
	two_samples_scan(samples, 1, cuts, n, count_in_bins, &builder);
	bins_begin(bins, allocator);
	require_memory(reference_bins_end(&builder, bins));
	if (counts->missing[0] + counts->missing[1] > 0)
		require_memory(bins_add(bins, counts->missing[0], counts->missing[1]));
}

/* What Evidently looks at before it bins; infinite values are dropped, as missing ones are. */
typedef struct Outline
{
	double low;
	double high;
	uint64 rows[2];
	uint64 distinct[2];
	uint64 distinct_of_both;
} Outline;

static Outline
outline_of(TwoSamples *samples)
{
	TwoSamplesWalk *walk = two_samples_walk(samples);
	SampleTie ties[TWO_SAMPLES_TIES];
	Outline outline = {0};
	size_t n;

	while ((n = two_samples_walk_next(walk, ties)) > 0)
		for (size_t i = 0; i < n; i++)
		{
			if (isinf(ties[i].value))
				continue;
			if (outline.distinct_of_both++ == 0)
				outline.low = ties[i].value;
			outline.high = ties[i].value;
			for (int side = 0; side < 2; side++)
			{
				outline.rows[side] += ties[i].counts[side];
				outline.distinct[side] += ties[i].counts[side] > 0;
			}
		}
	return outline;
}

/* Equal widths where the reference has more than 20 values, else one bin for each value. */
static bool
evidently_bins_of(TwoSamples *samples, Divergence kind, const CoreAllocator *allocator, Bins *bins)
{
	Outline outline = outline_of(samples);
	TwoSamplesWalk *walk = two_samples_walk(samples);
	SampleTie ties[TWO_SAMPLES_TIES];
	bool by_width = kind == DIVERGENCE_HELLINGER || outline.distinct[0] > REFERENCE_CATEGORIES;
	SturgesBins sturges;
	size_t n;

	if (outline.rows[0] == 0 || outline.rows[1] == 0)
		return false;
	bins_begin(bins, allocator);
	if (isinf(outline.high - outline.low))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		                errmsg("the range of the values is too large for bins of equal width")));
	sturges_begin(&sturges, outline.low, outline.high,
	              kind == DIVERGENCE_HELLINGER ? outline.distinct_of_both
	                                           : outline.rows[0] + outline.rows[1]);
	while ((n = two_samples_walk_next(walk, ties)) > 0)
		for (size_t i = 0; i < n; i++)
			if (isinf(ties[i].value))
				continue;
			else if (by_width)
				sturges_add(&sturges, &ties[i]);
			else
				require_memory(bins_add(bins, ties[i].counts[0], ties[i].counts[1]));
	for (size_t i = 0; by_width && i < sturges.n; i++)
		require_memory(bins_add(bins, sturges.counts[i][0], sturges.counts[i][1]));
	return true;
}

static bool
has_rows(TwoSamples *samples)
{
	const TwoSamplesCounts *counts;

	if (samples == NULL)
		return false;
	counts = two_samples_counts(samples);
	return counts->rows[0] + counts->missing[0] > 0 && counts->rows[1] + counts->missing[1] > 0;
}

static Datum
divergence_final(FunctionCallInfo fcinfo, Divergence kind)
{
	TwoSamples *samples = two_samples_argument(fcinfo);
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	Bins bins;

	if (!has_rows(samples))
		PG_RETURN_NULL();
	if (drift_method(samples) == DRIFT_METHOD_EVIDENTLY)
	{
		if (!evidently_bins_of(samples, kind, &allocator, &bins))
			PG_RETURN_NULL();
		PG_RETURN_FLOAT8(divergence(&bins, kind, fill_of(kind, DRIFT_METHOD_EVIDENTLY)));
	}
	reference_bins_of(samples, &allocator, &bins);
	PG_RETURN_FLOAT8(divergence(&bins, kind, fill_of(kind, DRIFT_METHOD_QUANTILE)));
}

Datum
fraud_psi_final(PG_FUNCTION_ARGS)
{
	return divergence_final(fcinfo, DIVERGENCE_PSI);
}

Datum
fraud_kl_final(PG_FUNCTION_ARGS)
{
	return divergence_final(fcinfo, DIVERGENCE_KL);
}

Datum
fraud_jensen_shannon_final(PG_FUNCTION_ARGS)
{
	return divergence_final(fcinfo, DIVERGENCE_JENSEN_SHANNON);
}

Datum
fraud_hellinger_final(PG_FUNCTION_ARGS)
{
	return divergence_final(fcinfo, DIVERGENCE_HELLINGER);
}

/* One bin for each value. */
static void
bins_of_values(TwoSamples *samples, const CoreAllocator *allocator, Bins *bins)
{
	TwoSamplesWalk *walk = two_samples_walk(samples);
	SampleTie ties[TWO_SAMPLES_TIES];
	size_t n;

	bins_begin(bins, allocator);
	while ((n = two_samples_walk_next(walk, ties)) > 0)
		for (size_t i = 0; i < n; i++)
			require_memory(bins_add(bins, ties[i].counts[0], ties[i].counts[1]));
}

/* Evidently takes every value as a category. */
static bool
chi_square_of(TwoSamples *samples, ChiSquare *result)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	Bins bins;

	if (!has_rows(samples))
		return false;
	if (drift_method(samples) != DRIFT_METHOD_EVIDENTLY)
	{
		reference_bins_of(samples, &allocator, &bins);
		*result = chi_square_of_table(&bins);
		return true;
	}
	if (two_samples_counts(samples)->rows[0] == 0 || two_samples_counts(samples)->rows[1] == 0)
		return false;
	bins_of_values(samples, &allocator, &bins);
	*result = chi_square_of_fit(&bins);
	return true;
}

Datum
fraud_chi_square_final(PG_FUNCTION_ARGS)
{
	ChiSquare result;

	if (!chi_square_of(two_samples_argument(fcinfo), &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result.statistic);
}

Datum
fraud_chi_square_pvalue_final(PG_FUNCTION_ARGS)
{
	ChiSquare result;

	if (!chi_square_of(two_samples_argument(fcinfo), &result))
		PG_RETURN_NULL();
	if (result.degrees_of_freedom < 1.0)
		PG_RETURN_FLOAT8(1.0);
	PG_RETURN_FLOAT8(chi_square_tail(result.statistic, result.degrees_of_freedom));
}

Datum
fraud_cramers_v_final(PG_FUNCTION_ARGS)
{
	ChiSquare result;

	if (!chi_square_of(two_samples_argument(fcinfo), &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result.cramers_v);
}

/*
 * profile_drift.c
 *		fraud.profile_drift(baseline, current, method): the drift of each feature, for
 *		fraud_drift, which judges it.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "core/divergence.h"
#include "core/tail_probability.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pg/memory.h"
#include "pg/profile.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(fraud_profile_drift);
PGDLLEXPORT Datum fraud_profile_drift(PG_FUNCTION_ARGS);

/* Rows of the current profile in each of the baseline's bins, and one for those above. */
static void
rows_in_bins(const ProfileFeature *baseline, const ProfileFeature *current, uint64 *rows)
{
	uint64 before = 0;

	for (uint32 i = 0; i < baseline->n; i++)
	{
		uint64 upto = (uint64) llround(profile_rows_up_to(current, baseline->bins[i].edge));

		upto = Min(Max(upto, before), current->present);
		rows[i] = upto - before;
		before = upto;
	}
	rows[baseline->n] = current->present - before;
}

/* The bins of the baseline, joined to about ten as those of the aggregates are. */
static void
bins_of_numbers(const ProfileFeature *baseline, const ProfileFeature *current, Bins *bins)
{
	uint64 *rows = palloc((baseline->n + 1) * sizeof(uint64));
	ReferenceBins builder;

	rows_in_bins(baseline, current, rows);
	reference_bins_begin(&builder, baseline->present);
	/* A bin's number stands for its values; 0 is below all of them. */
	for (uint32 i = 0; i < baseline->n; i++)
		if (baseline->bins[i].count > 0)
			reference_bins_add(&builder, i + 1, baseline->bins[i].count);
	for (uint64 i = 0; i <= baseline->n; i++)
	{
		uint64 value = i + 1;

		reference_bins_count(&builder, &value, &rows[i], 1);
	}
	require_memory(reference_bins_end(&builder, bins));
}

/* Categories of the baseline, and one bin for all other values. */
static void
bins_of_texts(const ProfileFeature *baseline, const ProfileFeature *current, Bins *bins)
{
	uint64 known = 0;
	uint32 at = 0;

	for (uint32 i = 0; i < baseline->n; i++)
	{
		uint64 rows = 0;

		while (at < current->n &&
		       profile_compare_values(&current->categories[at], &baseline->categories[i]) < 0)
			at++;
		if (at < current->n &&
		    profile_compare_values(&current->categories[at], &baseline->categories[i]) == 0)
			rows = current->categories[at].count;
		known += rows;
		if (baseline->categories[i].count + rows > 0)
			require_memory(bins_add(bins, baseline->categories[i].count, rows));
	}
	if (baseline->others + current->present - known > 0)
		require_memory(bins_add(bins, baseline->others, current->present - known));
}

static const ProfileFeature *
feature_of_current(const Profile *current, const ProfileFeature *baseline)
{
	const ProfileFeature *feature = profile_find(current, baseline->name, baseline->name_length);

	if (feature == NULL || feature->is_text != baseline->is_text)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("the profiles are of different columns"),
		     errdetail("The current one has no %s \"%.*s\".", baseline->is_text ? "text" : "number",
		               (int) baseline->name_length, baseline->name)));
	if (feature->present + feature->missing == 0 || baseline->present + baseline->missing == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("a profile without rows cannot be compared")));
	return feature;
}

static bool
same_categories(const ProfileFeature *baseline, const ProfileFeature *current)
{
	if (baseline->n != current->n)
		return false;
	for (uint32 i = 0; i < baseline->n; i++)
		if (profile_compare_values(&baseline->categories[i], &current->categories[i]) != 0)
			return false;
	return true;
}

/* Whether the counts that are compared are counts, not interpolations. */
static bool
is_exact(const ProfileFeature *baseline, const ProfileFeature *current)
{
	return baseline->is_text ? current->others == 0 || same_categories(baseline, current)
	                         : profile_shares_bins(baseline, current) || current->present == 0;
}

static Divergence
method_argument(const text *name)
{
	char *method = text_to_cstring(name);

	if (strcmp(method, "psi") == 0)
		return DIVERGENCE_PSI;
	if (strcmp(method, "jensen_shannon") == 0)
		return DIVERGENCE_JENSEN_SHANNON;
	if (strcmp(method, "hellinger") == 0)
		return DIVERGENCE_HELLINGER;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("there is no method \"%.64s\" of fraud_drift", method),
	                errhint("The methods are psi, jensen_shannon and hellinger.")));
}

static void
put_feature(ReturnSetInfo *result, const ProfileFeature *baseline, const ProfileFeature *current,
            Divergence method)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	DivergenceFill fill =
	    method == DIVERGENCE_PSI ? DIVERGENCE_FILL_HALF_ROW : DIVERGENCE_FILL_NONE;
	ChiSquare test;
	Bins bins;
	Datum values[6];
	bool nulls[6] = {false};

	bins_begin(&bins, &allocator);
	if (baseline->is_text)
		bins_of_texts(baseline, current, &bins);
	else
		bins_of_numbers(baseline, current, &bins);
	if (baseline->missing + current->missing > 0)
		require_memory(bins_add(&bins, baseline->missing, current->missing));
	test = chi_square_of_table(&bins);
	values[0] = PointerGetDatum(cstring_to_text_with_len(baseline->name, baseline->name_length));
	values[1] = CStringGetTextDatum(baseline->is_text ? "text" : "number");
	values[2] = Float8GetDatum(divergence(&bins, method, fill));
	values[3] = Float8GetDatum(test.degrees_of_freedom < 1.0
	                               ? 1.0
	                               : chi_square_tail(test.statistic, test.degrees_of_freedom));
	values[4] = Float8GetDatum(test.cramers_v);
	nulls[3] = nulls[4] = !is_exact(baseline, current);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum
fraud_profile_drift(PG_FUNCTION_ARGS)
{
	Profile baseline = profile_of_text(PG_GETARG_TEXT_PP(0));
	Profile current = profile_of_text(PG_GETARG_TEXT_PP(1));
	Divergence method = method_argument(PG_GETARG_TEXT_PP(2));

	InitMaterializedSRF(fcinfo, 0);
	for (uint32 i = 0; i < baseline.n; i++)
		put_feature((ReturnSetInfo *) fcinfo->resultinfo, &baseline.features[i],
		            feature_of_current(&current, &baseline.features[i]), method);
	PG_RETURN_NULL();
}

/*
 * baseline.c
 *		fraud.profile_of_source(model, source, version): rows of a source in the bins of
 *		the baseline that training stored with a version, beside that baseline.
 *
 * A row is bound, encoded and scored as fraud_score does it, so what is profiled is what
 * the model sees. Only counts are kept: memory does not depend on the number of rows.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "core/profile_counts.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "pg/errors.h"
#include "pg/memory.h"
#include "pg/profile.h"
#include "scoring/held_model.h"
#include "scoring/scored_source.h"
#include "scoring/statement.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(fraud_profile_of_source);
PGDLLEXPORT Datum fraud_profile_of_source(PG_FUNCTION_ARGS);

#define N_COLUMNS 6

typedef struct BaselineCount
{
	text *feature_baseline;
	text *score_baseline;
	Profile features; /* of the baseline, in the signature's order */
	Profile scores;
	ProfileCounts *counts; /* by feature */
	uint32 **categories;   /* by feature and code, the one that is in no dictionary included */
	ProfileCounts score;
} BaselineCount;

static void
no_baseline(const LoadedModel *model)
{
	ereport(ERROR, (errcode(ERRCODE_FRAUD_NO_VERSION), errmsg("the version has no baseline"),
	                errdetail("%s is not in fraud.baseline.", model->label),
	                errhint("Train the model again: training stores the baseline.")));
}

static void
baseline_damaged(const LoadedModel *model)
{
	ereport(ERROR, (errcode(ERRCODE_FRAUD_MODEL_DAMAGED),
	                errmsg("the baseline is not that of the version's features"),
	                errdetail("%s.", model->label)));
}

/* In CurrentMemoryContext. */
static text *
copy_result(int column)
{
	bool is_null;
	Datum value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &is_null);

	return (text *) PG_DETOAST_DATUM_COPY(value);
}

static void
read_baseline(BaselineCount *count, const LoadedModel *model, MemoryContext context)
{
	Oid types[2] = {INT8OID, INT4OID};
	Datum values[2] = {Int64GetDatum(model->id.model_id), Int32GetDatum(model->id.version)};
	MemoryContext caller;

	if (SPI_execute_with_args("SELECT b.features, b.scores FROM fraud.baseline AS b WHERE "
	                          "b.model_id OPERATOR(pg_catalog.=) $1 AND b.version "
	                          "OPERATOR(pg_catalog.=) $2",
	                          2, types, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read fraud.baseline");
	if (SPI_processed != 1)
		no_baseline(model);
	caller = MemoryContextSwitchTo(context);
	count->feature_baseline = copy_result(1);
	count->score_baseline = copy_result(2);
	count->features = profile_of_text(count->feature_baseline);
	count->scores = profile_of_text(count->score_baseline);
	MemoryContextSwitchTo(caller);
}

/* What is stored in a table may have been written by anybody. */
static void
check_baseline(const BaselineCount *count, const LoadedModel *model)
{
	if (count->features.n != (uint32) model->signature->n_features || count->scores.n != 1 ||
	    count->scores.features[0].is_text)
		baseline_damaged(model);
	for (uint32 i = 0; i < count->features.n; i++)
	{
		const ProfileFeature *profiled = &count->features.features[i];
		const Feature *feature = &model->signature->features[i];

		if (profiled->is_text != feature_profiled_as_text(feature) ||
		    profiled->name_length != strlen(feature->name) ||
		    memcmp(profiled->name, feature->name, profiled->name_length) != 0)
			baseline_damaged(model);
	}
}

static uint32 *
categories_by_code(const Feature *feature, const ProfileFeature *profiled)
{
	uint32 n = dictionary_size(feature->dictionary);
	uint32 *categories = palloc(sizeof(uint32) * (n + 1));

	for (uint32 code = 0; code < n; code++)
	{
		ProfileCategory category = feature_profile_category(feature, code);

		categories[code] = profile_category_of(profiled, category.value, category.length);
	}
	categories[n] = profiled->n;
	return categories;
}

static void
begin_counts(BaselineCount *count, const LoadedModel *model)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	uint32 n = count->features.n;

	count->counts = palloc(sizeof(ProfileCounts) * Max(n, 1));
	count->categories = palloc0(sizeof(uint32 *) * Max(n, 1));
	for (uint32 i = 0; i < n; i++)
	{
		const ProfileFeature *profiled = &count->features.features[i];

		(void) profile_counts_begin(&count->counts[i], profiled, &allocator);
		if (profiled->is_text)
			count->categories[i] = categories_by_code(&model->signature->features[i], profiled);
	}
	(void) profile_counts_begin(&count->score, &count->scores.features[0], &allocator);
}

static void
count_row(const float *features, double score, void *argument)
{
	BaselineCount *count = argument;

	for (uint32 i = 0; i < count->features.n; i++)
	{
		ProfileCounts *counts = &count->counts[i];

		if (isnan(features[i]))
			counts->missing++;
		else if (count->categories[i] != NULL)
			counts->counts[count->categories[i][(uint32) features[i]]]++;
		else
			profile_counts_number(counts, &count->features.features[i], features[i]);
	}
	profile_counts_number(&count->score, &count->scores.features[0], score);
}

static text *
finish_profile(const Profile *baseline, ProfileCounts *counts)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	Profile profile = {.n = baseline->n};

	profile.features = palloc0(Max(profile.n, 1) * sizeof(ProfileFeature));
	for (uint32 i = 0; i < profile.n; i++)
		(void) profile_counts_finish(&counts[i], &baseline->features[i], &profile.features[i],
		                             &allocator);
	return text_of_profile(&profile);
}

static void
put_profiles(ReturnSetInfo *result, BaselineCount *count, const VersionId *id)
{
	Datum values[N_COLUMNS];
	bool nulls[N_COLUMNS] = {false};

	values[0] = Int64GetDatum(id->model_id);
	values[1] = Int32GetDatum(id->version);
	values[2] = PointerGetDatum(count->feature_baseline);
	values[3] = PointerGetDatum(count->score_baseline);
	values[4] = PointerGetDatum(finish_profile(&count->features, count->counts));
	values[5] = PointerGetDatum(finish_profile(&count->scores, &count->score));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum
fraud_profile_of_source(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;
	BaselineCount count = {0};
	LoadedModel *model;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("source must not be NULL")));
	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(caller, "fraud_detect baseline", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	model = held_model(fcinfo->args[0], fcinfo->args[2], statement_snapshot(), context);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	read_baseline(&count, model, context);
	MemoryContextSwitchTo(context);
	check_baseline(&count, model);
	begin_counts(&count, model);
	scored_source_read(model, text_to_cstring(PG_GETARG_TEXT_PP(1)), count_row, &count);
	SPI_finish();
	MemoryContextSwitchTo(context);
	put_profiles((ReturnSetInfo *) fcinfo->resultinfo, &count, &model->id);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	PG_RETURN_NULL();
}

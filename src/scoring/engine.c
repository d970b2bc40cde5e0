/*
 * engine.c
 *		What the engine of this session is and has: fraud_engine and the view
 *		fraud.model_cache.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "core/forest_path.h"
#include "fmgr.h"
#include "funcapi.h"
#include "pg/settings.h"
#include "scoring/model_cache.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(fraud_cached_models);
PG_FUNCTION_INFO_V1(fraud_engine);
PGDLLEXPORT Datum fraud_cached_models(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_engine(PG_FUNCTION_ARGS);

static const char *const needs[FOREST_PATHS] = {
    [FOREST_PATH_NODES] = "nothing; for forests without a layout for vectors",
    [FOREST_PATH_SCALAR] = "nothing",
    [FOREST_PATH_AVX2] = "AVX2",
    [FOREST_PATH_AVX512] = "AVX-512 F, BW, VL, DQ, VBMI, BITALG",
};

/* fraud_engine() -> (path, available, in_use, needs), the fastest one first. */
Datum
fraud_engine(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ForestPath used = setting_engine_path();

	InitMaterializedSRF(fcinfo, 0);
	for (int path = FOREST_PATHS - 1; path >= 0; path--)
	{
		Datum values[] = {CStringGetTextDatum(forest_path_name((ForestPath) path)),
		                  BoolGetDatum(forest_path_available((ForestPath) path)),
		                  BoolGetDatum(path == (int) used), CStringGetTextDatum(needs[path])};
		bool nulls[lengthof(values)] = {false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

static void
put_model(const LoadedModel *model, void *argument)
{
	ReturnSetInfo *result = argument;
	Datum values[] = {CStringGetTextDatum(model->id.model),
	                  Int32GetDatum(model->id.version),
	                  CStringGetTextDatum(forest_path_name(model->forest.path)),
	                  Int32GetDatum((int32) model->forest.n_trees),
	                  Int32GetDatum((int32) model->forest.n_features),
	                  Int64GetDatum((int64) model->size),
	                  Int64GetDatum((int64) model->uses),
	                  BoolGetDatum(model->holders > 0)};
	bool nulls[lengthof(values)] = {false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* fraud.cached_models() -> (model, version, path, trees, features, bytes, uses, in_use). */
Datum
fraud_cached_models(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	model_cache_visit(put_model, fcinfo->resultinfo);
	return (Datum) 0;
}

/*
 * train.c
 *		fraud_train and fraud_retrain: from a source to a registered version.
 *
 * Everything happens in the caller's transaction and in one memory context; an
 * error or a cancel at any moment frees all of it, XGBoost's memory too, and
 * registers nothing.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pg/errors.h"
#include "pg/registry.h"
#include "pg/settings.h"
#include "training/feature_source.h"
#include "training/leakage.h"
#include "training/memory_estimate.h"
#include "training/register.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#define N_RESULTS 8

/* What is known about a source once it has been read. */
typedef struct TrainingData
{
	char *source_query;
	char *event_time;
	RowFacts facts;
	Split split;
	FeatureRows rows;
} TrainingData;

typedef struct TrainingResult
{
	int32 version;
	int64 rows;
	int64 frauds;
	int32 rounds;
	double auc;
	double average_precision;
	bool promoted;
} TrainingResult;

static void
prepare_data(TrainingData *data, const TrainingRequest *request)
{
	Source source;
	ColumnChoice choice;
	RowStore store;
	uint32 *order;

	source_open(&source, request->source);
	data->source_query = pstrdup(source.query);
	columns_choose(source.tupdesc, request, &choice);
	feature_source_mark(&source, &choice);
	reader_read(&source, request, &choice, &store, &data->facts);
	reader_forget_constant_time(request, &source, &choice, &data->facts);
	data->event_time =
	    choice.event_time == 0
	        ? NULL
	        : pstrdup(NameStr(TupleDescAttr(source.tupdesc, choice.event_time - 1)->attname));
	source_close(&source);

	order = reader_order(&data->facts);
	leakage_check(&choice, &store, &data->facts, order);
	split_rows(&data->split, request, &data->facts, order);
	feature_rows_build(&data->rows, request, &choice, &store, &data->facts, &data->split, order);
	pfree(order);
}

/*
 * Trains, with SPI connected. The context has to hang below the executor's: an
 * error frees that at once, while SPI's own lives on in a failed transaction
 * block until its ROLLBACK, and XGBoost's memory with it.
 */
static void
train(MemoryContext context, TrainingRequest *request, TrainingResult *result)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	TimestampTz started_at = GetCurrentTimestamp();
	const char *search_path = pstrdup(GetConfigOption("search_path", false, false));
	const PartSummary *training;
	TrainingData data;
	XgboostSession *session;
	Boosting boosting;
	TrainedVersion version;
	VersionRecord record = {0};

	/* First of all: from now on large arrays go back to the system when they are freed. */
	session = xgboost_session_create();
	prepare_data(&data, request);
	training = &data.split.summaries[PART_TRAINING];
	parameters_complete(&request->parameters, training->rows, training->frauds);
	memory_estimate_check(&data.rows, &data.facts, &request->parameters);

	boosting_run(&boosting, session, &data.rows, &request->parameters, request->seed);
	trained_version_build(&version, session, &boosting, &data.rows,
	                      &data.split.summaries[PART_VALIDATION], request->calibration);

	record.request = request;
	record.search_path = search_path;
	record.source_query = data.source_query;
	record.facts = &data.facts;
	record.split = &data.split;
	record.rows = &data.rows;
	record.boosting = &boosting;
	record.version = &version;
	record.event_time = data.event_time;
	record.started_at = started_at;
	result->version = register_version(&record, &result->promoted);
	result->rows = data.facts.n_rows;
	result->frauds = data.facts.n_frauds;
	result->rounds = boosting.rounds_kept;
	result->auc = version.metrics[RANKING_AUC];
	result->average_precision = version.metrics[RANKING_AVERAGE_PRECISION];
	row_store_close(&data.rows.store);
	MemoryContextSwitchTo(caller);
}

static MemoryContext
training_context(void)
{
	return AllocSetContextCreate(CurrentMemoryContext, "fraud_detect training",
	                             ALLOCSET_DEFAULT_SIZES);
}

static Datum
result_row(FunctionCallInfo fcinfo, const char *model, const TrainingResult *result)
{
	TupleDesc tupdesc;
	Datum values[N_RESULTS];
	bool nulls[N_RESULTS] = {false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE ||
	    tupdesc->natts != N_RESULTS)
		elog(ERROR, "return type of a training function must be a row of %d columns", N_RESULTS);
	values[0] = CStringGetTextDatum(model);
	values[1] = Int32GetDatum(result->version);
	values[2] = Int64GetDatum(result->rows);
	values[3] = Int64GetDatum(result->frauds);
	values[4] = Int32GetDatum(result->rounds);
	values[5] = Float8GetDatum(result->auc);
	nulls[5] = isnan(result->auc);
	values[6] = Float8GetDatum(result->average_precision);
	nulls[6] = isnan(result->average_precision);
	values[7] = BoolGetDatum(result->promoted);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls));
}

PG_FUNCTION_INFO_V1(fraud_train);
PGDLLEXPORT Datum
fraud_train(PG_FUNCTION_ARGS)
{
	MemoryContext context = training_context();
	TrainingRequest *request = request_from_arguments(fcinfo);
	TrainingResult result;

	register_check("fraud_train()");
	SPI_connect();
	train(context, request, &result);
	SPI_finish();
	MemoryContextDelete(context);
	return result_row(fcinfo, request->model, &result);
}

/*
 * A recorded source is another role's text, and we would run it as the caller:
 * only where that role could do whatever the caller can. Nobody registers a
 * version in another role's name (sql/integrity.sql).
 */
static void
require_trusted_creator(const VersionId *champion, const char *creator)
{
	Oid role = get_role_oid(creator, true);
	char *caller;

	if (OidIsValid(role) && has_privs_of_role(role, GetUserId()))
		return;
	caller = GetUserNameFromId(GetUserId(), false);
	ereport(ERROR,
	        (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
	         errmsg("role \"%s\" may not retrain version %d of model \"%s\"", caller,
	                champion->version, champion->model),
	         errdetail("Retraining runs the source that role \"%s\" gave, with the rights of "
	                   "role \"%s\".",
	                   creator, caller),
	         errhint("Retrain as the role that trained it, or use fraud_train with a source "
	                 "of your own.")));
}

/* The champion's recorded request. */
static Jsonb *
champion_request(const VersionId *champion)
{
	Oid types[2] = {INT8OID, INT4OID};
	Datum values[2];
	bool is_null;

	values[0] = Int64GetDatum(champion->model_id);
	values[1] = Int32GetDatum(champion->version);
	if (SPI_execute_with_args("SELECT v.request, v.created_by FROM fraud.model_version AS v WHERE "
	                          "v.model_id OPERATOR(pg_catalog.=) $1 AND v.version "
	                          "OPERATOR(pg_catalog.=) $2",
	                          2, types, values, NULL, true, 0) != SPI_OK_SELECT ||
	    SPI_processed != 1)
		ereport(ERROR,
		        (errcode(ERRCODE_FRAUD_NO_VERSION),
		         errmsg("version %d of model \"%s\" is gone", champion->version, champion->model)));
	require_trusted_creator(champion,
	                        SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2));
	return DatumGetJsonbP(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
}

PG_FUNCTION_INFO_V1(fraud_retrain);
PGDLLEXPORT Datum
fraud_retrain(PG_FUNCTION_ARGS)
{
	VersionId champion = registry_resolve(
	    PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0)), 0, GetActiveSnapshot());
	MemoryContext context = training_context();
	int nest_level = NewGUCNestLevel();
	TrainingRequest *request;
	TrainingResult result;
	char *search_path;

	register_check("fraud_retrain()");
	SPI_connect();
	request = request_from_record(champion.model, champion_request(&champion), &search_path);
	/* The source's names mean what they meant. */
	setting_for_now("search_path", search_path);
	train(context, request, &result);
	AtEOXact_GUC(true, nest_level);
	SPI_finish();
	MemoryContextDelete(context);
	return result_row(fcinfo, champion.model, &result);
}

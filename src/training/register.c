/*
 * register.c
 *		A trained version goes into the registry.
 *
 * Statements are ours: fully qualified, with parameters only, under a pinned
 * search_path. The row of fraud.model is locked from the moment its next version
 * number is taken until the transaction ends.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pg/settings.h"
#include "tcop/utility.h"
#include "training/register.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

/* Before any work */

static const struct
{
	const char *relation;
	AclMode needed;
	const char *privileges;
} needed_privileges[] = {
    {"model", ACL_SELECT | ACL_INSERT | ACL_UPDATE, "SELECT, INSERT, UPDATE"},
    {"model_version", ACL_SELECT | ACL_INSERT | ACL_UPDATE, "SELECT, INSERT, UPDATE"},
    {"alias", ACL_SELECT | ACL_INSERT | ACL_UPDATE, "SELECT, INSERT, UPDATE"},
    {"alias_history", ACL_SELECT | ACL_INSERT, "SELECT, INSERT"},
    {"run", ACL_SELECT | ACL_INSERT, "SELECT, INSERT"},
    {"run_metric", ACL_INSERT, "INSERT"},
    {"feature_importance", ACL_INSERT, "INSERT"},
    {"baseline", ACL_INSERT, "INSERT"},
    {"model_id_seq", ACL_USAGE, "USAGE"},
    {"alias_assignment_id_seq", ACL_USAGE, "USAGE"},
    {"run_id_seq", ACL_USAGE, "USAGE"},
};

#define ASSIGN_ALIAS                                                                               \
	"fraud.assign_alias(pg_catalog.int8, pg_catalog.text, pg_catalog.int4, pg_catalog.text, "      \
	"pg_catalog.int8)"

static void
privilege_missing(const char *privileges, const char *object)
{
	char *role = GetUserNameFromId(GetUserId(), false);

	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
	                errmsg("role \"%s\" may not register versions of models", role),
	                errdetail("That needs %s on fraud.%s.", privileges, object),
	                errhint("docs/registry.md lists what to grant to a role that trains.")));
}

void
register_check(const char *function)
{
	Oid schema;

	PreventCommandIfReadOnly(function);
	PreventCommandDuringRecovery(function);

	schema = get_namespace_oid("fraud", false);
	for (int i = 0; i < lengthof(needed_privileges); i++)
	{
		AclMode needed = needed_privileges[i].needed;
		Oid relation = get_relname_relid(needed_privileges[i].relation, schema);

		if (!OidIsValid(relation))
			ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
			                errmsg("relation \"fraud.%s\" does not exist",
			                       needed_privileges[i].relation)));
		if (pg_class_aclmask(relation, GetUserId(), needed, ACLMASK_ALL) != needed)
			privilege_missing(needed_privileges[i].privileges, needed_privileges[i].relation);
	}
	if (!DatumGetBool(DirectFunctionCall2(has_function_privilege_name,
	                                      CStringGetTextDatum(ASSIGN_ALIAS),
	                                      CStringGetTextDatum("EXECUTE"))))
		privilege_missing("EXECUTE", "assign_alias");
}

/* Statements */

typedef struct Statement
{
	const char *text;
	int n;
	Oid types[24];
	Datum values[24];
	char nulls[24];
} Statement;

static void
add_value(Statement *statement, Oid type, Datum value, bool is_null)
{
	Assert(statement->n < lengthof(statement->types));
	statement->types[statement->n] = type;
	statement->values[statement->n] = value;
	statement->nulls[statement->n] = is_null ? 'n' : ' ';
	statement->n++;
}

static void
add_text(Statement *statement, const char *value)
{
	add_value(statement, TEXTOID, value == NULL ? (Datum) 0 : CStringGetTextDatum(value),
	          value == NULL);
}

static void
add_int(Statement *statement, int64 value)
{
	add_value(statement, INT8OID, Int64GetDatum(value), false);
}

static void
add_bytes(Statement *statement, bytea *value)
{
	add_value(statement, BYTEAOID, PointerGetDatum(value), false);
}

static void
add_time(Statement *statement, TimestampTz time, bool is_null)
{
	add_value(statement, TIMESTAMPTZOID, TimestampTzGetDatum(time), is_null);
}

static void
add_json(Statement *statement, const char *text)
{
	add_value(statement, JSONBOID, DirectFunctionCall1(jsonb_in, CStringGetDatum(text)), false);
}

static void
run(Statement *statement, int expected)
{
	int result = SPI_execute_with_args(statement->text, statement->n, statement->types,
	                                   statement->values, statement->nulls, false, 0);

	if (result != expected)
		elog(ERROR, "SPI gave %d for: %s", result, statement->text);
}

/* A column of the only row of the last statement. */
static int64
returned_int(int column)
{
	bool is_null;
	Datum value;

	if (SPI_processed != 1)
		elog(ERROR, "the registry returned " UINT64_FORMAT " rows", (uint64) SPI_processed);
	value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &is_null);
	if (is_null)
		elog(ERROR, "the registry returned NULL");
	return DatumGetInt64(value);
}

/* Documents */

static void
append_time(StringInfo json, const char *key, int64 time, bool known)
{
	char text[MAXDATELEN + 1];
	int utc = 0;

	if (!known)
	{
		appendStringInfo(json, ", \"%s\": null", key);
		return;
	}
	JsonEncodeDateTime(text, TimestampTzGetDatum(time), TIMESTAMPTZOID, &utc);
	appendStringInfo(json, ", \"%s\": \"%s\"", key, text);
}

static void
append_part(StringInfo json, const Split *split, Part part)
{
	const PartSummary *summary = &split->summaries[part];
	bool timed = split->by_time && summary->rows > 0;

	appendStringInfo(json,
	                 ", \"%s\": {\"rows\": " UINT64_FORMAT ", \"frauds\": " UINT64_FORMAT
	                 ", \"frauds_not_known_yet\": " UINT64_FORMAT,
	                 part_name(part), summary->rows, summary->frauds, summary->unknown);
	append_time(json, "from", summary->from, timed);
	append_time(json, "until", summary->until, timed);
	append_time(json, "labels_known_by", summary->label_cut,
	            timed && summary->label_cut != TIME_NEVER);
	appendStringInfo(json, ", \"share_of_frauds_known\": %.6f}", summary->known);
}

static char *
parts_document(const VersionRecord *record)
{
	const Split *split = record->split;
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"split\": \"%s\"", split->by_time ? "time" : "content");
	appendStringInfoString(&json, ", \"event_time\": ");
	if (split->by_time)
		escape_json(&json, record->event_time);
	else
		appendStringInfoString(&json, "null");
	for (Part part = 0; part < N_USED_PARTS; part++)
		append_part(&json, split, part);
	appendStringInfo(
	    &json, ", \"gap_rows\": " UINT64_FORMAT ", \"rows_dropped_for_entity\": " UINT64_FORMAT "}",
	    split->gap_rows, split->dropped_rows);
	return json.data;
}

static char *
metrics_document(const VersionRecord *record)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"rows\": " UINT64_FORMAT ", \"frauds\": " UINT64_FORMAT,
	                 record->split->summaries[PART_HOLDOUT].rows,
	                 record->split->summaries[PART_HOLDOUT].frauds);
	for (int i = 0; i < RANKING_N_METRICS; i++)
	{
		double value = record->version->metrics[i];

		appendStringInfo(&json, ", \"%s\": ", ranking_metric_name(i));
		if (isnan(value))
			appendStringInfoString(&json, "null");
		else
		{
			char text[DOUBLE_SHORTEST_DECIMAL_LEN];

			double_to_shortest_decimal_buf(value, text);
			appendStringInfoString(&json, text);
		}
	}
	appendStringInfoChar(&json, '}');
	return json.data;
}

static char *
params_document(const VersionRecord *record)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	parameters_append(&json, &record->request->parameters);
	appendStringInfo(&json, ", \"calibration\": \"%s\"}",
	                 calibration_method_name(record->version->calibration));
	return json.data;
}

static char *
libraries_document(void)
{
	return psprintf("{\"fraud_detect\": \"%s\", \"xgboost\": \"%s\", \"postgresql\": \"%s\"}",
	                FRAUD_DETECT_VERSION, xgboost_library_version(), PG_VERSION);
}

/* Times of all rows that were used; false where rows have none. */
static bool
data_window(const Split *split, int64 *from, int64 *until)
{
	bool found = false;

	if (!split->by_time)
		return false;
	for (int part = 0; part < N_USED_PARTS; part++)
	{
		const PartSummary *summary = &split->summaries[part];

		if (summary->rows == 0)
			continue;
		*from = found ? Min(*from, summary->from) : summary->from;
		*until = found ? Max(*until, summary->until) : summary->until;
		found = true;
	}
	return found;
}

/* Rows of the registry */

/* Takes the model's next version number, making the model where it is new; locks its row. */
static int32
take_version(const char *model, int64 *model_id)
{
	Statement make = {"INSERT INTO fraud.model (name) VALUES ($1) ON CONFLICT (name) DO NOTHING"};
	Statement take = {"UPDATE fraud.model SET last_version = last_version + 1 WHERE name = $1 "
	                  "RETURNING model_id, last_version::bigint"};

	add_text(&make, model);
	run(&make, SPI_OK_INSERT);
	add_text(&take, model);
	run(&take, SPI_OK_UPDATE_RETURNING);
	*model_id = returned_int(1);
	return (int32) returned_int(2);
}

static Datum
float8_array(const double *values, int n)
{
	Datum *elements = palloc(sizeof(Datum) * Max(n, 1));

	for (int i = 0; i < n; i++)
		elements[i] = Float8GetDatum(values[i]);
	return PointerGetDatum(
	    construct_array(elements, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

static void
insert_version(const VersionRecord *record, int64 model_id, int32 version)
{
	Statement insert = {
	    "INSERT INTO fraud.model_version (model_id, version, algorithm, signature, image, "
	    "image_sha256, artifact, artifact_sha256, golden, score_quantiles, request, params, "
	    "metrics, parts, rows, "
	    "frauds, data_from, data_until, label_cutoff, source_query, seed, threads, rounds, "
	    "libraries) "
	    "VALUES ($1, $2::int, $3, $4, $5, pg_catalog.sha256($5), $6, pg_catalog.sha256($6), $7, "
	    "$8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20::int, $21::int, $22)"};
	const TrainingRequest *request = record->request;
	int64 from = 0;
	int64 until = 0;
	bool timed = data_window(record->split, &from, &until);
	int64 label_cut = record->split->summaries[PART_VALIDATION].label_cut;

	add_int(&insert, model_id);
	add_int(&insert, version);
	add_text(&insert, algorithm_name(request->parameters.algorithm));
	add_value(&insert, JSONBOID, JsonbPGetDatum(signature_to_jsonb(record->rows->signature)),
	          false);
	add_bytes(&insert, record->version->image);
	add_bytes(&insert, record->version->artifact);
	add_bytes(&insert, record->version->golden);
	add_value(&insert, FLOAT8ARRAYOID,
	          float8_array(record->version->score_quantiles, record->version->n_score_quantiles),
	          false);
	add_value(&insert, JSONBOID, JsonbPGetDatum(request_record(request, record->search_path)),
	          false);
	add_json(&insert, params_document(record));
	add_json(&insert, metrics_document(record));
	add_json(&insert, parts_document(record));
	add_int(&insert, record->facts->n_rows);
	add_int(&insert, record->facts->n_frauds);
	add_time(&insert, from, !timed);
	add_time(&insert, until, !timed);
	add_time(&insert, label_cut, !timed || label_cut == TIME_NEVER);
	add_text(&insert, record->source_query);
	add_int(&insert, request->seed);
	add_int(&insert, (int64) request->parameters.values[PARAMETER_THREADS]);
	add_int(&insert, record->boosting->rounds_kept);
	add_json(&insert, libraries_document());
	run(&insert, SPI_OK_INSERT);
}

static void
insert_run(const VersionRecord *record, int64 model_id, int32 version)
{
	Statement run_row = {"INSERT INTO fraud.run (model_id, version, kind, started_at, finished_at, "
	                     "rounds, best_round) "
	                     "VALUES ($1, $2::int, $3, $4, pg_catalog.clock_timestamp(), $5::int, "
	                     "$6::int) RETURNING run_id"};
	const Boosting *boosting = record->boosting;
	double *values = palloc(sizeof(double) * boosting->rounds_run);
	int64 run_id;

	add_int(&run_row, model_id);
	add_int(&run_row, version);
	add_text(&run_row, record->request->kind);
	add_time(&run_row, record->started_at, false);
	add_int(&run_row, boosting->rounds_run);
	add_int(&run_row, boosting->rounds_kept);
	run(&run_row, SPI_OK_INSERT_RETURNING);
	run_id = returned_int(1);

	for (RoundMetric metric = 0; metric < N_ROUND_METRICS; metric++)
	{
		Statement metrics = {"INSERT INTO fraud.run_metric (run_id, round, part, metric, value) "
		                     "SELECT $1, m.round::int, $2, $3, m.value "
		                     "FROM pg_catalog.unnest($4) WITH ORDINALITY AS m (value, round)"};

		for (int round = 0; round < boosting->rounds_run; round++)
			values[round] = boosting->metrics[(size_t) round * N_ROUND_METRICS + metric];
		add_int(&metrics, run_id);
		add_text(&metrics, part_name(PART_VALIDATION));
		add_text(&metrics, round_metric_name(metric));
		add_value(&metrics, FLOAT8ARRAYOID, float8_array(values, boosting->rounds_run), false);
		run(&metrics, SPI_OK_INSERT);
	}
}

static void
insert_importances(const VersionRecord *record, int64 model_id, int32 version)
{
	Statement insert = {
	    "INSERT INTO fraud.feature_importance (model_id, version, feature, gain, cover, splits) "
	    "SELECT $1, $2::int, i.feature, i.gain, i.cover, i.splits::bigint "
	    "FROM ROWS FROM (pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5), "
	    "pg_catalog.unnest($6)) AS i (feature, gain, cover, splits)"};
	const Signature *signature = record->rows->signature;
	int n = signature->n_features;
	Datum *names = palloc(sizeof(Datum) * n);
	double *gains = palloc(sizeof(double) * n);
	double *covers = palloc(sizeof(double) * n);
	double *splits = palloc(sizeof(double) * n);

	for (int i = 0; i < n; i++)
	{
		names[i] = CStringGetTextDatum(signature->features[i].name);
		gains[i] = record->version->importances[i].gain;
		covers[i] = record->version->importances[i].cover;
		splits[i] = (double) record->version->importances[i].splits;
	}
	add_int(&insert, model_id);
	add_int(&insert, version);
	add_value(&insert, TEXTARRAYOID,
	          PointerGetDatum(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT)), false);
	add_value(&insert, FLOAT8ARRAYOID, float8_array(gains, n), false);
	add_value(&insert, FLOAT8ARRAYOID, float8_array(covers, n), false);
	add_value(&insert, FLOAT8ARRAYOID, float8_array(splits, n), false);
	run(&insert, SPI_OK_INSERT);
}

static void
insert_baseline(const VersionRecord *record, int64 model_id, int32 version)
{
	Statement insert = {"INSERT INTO fraud.baseline (model_id, version, features, scores) "
	                    "VALUES ($1, $2::int, $3::fraud.profile, $4::fraud.profile)"};

	add_int(&insert, model_id);
	add_int(&insert, version);
	add_value(&insert, TEXTOID, PointerGetDatum(record->version->feature_baseline), false);
	add_value(&insert, TEXTOID, PointerGetDatum(record->version->score_baseline), false);
	run(&insert, SPI_OK_INSERT);
}

/* True where the model had no champion, and this version became it. */
static bool
make_champion_if_none(int64 model_id, int32 version)
{
	Statement assign = {"SELECT fraud.assign_alias($1, 'champion', $2::int, 'train', NULL) "
	                    "WHERE NOT EXISTS (SELECT FROM fraud.alias AS a "
	                    "WHERE a.model_id = $1 AND a.alias = 'champion')"};

	add_int(&assign, model_id);
	add_int(&assign, version);
	run(&assign, SPI_OK_SELECT);
	return SPI_processed > 0;
}

int32
register_version(const VersionRecord *record, bool *promoted)
{
	int nest_level = NewGUCNestLevel();
	int64 model_id;
	int32 version;

	setting_for_now("search_path", "pg_catalog, pg_temp");
	version = take_version(record->request->model, &model_id);
	insert_version(record, model_id, version);
	insert_run(record, model_id, version);
	insert_importances(record, model_id, version);
	insert_baseline(record, model_id, version);
	*promoted = make_champion_if_none(model_id, version);
	AtEOXact_GUC(true, nest_level);
	return version;
}

/*
 * replay.c
 *		fraud.replay_decision: a decision once more, from its record alone, compared bit for
 *		bit with what was decided.
 *
 * The margin and the score come from the recorded feature vector and the version of the
 * recorded identity (version_uid: a name and a number can be given again after a model was
 * dropped), through the engine that scores. The rest comes from recorded lists, rules,
 * failure and thresholds through core/decision.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "funcapi.h"
#include "pg/registry.h"
#include "scoring/model_cache.h"
#include "scoring/recorded_decision.h"
#include "scoring/statement.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(fraud_replay_decision);
PGDLLEXPORT Datum fraud_replay_decision(PG_FUNCTION_ARGS);

/* Columns of fraud.decision that are read, found by name. */
typedef enum RecordedColumn
{
	COLUMN_MODEL,
	COLUMN_VERSION,
	COLUMN_VERSION_UID,
	COLUMN_FEATURES,
	COLUMN_MARGIN,
	COLUMN_SCORE,
	COLUMN_REVIEW_AT,
	COLUMN_BLOCK_AT,
	COLUMN_LISTS,
	COLUMN_RULES,
	COLUMN_ERROR,
	COLUMN_DECISION,
	COLUMN_GROUND,
	COLUMN_OUTCOME,
	COLUMN_RANDOM_PASS,
	N_COLUMNS
} RecordedColumn;

static const struct
{
	const char *name;
	Oid type;
} columns[N_COLUMNS] = {
    [COLUMN_MODEL] = {"model", TEXTOID},
    [COLUMN_VERSION] = {"version", INT4OID},
    [COLUMN_VERSION_UID] = {"version_uid", UUIDOID},
    [COLUMN_FEATURES] = {"features", FLOAT4ARRAYOID},
    [COLUMN_MARGIN] = {"margin", FLOAT4OID},
    [COLUMN_SCORE] = {"score", FLOAT8OID},
    [COLUMN_REVIEW_AT] = {"review_at", FLOAT8OID},
    [COLUMN_BLOCK_AT] = {"block_at", FLOAT8OID},
    [COLUMN_LISTS] = {"lists", JSONBOID},
    [COLUMN_RULES] = {"rules", JSONBOID},
    [COLUMN_ERROR] = {"error", JSONBOID},
    [COLUMN_DECISION] = {"decision", TEXTOID},
    [COLUMN_GROUND] = {"ground", TEXTOID},
    [COLUMN_OUTCOME] = {"outcome", TEXTOID},
    [COLUMN_RANDOM_PASS] = {"random_pass", BOOLOID},
};

typedef struct Record
{
	NullableDatum column[N_COLUMNS];
} Record;

static NullableDatum
column_of(HeapTuple tuple, TupleDesc tupdesc, const char *name, Oid type)
{
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);
		NullableDatum column;

		if (attribute->attisdropped || attribute->atttypid != type ||
		    namestrcmp(&attribute->attname, name) != 0)
			continue;
		column.value = heap_getattr(tuple, i + 1, tupdesc, &column.isnull);
		return column;
	}
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
	                errmsg("the record of a decision has no column \"%s\" of type %s", name,
	                       format_type_be(type))));
}

static void
read_record(HeapTupleHeader header, Record *record)
{
	TupleDesc tupdesc =
	    lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};

	ItemPointerSetInvalid(&tuple.t_self);
	for (int i = 0; i < N_COLUMNS; i++)
		record->column[i] = column_of(&tuple, tupdesc, columns[i].name, columns[i].type);
	ReleaseTupleDesc(tupdesc);
}

static bool
has(const Record *record, RecordedColumn column)
{
	return !record->column[column].isnull;
}

/* NULL where it is NULL. */
static char *
text_of(const Record *record, RecordedColumn column)
{
	return has(record, column) ? TextDatumGetCString(record->column[column].value) : NULL;
}

static double
number_of(const Record *record, RecordedColumn column)
{
	return has(record, column) ? DatumGetFloat8(record->column[column].value) : NAN;
}

static Jsonb *
document_of(const Record *record, RecordedColumn column)
{
	return has(record, column) ? DatumGetJsonbP(record->column[column].value) : NULL;
}

/* Items */

typedef enum Verdict
{
	DIFFERENT,
	EQUAL,
	CANNOT_BE_SAID
} Verdict;

/* Texts, NULL for NULL. */
static void
put_item(ReturnSetInfo *result, const char *item, const char *recorded, const char *replayed,
         Verdict verdict)
{
	Datum values[4] = {CStringGetTextDatum(item)};
	bool nulls[4] = {false, recorded == NULL, replayed == NULL, verdict == CANNOT_BE_SAID};

	if (recorded != NULL)
		values[1] = CStringGetTextDatum(recorded);
	if (replayed != NULL)
		values[2] = CStringGetTextDatum(replayed);
	values[3] = BoolGetDatum(verdict == EQUAL);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
put_text(ReturnSetInfo *result, const char *item, const char *recorded, const char *replayed)
{
	bool equal = recorded != NULL && replayed != NULL && strcmp(recorded, replayed) == 0;

	put_item(result, item, recorded, replayed,
	         replayed == NULL ? CANNOT_BE_SAID : (equal ? EQUAL : DIFFERENT));
}

/* The shortest digits that give these bits, whatever extra_float_digits says. */
static char *
margin_text(float margin)
{
	char *text = palloc(FLOAT_SHORTEST_DECIMAL_LEN);

	float_to_shortest_decimal_buf(margin, text);
	return text;
}

static char *
score_text(double score)
{
	char *text = palloc(DOUBLE_SHORTEST_DECIMAL_LEN);

	double_to_shortest_decimal_buf(score, text);
	return text;
}

/* Scores */

typedef enum Scoring
{
	SCORED,
	VERSION_DROPPED,
	VECTOR_DOES_NOT_FIT
} Scoring;

static Scoring
score_again(const Record *record, float *margin, double *score)
{
	Snapshot snapshot = statement_snapshot();
	ArrayType *vector = DatumGetArrayTypeP(record->column[COLUMN_FEATURES].value);
	pg_uuid_t *uid = DatumGetUUIDP(record->column[COLUMN_VERSION_UID].value);
	LoadedModel *model;
	VersionId id;
	bool fits;

	if (!registry_find_if_allowed(text_of(record, COLUMN_MODEL),
	                              DatumGetInt32(record->column[COLUMN_VERSION].value), snapshot,
	                              &id) ||
	    memcmp(&id.uid, uid, sizeof(id.uid)) != 0)
		return VERSION_DROPPED;
	model = model_cache_hold(&id, snapshot);
	fits = ARR_NDIM(vector) == 1 && ARR_DIMS(vector)[0] == (int) model->forest.n_features &&
	       !ARR_HASNULL(vector);
	if (fits)
	{
		*margin = forest_margin(&model->forest, (float *) ARR_DATA_PTR(vector));
		*score = forest_probability(&model->forest, *margin);
	}
	model_cache_release(model);
	return fits ? SCORED : VECTOR_DOES_NOT_FIT;
}

/* Items version, margin and score; *score is what the decision is to be made from. */
static void
replay_scoring(const Record *record, ReturnSetInfo *result, double *score)
{
	char *version = psprintf("%s %d", text_of(record, COLUMN_MODEL),
	                         DatumGetInt32(record->column[COLUMN_VERSION].value));
	float recorded_margin = DatumGetFloat4(record->column[COLUMN_MARGIN].value);
	double recorded_score = number_of(record, COLUMN_SCORE);
	float margin = 0;
	double replayed_score = 0;
	Scoring scoring = score_again(record, &margin, &replayed_score);

	put_item(result, "version", version, scoring == VERSION_DROPPED ? "dropped" : version,
	         scoring == VERSION_DROPPED ? DIFFERENT : EQUAL);
	if (scoring != SCORED)
	{
		Verdict verdict = scoring == VERSION_DROPPED ? CANNOT_BE_SAID : DIFFERENT;

		put_item(result, "margin", margin_text(recorded_margin), NULL, verdict);
		put_item(result, "score", score_text(recorded_score), NULL, verdict);
		*score = recorded_score;
		return;
	}
	put_item(result, "margin", margin_text(recorded_margin), margin_text(margin),
	         memcmp(&margin, &recorded_margin, sizeof(margin)) == 0 ? EQUAL : DIFFERENT);
	put_item(result, "score", score_text(recorded_score), score_text(replayed_score),
	         memcmp(&replayed_score, &recorded_score, sizeof(recorded_score)) == 0 ? EQUAL
	                                                                               : DIFFERENT);
	*score = replayed_score;
}

/* What becomes of a row; NULL where on_block is not known and matters. */
static const char *
outcome_of(Decision decision, bool random_pass, const char *on_block, const char *recorded)
{
	if (decision != DECISION_BLOCK || random_pass)
		return "inserted";
	if (on_block == NULL)
		return NULL;
	if (strcmp(on_block, "reject") == 0)
		return "rejected";
	if (strcmp(on_block, "quarantine") != 0)
		return "inserted";
	/* Where jsonb could not hold the row: it is not there to be asked. */
	return recorded != NULL && strcmp(recorded, "rejected") == 0 ? recorded : "quarantined";
}

static void
replay_decision(const Record *record, double score, const char *on_error, const char *on_block,
                ReturnSetInfo *result)
{
	RecordedInputs inputs = {
	    .lists = document_of(record, COLUMN_LISTS),
	    .rules = document_of(record, COLUMN_RULES),
	    .failed = has(record, COLUMN_ERROR),
	    .on_error = on_error,
	    .score = score,
	    .review_at = number_of(record, COLUMN_REVIEW_AT),
	    .block_at = number_of(record, COLUMN_BLOCK_AT),
	};
	bool random_pass = DatumGetBool(record->column[COLUMN_RANDOM_PASS].value);
	char *outcome = text_of(record, COLUMN_OUTCOME);
	DecisionMade made;
	bool known = recorded_decide(&inputs, &made);

	put_text(result, "decision", text_of(record, COLUMN_DECISION),
	         known ? decision_name(made.decision) : NULL);
	put_text(result, "ground", text_of(record, COLUMN_GROUND), decision_ground_name(made.ground));
	put_text(result, "outcome", outcome,
	         known ? outcome_of(made.decision, random_pass, on_block, outcome) : NULL);
}

/*
 * fraud.replay_decision(decision fraud.decision, on_error text, on_block text) -> (item text,
 * recorded text, replayed text, equal bool). The policy's on_error and on_block; NULL: not known.
 */
Datum
fraud_replay_decision(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	char *on_error = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));
	char *on_block = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	Record record;
	double score;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	read_record(PG_GETARG_HEAPTUPLEHEADER(0), &record);
	score = number_of(&record, COLUMN_SCORE);
	if (has(&record, COLUMN_MODEL) && has(&record, COLUMN_VERSION) &&
	    has(&record, COLUMN_VERSION_UID) && has(&record, COLUMN_FEATURES) &&
	    has(&record, COLUMN_MARGIN) && has(&record, COLUMN_SCORE))
		replay_scoring(&record, result, &score);
	replay_decision(&record, score, on_error, on_block, result);
	return (Datum) 0;
}

/*
 * request.c
 *		The arguments of fraud_train, checked, and their record.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "core/nearest_name.h"
#include "fmgr.h"
#include "pg/errors.h"
#include "pg/json_member.h"
#include "pg/settings.h"
#include "training/request.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#define REQUEST_FORMAT 1
#define MAX_HOLDOUT 0.5
#define MAX_MODEL_NAME 200 /* bytes, as sql/registry.sql checks */

/* By position, as sql/train.sql declares fraud_train. */
enum
{
	ARG_MODEL,
	ARG_SOURCE,
	ARG_LABEL,
	ARG_ALGORITHM,
	ARG_FEATURES,
	ARG_EXCLUDE,
	ARG_EVENT_TIME,
	ARG_ENTITY,
	ARG_HOLDOUT,
	ARG_LABEL_DELAY,
	ARG_IMBALANCE,
	ARG_CALIBRATION,
	ARG_PARAMS,
	ARG_SEED,
	ARG_LABEL_TIME
};

static const char *const calibration_names[] = {"none", "platt", "isotonic"}; /* by method */

const char *
calibration_method_name(CalibrationMethod method)
{
	return calibration_names[method];
}

static CalibrationMethod
calibration_from_name(const char *name)
{
	const char *nearest;

	for (int i = 0; i < lengthof(calibration_names); i++)
	{
		if (strcmp(name, calibration_names[i]) == 0)
			return (CalibrationMethod) i;
	}
	nearest = nearest_name(name, calibration_names, lengthof(calibration_names));
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown calibration \"%s\"", name),
	         errdetail("There are: none, platt, isotonic."),
	         nearest ? errhint("Did you mean \"%s\"?", nearest) : 0));
}

static void
refuse_null(FunctionCallInfo fcinfo, int position, const char *name)
{
	if (PG_ARGISNULL(position))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"%s\" must not be NULL", name)));
}

static char *
text_argument(FunctionCallInfo fcinfo, int position, const char *name)
{
	refuse_null(fcinfo, position, name);
	return text_to_cstring(PG_GETARG_TEXT_PP(position));
}

static char *
optional_text_argument(FunctionCallInfo fcinfo, int position)
{
	return PG_ARGISNULL(position) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(position));
}

/* The column names in a text[] argument; *n is 0 for NULL. */
static char **
names_argument(FunctionCallInfo fcinfo, int position, const char *name, int *n)
{
	Datum *elements;
	bool *nulls;
	char **names;

	*n = 0;
	if (PG_ARGISNULL(position))
		return NULL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(position), TEXTOID, -1, false, TYPALIGN_INT, &elements,
	                  &nulls, n);
	names = palloc(sizeof(char *) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
	{
		if (nulls[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			                errmsg("argument \"%s\" must not contain NULL", name)));
		names[i] = TextDatumGetCString(elements[i]);
	}
	return names;
}

static void
check_ranges(const TrainingRequest *request)
{
	Interval zero = {0};

	if (request->model[0] == '\0' || strlen(request->model) > MAX_MODEL_NAME)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the name of a model must have 1 to %d bytes, not %zu",
		                       MAX_MODEL_NAME, strlen(request->model))));
	if (!(request->holdout >= 0 && request->holdout <= MAX_HOLDOUT))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("holdout is out of range: %g", request->holdout),
		                errdetail("It is the share of rows that metrics are measured on, from 0 "
		                          "(none) to %g.",
		                          MAX_HOLDOUT)));
	if (DatumGetBool(DirectFunctionCall2(interval_lt, IntervalPGetDatum(request->label_delay),
	                                     IntervalPGetDatum(&zero))))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("label_delay must not be negative"),
		                errhint("It is the time until the label of a row is known.")));
	if (request->has_features && request->n_features == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("features must name at least one column"),
		                errhint("Leave it out to use all columns.")));
}

TrainingRequest *
request_from_arguments(FunctionCallInfo fcinfo)
{
	TrainingRequest *request = palloc0(sizeof(TrainingRequest));

	request->kind = "train";
	request->model = text_argument(fcinfo, ARG_MODEL, "model");
	request->source = text_argument(fcinfo, ARG_SOURCE, "source");
	request->label = text_argument(fcinfo, ARG_LABEL, "label");
	request->parameters.algorithm =
	    algorithm_from_name(text_argument(fcinfo, ARG_ALGORITHM, "algorithm"));
	request->has_features = !PG_ARGISNULL(ARG_FEATURES);
	request->features = names_argument(fcinfo, ARG_FEATURES, "features", &request->n_features);
	request->exclude = names_argument(fcinfo, ARG_EXCLUDE, "exclude", &request->n_exclude);
	request->event_time = optional_text_argument(fcinfo, ARG_EVENT_TIME);
	request->entity = optional_text_argument(fcinfo, ARG_ENTITY);
	request->label_time = optional_text_argument(fcinfo, ARG_LABEL_TIME);
	refuse_null(fcinfo, ARG_HOLDOUT, "holdout");
	request->holdout = PG_GETARG_FLOAT8(ARG_HOLDOUT);
	refuse_null(fcinfo, ARG_LABEL_DELAY, "label_delay");
	request->label_delay = PG_GETARG_INTERVAL_P(ARG_LABEL_DELAY);
	request->parameters.imbalance =
	    imbalance_from_name(text_argument(fcinfo, ARG_IMBALANCE, "imbalance"));
	request->calibration =
	    calibration_from_name(text_argument(fcinfo, ARG_CALIBRATION, "calibration"));
	refuse_null(fcinfo, ARG_PARAMS, "params");
	request->params = PG_GETARG_JSONB_P(ARG_PARAMS);
	refuse_null(fcinfo, ARG_SEED, "seed");
	request->seed = PG_GETARG_INT64(ARG_SEED);

	request->max_categories = setting_max_categories();
	request->max_encoded_values = setting_max_encoded_values();

	parameters_parse(&request->parameters, request->params);
	check_ranges(request);
	return request;
}

/* Writing the record */

static void
append_text(StringInfo json, const char *key, const char *value)
{
	appendStringInfoString(json, ", ");
	escape_json(json, key);
	appendStringInfoString(json, ": ");
	if (value == NULL)
		appendStringInfoString(json, "null");
	else
		escape_json(json, value);
}

static void
append_names(StringInfo json, const char *key, char **names, int n, bool given)
{
	appendStringInfo(json, ", \"%s\": ", key);
	if (!given)
	{
		appendStringInfoString(json, "null");
		return;
	}
	appendStringInfoChar(json, '[');
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoString(json, ", ");
		escape_json(json, names[i]);
	}
	appendStringInfoChar(json, ']');
}

Jsonb *
request_record(const TrainingRequest *request, const char *search_path)
{
	char holdout[DOUBLE_SHORTEST_DECIMAL_LEN];
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"format\": %d", REQUEST_FORMAT);
	append_text(&json, "source", request->source);
	append_text(&json, "label", request->label);
	append_text(&json, "algorithm", algorithm_name(request->parameters.algorithm));
	append_names(&json, "features", request->features, request->n_features, request->has_features);
	append_names(&json, "exclude", request->exclude, request->n_exclude, true);
	append_text(&json, "event_time", request->event_time);
	append_text(&json, "entity", request->entity);
	append_text(&json, "label_time", request->label_time);
	double_to_shortest_decimal_buf(request->holdout, holdout);
	appendStringInfo(&json, ", \"holdout\": %s", holdout);
	/* By fields: the text of an interval depends on a setting. */
	appendStringInfo(
	    &json,
	    ", \"label_delay\": {\"months\": %d, \"days\": %d, \"microseconds\": " INT64_FORMAT "}",
	    request->label_delay->month, request->label_delay->day, request->label_delay->time);
	append_text(&json, "imbalance", imbalance_name(request->parameters.imbalance));
	append_text(&json, "calibration", calibration_names[request->calibration]);
	appendStringInfo(&json, ", \"params\": %s",
	                 JsonbToCString(NULL, &request->params->root, VARSIZE(request->params)));
	appendStringInfo(&json, ", \"seed\": " INT64_FORMAT, request->seed);
	appendStringInfo(&json, ", \"max_categories\": %d, \"max_encoded_values\": %d",
	                 request->max_categories, request->max_encoded_values);
	append_text(&json, "search_path", search_path);
	appendStringInfoChar(&json, '}');
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

/* Reading it back */

static void
record_damaged(const char *key)
{
	ereport(ERROR, (errcode(ERRCODE_FRAUD_MODEL_DAMAGED),
	                errmsg("the recorded training request has no valid \"%s\"", key),
	                errhint("Restore the row from a backup, or train anew with fraud_train.")));
}

static JsonbValue *
record_member(JsonbContainer *record, const char *key)
{
	JsonbValue *value = json_member(record, key);

	if (value == NULL)
		record_damaged(key);
	return value;
}

static char *
record_text(JsonbContainer *record, const char *key, bool optional)
{
	JsonbValue *value = record_member(record, key);

	if (optional && value->type == jbvNull)
		return NULL;
	if (value->type != jbvString)
		record_damaged(key);
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static double
record_number(JsonbContainer *record, const char *key)
{
	JsonbValue *value = record_member(record, key);

	if (value->type != jbvNumeric)
		record_damaged(key);
	return DatumGetFloat8(
	    DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
}

/* Through its text: neither a cast of numerics nor a float64 would do for every bigint. */
static int64
record_integer(JsonbContainer *record, const char *key, int64 low, int64 high)
{
	JsonbValue *value = record_member(record, key);
	char *text;
	char *end;
	int64 number;

	if (value->type != jbvNumeric)
		record_damaged(key);
	text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || number < low || number > high)
		record_damaged(key);
	pfree(text);
	return number;
}

static char **
record_names(JsonbContainer *record, const char *key, int *n, bool *given)
{
	JsonbValue *value = record_member(record, key);
	char **names;
	JsonbContainer *array;

	*n = 0;
	*given = value->type != jbvNull;
	if (!*given)
		return NULL;
	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		record_damaged(key);
	array = value->val.binary.data;
	names = palloc(sizeof(char *) * Max(JsonContainerSize(array), 1));
	for (uint32 i = 0; i < JsonContainerSize(array); i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(array, i);

		if (element->type != jbvString)
			record_damaged(key);
		names[(*n)++] = pnstrdup(element->val.string.val, element->val.string.len);
	}
	return names;
}

static Interval *
record_interval(JsonbContainer *record, const char *key)
{
	JsonbValue *value = record_member(record, key);
	Interval *interval = palloc(sizeof(Interval));
	JsonbContainer *object;

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		record_damaged(key);
	object = value->val.binary.data;
	interval->month = (int32) record_integer(object, "months", PG_INT32_MIN, PG_INT32_MAX);
	interval->day = (int32) record_integer(object, "days", PG_INT32_MIN, PG_INT32_MAX);
	interval->time = record_integer(object, "microseconds", PG_INT64_MIN, PG_INT64_MAX);
	return interval;
}

TrainingRequest *
request_from_record(const char *model, Jsonb *record, char **search_path)
{
	TrainingRequest *request = palloc0(sizeof(TrainingRequest));
	JsonbContainer *root = &record->root;
	JsonbValue *params;
	bool given;

	if (!JB_ROOT_IS_OBJECT(record))
		record_damaged("format");
	(void) record_integer(root, "format", REQUEST_FORMAT, REQUEST_FORMAT);
	request->kind = "retrain";
	request->model = pstrdup(model);
	request->source = record_text(root, "source", false);
	request->label = record_text(root, "label", false);
	request->parameters.algorithm = algorithm_from_name(record_text(root, "algorithm", false));
	request->features =
	    record_names(root, "features", &request->n_features, &request->has_features);
	request->exclude = record_names(root, "exclude", &request->n_exclude, &given);
	request->event_time = record_text(root, "event_time", true);
	request->entity = record_text(root, "entity", true);
	request->label_time = record_text(root, "label_time", true);
	request->holdout = record_number(root, "holdout");
	request->label_delay = record_interval(root, "label_delay");
	request->parameters.imbalance = imbalance_from_name(record_text(root, "imbalance", false));
	request->calibration = calibration_from_name(record_text(root, "calibration", false));
	request->seed = record_integer(root, "seed", PG_INT64_MIN, PG_INT64_MAX);
	request->max_categories = (int) record_integer(root, "max_categories", SETTING_LEAST_CATEGORIES,
	                                               SETTING_MOST_CATEGORIES);
	request->max_encoded_values =
	    (int) record_integer(root, "max_encoded_values", 0, SETTING_MOST_ENCODED_VALUES);
	*search_path = record_text(root, "search_path", false);
	params = record_member(root, "params");
	if (params->type != jbvBinary)
		record_damaged("params");
	request->params = JsonbValueToJsonb(params);

	parameters_parse(&request->parameters, request->params);
	check_ranges(request);
	return request;
}

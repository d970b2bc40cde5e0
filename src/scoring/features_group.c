/*
 * features_group.c
 *		The window features of one entity: reading their description, and datums
 *		to the arguments of windows.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "pg/double_converter.h"
#include "pg/errors.h"
#include "pg/feature_set.h"
#include "pg/json_member.h"
#include "pg/memory.h"
#include "scoring/features_codes.h"
#include "scoring/features_group.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

typedef struct GroupArgument
{
	ArgumentRole role;
	Oid type; /* without domains */
	DoubleConverter number;
	FeatureCodes *codes; /* of the entity at hand */
} GroupArgument;

/* By ArgumentRole. */
static const char *const role_names[] = {"number", "filter", "code", "label", "time", "changes"};

static void
pg_attribute_noreturn() description_damaged(const char *what)
{
	ereport(ERROR, (errcode(ERRCODE_FRAUD_FEATURES_CHANGED),
	                errmsg("description of window features is not valid"),
	                errdetail("It has no valid \"%s\".", what),
	                errhint("Make the features anew with fraud_define_features.")));
}

/* Reading the description */

static JsonbContainer *
array_member(JsonbContainer *object, const char *key)
{
	JsonbValue *value = json_member(object, key);

	if (value == NULL || value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		description_damaged(key);
	return value->val.binary.data;
}

static char *
text_member(JsonbContainer *object, const char *key)
{
	JsonbValue *value = json_member(object, key);

	if (value == NULL || value->type != jbvString)
		description_damaged(key);
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* An integer from low to high; missing where it is not there. */
static int64
integer_member(JsonbContainer *object, const char *key, int64 missing, int64 low, int64 high)
{
	JsonbValue *value = json_member(object, key);
	int64 number;

	if (value == NULL || value->type == jbvNull)
		return missing;
	if (value->type != jbvNumeric)
		description_damaged(key);
	number = DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(value->val.numeric)));
	if (number < low || number > high)
		description_damaged(key);
	return number;
}

static bool
bool_member(JsonbContainer *object, const char *key)
{
	JsonbValue *value = json_member(object, key);

	if (value == NULL || value->type != jbvBool)
		description_damaged(key);
	return value->val.boolean;
}

static double
number_member(JsonbContainer *object, const char *key)
{
	JsonbValue *value = json_member(object, key);
	double number;

	if (value == NULL || value->type != jbvNumeric)
		return 0.0;
	number = DatumGetFloat8(
	    DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
	if (!(number >= 0.0 && number <= 1e15))
		description_damaged(key);
	return number;
}

static WindowAggregate
aggregate_member(JsonbContainer *object)
{
	char *name = text_member(object, "aggregate");

	for (int i = 0; i < WINDOW_N_AGGREGATES; i++)
	{
		if (strcmp(name, window_aggregate_name((WindowAggregate) i)) == 0)
			return (WindowAggregate) i;
	}
	description_damaged("aggregate");
}

/* The place of an argument that has to be of this role. */
static int
place_member(const FeatureGroup *group, JsonbContainer *object, const char *key, ArgumentRole role)
{
	int place = (int) integer_member(object, key, WINDOW_NO_ARGUMENT, 0, group->n_arguments - 1);

	if (place != WINDOW_NO_ARGUMENT && group->arguments[place].role != role)
		description_damaged(key);
	return place;
}

static bool
needs_value(WindowAggregate aggregate)
{
	return aggregate != WINDOW_COUNT && aggregate != WINDOW_SINCE_LAST &&
	       aggregate != WINDOW_FIRST_SEEN && aggregate != WINDOW_FRAUD_RATE;
}

static void
read_feature(const FeatureGroup *group, JsonbContainer *object, const char *definition,
             WindowFeature *feature)
{
	feature->aggregate = aggregate_member(object);
	feature->window = integer_member(object, "window", 0, 0, WINDOW_LONGEST);
	feature->delay = integer_member(object, "delay", 0, 0, WINDOW_LONGEST);
	feature->include_current = bool_member(object, "current");
	feature->value =
	    place_member(group, object, "value",
	                 feature->aggregate == WINDOW_DISTINCT ? ARGUMENT_CODE : ARGUMENT_NUMBER);
	feature->filter = place_member(group, object, "filter", ARGUMENT_FILTER);
	feature->label = place_member(group, object, "label", ARGUMENT_LABEL);
	feature->label_time = place_member(group, object, "label_time", ARGUMENT_TIME);
	feature->changes = place_member(group, object, "changes", ARGUMENT_CHANGES);
	feature->prior = number_member(object, "prior");
	if (needs_value(feature->aggregate) != (feature->value != WINDOW_NO_ARGUMENT) &&
	    feature->aggregate != WINDOW_COUNT)
		description_damaged("value");
	if ((feature->aggregate == WINDOW_FRAUD_RATE) !=
	    (feature->label != WINDOW_NO_ARGUMENT || feature->changes != WINDOW_NO_ARGUMENT))
		description_damaged("label");
	if (feature->window == 0 && feature->aggregate != WINDOW_SINCE_LAST &&
	    feature->aggregate != WINDOW_FIRST_SEEN)
		description_damaged("window");
	if (feature->prior > 0.0)
		feature->overall = feature_set_rates(
		    definition, (int) integer_member(object, "series", -1, 1, PG_INT32_MAX));
}

static void
read_features(FeatureGroup *group, JsonbContainer *root)
{
	JsonbContainer *array = array_member(root, "features");
	char *definition = text_member(root, "definition");

	group->n_features = JsonContainerSize(array);
	if (group->n_features == 0)
		description_damaged("features");
	group->names = palloc(group->n_features * sizeof(char *));
	group->features = palloc0(group->n_features * sizeof(WindowFeature));
	for (int i = 0; i < group->n_features; i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(array, i);

		if (element->type != jbvBinary || !JsonContainerIsObject(element->val.binary.data))
			description_damaged("features");
		group->names[i] = text_member(element->val.binary.data, "name");
		read_feature(group, element->val.binary.data, definition, &group->features[i]);
	}
}

static void
read_argument(GroupArgument *argument, const char *role, Oid type, Oid collation)
{
	int r = 0;

	while (r < lengthof(role_names) && strcmp(role_names[r], role) != 0)
		r++;
	if (r == lengthof(role_names))
		description_damaged("arguments");
	argument->role = (ArgumentRole) r;
	argument->type = getBaseType(type);
	if (argument->role == ARGUMENT_CODE)
		argument->codes = feature_codes_create(type, collation);
	else if (argument->role == ARGUMENT_TIME)
	{
		if (argument->type != TIMESTAMPOID && argument->type != TIMESTAMPTZOID &&
		    argument->type != DATEOID)
			description_damaged("arguments");
	}
	else if (argument->role == ARGUMENT_CHANGES)
	{
		if (argument->type != TIMESTAMPTZARRAYOID)
			description_damaged("arguments");
	}
	else
	{
		argument->number = double_converter(argument->type);
		if (argument->number == NULL ||
		    (argument->role == ARGUMENT_FILTER && argument->type != BOOLOID))
			description_damaged("arguments");
	}
}

FeatureGroup *
feature_group_create(Jsonb *description, int n_arguments, const Oid *types, const Oid *collations)
{
	FeatureGroup *group = palloc0(sizeof(FeatureGroup));
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	JsonbContainer *roles;

	if (!JB_ROOT_IS_OBJECT(description))
		description_damaged("features");
	group->entity =
	    AllocSetContextCreate(CurrentMemoryContext, "fraud_detect entity", ALLOCSET_DEFAULT_SIZES);
	roles = array_member(&description->root, "arguments");
	if (JsonContainerSize(roles) != n_arguments)
		description_damaged("arguments");
	group->n_arguments = n_arguments;
	group->arguments = palloc0(Max(n_arguments, 1) * sizeof(GroupArgument));
	for (int i = 0; i < n_arguments; i++)
	{
		JsonbValue *role = getIthJsonbValueFromContainer(roles, i);

		if (role->type != jbvString)
			description_damaged("arguments");
		read_argument(&group->arguments[i], pnstrdup(role->val.string.val, role->val.string.len),
		              types[i], collations[i]);
	}
	read_features(group, &description->root);
	group->row = palloc(Max(n_arguments, 1) * sizeof(WindowArgument));
	group->results = palloc(group->n_features * sizeof(double));
	group->window =
	    window_group_create(group->features, group->n_features, n_arguments, &allocator);
	require_memory(group->window != NULL);
	return group;
}

void
feature_group_reset(FeatureGroup *group)
{
	window_group_reset(group->window);
	for (int i = 0; i < group->n_arguments; i++)
	{
		if (group->arguments[i].codes != NULL)
			feature_codes_reset(group->arguments[i].codes);
	}
	MemoryContextReset(group->entity);
}

/* Arguments */

static double
label_number(const GroupArgument *argument, Datum value)
{
	double number = argument->number(value);

	if (number != 0.0 && number != 1.0 && !isnan(number))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("a label is neither 0 nor 1 but %g", number),
		                errhint("The column of a \"label\" is boolean, or 0, 1 or NULL.")));
	return number;
}

/* Kept for the entity at hand. */
static const WindowChanges *
label_changes(const FeatureGroup *group, Datum value)
{
	ArrayType *array = DatumGetArrayTypeP(value);
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	WindowChanges *changes =
	    MemoryContextAlloc(group->entity, offsetof(WindowChanges, times) + n * sizeof(int64_t));

	if (ARR_HASNULL(array))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("a time at which a label changed must not be null")));
	changes->n = n;
	memcpy(changes->times, ARR_DATA_PTR(array), n * sizeof(int64_t));
	return changes;
}

static WindowArgument
argument_of(FeatureGroup *group, const GroupArgument *argument, Datum value, bool is_null)
{
	WindowArgument result;

	switch (argument->role)
	{
		case ARGUMENT_CODE:
			result.integer = is_null ? WINDOW_MISSING
			                         : feature_codes_code(argument->codes, value, group->entity);
			break;
		case ARGUMENT_TIME:
			result.integer = is_null ? WINDOW_MISSING : feature_time(value, argument->type);
			break;
		case ARGUMENT_CHANGES:
			result.changes = is_null ? NULL : label_changes(group, value);
			break;
		case ARGUMENT_LABEL:
			result.number = is_null ? NAN : label_number(argument, value);
			break;
		default:
			/* The sum makes a positive zero of a negative one. */
			result.number = is_null ? NAN : argument->number(value) + 0.0;
			break;
	}
	return result;
}

void
feature_group_arguments(FeatureGroup *group, const Datum *values, const bool *nulls,
                        WindowArgument *arguments)
{
	for (int i = 0; i < group->n_arguments; i++)
		arguments[i] = argument_of(group, &group->arguments[i], values[i], nulls[i]);
}

int64
feature_time(Datum value, Oid type)
{
	Timestamp time;

	if (type == DATEOID)
	{
		int overflow;

		if (DATE_NOT_FINITE(DatumGetDateADT(value)))
			return WINDOW_MISSING;
		time = date2timestamp_opt_overflow(DatumGetDateADT(value), &overflow);
		return overflow != 0 ? WINDOW_MISSING : time;
	}
	time = DatumGetTimestamp(value);
	return TIMESTAMP_NOT_FINITE(time) ? WINDOW_MISSING : time;
}

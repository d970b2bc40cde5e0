/*
 * signature.c
 *		A version's signature to and from jsonb.
 *
 * Reading trusts nothing: the document may have been edited by hand. Every
 * deviation from the format is FD005 and says where it is.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "core/checksum.h"
#include "core/forest.h"
#include "core/random.h"
#include "mb/pg_wchar.h"
#include "pg/errors.h"
#include "pg/json_member.h"
#include "pg/memory.h"
#include "pg/signature.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#define SIGNATURE_FORMAT 1

/* So many bytes of a name, in a message. */
#define MOST_SHOWN 64

/* By FeatureKind. */
static const char *const kind_names[] = {"number", "boolean", "category", "frequency",
                                         "hour",   "weekday", "duration"};

const char *
feature_kind_name(FeatureKind kind)
{
	return kind_names[kind];
}

/* Reading */

static void
pg_attribute_noreturn() pg_attribute_printf(1, 2) signature_damaged(const char *format, ...)
{
	char detail[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(detail, sizeof(detail), format, arguments);
	va_end(arguments);
	ereport(ERROR,
	        (errcode(ERRCODE_FRAUD_MODEL_DAMAGED), errmsg("signature of the model is damaged"),
	         errdetail_internal("%s", detail), errhint_model_damaged()));
}

/* Bytes of a name for a message, cut at a character's boundary. */
static int
shown_length(const char *name)
{
	return pg_mbcliplen(name, (int) strlen(name), MOST_SHOWN);
}

static char *
text_member(JsonbContainer *feature, const char *key, int position)
{
	JsonbValue *value = json_member(feature, key);

	if (value == NULL || value->type != jbvString || value->val.string.len == 0)
		signature_damaged("Feature %d has no \"%s\".", position, key);
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static bool
read_flag(JsonbContainer *feature, const char *key, int position)
{
	JsonbValue *value = json_member(feature, key);

	if (value != NULL && value->type != jbvBool)
		signature_damaged("\"%s\" of feature %d is neither true nor false.", key, position);
	return value != NULL && value->val.boolean;
}

static JsonbContainer *
array_member(JsonbContainer *object, const char *key)
{
	JsonbValue *value = json_member(object, key);

	if (value == NULL || value->type != jbvBinary ||
	    !JsonContainerIsArray(value->val.binary.data) ||
	    JsonContainerIsScalar(value->val.binary.data))
		return NULL;
	return value->val.binary.data;
}

static double
number_of(const JsonbValue *value)
{
	return DatumGetFloat8(
	    DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
}

static FeatureKind
read_kind(JsonbContainer *document, int position)
{
	char *name = text_member(document, "kind", position);

	for (int kind = 0; kind < lengthof(kind_names); kind++)
		if (strcmp(name, kind_names[kind]) == 0)
			return (FeatureKind) kind;
	signature_damaged("Feature %d is of the unknown kind \"%.*s\".", position, shown_length(name),
	                  name);
}

static Dictionary *
read_values(JsonbContainer *document, int position)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	Dictionary *dictionary = dictionary_create(&allocator);
	JsonbContainer *values = array_member(document, "values");
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue value;
	uint32 n_values = 0;

	if (values == NULL)
		signature_damaged("Feature %d has no \"values\".", position);
	iterator = JsonbIteratorInit(values);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (value.type != jbvString)
			signature_damaged("Feature %d has a value that is not a string.", position);
		dictionary_add(dictionary, value.val.string.val, value.val.string.len);
		n_values++;
	}
	if (dictionary_size(dictionary) != n_values)
		signature_damaged("Feature %d has a value twice.", position);
	return dictionary;
}

static float *
read_counts(JsonbContainer *document, uint32 n_values, int position)
{
	JsonbContainer *array = array_member(document, "counts");
	float *counts;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue value;
	uint32 n = 0;

	if (array == NULL || JsonContainerSize(array) != n_values)
		signature_damaged("Feature %d does not have one count for each value.", position);
	counts = palloc(Max(n_values, 1) * sizeof(float));
	iterator = JsonbIteratorInit(array);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		double count;

		if (token != WJB_ELEM)
			continue;
		count = value.type == jbvNumeric ? number_of(&value) : -1;
		if (!(count >= 0 && count <= PG_UINT32_MAX))
			signature_damaged("Feature %d has a count that is not a number of rows.", position);
		counts[n++] = (float) count;
	}
	return counts;
}

static void
read_feature(Feature *feature, const JsonbValue *value, int position)
{
	JsonbContainer *document;

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		signature_damaged("Feature %d is not an object.", position);
	document = value->val.binary.data;
	feature->name = text_member(document, "name", position);
	feature->column = text_member(document, "column", position);
	feature->kind = read_kind(document, position);
	feature->computed = read_flag(document, "computed", position);
	feature->dictionary = NULL;
	feature->counts = NULL;
	if (feature->kind == FEATURE_CATEGORY || feature->kind == FEATURE_FREQUENCY)
		feature->dictionary = read_values(document, position);
	if (feature->kind == FEATURE_FREQUENCY)
		feature->counts = read_counts(document, dictionary_size(feature->dictionary), position);
}

static void
check_names_differ(const Signature *signature)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	Dictionary *names = dictionary_create(&allocator);

	for (int i = 0; i < signature->n_features; i++)
	{
		const char *name = signature->features[i].name;

		if (dictionary_add(names, name, strlen(name)) != i)
			signature_damaged("Two features have the name \"%.*s\".", shown_length(name), name);
	}
	dictionary_free(names);
}

static void
read_feature_set(Signature *signature, Jsonb *document)
{
	JsonbValue *value = json_member(&document->root, "feature_set");
	JsonbValue *name, *definition;

	signature->feature_set = NULL;
	signature->definition = NULL;
	if (value == NULL)
		return;
	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		signature_damaged("Its feature set is not an object.");
	name = json_member(value->val.binary.data, "name");
	definition = json_member(value->val.binary.data, "definition");
	if (name == NULL || name->type != jbvString || definition == NULL ||
	    definition->type != jbvString)
		signature_damaged("Its feature set has no name or no definition.");
	signature->feature_set = pnstrdup(name->val.string.val, name->val.string.len);
	signature->definition = pnstrdup(definition->val.string.val, definition->val.string.len);
}

Signature *
signature_from_jsonb(Jsonb *document)
{
	Signature *signature = palloc(sizeof(Signature));
	JsonbContainer *array;
	JsonbValue *format;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue value;
	int n = 0;

	if (!JB_ROOT_IS_OBJECT(document))
		signature_damaged("It is not an object.");
	format = json_member(&document->root, "format");
	if (format == NULL || format->type != jbvNumeric || number_of(format) != SIGNATURE_FORMAT)
		signature_damaged("Its format is not %d.", SIGNATURE_FORMAT);
	array = array_member(&document->root, "features");
	if (array == NULL || JsonContainerSize(array) == 0 ||
	    JsonContainerSize(array) > FOREST_MAX_FEATURES)
		signature_damaged("It does not have between 1 and %d features.", FOREST_MAX_FEATURES);

	signature->n_features = JsonContainerSize(array);
	signature->features = palloc0(signature->n_features * sizeof(Feature));
	iterator = JsonbIteratorInit(array);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_ELEM)
		{
			read_feature(&signature->features[n], &value, n + 1);
			n++;
		}
	}
	check_names_differ(signature);
	read_feature_set(signature, document);
	return signature;
}

/* Writing */

static void
push_key(JsonbParseState **state, const char *key)
{
	JsonbValue value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, key);
	value.val.string.len = strlen(key);
	pushJsonbValue(state, WJB_KEY, &value);
}

static void
push_string(JsonbParseState **state, JsonbIteratorToken token, const char *bytes, size_t length)
{
	JsonbValue value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, bytes);
	value.val.string.len = length;
	pushJsonbValue(state, token, &value);
}

static void
push_integer(JsonbParseState **state, JsonbIteratorToken token, int64 number)
{
	JsonbValue value;

	value.type = jbvNumeric;
	value.val.numeric = int64_to_numeric(number);
	pushJsonbValue(state, token, &value);
}

static void
push_dictionary(JsonbParseState **state, const Feature *feature)
{
	uint32 n_values = dictionary_size(feature->dictionary);

	push_key(state, "values");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (uint32 code = 0; code < n_values; code++)
	{
		size_t length;
		const char *key = dictionary_key(feature->dictionary, code, &length);

		push_string(state, WJB_ELEM, key, length);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
	if (feature->kind != FEATURE_FREQUENCY)
		return;
	push_key(state, "counts");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (uint32 code = 0; code < n_values; code++)
		push_integer(state, WJB_ELEM, (int64) feature->counts[code]);
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_feature(JsonbParseState **state, const Feature *feature)
{
	const char *kind = feature_kind_name(feature->kind);

	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	push_key(state, "name");
	push_string(state, WJB_VALUE, feature->name, strlen(feature->name));
	push_key(state, "column");
	push_string(state, WJB_VALUE, feature->column, strlen(feature->column));
	push_key(state, "kind");
	push_string(state, WJB_VALUE, kind, strlen(kind));
	if (feature->computed)
	{
		JsonbValue yes = {.type = jbvBool, .val.boolean = true};

		push_key(state, "computed");
		pushJsonbValue(state, WJB_VALUE, &yes);
	}
	if (feature->dictionary != NULL)
		push_dictionary(state, feature);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_feature_set(JsonbParseState **state, const Signature *signature)
{
	push_key(state, "feature_set");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	push_key(state, "name");
	push_string(state, WJB_VALUE, signature->feature_set, strlen(signature->feature_set));
	push_key(state, "definition");
	push_string(state, WJB_VALUE, signature->definition, strlen(signature->definition));
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

Jsonb *
signature_to_jsonb(const Signature *signature)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_key(&state, "format");
	push_integer(&state, WJB_VALUE, SIGNATURE_FORMAT);
	push_key(&state, "features");
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < signature->n_features; i++)
		push_feature(&state, &signature->features[i]);
	pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	if (signature->feature_set != NULL)
		push_feature_set(&state, signature);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* Checksum */

static uint64
mix_text(uint64 hash, const char *bytes, size_t length)
{
	const char *utf8 = bytes;

	if (GetDatabaseEncoding() != PG_SQL_ASCII)
		utf8 = pg_server_to_any(bytes, (int) length, PG_UTF8);
	if (utf8 != bytes)
		length = strlen(utf8);
	hash = random_mix(hash ^ checksum64(utf8, length)) + length;
	if (utf8 != bytes)
		pfree(unconstify(char *, utf8));
	return hash;
}

static uint64
mix_dictionary(uint64 hash, const Feature *feature)
{
	uint32 n_values = dictionary_size(feature->dictionary);

	for (uint32 code = 0; code < n_values; code++)
	{
		size_t length;
		const char *key = dictionary_key(feature->dictionary, code, &length);

		hash = mix_text(hash, key, length);
		if (feature->counts != NULL)
			hash = random_mix(hash ^ (uint64) (int64) feature->counts[code]);
	}
	return random_mix(hash ^ n_values);
}

uint32
signature_checksum(const Signature *signature)
{
	uint64 hash = signature->n_features;

	for (int i = 0; i < signature->n_features; i++)
	{
		const Feature *feature = &signature->features[i];

		hash = mix_text(hash, feature->name, strlen(feature->name));
		hash = mix_text(hash, feature->column, strlen(feature->column));
		hash = random_mix(hash ^ feature->kind);
		if (feature->computed)
			hash = random_mix(hash ^ lengthof(kind_names));
		if (feature->dictionary != NULL)
			hash = mix_dictionary(hash, feature);
	}
	if (signature->feature_set != NULL)
	{
		hash = mix_text(hash, signature->feature_set, strlen(signature->feature_set));
		hash = mix_text(hash, signature->definition, strlen(signature->definition));
	}
	return (uint32) (hash >> 32);
}

/*
 * xgboost_model.c
 *		Reads an XGBoost model document: parameters, objective, booster, trees.
 *
 * One function per object of the document, in the order of nesting; keys that
 * do not matter are skipped. Format: XGBoost's src/learner.cc (LoadModel),
 * src/gbm/gbtree.cc and gbtree_model.cc, tags v1.7.4 to v3.4.1.
 */
#include "core/xgboost_model.h"

#include <math.h>
#include <string.h>

#include "core/xgboost_parts.h"

/* A tree takes more than this: the names of its arrays alone do. Bounds what a count can ask for. */
#define MIN_TREE_BYTES 100

/* Everything about a document that is known only when all of it has been read. */
typedef struct ModelDocument
{
	UbjReader reader;
	const CoreAllocator *allocator;
	CoreError *error;

	XgboostTree *trees; /* NULL until the array "trees" begins */
	uint32_t n_trees;   /* of them read */
	bool has_version;
	uint32_t version[3];
	UbjText booster;
	UbjText objective;
	UbjText base_score;
	bool has_weights; /* of trees, as DART has them */
	int64_t num_feature;
	int64_t num_class;
	int64_t num_target;
	int64_t num_trees;
	int64_t size_leaf_vector;
} ModelDocument;

typedef bool (*ValueReader)(ModelDocument *document);

#define fail_model(document, format, ...)                                                          \
	core_fail((document)->error, "invalid XGBoost model: " format, ##__VA_ARGS__)

static bool
fail_reader(ModelDocument *document)
{
	return core_fail(document->error, "%s", document->reader.error.message);
}

static bool
skip_value(ModelDocument *document)
{
	return ubj_skip(&document->reader) || fail_reader(document);
}

/* Calls read_value for each value of the object whose begin was just read. */
static bool
read_object(ModelDocument *document, const char *name, ValueReader read_value)
{
	if (document->reader.token != UBJ_OBJECT_BEGIN)
		return fail_model(document, "%s is not an object", name);
	while (ubj_next(&document->reader) != UBJ_OBJECT_END)
		if (!read_value(document))
			return false;
	return true;
}

static bool
key_is(const ModelDocument *document, const char *name)
{
	return ubj_text_is(document->reader.key, name);
}

static bool
read_text_value(ModelDocument *document, UbjText *text)
{
	if (document->reader.token != UBJ_STRING)
		return fail_model(document, "\"%.*s\" is not a text", (int) document->reader.key.length,
		                  document->reader.key.bytes);
	*text = document->reader.string;
	return true;
}

static bool
read_integer_text(ModelDocument *document, int64_t *value)
{
	if (document->reader.token != UBJ_STRING ||
	    !xgboost_text_to_integer(document->reader.string, value))
		return fail_model(document, "\"%.*s\" is not an integer", (int) document->reader.key.length,
		                  document->reader.key.bytes);
	return true;
}

static bool
read_trees(ModelDocument *document)
{
	UbjReader *reader = &document->reader;
	const CoreAllocator *allocator = document->allocator;
	uint64_t count = reader->count;

	if (document->trees != NULL)
		return fail_model(document, "\"trees\" is given twice");
	if (reader->token != UBJ_ARRAY_BEGIN || !reader->has_count)
		return fail_model(document, "\"trees\" is not an array with a count");
	if (count > (uint64_t) (reader->end - reader->at) / MIN_TREE_BYTES || count > XGBOOST_MAX_TREES)
		return fail_model(document, "it has too many trees");
	document->trees = allocator->allocate(allocator->context, (size_t) count * sizeof(XgboostTree));
	if (document->trees == NULL)
		return core_fail(document->error, "out of memory");
	while (ubj_next(reader) != UBJ_ARRAY_END)
	{
		if (reader->failed)
			return fail_reader(document);
		if (!xgboost_tree_read(reader, document->n_trees, allocator,
		                       &document->trees[document->n_trees], document->error))
			return false;
		document->n_trees++;
	}
	return true;
}

static bool
read_gbtree_parameter(ModelDocument *document)
{
	if (key_is(document, "num_trees"))
		return read_integer_text(document, &document->num_trees);
	if (key_is(document, "size_leaf_vector"))
		return read_integer_text(document, &document->size_leaf_vector);
	return skip_value(document);
}

/* Which output each tree adds to: with one output, all add to the first. */
static bool
read_tree_outputs(ModelDocument *document)
{
	UbjReader *reader = &document->reader;

	if (reader->token != UBJ_ARRAY_BEGIN)
		return fail_model(document, "\"tree_info\" is not an array");
	while (ubj_next(reader) != UBJ_ARRAY_END)
	{
		if (reader->failed)
			return fail_reader(document);
		if (reader->token != UBJ_INTEGER || reader->integer != 0)
			return fail_model(document, "it has more than one output, which is not supported");
	}
	return true;
}

/* Weights of trees: beside the model up to 3.3, inside it later. */
static bool
read_tree_weights(ModelDocument *document)
{
	UbjReader *reader = &document->reader;

	if (reader->token != UBJ_ARRAY_BEGIN)
		return fail_model(document, "\"weight_drop\" is not an array");
	while (ubj_next(reader) != UBJ_ARRAY_END)
	{
		document->has_weights = true;
		if (!skip_value(document))
			return false;
	}
	return true;
}

static bool
read_booster_model_value(ModelDocument *document)
{
	if (key_is(document, "trees"))
		return read_trees(document);
	if (key_is(document, "gbtree_model_param"))
		return read_object(document, "\"gbtree_model_param\"", read_gbtree_parameter);
	if (key_is(document, "tree_info"))
		return read_tree_outputs(document);
	if (key_is(document, "weight_drop"))
		return read_tree_weights(document);
	return skip_value(document);
}

static bool
read_booster_value(ModelDocument *document)
{
	if (key_is(document, "name"))
		return read_text_value(document, &document->booster);
	/* gblinear has a model too, but an array of weights instead of trees. */
	if (key_is(document, "model"))
		return read_object(document, "the booster's \"model\"", read_booster_model_value);
	if (key_is(document, "weight_drop"))
		return read_tree_weights(document);
	return skip_value(document);
}

static bool
read_objective_value(ModelDocument *document)
{
	if (key_is(document, "name"))
		return read_text_value(document, &document->objective);
	return skip_value(document);
}

static bool
read_learner_parameter(ModelDocument *document)
{
	if (key_is(document, "base_score"))
		return read_text_value(document, &document->base_score);
	if (key_is(document, "num_feature"))
		return read_integer_text(document, &document->num_feature);
	if (key_is(document, "num_class"))
		return read_integer_text(document, &document->num_class);
	if (key_is(document, "num_target"))
		return read_integer_text(document, &document->num_target);
	return skip_value(document);
}

static bool
read_learner_value(ModelDocument *document)
{
	if (key_is(document, "gradient_booster"))
		return read_object(document, "\"gradient_booster\"", read_booster_value);
	if (key_is(document, "learner_model_param"))
		return read_object(document, "\"learner_model_param\"", read_learner_parameter);
	if (key_is(document, "objective"))
		return read_object(document, "\"objective\"", read_objective_value);
	return skip_value(document);
}

static bool
read_version(ModelDocument *document)
{
	UbjReader *reader = &document->reader;
	int n = 0;

	if (reader->token != UBJ_ARRAY_BEGIN)
		return fail_model(document, "\"version\" is not an array");
	while (ubj_next(reader) != UBJ_ARRAY_END)
	{
		if (reader->token != UBJ_INTEGER || n == 3 || reader->integer < 0 ||
		    reader->integer > INT32_MAX)
			return fail_model(document, "\"version\" is not three integers");
		document->version[n++] = (uint32_t) reader->integer;
	}
	document->has_version = n == 3;
	return true;
}

static bool
read_document_value(ModelDocument *document)
{
	if (key_is(document, "learner"))
		return read_object(document, "\"learner\"", read_learner_value);
	if (key_is(document, "version"))
		return read_version(document);
	return skip_value(document);
}

static bool
read_document(ModelDocument *document)
{
	ubj_next(&document->reader);
	if (document->reader.failed)
		return fail_reader(document);
	if (!read_object(document, "the document", read_document_value))
		return false;
	return ubj_next(&document->reader) == UBJ_END || fail_reader(document);
}

/* What the document says about itself, apart from its trees. */
static bool
check_document(ModelDocument *document)
{
	uint32_t major = document->version[0];
	uint32_t minor = document->version[1];

	if (!document->has_version)
		return fail_model(document, "it does not say which version of XGBoost wrote it");
	if (major > 3 || major < 1 || (major == 1 && minor < 7))
		return fail_model(document, "XGBoost %u.%u wrote it; 1.7 to 3.x are supported", major,
		                  minor);
	if (!ubj_text_is(document->booster, "gbtree") || document->has_weights)
		return fail_model(document, "its booster is \"%.*s\"; only gbtree is supported",
		                  document->has_weights ? 4 : (int) document->booster.length,
		                  document->has_weights ? "dart" : document->booster.bytes);
	if (!ubj_text_is(document->objective, "binary:logistic"))
		return fail_model(document, "its objective is \"%.*s\"; only binary:logistic is supported",
		                  (int) document->objective.length, document->objective.bytes);
	if (document->num_class > 1 || document->num_target > 1 || document->size_leaf_vector > 1)
		return fail_model(document, "it has more than one output, which is not supported");
	if (document->num_feature < 1 || document->num_feature > INT32_MAX)
		return fail_model(document, "it has no features, or too many");
	if (document->trees == NULL || document->num_trees != document->n_trees)
		return fail_model(document, "it does not have as many trees as it says");
	return true;
}

static bool
check_features(ModelDocument *document)
{
	for (uint32_t t = 0; t < document->n_trees; t++)
		for (uint32_t i = 0; i < document->trees[t].n_nodes; i++)
			if (document->trees[t].nodes[i].feature >= document->num_feature)
				return fail_model(document, "tree %u splits on feature %u, but there are %lld", t,
				                  document->trees[t].nodes[i].feature,
				                  (long long) document->num_feature);
	return true;
}

bool
xgboost_model_read(const void *bytes, size_t size, const CoreAllocator *allocator,
                   XgboostModel *model, CoreError *error)
{
	ModelDocument document = {.allocator = allocator, .error = error};

	document.base_score = document.booster = document.objective = (UbjText){"", 0};
	document.num_feature = document.num_trees = -1;
	ubj_open(&document.reader, bytes, size);
	memset(model, 0, sizeof(*model));
	if (read_document(&document) && check_document(&document) && check_features(&document) &&
	    xgboost_base_margin(document.base_score, document.version, &model->base_margin, error))
	{
		memcpy(model->version, document.version, sizeof(model->version));
		model->n_features = (uint32_t) document.num_feature;
		model->n_trees = document.n_trees;
		model->trees = document.trees;
		return true;
	}
	model->n_trees = document.n_trees;
	model->trees = document.trees;
	xgboost_model_release(model, allocator);
	return false;
}

void
xgboost_model_release(XgboostModel *model, const CoreAllocator *allocator)
{
	for (uint32_t t = 0; t < model->n_trees; t++)
	{
		allocator->release(allocator->context, (void *) model->trees[t].nodes);
		allocator->release(allocator->context, (void *) model->trees[t].categories);
	}
	allocator->release(allocator->context, (void *) model->trees);
	memset(model, 0, sizeof(*model));
}

/*
 * test_xgboost_model.c
 *		Promises of the model reader: the documents of 1.7 to 3.x are understood,
 *		the base margin is XGBoost's, and everything else is refused by name.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/random.h"
#include "core/xgboost_model.h"
#include "core/xgboost_parts.h"
#include "model_document.h"

static bool
read_spec(const ModelSpec *spec, XgboostModel *model, CoreError *error)
{
	Document *document = malloc(sizeof(Document));
	uint8_t *exact;
	bool ok;

	document_from_spec(document, spec);
	/* A block of its own size, so that the sanitizer sees a read behind it. */
	exact = malloc(document->size);
	memcpy(exact, document->bytes, document->size);
	ok = xgboost_model_read(exact, document->size, &core_malloc_allocator, model, error);
	free(exact);
	free(document);
	return ok;
}

static XgboostModel
must_read(const ModelSpec *spec)
{
	XgboostModel model;
	CoreError error;

	if (!read_spec(spec, &model, &error))
		fail_msg("%s", error.message);
	return model;
}

static void
must_refuse(const ModelSpec *spec, const char *reason)
{
	XgboostModel model;
	CoreError error;

	if (read_spec(spec, &model, &error))
		fail_msg("accepted, although: %s", reason);
	if (strstr(error.message, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.message, reason);
}

static void
trees_come_without_deleted_nodes_in_breadth_first_order(void **state)
{
	ModelSpec spec = rich_model();
	XgboostModel model = must_read(&spec);
	const XgboostTree *tree = &model.trees[2];
	static const float values[] = {0.5f, 0.25f, 0, -1.5f, 2, -3, 4};
	static const uint32_t left[] = {1, 0, 3, 5, 0, 0, 0};

	assert_int_equal(model.n_trees, 4);
	assert_int_equal(model.n_features, 4);
	assert_int_equal(model.version[1], 7);
	assert_int_equal(tree->n_nodes, 7);
	for (uint32_t i = 0; i < 7; i++)
	{
		assert_true(tree->nodes[i].value == values[i]);
		assert_int_equal(tree->nodes[i].left, left[i]);
	}
	assert_true(tree->nodes[2].is_categorical && !tree->nodes[0].is_categorical);
	assert_int_equal(tree->nodes[2].n_categories, 2);
	assert_int_equal(tree->categories[tree->nodes[2].first_category + 1], 33);
	assert_true(tree->nodes[0].default_left && !tree->nodes[2].default_left);
	xgboost_model_release(&model, &core_malloc_allocator);
}

static void
flags_may_be_bytes_booleans_or_integers(void **state)
{
	for (FlagStyle style = FLAGS_TYPED_BYTES; style <= FLAGS_INTEGERS; style++)
	{
		ModelSpec spec = rich_model();
		XgboostModel model;

		spec.flags = style;
		model = must_read(&spec);
		assert_true(model.trees[1].nodes[0].default_left);
		assert_false(model.trees[3].nodes[0].default_left);
		assert_true(model.trees[3].nodes[0].is_categorical);
		xgboost_model_release(&model, &core_malloc_allocator);
	}
}

static void
models_before_categories_have_none(void **state)
{
	ModelSpec spec = {.version = {1, 7, 4}, .n_trees = 1};
	XgboostModel model;

	spec.trees[0] = stump(0, 1, true, -1, 1);
	spec.trees[0].without = "categories";
	model = must_read(&spec);
	assert_false(model.trees[0].nodes[0].is_categorical);
	xgboost_model_release(&model, &core_malloc_allocator);
}

static void
a_model_may_have_no_trees(void **state)
{
	ModelSpec spec = {.version = {2, 1, 4}};
	XgboostModel model = must_read(&spec);

	assert_int_equal(model.n_trees, 0);
	xgboost_model_release(&model, &core_malloc_allocator);
}

static bool
base_margin(const char *text, uint32_t major, uint32_t minor, float *margin)
{
	const uint32_t version[3] = {major, minor, 0};
	CoreError error;

	return xgboost_base_margin((UbjText){text, strlen(text)}, version, margin, &error);
}

static void
assert_base_margin(const char *text, uint32_t major, uint32_t minor, float probability)
{
	float margin;

	if (!base_margin(text, major, minor, &margin))
		fail_msg("base_score %s was refused", text);
	if (margin != -logf(1.0f / probability - 1.0f))
		fail_msg("base_score %s gives %a", text, margin);
}

static void
base_score_is_a_probability_or_a_list_of_one(void **state)
{
	float margin;

	assert_base_margin("5E-1", 1, 7, 0.5f);
	assert_true(base_margin("5E-1", 1, 7, &margin) && signbit(margin));
	assert_base_margin("[5E-1]", 3, 1, 0.5f);
	assert_base_margin("[7.9999998E-3]", 3, 4, 7.9999998e-3f);
	assert_base_margin("0.0123", 2, 0, 0.0123f);
	assert_base_margin("1.25e-7", 3, 1, 1.25e-7f);
	assert_base_margin("9.9999994E-1", 1, 7, 0x1.fffffep-1f);
}

static void
from_3_2_on_base_score_is_bounded(void **state)
{
	assert_base_margin("1E-8", 3, 1, 1e-8f);
	assert_base_margin("[1E-8]", 3, 2, 1e-6f);
	assert_base_margin("[0E0]", 3, 2, 1e-6f);
	assert_base_margin("[1E0]", 3, 4, 1.0f - 1e-6f);
	assert_base_margin("[2E-6]", 3, 4, 2e-6f);
}

static void
base_score_is_refused_where_it_is_no_probability(void **state)
{
	static const char *const texts[] = {
	    "",      "0",     "1",        "1E0",         "0E0",
	    "-5E-1", "5E-1x", "NaN",      "[5E-1,5E-1]", "[",
	    "[]",    "2E0",   "5E",       "5E-",         ".",
	    "E-1",   "5E-40", "1.2.3E-1", "5E+1",        "Infinity",
	    " 5E-1", "5E-1 ", "0x1p-1",   "5E-99999",    "1234567890123456E-16"};
	float margin;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (base_margin(texts[i], 1, 7, &margin))
			fail_msg("base_score \"%s\" was accepted", texts[i]);
}

/* Decimals of up to 15 digits, among them many that lie next to the middle of two float32. */
static void
base_score_is_rounded_correctly(void **state)
{
	RandomState random;
	char text[64];

	random_seed(&random, 11, 0);
	for (int i = 0; i < 100000; i++)
	{
		float probability = (float) exp(-16 * random_uniform(&random)) * 0.999f;
		double middle = ((double) probability + (double) nextafterf(probability, 1)) / 2;
		int digits = 6 + (int) random_below(&random, 9);

		snprintf(text, sizeof(text), "%.*E", digits, i % 2 ? middle : (double) probability);
		assert_base_margin(text, 1, 7, strtof(text, NULL));
	}
}

static void
other_models_are_refused(void **state)
{
	ModelSpec spec = rich_model();

#define REFUSED(field, value, reason)                                                              \
	do                                                                                             \
	{                                                                                              \
		ModelSpec wrong = spec;                                                                    \
		wrong.field = value;                                                                       \
		must_refuse(&wrong, reason);                                                               \
	} while (0)

	REFUSED(version[0], 0, "which version");
	REFUSED(version[0], 4, "XGBoost 4.7 wrote it");
	REFUSED(version[1], 6, "XGBoost 1.6 wrote it");
	REFUSED(booster, "gblinear", "booster is \"gblinear\"");
	REFUSED(booster, "dart", "booster is \"dart\"");
	REFUSED(weights, true, "booster is \"dart\"");
	REFUSED(weights_inside, true, "booster is \"dart\"");
	REFUSED(model_leaf_vector, "3", "more than one output");
	REFUSED(objective, "reg:squarederror", "objective is \"reg:squarederror\"");
	REFUSED(objective, "binary:logitraw", "objective is \"binary:logitraw\"");
	REFUSED(num_class, "3", "more than one output");
	REFUSED(num_target, "2", "more than one output");
	REFUSED(tree_output, 1, "more than one output");
	REFUSED(trees[1].size_leaf_vector, "2", "leaves are vectors");
	REFUSED(num_feature, "0", "no features");
	REFUSED(num_feature, "3", "feature 3, but there are 3");
	REFUSED(num_feature, "x", "\"num_feature\" is not an integer");
	REFUSED(num_feature, "99999999999999999999", "\"num_feature\" is not an integer");
	REFUSED(num_trees, "3", "as many trees as it says");
	REFUSED(base_score, "[5E-1,5E-1]", "not one probability");
}

static void
malformed_trees_are_refused(void **state)
{
	ModelSpec spec = rich_model();

	REFUSED(trees[2].id_offset, 1, "its id is not its place");
	REFUSED(trees[2].num_nodes, "8", "one element per node");
	REFUSED(trees[2].num_nodes, "0", "it has no nodes");
	REFUSED(trees[2].twice, "left_children", "given twice");
	REFUSED(trees[2].without, "split_indices", "one element per node");
	REFUSED(trees[2].without, "categories_sizes", "do not fit each other");
	REFUSED(trees[2].left[0], 0, "children of node 0 are out of range");
	REFUSED(trees[2].left[0], -2, "children of node 0 are out of range");
	REFUSED(trees[2].left[0], 8, "children of node 0 are out of range");
	REFUSED(trees[2].right[0], 5, "children of node 0 are out of range");
	REFUSED(trees[2].right[1], 2, "node 1 has one child");
	REFUSED(trees[2].feature[0], -1, "feature -1 of node 0");
	REFUSED(trees[2].condition[1], INFINITY, "leaf at node 1 is not finite");
	REFUSED(trees[2].condition[1], NAN, "leaf at node 1 is not finite");
	REFUSED(trees[2].condition[0], NAN, "threshold of node 0 is NaN");
	REFUSED(trees[2].type[0], 2, "unknown type 2");
	REFUSED(trees[2].type[0], 1, "node 0 has no set of categories");
	REFUSED(trees[2].set_nodes[0], 9, "categories of node 9");
	REFUSED(trees[2].set_nodes[0], -1, "categories of node -1");
	REFUSED(trees[2].set_size[0], 0, "out of range");
	REFUSED(trees[2].set_size[0], 3, "out of range");
	REFUSED(trees[2].set_first[0], -1, "out of range");
	REFUSED(trees[2].categories[0], -1, "category -1 is out of range");
	REFUSED(trees[2].categories[0], 16777216, "category 16777216 is out of range");
}

static void
cycles_and_shared_children_are_refused(void **state)
{
	ModelSpec spec = rich_model();
	ModelSpec cycle = spec;
	ModelSpec shared = spec;

	cycle.trees[2].left[5] = 1;
	cycle.trees[2].right[5] = 2;
	must_refuse(&cycle, "children that are not its own");
	shared.trees[2].left[1] = 5;
	shared.trees[2].right[1] = 6;
	must_refuse(&shared, "children that are not its own");
}

static void
infinite_thresholds_are_kept(void **state)
{
	ModelSpec spec = rich_model();
	XgboostModel model;

	spec.trees[1].condition[0] = -INFINITY;
	model = must_read(&spec);
	assert_true(model.trees[1].nodes[0].value == -INFINITY);
	xgboost_model_release(&model, &core_malloc_allocator);
}

/* A count takes memory before its elements are read: it has to fit the bytes that are there. */
static void
a_wrong_number_of_trees_takes_no_memory(void **state)
{
	static const uint8_t count[] = {'t', 'r', 'e', 'e', 's', '[', '#', 'L', 0, 0, 0, 0, 0, 0, 0, 4};
	ModelSpec spec = rich_model();
	Document *document = malloc(sizeof(Document));
	XgboostModel model;
	CoreError error;
	uint8_t *at;

	document_from_spec(document, &spec);
	at = memmem(document->bytes, document->size, count, sizeof(count));
	assert_non_null(at);
	at[14] = 4;
	assert_false(xgboost_model_read(document->bytes, document->size, &core_malloc_allocator, &model,
	                                &error));
	assert_non_null(strstr(error.message, "too many trees"));
	free(document);
}

/* Fails the n-th request and counts what is not given back. */
typedef struct CountingAllocator
{
	int until_failure;
	int outstanding;
} CountingAllocator;

static void *
counting_allocate(void *context, size_t size)
{
	CountingAllocator *counting = context;

	if (counting->until_failure-- == 0)
		return NULL;
	counting->outstanding++;
	return malloc(size + 1);
}

static void
counting_release(void *context, void *pointer)
{
	CountingAllocator *counting = context;

	counting->outstanding -= pointer != NULL;
	free(pointer);
}

static void
short_memory_is_an_error_that_leaks_nothing(void **state)
{
	ModelSpec spec = rich_model();
	Document *document = malloc(sizeof(Document));
	bool ok = false;
	int failures = 0;

	document_from_spec(document, &spec);
	for (; !ok; failures++)
	{
		CountingAllocator counting = {failures, 0};
		CoreAllocator allocator = {counting_allocate, counting_release, &counting};
		XgboostModel model;
		CoreError error;

		ok = xgboost_model_read(document->bytes, document->size, &allocator, &model, &error);
		if (ok)
			xgboost_model_release(&model, &allocator);
		else
			assert_string_equal(error.message, "out of memory");
		assert_int_equal(counting.outstanding, 0);
	}
	assert_true(failures > 20);
	free(document);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(trees_come_without_deleted_nodes_in_breadth_first_order),
	    cmocka_unit_test(flags_may_be_bytes_booleans_or_integers),
	    cmocka_unit_test(models_before_categories_have_none),
	    cmocka_unit_test(a_model_may_have_no_trees),
	    cmocka_unit_test(base_score_is_a_probability_or_a_list_of_one),
	    cmocka_unit_test(from_3_2_on_base_score_is_bounded),
	    cmocka_unit_test(base_score_is_refused_where_it_is_no_probability),
	    cmocka_unit_test(base_score_is_rounded_correctly),
	    cmocka_unit_test(other_models_are_refused),
	    cmocka_unit_test(malformed_trees_are_refused),
	    cmocka_unit_test(cycles_and_shared_children_are_refused),
	    cmocka_unit_test(infinite_thresholds_are_kept),
	    cmocka_unit_test(a_wrong_number_of_trees_takes_no_memory),
	    cmocka_unit_test(short_memory_is_an_error_that_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_explain.c
 *		Promises of forest_explain(): contributions are the Shapley values of the game
 *		that TreeSHAP plays, found here by going through all coalitions; they add up;
 *		values go where the engine sends them; covers that are no covers and trees
 *		that are not the forest's are refused. (xgboost_contributions.c compares with
 *		XGBoost.)
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/forest_explain.h"
#include "core/random.h"
#include "forest_session.h"
#include "model_document.h"

#define MAX_FEATURES 8
#define CHAIN_FEATURES 20

typedef struct Session
{
	ForestSession forest;
	ForestExplainer explainer;
	XgboostModel trees;
} Session;

static void
session_open(Session *session, const ModelSpec *spec)
{
	Document *document = malloc(sizeof(Document));
	const CoreAllocator *allocator = &core_malloc_allocator;
	CoreError error;

	document_from_spec(document, spec);
	if (!forest_session_create(document->bytes, document->size, NULL, &session->forest, &error) ||
	    !xgboost_model_read(document->bytes, document->size, allocator, &session->trees, &error) ||
	    !forest_explainer_open(&session->forest.forest, document->bytes, document->size, allocator,
	                           allocator, &session->explainer, &error))
		fail_msg("%s", error.message);
	free(document);
}

static void
session_close(Session *session)
{
	forest_explainer_close(&session->explainer, &core_malloc_allocator);
	xgboost_model_release(&session->trees, &core_malloc_allocator);
	forest_session_free(&session->forest);
}

/* The game */

static bool
in_set(const XgboostTree *tree, const XgboostNode *node, float x)
{
	if (!(x >= 0 && x < XGBOOST_MAX_CATEGORY))
		return false;
	for (uint32_t i = 0; i < node->n_categories; i++)
		if (tree->categories[node->first_category + i] == (uint32_t) x)
			return true;
	return false;
}

static bool
goes_right(const XgboostTree *tree, const XgboostNode *node, float x)
{
	if (isnan(x))
		return !node->default_left;
	return node->is_categorical ? in_set(tree, node, x) : !(x < node->value);
}

/* What is expected of a subtree if the features of the coalition are known, and no others. */
static double
expected(const XgboostTree *tree, uint32_t at, const float *row, uint32_t coalition)
{
	const XgboostNode *node = &tree->nodes[at];
	double left;
	double right;

	if (node->left == 0)
		return (double) node->value;
	if (coalition >> node->feature & 1)
		return expected(tree, node->left + goes_right(tree, node, row[node->feature]), row,
		                coalition);
	left = expected(tree, node->left, row, coalition) * (double) tree->nodes[node->left].cover;
	right =
	    expected(tree, node->left + 1, row, coalition) * (double) tree->nodes[node->left + 1].cover;
	return (left + right) / (double) node->cover;
}

static double
worth(const XgboostModel *model, const float *row, uint32_t coalition)
{
	double sum = (double) model->base_margin;

	for (uint32_t t = 0; t < model->n_trees; t++)
		sum += expected(&model->trees[t], 0, row, coalition);
	return sum;
}

static double
factorial(uint32_t n)
{
	return n < 2 ? 1 : n * factorial(n - 1);
}

/* By definition: the mean over all orders in which the features become known. */
static void
shapley_values(const XgboostModel *model, const float *row, double *values)
{
	uint32_t n = model->n_features;

	for (uint32_t j = 0; j < n; j++)
	{
		values[j] = 0;
		for (uint32_t coalition = 0; coalition < 1u << n; coalition++)
		{
			uint32_t size = (uint32_t) __builtin_popcount(coalition);

			if (!(coalition >> j & 1))
				values[j] +=
				    factorial(size) * factorial(n - size - 1) / factorial(n) *
				    (worth(model, row, coalition | 1u << j) - worth(model, row, coalition));
		}
	}
}

static void
assert_close(double actual, double wanted)
{
	if (!(fabs(actual - wanted) <= 1e-12 * (1 + fabs(wanted))))
		fail_msg("%.17g instead of %.17g", actual, wanted);
}

static void
assert_shapley(Session *session, const float *row)
{
	uint32_t n = session->forest.forest.n_features;
	double contributions[MAX_FEATURES];
	double values[MAX_FEATURES];
	double sum = session->explainer.expected;

	forest_explain(&session->explainer, row, contributions);
	shapley_values(&session->trees, row, values);
	for (uint32_t j = 0; j < n; j++)
	{
		assert_close(contributions[j], values[j]);
		sum += contributions[j];
	}
	assert_close(session->explainer.expected, worth(&session->trees, row, 0));
	assert_close(sum, worth(&session->trees, row, (1u << n) - 1));
	/* The margin is a sum of float32. */
	assert_true(fabs(sum - (double) forest_margin(&session->forest.forest, row)) < 1e-4);
}

/* Models */

/* A split of a tree that is being drawn: its two children come next. */
static void
draw_split(RandomState *random, TreeSpec *tree, int node, int n_features)
{
	float share = (float) random_uniform(random);

	tree->left[node] = tree->n;
	tree->right[node] = tree->n + 1;
	tree->feature[node] = (int) random_below(random, (uint64_t) n_features);
	tree->default_left[node] = (uint8_t) random_below(random, 2);
	tree->condition[node] = (float) random_below(random, 5) - 2;
	tree->cover[tree->n] = tree->cover[node] * share;
	tree->cover[tree->n + 1] = tree->cover[node] - tree->cover[tree->n];
	if (random_below(random, 4) == 0)
	{
		tree->type[node] = 1;
		tree->condition[node] = 0;
		tree->set_nodes[tree->n_sets] = node;
		tree->set_first[tree->n_sets] = tree->n_categories;
		tree->set_size[tree->n_sets] = 1;
		tree->categories[tree->n_categories++] = (int) random_below(random, 3);
		tree->n_sets++;
	}
	tree->n += 2;
}

/* Of up to n_splits splits, at leaves that chance picks: broad or deep. */
static TreeSpec
draw_tree(RandomState *random, int n_splits, int n_features)
{
	TreeSpec tree = {.n = 1, .left = {-1}, .right = {-1}, .with_covers = true, .cover = {100}};

	for (int i = 0; i < n_splits; i++)
	{
		int node = (int) random_below(random, (uint64_t) tree.n);

		if (tree.left[node] != -1)
			continue;
		tree.left[tree.n] = tree.left[tree.n + 1] = -1;
		tree.right[tree.n] = tree.right[tree.n + 1] = -1;
		draw_split(random, &tree, node, n_features);
	}
	for (int node = 0; node < tree.n; node++)
		if (tree.left[node] == -1)
			tree.condition[node] = (float) (random_uniform(random) * 4 - 2);
	return tree;
}

static void
draw_row(RandomState *random, float *row, int n_features)
{
	static const float values[] = {NAN, INFINITY, -INFINITY, -2, -1, 0, 0.5f, 1, 2, 3, 1e10f};

	for (int j = 0; j < n_features; j++)
		row[j] = values[random_below(random, 11)];
}

static void
contributions_are_shapley_values(void **state)
{
	RandomState random;

	random_seed(&random, 5, 0);
	for (int m = 0; m < 150; m++)
	{
		ModelSpec spec = {.version = {1, 7, 4}, .base_score = "2.5E-1"};
		int n_features = 1 + (int) random_below(&random, MAX_FEATURES);
		char number[8];
		Session session;

		snprintf(number, sizeof(number), "%d", n_features);
		spec.num_feature = number;
		spec.n_trees = 1 + (int) random_below(&random, 4);
		for (int t = 0; t < spec.n_trees; t++)
			spec.trees[t] = draw_tree(&random, (int) random_below(&random, 14), n_features);
		session_open(&session, &spec);
		for (int r = 0; r < 6; r++)
		{
			float row[MAX_FEATURES];

			draw_row(&random, row, n_features);
			assert_shapley(&session, row);
		}
		session_close(&session);
	}
}

/*
 * Split i of the chain asks feature i % n_features; where the row goes on, half of
 * the cover does. With one leaf that is not 0 the values are known: each of n
 * distinct features gets the integral of (1 - z) / (t + (1 - t) z) times A^n.
 */
static TreeSpec
chain(int n_splits, int n_features)
{
	TreeSpec tree = {.n = 2 * n_splits + 1, .with_covers = true};

	for (int i = 0; i < n_splits; i++)
	{
		int node = 2 * i;

		tree.left[node] = 2 * i + 1;
		tree.right[node] = 2 * i + 2;
		tree.feature[node] = i % n_features;
		tree.cover[node] = ldexpf(1, -i);
		tree.cover[node + 1] = tree.cover[node] / 2;
		tree.left[node + 1] = tree.right[node + 1] = -1;
	}
	tree.left[2 * n_splits] = tree.right[2 * n_splits] = -1;
	tree.condition[2 * n_splits] = 1;
	tree.cover[2 * n_splits] = ldexpf(1, -n_splits);
	return tree;
}

/* More than eight features on a path take more than one four of points. */
static void
long_paths_take_more_points(void **state)
{
	for (int n = 1; n <= CHAIN_FEATURES; n++)
	{
		ModelSpec spec = {.version = {1, 7, 4}, .n_trees = 1, .num_feature = "20"};
		float row[CHAIN_FEATURES] = {0};
		double contributions[CHAIN_FEATURES];
		Session session;

		spec.trees[0] = chain(n, n);
		session_open(&session, &spec);
		assert_int_equal(session.explainer.n_rules[0], (n + 7) / 8);
		forest_explain(&session.explainer, row, contributions);
		/* All are alike, so each has the n-th part of what is not expected. */
		for (int j = 0; j < CHAIN_FEATURES; j++)
			assert_close(contributions[j], j < n ? (1 - ldexp(1, -n)) / n : 0);
		/* The first feature against the row: it takes back what was expected, alone or not. */
		row[0] = -1;
		forest_explain(&session.explainer, row, contributions);
		for (int j = 0; j < n; j++)
			assert_true(j == 0 ? contributions[j] < 0 : contributions[j] > 0);
		session_close(&session);
	}
}

static void
features_that_come_again_are_one_feature(void **state)
{
	ModelSpec spec = {.version = {1, 7, 4}, .n_trees = 1, .num_feature = "20"};
	float row[CHAIN_FEATURES] = {0};
	double contributions[CHAIN_FEATURES];
	Session session;

	spec.trees[0] = chain(20, 2);
	session_open(&session, &spec);
	assert_int_equal(session.explainer.n_rules[0], 1);
	forest_explain(&session.explainer, row, contributions);
	assert_close(contributions[0], (1 - ldexp(1, -20)) / 2);
	assert_close(contributions[1], (1 - ldexp(1, -20)) / 2);
	session_close(&session);
}

static void
a_child_without_cover_is_not_expected(void **state)
{
	ModelSpec spec = {.version = {1, 7, 4}, .n_trees = 1, .num_feature = "3"};
	float row[] = {0, 1, 1};
	Session session;

	spec.trees[0] = chain(3, 3);
	spec.trees[0].cover[5] = 0.25f;
	spec.trees[0].cover[6] = 0;
	session_open(&session, &spec);
	assert_close(session.explainer.expected, 0);
	assert_shapley(&session, row);
	row[1] = -1;
	assert_shapley(&session, row);
	session_close(&session);
	/* Twice in a row, and below it another split on the same feature. */
	spec.trees[0] = chain(3, 1);
	spec.trees[0].cover[1] = 1;
	spec.trees[0].cover[2] = 1e-30f;
	spec.trees[0].cover[3] = 1e-30f;
	spec.trees[0].cover[4] = 1e-45f;
	spec.trees[0].cover[5] = 1e-45f;
	spec.trees[0].cover[6] = 0;
	spec.num_feature = "1";
	session_open(&session, &spec);
	assert_shapley(&session, row);
	row[0] = -1;
	assert_shapley(&session, row);
	session_close(&session);
}

static void
a_forest_without_splits_explains_nothing(void **state)
{
	ModelSpec spec = {.version = {1, 7, 4}, .n_trees = 0, .base_score = "2.5E-1"};
	float row[4] = {0};
	double contributions[4] = {1, 1, 1, 1};
	Session session;

	for (spec.n_trees = 0; spec.n_trees < 3; spec.n_trees++)
	{
		spec.trees[spec.n_trees] = single_leaf(0.5f);
		session_open(&session, &spec);
		forest_explain(&session.explainer, row, contributions);
		for (int j = 0; j < 4; j++)
			assert_true(contributions[j] == 0);
		assert_close(session.explainer.expected,
		             (double) session.forest.forest.base_margin + 0.5 * spec.n_trees);
		session_close(&session);
	}
}

/* Refusals */

static void
assert_refused(const ForestSession *session, const ModelSpec *spec, const char *reason)
{
	Document *document = malloc(sizeof(Document));
	ForestExplainer explainer;
	CoreError error;

	document_from_spec(document, spec);
	assert_false(forest_explainer_open(&session->forest, document->bytes, document->size,
	                                   &core_malloc_allocator, &core_malloc_allocator, &explainer,
	                                   &error));
	if (strstr(error.message, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.message, reason);
	free(document);
}

static void
covers_that_are_none_are_refused(void **state)
{
	static const float wrong[] = {NAN, INFINITY, -1, 1.01f};
	ModelSpec spec = {.version = {1, 7, 4}, .n_trees = 2, .num_feature = "3"};
	Session session;

	spec.trees[0] = spec.trees[1] = chain(3, 3);
	session_open(&session, &spec);
	spec.trees[1].with_covers = false;
	assert_refused(&session.forest, &spec, "covers of tree 1");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		spec.trees[1] = chain(3, 3);
		spec.trees[1].cover[4] = wrong[i];
		assert_refused(&session.forest, &spec, "covers of tree 1");
	}
	spec.trees[1].cover[4] = 0;
	spec.trees[1].cover[5] = spec.trees[1].cover[6] = 0;
	assert_refused(&session.forest, &spec, "covers of tree 1");
	session_close(&session);
}

static void
another_model_is_refused(void **state)
{
	ModelSpec spec = {.version = {1, 7, 4}, .n_trees = 2, .num_feature = "3"};
	const char *reason = "not those of the image";
	ModelSpec other;
	Session session;

	spec.trees[0] = spec.trees[1] = chain(3, 3);
	session_open(&session, &spec);
	other = spec;
	other.n_trees = 1;
	assert_refused(&session.forest, &other, reason);
	other = spec;
	other.num_feature = "4";
	assert_refused(&session.forest, &other, reason);
	other = spec;
	other.base_score = "2E-1";
	assert_refused(&session.forest, &other, reason);
	other = spec;
	other.trees[1].condition[0] = 0x1p-149f;
	assert_refused(&session.forest, &other, reason);
	other = spec;
	other.trees[1].condition[6] = 2;
	assert_refused(&session.forest, &other, reason);
	other = spec;
	other.trees[1].default_left[2] = 1;
	assert_refused(&session.forest, &other, reason);
	other = spec;
	other.trees[1].feature[2] = 0;
	assert_refused(&session.forest, &other, reason);
	other = spec;
	other.num_trees = "7";
	assert_refused(&session.forest, &other, "as many trees as it says");
	session_close(&session);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(contributions_are_shapley_values),
	    cmocka_unit_test(long_paths_take_more_points),
	    cmocka_unit_test(features_that_come_again_are_one_feature),
	    cmocka_unit_test(a_child_without_cover_is_not_expected),
	    cmocka_unit_test(a_forest_without_splits_explains_nothing),
	    cmocka_unit_test(covers_that_are_none_are_refused),
	    cmocka_unit_test(another_model_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_forest.c
 *		Promises of the evaluation, one by one, on models written by hand: where
 *		each kind of value goes, and in which order leaves are added.
 *		(xgboost_exactness.c compares with XGBoost itself.)
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "forest_session.h"
#include "model_document.h"

#define LEFT (-1.0f)
#define RIGHT 1.0f

static ForestSession
session_from_spec(const ModelSpec *spec, const Calibration *calibration)
{
	Document *document = malloc(sizeof(Document));
	ForestSession session;
	CoreError error;

	document_from_spec(document, spec);
	if (!forest_session_create(document->bytes, document->size, calibration, &session, &error))
		fail_msg("%s", error.message);
	free(document);
	return session;
}

/* The margin of a model of one tree over base margin 0, for feature 0 only. */
static float
margin_of(TreeSpec tree, float x)
{
	ModelSpec spec = {.version = {1, 7, 4}, .n_trees = 1, .num_feature = "1"};
	ForestSession session;
	float margin;

	spec.trees[0] = tree;
	session = session_from_spec(&spec, NULL);
	margin = forest_margin(&session.forest, &x);
	forest_session_free(&session);
	return margin;
}

static void
below_the_threshold_is_left(void **state)
{
	TreeSpec tree = stump(0, 1.5f, true, LEFT, RIGHT);

	assert_true(margin_of(tree, 1.5f) == RIGHT);
	assert_true(margin_of(tree, nextafterf(1.5f, 0)) == LEFT);
	assert_true(margin_of(tree, -INFINITY) == LEFT);
	assert_true(margin_of(tree, INFINITY) == RIGHT);
	assert_true(margin_of(stump(0, 0.0f, true, LEFT, RIGHT), -0.0f) == RIGHT);
	assert_true(margin_of(stump(0, 0x1p-149f, true, LEFT, RIGHT), 0) == LEFT);
	assert_true(margin_of(stump(0, 0x1p-148f, true, LEFT, RIGHT), 0x1p-149f) == LEFT);
	assert_true(margin_of(stump(0, INFINITY, true, LEFT, RIGHT), INFINITY) == RIGHT);
	assert_true(margin_of(stump(0, -INFINITY, true, LEFT, RIGHT), -INFINITY) == RIGHT);
}

static void
missing_takes_the_default_direction(void **state)
{
	static const int categories[] = {2};

	assert_true(margin_of(stump(0, 1.5f, true, LEFT, RIGHT), NAN) == LEFT);
	assert_true(margin_of(stump(0, 1.5f, false, LEFT, RIGHT), NAN) == RIGHT);
	assert_true(margin_of(stump(0, -INFINITY, true, LEFT, RIGHT), NAN) == LEFT);
	assert_true(margin_of(stump(0, INFINITY, false, LEFT, RIGHT), -NAN) == RIGHT);
	assert_true(margin_of(category_stump(0, categories, 1, true, LEFT, RIGHT), NAN) == LEFT);
	assert_true(margin_of(category_stump(0, categories, 1, false, LEFT, RIGHT), NAN) == RIGHT);
}

/* src/common/categorical.h: truncated; invalid and out of range as not chosen. */
static void
a_category_of_the_set_is_right_and_any_other_value_left(void **state)
{
	static const int categories[] = {0, 2, 32, 70};
	static const float right[] = {0, -0.0f, 0.99f, 2, 2.5f, 32, 70, 70.99f};
	static const float left[] = {1,    3,          31,          33,      69,           71,
	                             96,   -1,         -0.5f,       -70,     INFINITY,     -INFINITY,
	                             1e9f, 16777215.f, 16777216.0f, 3.4e38f, 4294967298.0f};

	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		assert_true(margin_of(category_stump(0, categories, 4, true, LEFT, RIGHT), right[i]) ==
		            RIGHT);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		assert_true(margin_of(category_stump(0, categories, 4, true, LEFT, RIGHT), left[i]) ==
		            LEFT);
}

static void
the_highest_category_counts(void **state)
{
	static const int categories[] = {16777215};

	assert_true(margin_of(category_stump(0, categories, 1, true, LEFT, RIGHT), 16777215.0f) ==
	            RIGHT);
	assert_true(margin_of(category_stump(0, categories, 1, true, LEFT, RIGHT), 16777216.0f) ==
	            LEFT);
}

/* The order shows: 1e8 + 1 - 1e8 is 0 in float32, 1e8 - 1e8 + 1 is 1. */
static void
leaves_are_added_in_tree_order_to_the_base_margin(void **state)
{
	static const float leaves[] = {1e8f,  1, -1e8f, 3, 0.1f,  0.2f, 0.3f,
	                               1e-8f, 7, 1e8f,  5, -1e8f, 2};
	ModelSpec spec = {.version = {1, 7, 4}, .base_score = "1E-3"};

	for (int n = 0; n <= 13; n++)
	{
		float expected = -logf(1.0f / 1e-3f - 1.0f);
		float row[4] = {0};
		ForestSession session;

		spec.n_trees = n;
		for (int t = 0; t < n; t++)
		{
			spec.trees[t] = t % 2 ? single_leaf(leaves[t]) : stump(0, 1, true, leaves[t], 9);
			expected += leaves[t];
		}
		session = session_from_spec(&spec, NULL);
		assert_true(forest_margin(&session.forest, row) == expected);
		forest_session_free(&session);
	}
}

static void
trees_of_different_depth_arrive_together(void **state)
{
	ModelSpec spec = rich_model();
	ForestSession session;
	/* What the trees of rich_model give: .125, then by feature 0, mixed, and feature 3. */
	static const struct
	{
		float row[4];
		float leaves[3];
	} cases[] = {{{1, -2, 0, 3}, {-1, 0.25f, -0.5f}}, {{2, -2, 1, 33}, {1, 2, 0.5f}},
	             {{2, -2, 1, 3}, {1, -3, -0.5f}},     {{NAN, NAN, NAN, NAN}, {-1, 0.25f, -0.5f}},
	             {{2, -1.5f, 9, 40}, {1, 4, -0.5f}},  {{2, NAN, 9, 1}, {1, -3, -0.5f}}};

	/* The same four trees, so that eight and then sixteen are in step. */
	for (int t = 4; t < 20; t++)
		spec.trees[t] = spec.trees[t % 4];
	for (spec.n_trees = 4; spec.n_trees <= 20; spec.n_trees += 4)
	{
		session = session_from_spec(&spec, NULL);
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		{
			float expected = session.forest.base_margin;

			for (int t = 0; t < spec.n_trees; t++)
				expected += t % 4 == 0 ? 0.125f : cases[i].leaves[t % 4 - 1];
			assert_true(forest_margin(&session.forest, cases[i].row) == expected);
		}
		forest_session_free(&session);
	}
}

static void
rows_may_lie_apart(void **state)
{
	ModelSpec spec = rich_model();
	ForestSession session = session_from_spec(&spec, NULL);
	float rows[3 * 7];
	float margins[3];

	for (int i = 0; i < 21; i++)
		rows[i] = (float) (i % 5) - 1;
	forest_margins(&session.forest, rows, 7, 3, margins);
	for (int i = 0; i < 3; i++)
		assert_true(margins[i] == forest_margin(&session.forest, rows + 7 * i));
	forest_session_free(&session);
}

static void
probability_is_the_calibrated_margin(void **state)
{
	static const float margins[] = {-2, 0, 1};
	static const double probabilities[] = {0.01, 0.2, 0.9};
	Calibration isotonic = {.method = CALIBRATION_ISOTONIC,
	                        .n_points = 3,
	                        .margins = margins,
	                        .probabilities = probabilities};
	Calibration platt = {.method = CALIBRATION_PLATT, .slope = 1.25, .intercept = -3};
	ModelSpec spec = rich_model();
	ForestSession session = session_from_spec(&spec, &isotonic);

	assert_true(forest_probability(&session.forest, 0) == 0.2);
	assert_true(forest_probability(&session.forest, 0.5f) == calibration_apply(&isotonic, 0.5f));
	forest_session_free(&session);
	session = session_from_spec(&spec, &platt);
	assert_true(forest_probability(&session.forest, 2) == calibration_apply(&platt, 2));
	forest_session_free(&session);
	session = session_from_spec(&spec, NULL);
	assert_true(forest_probability(&session.forest, 0) == 0.5);
	forest_session_free(&session);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(below_the_threshold_is_left),
	    cmocka_unit_test(missing_takes_the_default_direction),
	    cmocka_unit_test(a_category_of_the_set_is_right_and_any_other_value_left),
	    cmocka_unit_test(the_highest_category_counts),
	    cmocka_unit_test(leaves_are_added_in_tree_order_to_the_base_margin),
	    cmocka_unit_test(trees_of_different_depth_arrive_together),
	    cmocka_unit_test(rows_may_lie_apart),
	    cmocka_unit_test(probability_is_the_calibrated_margin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

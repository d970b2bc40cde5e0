/*
 * drawn_forest.h
 *		Forests drawn node by node, so that they have what XGBoost seldom makes, and the
 *		margins that they have by the book, for tests.
 */
#ifndef FRAUD_DETECT_TEST_DRAWN_FOREST_H
#define FRAUD_DETECT_TEST_DRAWN_FOREST_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/forest_layout.h"
#include "core/random.h"
#include "forest_session.h"

#define MAX_FEATURES 300
#define ROWS 100 /* a block and a part of one */

typedef struct Shape
{
	const char *name;
	uint32_t n_trees;
	uint32_t depth;
	double splits; /* share of nodes above the last level that are splits */
	uint32_t n_features;
	uint32_t n_values;  /* distinct thresholds of a feature; 0: many */
	double categorical; /* share of splits */
	uint32_t n_codes;
	ForestShape expected;
} Shape;

static const Shape shapes[] = {
    {"stumps", 3, 1, 1, 2, 3, 0, 0, FOREST_SHAPE_TOPS},
    {"one leaf each", 9, 0, 0, 1, 1, 0, 0, FOREST_SHAPE_TOPS},
    {"full depth 6", 40, 6, 1, 20, 40, 0, 0, FOREST_SHAPE_TOPS},
    {"a tile and one tree", 129, 3, 0.8, 20, 40, 0, 0, FOREST_SHAPE_TOPS},
    {"more than 64 slots", 40, 6, 0.9, 50, 40, 0, 0, FOREST_SHAPE_TOPS},
    {"more than 64 ranked features", 4, 5, 1, 100, 2, 0, 0, FOREST_SHAPE_TOPS},
    {"pages", 30, 6, 1, 3, 0, 0, 0, FOREST_SHAPE_TOPS},
    {"categories", 33, 6, 0.9, 8, 10, 0.5, 70, FOREST_SHAPE_TOPS},
    {"categories only", 9, 6, 0.9, 3, 1, 1, 5, FOREST_SHAPE_TOPS},
    {"depth 7", 17, 7, 0.9, 10, 30, 0, 0, FOREST_SHAPE_TAILS},
    {"full depth 8 with categories", 35, 8, 1, 12, 50, 0.3, 40, FOREST_SHAPE_TAILS},
    {"depth 8 with pages", 9, 8, 1, 3, 0, 0, 0, FOREST_SHAPE_TAILS},
    {"depth 12", 20, 12, 0.75, 30, 60, 0, 0, FOREST_SHAPE_CHUNKS},
    {"depth 12 with categories", 20, 12, 0.75, 30, 20, 0.4, 33, FOREST_SHAPE_CHUNKS},
    {"thin and deep", 150, 60, 0.3, 30, 40, 0.1, 9, FOREST_SHAPE_CHUNKS},
    {"more slots than a layout has", 40, 6, 1, 300, 9, 0, 0, FOREST_SHAPE_NONE},
};

/* A forest that is being drawn. */
typedef struct Draft
{
	Forest forest;
	uint32_t *roots;
	ForestNode *nodes;
	uint32_t *categories;
} Draft;

#define MAX_NODES 400000
#define MAX_WORDS 400000

static inline bool
chance(RandomState *random, double probability)
{
	return random_uniform(random) < probability;
}

static inline float
draw_threshold(RandomState *random, const Shape *shape)
{
	static const float odd[] = {0.0f,       -0.0f,     INFINITY, -INFINITY, 0x1p-149f,
	                            -0x1p-149f, 0x1p-126f, 3.4e38f,  -3.4e38f,  1};

	if (chance(random, 0.1))
		return odd[random_below(random, 10)];
	if (shape->n_values == 0)
		return (float) (random_uniform(random) * 100 - 50);
	return (float) random_below(random, shape->n_values) - (float) shape->n_values / 2;
}

static inline void
draw_set(RandomState *random, const Shape *shape, Draft *draft, ForestNode *node)
{
	uint32_t highest = (uint32_t) random_below(random, shape->n_codes);
	uint32_t *set = draft->categories + draft->forest.n_category_words;

	node->flags |= FOREST_NODE_CATEGORICAL;
	node->categories = draft->forest.n_category_words;
	set[0] = highest / 32 + 1;
	memset(set + 1, 0, set[0] * sizeof(uint32_t));
	for (uint32_t code = 0; code < highest; code++)
		set[1 + code / 32] |= (uint32_t) chance(random, 0.4) << code % 32;
	set[1 + highest / 32] |= 1u << highest % 32;
	draft->forest.n_category_words += 1 + set[0];
}

/* In breadth-first order; always one split at each level of the first branch, for the depth. */
static inline void
draw_tree(RandomState *random, const Shape *shape, Draft *draft)
{
	Forest *forest = &draft->forest;
	uint32_t first = forest->n_nodes++;
	uint32_t level_end = forest->n_nodes;
	uint32_t depth = 0;

	draft->roots[forest->n_trees++] = first;
	for (uint32_t i = first; i < forest->n_nodes; i++)
	{
		ForestNode *node = &draft->nodes[i];
		bool leads = i == first || i == level_end;

		if (i == level_end)
		{
			depth++;
			level_end = forest->n_nodes;
		}
		memset(node, 0, sizeof(*node));
		if (depth == shape->depth || !(leads || chance(random, shape->splits)))
		{
			node->value = (float) (random_uniform(random) - 0.5);
			continue;
		}
		node->left = forest->n_nodes - i;
		forest->n_nodes += 2;
		node->feature = (uint16_t) random_below(random, shape->n_features);
		node->flags = chance(random, 0.5) ? FOREST_NODE_DEFAULT_LEFT : 0;
		if (chance(random, shape->categorical))
			draw_set(random, shape, draft, node);
		else
			node->value = draw_threshold(random, shape);
	}
}

static inline void
draw_forest(RandomState *random, const Shape *shape, Draft *draft)
{
	memset(draft, 0, sizeof(*draft));
	draft->roots = malloc(shape->n_trees * sizeof(uint32_t));
	draft->nodes = malloc(MAX_NODES * sizeof(ForestNode));
	draft->categories = malloc(MAX_WORDS * sizeof(uint32_t));
	draft->forest.n_features = shape->n_features;
	draft->forest.base_margin = 0.25f;
	draft->forest.roots = draft->roots;
	draft->forest.nodes = draft->nodes;
	draft->forest.categories = draft->categories;
	for (uint32_t tree = 0; tree < shape->n_trees; tree++)
		draw_tree(random, shape, draft);
	assert_true(draft->forest.n_nodes <= MAX_NODES);
	assert_true(draft->forest.n_category_words <= MAX_WORDS);
}

static inline void
free_draft(Draft *draft)
{
	free(draft->roots);
	free(draft->nodes);
	free(draft->categories);
}

static inline ForestSession
session_of(const Forest *forest)
{
	ForestSession session;
	CoreError error;
	void *image;

	if (!forest_image_from_forest(forest, &core_malloc_allocator, &image, &session.size, &error))
		fail_msg("%s", error.message);
	session.image = forest_session_align(image, session.size);
	free(image);
	if (!forest_session_open(&session, &error))
		fail_msg("%s", error.message);
	return session;
}
static inline float
draw_value(RandomState *random, const Shape *shape)
{
	static const float odd[] = {NAN, NAN, INFINITY, -INFINITY, 1e10f, 16777216, -1, 0.5f};

	if (chance(random, 0.2))
		return odd[random_below(random, 8)];
	if (shape->n_codes > 0 && chance(random, 0.5))
		return (float) random_below(random, shape->n_codes + 3);
	return draw_threshold(random, shape);
}

/* XGBoost's rule, written down once more, as plainly as can be. */
static inline float
margin_by_the_book(const Forest *forest, const float *row)
{
	float margin = forest->base_margin;

	for (uint32_t tree = 0; tree < forest->n_trees; tree++)
	{
		const ForestNode *node = &forest->nodes[forest->roots[tree]];

		while (node->left != 0)
		{
			float x = row[node->feature];
			const uint32_t *set = forest->categories + node->categories;
			bool left = x < node->value;

			if (node->flags & FOREST_NODE_CATEGORICAL)
				left = !(x >= 0 && x < 32.0f * (float) set[0] &&
				         set[1 + (uint32_t) x / 32] >> (uint32_t) x % 32 & 1);
			if (isnan(x))
				left = node->flags & FOREST_NODE_DEFAULT_LEFT;
			node += node->left + !left;
		}
		margin += node->value;
	}
	return margin;
}

static inline void
compare_paths(Forest *forest, const Shape *shape, const float *rows, size_t stride, size_t n)
{
	for (int path = 0; path < FOREST_PATHS; path++)
	{
		float margins[ROWS];

		if (!forest_use_path(forest, (ForestPath) path))
			continue;
		forest_margins(forest, rows, stride, n, margins);
		for (size_t r = 0; r < n; r++)
		{
			float expected = margin_by_the_book(forest, rows + r * stride);
			float alone = forest_margin(forest, rows + r * stride);

			if (memcmp(&margins[r], &expected, sizeof(float)) != 0 ||
			    memcmp(&alone, &expected, sizeof(float)) != 0)
				fail_msg("%s, %s, row %zu: %a in a block and %a alone instead of %a", shape->name,
				         forest_path_name((ForestPath) path), r, margins[r], alone, expected);
		}
	}
}

#endif

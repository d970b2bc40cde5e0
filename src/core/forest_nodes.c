/*
 * forest_nodes.c
 *		Evaluates the plain nodes of a forest: on any machine, and any forest.
 *
 * As XGBoost's CPU predictor does (src/predictor/cpu_predictor.cc, predict_fn.h,
 * src/common/categorical.h, tags v1.7.4 to v3.4.1): a missing value takes the
 * default direction; x < threshold goes left; a category in the set goes
 * right, any other value left; leaves are added in float32, in tree order, to
 * the base margin.
 *
 * The walk down one tree is a chain of dependent loads. Several trees are
 * walked in step, so that their chains overlap; each step picks a child
 * without branching. A leaf stays where it is until the others have arrived.
 */
#include "core/forest_decision.h"
#include "core/forest_slots.h"

#include <float.h>

/* Sums with excess precision would not be XGBoost's: on 32-bit x86, build with -msse2 -mfpmath=sse. */
#if FLT_EVAL_METHOD == 1 || FLT_EVAL_METHOD == 2
#error "fraud_detect needs float arithmetic in the precision of float"
#endif

#define TREES_IN_STEP 8

/* From a node one step down; from a leaf to itself. */
static inline const ForestNode *
next_node(const ForestNode *node, const float *row, const uint32_t *categories)
{
	return node + node->left + (goes_right(node, row, categories) & (node->left != 0));
}

static inline const ForestNode *
find_leaf(const ForestNode *node, const float *row, const uint32_t *categories)
{
	while (node->left != 0)
		node = next_node(node, row, categories);
	return node;
}

/* Inlined twice, with and without categories, which the second never tests for. */
static inline __attribute__((always_inline)) float
sum_leaves(const Forest *forest, const float *row, const uint32_t *categories)
{
	const ForestNode *nodes = forest->nodes;
	const uint32_t *roots = forest->roots;
	float margin = forest->base_margin;
	uint32_t t = 0;

	for (; t + TREES_IN_STEP <= forest->n_trees; t += TREES_IN_STEP)
	{
		const ForestNode *at[TREES_IN_STEP];
		uint32_t moving;

		for (int k = 0; k < TREES_IN_STEP; k++)
			at[k] = nodes + roots[t + k];
		do
		{
			moving = 0;
			for (int k = 0; k < TREES_IN_STEP; k++)
			{
				at[k] = next_node(at[k], row, categories);
				moving |= at[k]->left;
			}
		} while (moving != 0);
		for (int k = 0; k < TREES_IN_STEP; k++)
			margin += at[k]->value;
	}
	for (; t < forest->n_trees; t++)
		margin += find_leaf(nodes + roots[t], row, categories)->value;
	return margin;
}

float
forest_margin_nodes(const Forest *forest, const float *row)
{
	if (forest->n_category_words > 0)
		return sum_leaves(forest, row, forest->categories);
	return sum_leaves(forest, row, NULL);
}

void
forest_margins_nodes(const Forest *forest, const float *rows, size_t stride, size_t n,
                     float *margins)
{
	for (size_t i = 0; i < n; i++)
		margins[i] = forest_margin_nodes(forest, rows + i * stride);
}

/*
 * forest_explain.c
 *		Contributions of features to the margin of a row (forest_explain.h).
 *
 * Node numbers are relative to the root of the tree at hand. `follows[i]` says
 * whether the row takes the way of the path to node i at all splits on the
 * feature by which i is reached: o in the formula; nodes[i].merged is z.
 *
 * At a point t, products[i] is the product over the distinct features of the path
 * to i of A = t * o + (1 - t) * z, and slopes[i] is (o - z) / A of the feature by
 * which i is reached. Hence
 *
 *	 for o = 1: slope = (1 - z) / A, and 1 / A = 1 + (1 - t) * slope
 *	 for o = 0: slope = -1 / (1 - t), whatever z is
 *
 * and no division by a z that is 0 ever happens.
 */
#include "core/forest_explain.h"

#include <string.h>

#include "core/forest_decision.h"

/* One tree, and the row's way through it. */
typedef struct ExplainedTree
{
	const ForestNode *nodes;
	const ExplainSplit *splits;
	uint32_t n_splits;
	uint8_t *follows;
	ExplainPoints *products;
	ExplainPoints *slopes;
} ExplainedTree;

/* At a split whose feature sent the row elsewhere before, neither child is on its way. */
static void
follow_row(const ExplainedTree *tree, const float *row, const uint32_t *categories)
{
	uint8_t *follows = tree->follows;

	follows[0] = 1;
	for (uint32_t k = 0; k < tree->n_splits; k++)
	{
		const ExplainSplit *split = &tree->splits[k];
		uint8_t before = follows[split->above];
		uint8_t right = (uint8_t) goes_right(&tree->nodes[split->node], row, categories);

		follows[2 * k + 1] = before & (right ^ 1);
		follows[2 * k + 2] = before & right;
	}
}

/* The row takes the child number hot: 0 for the left, 1 for the right one. */
static inline void
divide_on_path(const ExplainSplit *split, const ExplainRule *rule, uint32_t hot,
               const ExplainPoints *product, const ExplainPoints *above, ExplainPoints *products,
               ExplainPoints *slopes)
{
	uint32_t cold = 1 - hot;
	ExplainPoints without = *product * (1 + rule->unknown * *above);
	ExplainPoints factor = rule->known + rule->unknown * split->share[hot];

	products[hot] = without * factor * split->value[hot];
	products[cold] = without * rule->unknown * (split->share[cold] * split->value[cold]);
	slopes[hot] = (1 - split->share[hot]) / factor;
	slopes[cold] = rule->against;
}

/* The feature is against the row already: nothing but the cover is divided. */
static inline void
divide_off_path(const ExplainSplit *split, const ExplainRule *rule, const ExplainPoints *product,
                ExplainPoints *products, ExplainPoints *slopes)
{
	for (int child = 0; child < 2; child++)
	{
		products[child] = *product * (split->fraction[child] * split->value[child]);
		slopes[child] = rule->against;
	}
}

static void
go_down(const ExplainedTree *tree, const ExplainRule *rule)
{
	tree->products[0] = rule->weights;
	tree->slopes[0] = 0 * rule->weights;
	for (uint32_t k = 0; k < tree->n_splits; k++)
	{
		const ExplainSplit *split = &tree->splits[k];
		const ExplainPoints *product = &tree->products[split->node];
		ExplainPoints *products = &tree->products[2 * k + 1];
		ExplainPoints *slopes = &tree->slopes[2 * k + 1];

		if (tree->follows[split->above])
			divide_on_path(split, rule, tree->follows[2 * k + 2], product,
			               &tree->slopes[split->above], products, slopes);
		else
			divide_off_path(split, rule, product, products, slopes);
	}
}

/* On the way up products[i] becomes the sum over the leaves below i. */
static void
go_up(const ExplainedTree *tree, double *contributions)
{
	for (uint32_t k = tree->n_splits; k-- > 0;)
	{
		const ExplainSplit *split = &tree->splits[k];
		const ExplainPoints *products = &tree->products[2 * k + 1];
		const ExplainPoints *slopes = &tree->slopes[2 * k + 1];

		/* Where the feature was against the row already, all three slopes are the same. */
		if (tree->follows[split->above])
		{
			ExplainPoints before = tree->slopes[split->above];
			ExplainPoints parts =
			    products[0] * (slopes[0] - before) + products[1] * (slopes[1] - before);

			contributions[split->feature] += (parts[0] + parts[2]) + (parts[1] + parts[3]);
		}
		tree->products[split->node] = products[0] + products[1];
	}
}

void
forest_explain(ForestExplainer *explainer, const float *row, double *contributions)
{
	const Forest *forest = &explainer->forest;
	const uint32_t *categories = forest->n_category_words > 0 ? forest->categories : NULL;

	memset(contributions, 0, forest->n_features * sizeof(double));
	for (uint32_t t = 0; t < forest->n_trees; t++)
	{
		uint32_t first = forest->roots[t];
		uint32_t last = t + 1 < forest->n_trees ? forest->roots[t + 1] : forest->n_nodes;
		const ExplainRule *rules = explainer->rules + explain_rules(explainer->n_rules[t]);
		ExplainedTree tree = {.nodes = forest->nodes + first,
		                      .splits = explainer->splits + explain_splits(t, first),
		                      .n_splits = (last - first) / 2,
		                      .follows = explainer->follows,
		                      .products = explainer->products,
		                      .slopes = explainer->slopes};

		follow_row(&tree, row, categories);
		for (uint32_t r = 0; r < explainer->n_rules[t]; r++)
		{
			go_down(&tree, &rules[r]);
			go_up(&tree, contributions);
		}
	}
}

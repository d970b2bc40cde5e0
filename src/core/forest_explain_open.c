/*
 * forest_explain_open.c
 *		Makes the explainer of a forest from the model's own document, which has the
 *		covers: verifies that its trees are the forest's, and lays out what an
 *		explanation needs of each node.
 */
#include "core/forest_explain.h"

#include <math.h>
#include <string.h>

#include "core/forest_image.h"
#include "core/forest_layout.h"
#include "core/xgboost_model.h"

/* Covers are rounded sums: a child's may be a little above its parent's, and counts as equal. */
#define MOST_FRACTION 1.001

/* The way from the root of a tree to a node, and what is written along it. */
typedef struct PathWalk
{
	const ForestNode *nodes; /* of the tree at hand */
	const XgboostNode *covers;
	ExplainSplit *splits;
	uint32_t *numbers; /* by node: a split's number among the splits; for another node nothing */
	uint32_t *latest;  /* by feature: the last node on the path that was reached by it; 0: none */
	uint32_t n_distinct;
	uint32_t most_distinct;
} PathWalk;

/* Rules */

/* Legendre's polynomial of degree n at x, and its derivative. */
static double
legendre(uint32_t n, double x, double *derivative)
{
	double before = 1;
	double value = x;

	for (uint32_t k = 2; k <= n; k++)
	{
		double next = ((2 * k - 1) * x * value - (k - 1) * before) / k;

		before = value;
		value = next;
	}
	*derivative = n * (x * value - before) / (x * x - 1);
	return value;
}

/* The rule of n fours, exact for polynomials of degree 8 n - 1, on the interval from 0 to 1. */
static void
write_rule(uint32_t n, ExplainRule *rules)
{
	uint32_t n_points = n * EXPLAIN_POINTS;

	for (uint32_t i = 0; i < n_points; i++)
	{
		ExplainRule *rule = &rules[i / EXPLAIN_POINTS];
		uint32_t q = i % EXPLAIN_POINTS;
		double x = cos(3.14159265358979323846 * (i + 0.75) / (n_points + 0.5));
		double derivative;

		/* Newton's method: quadratic, and the start is good to three digits. */
		for (int step = 0; step < 8; step++)
			x -= legendre(n_points, x, &derivative) / derivative;
		legendre(n_points, x, &derivative);
		rule->known[q] = (1 + x) / 2;
		rule->unknown[q] = (1 - x) / 2;
		rule->against[q] = -2 / (1 - x);
		rule->weights[q] = 1 / ((1 - x * x) * derivative * derivative);
	}
}

static void
write_rules(uint32_t most, ExplainRule *rules)
{
	for (uint32_t n = 1; n <= most; n++)
		write_rule(n, rules + explain_rules(n));
}

/* Paths */

static bool
fail_cover(uint32_t t, CoreError *error)
{
	return core_fail(error, "the covers of tree %u are not those of a tree", t);
}

static bool
verify_covers(const XgboostTree *tree, uint32_t t, CoreError *error)
{
	for (uint32_t i = 0; i < tree->n_nodes; i++)
	{
		const XgboostNode *node = &tree->nodes[i];

		if (node->left == 0)
			continue;
		if (!(node->cover > 0 && isfinite(node->cover)))
			return fail_cover(t, error);
		for (uint32_t child = node->left; child <= node->left + 1; child++)
			if (!(tree->nodes[child].cover >= 0 &&
			      tree->nodes[child].cover <= MOST_FRACTION * node->cover))
				return fail_cover(t, error);
	}
	return true;
}

/* Splits in the order of the nodes, with what does not depend on the path. */
static void
write_splits(PathWalk *walk, uint32_t n_nodes)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < n_nodes; i++)
	{
		const ForestNode *node = &walk->nodes[i];
		ExplainSplit *split = &walk->splits[k];

		if (node->left == 0)
			continue;
		memset(split, 0, sizeof(*split));
		split->node = i;
		split->feature = node->feature;
		for (uint32_t child = 0; child < 2; child++)
		{
			uint32_t at = i + node->left + child;

			split->fraction[child] =
			    fmin((double) walk->covers[at].cover / (double) walk->covers[i].cover, 1);
			split->value[child] = walk->nodes[at].left == 0 ? (double) walk->nodes[at].value : 1;
		}
		walk->numbers[i] = k++;
	}
}

/* The split that has this node, which is not the root, as a child. */
static ExplainSplit *
parent_of(const PathWalk *walk, uint32_t node)
{
	return &walk->splits[(node - 1) / 2];
}

/* The share of cover that follows the path at all splits on the feature that the node is reached by. */
static double
share_of(const PathWalk *walk, uint32_t node)
{
	return node == 0 ? 1 : parent_of(walk, node)->share[(node - 1) % 2];
}

static void
enter_split(PathWalk *walk, ExplainSplit *split)
{
	split->above = walk->latest[split->feature];
	for (uint32_t child = 0; child < 2; child++)
		split->share[child] = split->fraction[child] * share_of(walk, split->above);
	walk->n_distinct += split->above == 0;
	if (walk->n_distinct > walk->most_distinct)
		walk->most_distinct = walk->n_distinct;
}

static void
leave_split(PathWalk *walk, const ExplainSplit *split)
{
	walk->latest[split->feature] = split->above;
	walk->n_distinct -= split->above == 0;
}

/* Goes on to a child; returns it. */
static uint32_t
enter_child(PathWalk *walk, const ExplainSplit *split, uint32_t child)
{
	uint32_t node = split->node + walk->nodes[split->node].left + child;

	walk->latest[split->feature] = node;
	return node;
}

/* Depth first, left before right, without a stack: a node's number leads to its parent. */
static void
walk_paths(PathWalk *walk)
{
	uint32_t at = 0;

	for (;;)
	{
		if (walk->nodes[at].left != 0)
		{
			ExplainSplit *split = &walk->splits[walk->numbers[at]];

			enter_split(walk, split);
			at = enter_child(walk, split, 0);
			continue;
		}
		/* Even numbers are right children. */
		while (at != 0 && at % 2 == 0)
		{
			leave_split(walk, parent_of(walk, at));
			at = parent_of(walk, at)->node;
		}
		if (at == 0)
			return;
		at = enter_child(walk, parent_of(walk, at), 1);
	}
}

/* What is expected of a tree: its leaves by their share of cover. */
static double
expected_leaf(const PathWalk *walk, uint32_t n_splits, ExplainPoints *shares)
{
	double sum = 0;

	if (n_splits == 0)
		return (double) walk->nodes[0].value;
	shares[0][0] = 1;
	for (uint32_t k = 0; k < n_splits; k++)
	{
		const ExplainSplit *split = &walk->splits[k];

		for (uint32_t child = 0; child < 2; child++)
		{
			uint32_t at = 2 * k + 1 + child;

			shares[at][0] = shares[split->node][0] * split->fraction[child];
			if (walk->nodes[at].left == 0)
				sum += shares[at][0] * split->value[child];
		}
	}
	return sum;
}

/* Making */

/* The arrays of an explainer while they are written. */
typedef struct ExplainerDraft
{
	ExplainSplit *splits;
	uint32_t *n_rules;
	ExplainRule *rules;
} ExplainerDraft;

static uint32_t
largest_tree(const XgboostModel *model)
{
	uint32_t most = 1;

	for (uint32_t t = 0; t < model->n_trees; t++)
		if (model->trees[t].n_nodes > most)
			most = model->trees[t].n_nodes;
	return most;
}

static bool
allocate_explainer(const Forest *forest, uint32_t most_nodes, const CoreAllocator *allocator,
                   ForestExplainer *explainer, ExplainerDraft *draft, CoreError *error)
{
	void *context = allocator->context;

	explainer->splits = draft->splits = allocator->allocate(
	    context, explain_splits(forest->n_trees, forest->n_nodes) * sizeof(ExplainSplit));
	explainer->n_rules = draft->n_rules =
	    allocator->allocate(context, (size_t) forest->n_trees * sizeof(uint32_t));
	explainer->follows = allocator->allocate(context, most_nodes);
	explainer->products = allocator->allocate(context, (size_t) most_nodes * sizeof(ExplainPoints));
	explainer->slopes = allocator->allocate(context, (size_t) most_nodes * sizeof(ExplainPoints));
	if (explainer->splits == NULL || explainer->n_rules == NULL || explainer->follows == NULL ||
	    explainer->products == NULL || explainer->slopes == NULL)
		return core_fail(error, "out of memory");
	return true;
}

static bool
draft_trees(const Forest *forest, const XgboostModel *model, PathWalk *walk, ExplainerDraft *draft,
            ForestExplainer *explainer, CoreError *error)
{
	memset(walk->latest, 0, forest->n_features * sizeof(uint32_t));
	explainer->expected = (double) forest->base_margin;
	for (uint32_t t = 0; t < forest->n_trees; t++)
	{
		const XgboostTree *tree = &model->trees[t];

		if (!verify_covers(tree, t, error))
			return false;
		walk->nodes = forest->nodes + forest->roots[t];
		walk->covers = tree->nodes;
		walk->splits = draft->splits + explain_splits(t, forest->roots[t]);
		write_splits(walk, tree->n_nodes);
		walk->most_distinct = 0;
		walk_paths(walk);
		if (walk->most_distinct > EXPLAIN_MAX_PATH)
			return core_fail(error,
			                 "tree %u asks %u features on one path; at most %d can be explained", t,
			                 walk->most_distinct, EXPLAIN_MAX_PATH);
		/* A rule of n fours is good for 8 n features. */
		draft->n_rules[t] = (walk->most_distinct + 2 * EXPLAIN_POINTS - 1) / (2 * EXPLAIN_POINTS);
		explainer->expected += expected_leaf(walk, tree->n_nodes / 2, explainer->products);
	}
	return true;
}

static bool
draft_rules(const Forest *forest, const CoreAllocator *allocator, ExplainerDraft *draft,
            ForestExplainer *explainer, CoreError *error)
{
	uint32_t most = 0;

	for (uint32_t t = 0; t < forest->n_trees; t++)
		if (draft->n_rules[t] > most)
			most = draft->n_rules[t];
	explainer->rules = draft->rules =
	    allocator->allocate(allocator->context, explain_rules(most + 1) * sizeof(ExplainRule));
	if (explainer->rules == NULL)
		return core_fail(error, "out of memory");
	write_rules(most, draft->rules);
	return true;
}

static bool
explainer_of_model(const Forest *forest, const XgboostModel *model, const CoreAllocator *allocator,
                   const CoreAllocator *scratch, ForestExplainer *explainer, CoreError *error)
{
	uint32_t most_nodes = largest_tree(model);
	PathWalk walk = {0};
	ExplainerDraft draft = {0};
	bool ok = forest_is_of_model(forest, model, scratch, error) &&
	          allocate_explainer(forest, most_nodes, allocator, explainer, &draft, error);

	if (!ok)
		return false;
	walk.numbers = scratch->allocate(scratch->context, (size_t) most_nodes * sizeof(uint32_t));
	walk.latest =
	    scratch->allocate(scratch->context, (size_t) forest->n_features * sizeof(uint32_t));
	if (walk.numbers == NULL || walk.latest == NULL)
		ok = core_fail(error, "out of memory");
	ok = ok && draft_trees(forest, model, &walk, &draft, explainer, error) &&
	     draft_rules(forest, allocator, &draft, explainer, error);
	scratch->release(scratch->context, walk.numbers);
	scratch->release(scratch->context, walk.latest);
	return ok;
}

bool
forest_explainer_open(const Forest *forest, const void *model, size_t model_size,
                      const CoreAllocator *allocator, const CoreAllocator *scratch,
                      ForestExplainer *explainer, CoreError *error)
{
	XgboostModel trees;
	bool ok;

	memset(explainer, 0, sizeof(*explainer));
	explainer->forest = *forest;
	explainer->forest.made_nodes = NULL;
	if (!xgboost_model_read(model, model_size, scratch, &trees, error))
		return false;
	ok = forest_make_nodes(&explainer->forest, allocator, error) &&
	     explainer_of_model(&explainer->forest, &trees, allocator, scratch, explainer, error);
	xgboost_model_release(&trees, scratch);
	if (!ok)
		forest_explainer_close(explainer, allocator);
	return ok;
}

void
forest_explainer_close(ForestExplainer *explainer, const CoreAllocator *allocator)
{
	forest_release_nodes(&explainer->forest, allocator);
	allocator->release(allocator->context, (void *) explainer->splits);
	allocator->release(allocator->context, (void *) explainer->n_rules);
	allocator->release(allocator->context, (void *) explainer->rules);
	allocator->release(allocator->context, explainer->follows);
	allocator->release(allocator->context, explainer->products);
	allocator->release(allocator->context, explainer->slopes);
	memset(explainer, 0, sizeof(*explainer));
}

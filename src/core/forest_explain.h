/*
 * forest_explain.h
 *		Why a row has the margin that it has: what each feature contributes to it.
 *
 * Exact Shapley values of the game that TreeSHAP plays (path-dependent: Lundberg
 * et al., "From local explanations to global understanding with explainable AI
 * for trees", 2020, Algorithm 2; XGBoost's pred_contribs): a coalition of
 * features is worth the expected margin of the row if only these are known;
 * below a split on an unknown feature, both children count by their covers.
 *
 * A game is a sum over leaves. At a leaf whose path asks d distinct features, let
 * z[j] be the share of cover that follows the path at the splits on feature j,
 * and o[j] be 1 if the row follows it at all of them, else 0. Its game is leaf *
 * product over j of (o[j] if j is known, else z[j]), and the Shapley value of j
 * is an integral (Owen, "Multilinear extensions of games", 1972):
 *
 *	 leaf * integral over t from 0 to 1 of
 *	   (o[j] - z[j]) * product over k <> j of (t * o[k] + (1 - t) * z[k])
 *
 * The integrand is a polynomial of degree d - 1, for which Gauss and Legendre's
 * rule with d / 2 points is exact. At one point, products over paths are
 * computed on the way down a tree and summed over leaves on the way up, so a tree
 * takes time in proportion to its nodes times d / 2, instead of leaves times d^2.
 * (Yu et al., "Linear TreeShap", 2022, has the two ways; integrating instead of
 * dividing polynomials keeps all terms positive, so nothing cancels in deep trees.)
 */
#ifndef FRAUD_DETECT_FOREST_EXPLAIN_H
#define FRAUD_DETECT_FOREST_EXPLAIN_H

#include "core/forest.h"

/* More distinct features on a way from root to leaf are refused. */
#define EXPLAIN_MAX_PATH 512

/* Points are taken in fours: one or two vector registers of any machine. */
#define EXPLAIN_POINTS 4

/* Needs the alignment of a double only, as memory of any allocator has it. */
typedef double ExplainPoints
    __attribute__((vector_size(EXPLAIN_POINTS * sizeof(double)), aligned(sizeof(double))));

/* Four points of a rule; t and 1 - t are both kept to full precision. */
typedef struct ExplainRule
{
	ExplainPoints known;   /* t */
	ExplainPoints unknown; /* 1 - t */
	ExplainPoints against; /* -1 / (1 - t): (o - z) / (t * o + (1 - t) * z) for o = 0 */
	ExplainPoints weights;
} ExplainRule;

/*
 * What is to be known of a split, in the order of its tree's nodes. Of its children,
 * the left and the right one: the k-th split of a tree has the nodes 2 k + 1 and 2 k + 2.
 * Nodes are numbered from the root of their tree.
 */
typedef struct ExplainSplit
{
	double fraction[2]; /* of the cover that comes here */
	double share[2];    /* product of such fractions over the splits on this feature on the path */
	double value[2];    /* of a leaf; 1 for a split */
	uint32_t node;
	uint32_t above; /* the last node on the path here that was reached by this feature; 0: none */
	uint32_t feature;
	uint32_t reserved;
} ExplainSplit;

typedef struct ForestExplainer
{
	Forest forest;              /* with its nodes */
	double expected;            /* margin that is expected of a row of which nothing is known */
	const ExplainSplit *splits; /* of all trees */
	const uint32_t *n_rules;    /* of each tree: fours of points that it takes */
	const ExplainRule *rules;   /* of 1 four, of 2 fours, ...: see explain_rules() */

	/* Working memory, of as many elements as the largest tree has nodes. */
	uint8_t *follows;
	ExplainPoints *products;
	ExplainPoints *slopes;
} ForestExplainer;

/*
 * The image does not hold covers, so an explainer is made from the model's own
 * document (xgboost_model.h), which has to have the very trees of the forest.
 * What stays comes from the allocator, at most 96 bytes for each split and little more;
 * what does not from scratch. The forest must outlive the explainer. Any bytes
 * give an explainer or false with the reason. O(document).
 */
extern bool forest_explainer_open(const Forest *forest, const void *model, size_t model_size,
                                  const CoreAllocator *allocator, const CoreAllocator *scratch,
                                  ForestExplainer *explainer, CoreError *error);
extern void forest_explainer_close(ForestExplainer *explainer, const CoreAllocator *allocator);

/*
 * The contribution of each of the n_features of a row (NaN is missing) to its
 * margin: they add up to the margin minus explainer->expected, but for rounding
 * (the margin is a float32 sum, these are float64). Not for two threads at once.
 */
extern void forest_explain(ForestExplainer *explainer, const float *row, double *contributions);

/* Where the rule of n fours begins among the rules. */
static inline size_t
explain_rules(uint32_t n)
{
	return n > 0 ? (size_t) n * (n - 1) / 2 : 0;
}

/* Splits before tree t, whose root is the node first: a tree has one leaf more than splits. */
static inline size_t
explain_splits(uint32_t t, uint32_t first)
{
	return (first - t) / 2;
}

#endif

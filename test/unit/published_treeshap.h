/*
 * published_treeshap.h
 *		TreeSHAP as it was published (Lundberg et al. 2018, Algorithm 2), in float64, on
 *		the trees of a model document: another way to the same numbers, for tests to
 *		compare with and benchmarks to be measured against.
 */
#ifndef FRAUD_DETECT_TEST_PUBLISHED_TREESHAP_H
#define FRAUD_DETECT_TEST_PUBLISHED_TREESHAP_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/xgboost_model.h"

#define PUBLISHED_MAX_PATH 64

typedef struct PathElement
{
	int64_t feature;
	double zero;
	double one;
	double weight;
} PathElement;

static inline bool
published_goes_right(const XgboostTree *tree, const XgboostNode *node, float x)
{
	if (isnan(x))
		return !node->default_left;
	if (!node->is_categorical)
		return !(x < node->value);
	for (uint32_t i = 0; i < node->n_categories; i++)
		if (x >= 0 && x < XGBOOST_MAX_CATEGORY &&
		    tree->categories[node->first_category + i] == (uint32_t) x)
			return true;
	return false;
}

static inline void
published_extend(PathElement *path, int length, double zero, double one, int64_t feature)
{
	path[length] = (PathElement){feature, zero, one, length == 0 ? 1 : 0};
	for (int i = length - 1; i >= 0; i--)
	{
		path[i + 1].weight += one * path[i].weight * (i + 1) / (length + 1);
		path[i].weight = zero * path[i].weight * (length - i) / (length + 1);
	}
}

static inline void
published_unwind(PathElement *path, int length, int at)
{
	double one = path[at].one;
	double zero = path[at].zero;
	double next = path[length].weight;

	for (int i = length - 1; i >= 0; i--)
	{
		if (one != 0)
		{
			double weight = path[i].weight;

			path[i].weight = next * (length + 1) / ((i + 1) * one);
			next = weight - path[i].weight * zero * (length - i) / (length + 1);
		}
		else
			path[i].weight = path[i].weight * (length + 1) / (zero * (length - i));
	}
	for (int i = at; i < length; i++)
	{
		path[i].feature = path[i + 1].feature;
		path[i].zero = path[i + 1].zero;
		path[i].one = path[i + 1].one;
	}
}

/* The sum of the weights of the path without one of its elements. */
static inline double
published_unwound_sum(const PathElement *path, int length, int at)
{
	double one = path[at].one;
	double zero = path[at].zero;
	double next = path[length].weight;
	double total = 0;

	for (int i = length - 1; i >= 0; i--)
	{
		if (one != 0)
		{
			double weight = next * (length + 1) / ((i + 1) * one);

			total += weight;
			next = path[i].weight - weight * zero * (length - i) / (length + 1);
		}
		else
			total += path[i].weight * (length + 1) / (zero * (length - i));
	}
	return total;
}

static inline void
published_walk(const XgboostTree *tree, const float *row, uint32_t at, const PathElement *before,
               int length, double zero, double one, int64_t feature, double *contributions)
{
	const XgboostNode *node = &tree->nodes[at];
	PathElement path[PUBLISHED_MAX_PATH + 2];
	uint32_t hot;
	uint32_t cold;
	int found = 1;
	double inner_zero = 1;
	double inner_one = 1;

	if (length > PUBLISHED_MAX_PATH)
		abort();
	memcpy(path, before, (size_t) length * sizeof(PathElement));
	published_extend(path, length, zero, one, feature);
	if (node->left == 0)
	{
		for (int i = 1; i <= length; i++)
			contributions[path[i].feature] += published_unwound_sum(path, length, i) *
			                                  (path[i].one - path[i].zero) * (double) node->value;
		return;
	}
	hot = node->left + published_goes_right(tree, node, row[node->feature]);
	cold = 2 * node->left + 1 - hot;
	while (found <= length && path[found].feature != (int64_t) node->feature)
		found++;
	if (found <= length)
	{
		inner_zero = path[found].zero;
		inner_one = path[found].one;
		published_unwind(path, length, found);
		length--;
	}
	published_walk(tree, row, hot, path, length + 1,
	               inner_zero * (double) tree->nodes[hot].cover / (double) node->cover, inner_one,
	               node->feature, contributions);
	published_walk(tree, row, cold, path, length + 1,
	               inner_zero * (double) tree->nodes[cold].cover / (double) node->cover, 0,
	               node->feature, contributions);
}

/* Contributions of the n_features of a row; covers have to be positive. */
static inline void
published_treeshap(const XgboostModel *model, const float *row, double *contributions)
{
	memset(contributions, 0, model->n_features * sizeof(double));
	for (uint32_t t = 0; t < model->n_trees; t++)
		published_walk(&model->trees[t], row, 0, NULL, 0, 1, 1, -1, contributions);
}

#endif

/*
 * forest_decision.h
 *		Which way a row goes at a split: the one definition for whoever walks plain
 *		nodes. As XGBoost has it (src/predictor/predict_fn.h, src/common/categorical.h).
 */
#ifndef FRAUD_DETECT_FOREST_DECISION_H
#define FRAUD_DETECT_FOREST_DECISION_H

#include "core/forest_layout.h"

/* 1 for the right child. The conversion is safe: only values from 0 to below 2^24 get there. */
static inline uint32_t
category_goes_right(const uint32_t *set, float x)
{
	uint32_t category;

	if (!(x >= 0 && x < (float) FOREST_MAX_CATEGORY))
		return 0;
	category = (uint32_t) x;
	if (category / 32 >= set[0])
		return 0;
	return set[1 + category / 32] >> category % 32 & 1;
}

/* 1 for the right child, without a branch on data. categories is NULL where no split is categorical. */
static inline uint32_t
goes_right(const ForestNode *node, const float *row, const uint32_t *categories)
{
	float x = row[node->feature];
	uint32_t default_left = node->flags & FOREST_NODE_DEFAULT_LEFT;
	uint32_t missing = x != x;
	uint32_t right = !(x < node->value);

	if (categories != NULL && (node->flags & FOREST_NODE_CATEGORICAL))
		right = category_goes_right(categories + node->categories, x) | missing;
	return right & ~(missing & default_left);
}

#endif

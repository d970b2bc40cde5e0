/*
 * xgboost_model.h
 *		An XGBoost model document (UBJSON) as plain trees.
 *
 * Accepts what XGBoosterSaveModelToBuffer writes with {"format": "ubj"} from
 * 1.7 to 3.x for booster gbtree (random forests too), one output and objective
 * binary:logistic. Everything else is an error that says what was found.
 *
 * Invariants of a model that was read: nodes of a tree are in breadth-first
 * order without gaps (deleted nodes are gone), the children of a node are
 * adjacent and behind it, every node but the first has one parent; features are
 * below n_features; thresholds are not NaN; leaves and the base margin are
 * finite; categories are below XGBOOST_MAX_CATEGORY, and a set is not empty.
 */
#ifndef FRAUD_DETECT_XGBOOST_MODEL_H
#define FRAUD_DETECT_XGBOOST_MODEL_H

#include "core/core.h"

/* Where float32 stops telling integers apart; XGBoost treats what is not below it as invalid. */
#define XGBOOST_MAX_CATEGORY 16777216

/* More than anyone trains, and few enough that sizes of arrays fit 32 bits. */
#define XGBOOST_MAX_TREES (1 << 24)
#define XGBOOST_MAX_TREE_NODES (1 << 26)

typedef struct XgboostNode
{
	float value;   /* threshold (below it: left), leaf value, or 0 for a categorical split */
	uint32_t left; /* index of the left child, the right one follows; 0 for a leaf */
	uint32_t feature;
	bool default_left; /* where a missing value goes */
	bool is_categorical;
	uint32_t first_category; /* index into the tree's categories: these go right */
	uint32_t n_categories;
	float cover; /* sum of the hessians of the rows that came here, as it stands; NaN if not told */
} XgboostNode;

typedef struct XgboostTree
{
	uint32_t n_nodes;
	uint32_t n_categories;
	const XgboostNode *nodes;
	const uint32_t *categories;
} XgboostTree;

typedef struct XgboostModel
{
	uint32_t version[3]; /* of the XGBoost that wrote the document */
	uint32_t n_features;
	uint32_t n_trees; /* in the order in which XGBoost sums them */
	float base_margin;
	const XgboostTree *trees;
} XgboostModel;

/*
 * Reads a document. Memory comes from the allocator, at most a few times the
 * document's size, and is released by xgboost_model_release; on failure all of
 * it has been released. O(document).
 */
extern bool xgboost_model_read(const void *document, size_t size, const CoreAllocator *allocator,
                               XgboostModel *model, CoreError *error);
extern void xgboost_model_release(XgboostModel *model, const CoreAllocator *allocator);

#endif

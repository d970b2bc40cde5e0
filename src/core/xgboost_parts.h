/*
 * xgboost_parts.h
 *		Parts of reading an XGBoost model document: a tree, a number written as
 *		text, the base score. Private to xgboost_model.c.
 */
#ifndef FRAUD_DETECT_XGBOOST_PARTS_H
#define FRAUD_DETECT_XGBOOST_PARTS_H

#include "core/ubj.h"
#include "core/xgboost_model.h"

/*
 * Reads the object whose begin was just read; it has to carry `index` as its
 * id. Features are not checked against an upper bound, which the document tells
 * only after its trees. On success the tree's arrays belong to the caller. On failure the reason
 * is in *error and nothing is left allocated.
 */
extern bool xgboost_tree_read(UbjReader *reader, uint32_t index, const CoreAllocator *allocator,
                              XgboostTree *tree, CoreError *error);

/* A decimal integer written as text, as XGBoost writes its parameters. */
extern bool xgboost_text_to_integer(UbjText text, int64_t *value);

/* The base margin for the base_score of a binary:logistic model that this version wrote. */
extern bool xgboost_base_margin(UbjText base_score, const uint32_t version[3], float *margin,
                                CoreError *error);

#endif

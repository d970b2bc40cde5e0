/*
 * baseline.h
 *		What a version keeps of the data it was trained on, so that later rows can be
 *		compared with it: profiles of the features and of the scores.
 */
#ifndef FRAUD_DETECT_BASELINE_H
#define FRAUD_DETECT_BASELINE_H

#include "core/ranking.h"
#include "pg/profile.h"
#include "training/feature_rows.h"

/* Rows of the training part that the features' profile is made of, at most; and values in them. */
#define BASELINE_ROWS 100000
#define BASELINE_VALUES (16 * 1024 * 1024)

/*
 * Of the features as the model sees them, categories by value: rows of the training part at equal
 * distances in its order, which is that of time and content. In CurrentMemoryContext.
 */
extern text *baseline_of_features(FeatureRows *rows);

/* Of scores that training did not see: a number "score". Rows descend. */
extern text *baseline_of_scores(const ScoredRow *rows, uint64 n);

#endif

/*
 * memory_estimate.h
 *		How much memory a training will take, before it is taken.
 */
#ifndef FRAUD_DETECT_MEMORY_ESTIMATE_H
#define FRAUD_DETECT_MEMORY_ESTIMATE_H

#include "training/feature_rows.h"
#include "training/parameters.h"

/* A model exists so often until it is registered: trees, documents, images. */
#define MODEL_COPIES 6

/*
 * 53400 where the estimate of the peak (docs/training.md gives the formula) is above
 * fraud_detect.max_training_memory, with both figures and the largest parts.
 */
extern void memory_estimate_check(const FeatureRows *rows, const RowFacts *facts,
                                  const TrainingParameters *parameters);

/*
 * While the source is read: 53400 where what has to be held of the rows so far
 * is above the setting already.
 */
extern void memory_reading_check(const RowFacts *facts, const ColumnChoice *choice);

/* 53400 where a model that has so many bytes after so many rounds is too large. */
extern void memory_model_check(uint64 size, int rounds);

#endif

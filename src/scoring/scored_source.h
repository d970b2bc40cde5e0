/*
 * scored_source.h
 *		The rows of a source, each with the features a version computes from it and the
 *		score fraud_score gives it.
 */
#ifndef FRAUD_DETECT_SCORED_SOURCE_H
#define FRAUD_DETECT_SCORED_SOURCE_H

#include "scoring/model_cache.h"

/*
 * Reads the source as the caller and calls the consumer for each row, in order. SPI must be
 * connected. The score is a probability: FD005 where the model gives none.
 */
typedef void (*ScoredRowConsumer)(const float *features, double score, void *argument);
extern void scored_source_read(LoadedModel *model, const char *source, ScoredRowConsumer consumer,
                               void *argument);

#endif

/*
 * features_history.h
 *		The events of one entity before an instant, from the source's indexes.
 */
#ifndef FRAUD_DETECT_FEATURES_HISTORY_H
#define FRAUD_DETECT_FEATURES_HISTORY_H

#include "executor/spi.h"
#include "scoring/features_group.h"
#include "scoring/features_view.h"

typedef struct FeatureHistory FeatureHistory;

/*
 * Prepares the queries of an entity; SPI must be connected. In CurrentMemoryContext;
 * the plans live until feature_history_free, which the caller sees to.
 */
extern FeatureHistory *feature_history_create(const FeatureView *view, const ViewEntity *entity,
                                              FeatureGroup *group);
/* Makes the queries last beyond SPI_finish. Does not fail. */
extern void feature_history_keep(FeatureHistory *history);
/* Plans those that are kept, under the settings of now. */
extern void feature_history_plan(FeatureHistory *history);
extern void feature_history_free(FeatureHistory *history);

/*
 * Pushes to the group's window, in order, what a row of this entity at this time sees.
 * Runs as the caller, under the active snapshot; SPI must be connected. 42501 where
 * the caller may not read the source.
 */
extern void feature_history_push(FeatureHistory *history, const Datum *entity, int64 time);

#endif

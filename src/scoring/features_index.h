/*
 * features_index.h
 *		Events straight from an index, where a plan is nothing but that.
 */
#ifndef FRAUD_DETECT_FEATURES_INDEX_H
#define FRAUD_DETECT_FEATURES_INDEX_H

#include "nodes/params.h"
#include "utils/plancache.h"
#include "utils/snapshot.h"

typedef struct EventIndex EventIndex;

/* Takes a row: the values of the plan's target list, which live until it returns. */
typedef void (*EventReceiver)(void *receiver, Datum *values, bool *nulls);

/*
 * What it takes to run a plan, in the current memory context; NULL for a plan that is more than
 * a scan of one B-tree by comparisons of its columns with parameters, whose target list is plain
 * columns. "plan" must not change as long as the answer is used: see CachedPlan.generation.
 */
extern EventIndex *event_index_of(const CachedPlan *plan);

/*
 * Runs the plan, which holds its locks, as the executor would: checks the privileges of the
 * current role, and gives the rows visible under the snapshot, in the index's order. Memory is
 * taken from the current context. Parameters are not NULL.
 */
extern void event_index_read(const EventIndex *index, const CachedPlan *plan,
                             const ParamListInfoData *parameters, Snapshot snapshot,
                             EventReceiver receive, void *receiver);

#endif

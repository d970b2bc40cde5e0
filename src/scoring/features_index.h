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

/*
 * Takes a row: the values of the plan's target list, which live until it returns. False: neither this
 * row nor any that comes after it is wanted.
 */
typedef bool (*EventReceiver)(void *receiver, Datum *values, bool *nulls);

/*
 * What it takes to run a plan, in the current memory context; NULL for a plan that is more than
 * a scan of one B-tree of a heap by comparisons of its columns with parameters, whose target list is
 * plain columns. Parameter "end", from 0 on, is where the rows of such a plan end (column < parameter).
 * Where the index has rows of one card ascend by that column, rows beyond the end come, too, and the
 * receiver has to tell when it is reached; else they do not. "plan" must not change as
 * long as the answer is used: see CachedPlan.generation.
 */
extern EventIndex *event_index_of(const CachedPlan *plan, int end);

/*
 * Runs the plan, which holds its locks, as the executor would: checks the privileges of the
 * current role, and gives the rows visible under the snapshot, in the index's order. Memory is
 * taken from the current context. Parameters are not NULL.
 */
extern void event_index_read(EventIndex *index, const CachedPlan *plan,
                             const ParamListInfoData *parameters, Snapshot snapshot,
                             EventReceiver receive, void *receiver);

#endif

/*
 * held_model.h
 *		The model that the arguments of a function name, held as long as a memory
 *		context lives.
 */
#ifndef FRAUD_DETECT_HELD_MODEL_H
#define FRAUD_DETECT_HELD_MODEL_H

#include "scoring/model_cache.h"

/*
 * The version that model (text) and version (int4) mean under the snapshot, NULL
 * for what is not named. It is released when the context is reset or deleted. 22023
 * for a version below 1, FD002 and FD003 as registry_resolve, FD005 as model_cache_hold.
 */
extern LoadedModel *held_model(NullableDatum model, NullableDatum version, Snapshot snapshot,
                               MemoryContext context);

#endif

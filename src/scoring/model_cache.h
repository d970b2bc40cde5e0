/*
 * model_cache.h
 *		Models that this session has loaded, verified and keeps for a while.
 *
 * A model is loaded from one row of fraud.model_version and good for that row
 * only. It stays in memory while anybody holds it; beyond that, the least
 * recently used ones go when all together exceed fraud_detect.model_cache_size.
 */
#ifndef FRAUD_DETECT_MODEL_CACHE_H
#define FRAUD_DETECT_MODEL_CACHE_H

#include "core/forest.h"
#include "lib/ilist.h"
#include "pg/registry.h"
#include "pg/signature.h"

typedef struct LoadedModel
{
	VersionId id;
	char *label; /* Model "card_fraud" version 3 */
	Forest forest;
	Signature *signature;

	/* Of the cache. */
	dlist_node node;
	MemoryContext context; /* holds everything, this struct included */
	size_t size;
	int holders;
} LoadedModel;

extern void model_cache_define(void); /* _PG_init only */

/*
 * The model of a resolved version, loaded if need be under the snapshot of the
 * resolution, and held until released. FD005 when its bytes fail verification.
 */
extern LoadedModel *model_cache_hold(const VersionId *id, Snapshot snapshot);

/* Never fails: it runs in callbacks that clean up after errors. */
extern void model_cache_release(LoadedModel *model);

#endif

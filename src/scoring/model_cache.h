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
#include "core/forest_explain.h"
#include "lib/ilist.h"
#include "pg/registry.h"
#include "pg/signature.h"

typedef struct LoadedModel
{
	VersionId id;
	uint64 number; /* from 1 on, never given twice in a session */
	char *label;   /* Model "card_fraud" version 3 */
	Forest forest;
	Signature *signature;
	ForestExplainer *explainer; /* NULL until it is asked for (model_explainer.h) */
	dlist_head row_types;       /* bound to it, the latest first (row_type.h) */

	/* Of the cache. */
	dlist_node node;
	MemoryContext context; /* holds everything, this struct included */
	ForestPath
	    asked_path; /* of the setting that it was loaded under; the forest may have another */
	size_t size;
	int holders;
	uint64 uses; /* how often it was held */
} LoadedModel;

extern void model_cache_define(void); /* _PG_init only */

/*
 * The model of a resolved version, loaded if need be under the snapshot of the
 * resolution, and held until released. FD005 when its bytes fail verification.
 * A model is verified on the path that evaluates it: under another
 * fraud_detect.engine_path it is loaded again.
 */
extern LoadedModel *model_cache_hold(const VersionId *id, Snapshot snapshot);

/* Is this what model_cache_hold(id) would give? */
extern bool model_cache_is_current(const LoadedModel *model, const VersionId *id);

/*
 * Takes a context, with what was made from the held model, into the model's own:
 * it counts for the cache, and goes when the model goes.
 */
extern void model_cache_adopt(LoadedModel *model, MemoryContext context);

/* Do stored bytes have the SHA-256 that is stored beside them? */
extern bool model_cache_digest_agrees(struct varlena *bytes, struct varlena *expected);

/* Never fails: it runs in callbacks that clean up after errors. */
extern void model_cache_release(LoadedModel *model);

/* The model of this row if it is loaded, without holding it; NULL otherwise. Loads nothing. */
extern const LoadedModel *model_cache_peek(const VersionId *id);

/* Visits all loaded models, the most recently used one first. */
typedef void (*ModelVisitor)(const LoadedModel *model, void *argument);
extern void model_cache_visit(ModelVisitor visit, void *argument);

#endif

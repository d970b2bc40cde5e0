/*
 * model_cache.c
 *		Loading, verifying and keeping models.
 *
 * Which version scores is never decided here: the statement resolves that under
 * its own snapshot, so a model that is in the cache cannot be a stale champion.
 * The relcache invalidation that a trigger on fraud.model_version sends when
 * rows go only makes us look for models whose row is gone, to give back their
 * memory. Each model lives in a memory context of its own, which hangs below
 * the loading statement until it is complete: an error half-way leaves nothing.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "core/forest_image.h"
#include "fmgr.h"
#include "pg/errors.h"
#include "pg/golden.h"
#include "pg/memory.h"
#include "pg/settings.h"
#include "scoring/model_cache.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(fraud_registry_changed);

static dlist_head models = DLIST_STATIC_INIT(models); /* most recently used first */
static size_t total_size = 0;
static size_t size_limit = 0; /* as of the latest hold */
static MemoryContext cache_context = NULL;

/* Invalidation */

static Oid version_relation = InvalidOid; /* of the latest hold */
static bool rows_may_be_gone = false;

/* May run at almost any moment: marks, and does nothing else. */
static void
on_relcache_invalidation(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == version_relation)
		rows_may_be_gone = true;
}

void
model_cache_define(void)
{
	CacheRegisterRelcacheCallback(on_relcache_invalidation, (Datum) 0);
}

/*
 * Statement trigger of fraud.model_version: tells every session, on standbys
 * too, when the transaction commits.
 */
PGDLLEXPORT Datum
fraud_registry_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
		        (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
		         errmsg("function \"%s\" was not called as a trigger", "fraud_registry_changed")));
	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	return PointerGetDatum(NULL);
}

/* Keeping */

static void
forget(LoadedModel *model)
{
	dlist_delete(&model->node);
	total_size -= model->size;
	MemoryContextDelete(model->context);
}

static void
evict(void)
{
	dlist_node *node = dlist_is_empty(&models) ? NULL : dlist_tail_node(&models);

	while (node != NULL && total_size > size_limit)
	{
		LoadedModel *model = dlist_container(LoadedModel, node, node);

		node = dlist_has_prev(&models, node) ? dlist_prev_node(&models, node) : NULL;
		if (model->holders == 0)
			forget(model);
	}
}

/*
 * Looks with the latest snapshot, not with the statement's: an old one still
 * sees rows that are gone, and there may be no second invalidation.
 */
static void
forget_gone(void)
{
	dlist_mutable_iter iter;
	Snapshot latest;

	if (!rows_may_be_gone || IsInParallelMode())
		return;
	rows_may_be_gone = false;
	latest = RegisterSnapshot(GetLatestSnapshot());
	dlist_foreach_modify(iter, &models)
	{
		LoadedModel *model = dlist_container(LoadedModel, node, iter.cur);

		if (model->holders == 0 && !registry_has_row(&model->id, latest))
			forget(model);
		else if (model->holders > 0)
			rows_may_be_gone = true;
	}
	UnregisterSnapshot(latest);
}

bool
model_cache_is_current(const LoadedModel *model, const VersionId *id)
{
	return version_same_row(&model->id, id) && model->asked_path == setting_engine_path();
}

static LoadedModel *
find(const VersionId *id)
{
	dlist_iter iter;

	dlist_foreach (iter, &models)
	{
		LoadedModel *model = dlist_container(LoadedModel, node, iter.cur);

		if (model_cache_is_current(model, id))
			return model;
	}
	return NULL;
}

const LoadedModel *
model_cache_peek(const VersionId *id)
{
	return find(id);
}

void
model_cache_visit(ModelVisitor visit, void *argument)
{
	dlist_iter iter;

	dlist_foreach (iter, &models)
		visit(dlist_container(LoadedModel, node, iter.cur), argument);
}

/* Loading */

static void
pg_attribute_noreturn() model_damaged(const char *detail)
{
	ereport(ERROR, (errcode(ERRCODE_FRAUD_MODEL_DAMAGED), errmsg("image of the model is damaged"),
	                errdetail_internal("%s", detail), errhint_model_damaged()));
}

static void
add_loading_context(void *argument)
{
	const LoadedModel *model = argument;

	errcontext("loading version %d of model \"%s\"", model->id.version, model->id.model);
}

bool
model_cache_digest_agrees(struct varlena *bytes, struct varlena *expected)
{
	uint8 digest[PG_SHA256_DIGEST_LENGTH];
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	bool done =
	    hash != NULL && pg_cryptohash_init(hash) >= 0 &&
	    pg_cryptohash_update(hash, (uint8 *) VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes)) >= 0 &&
	    pg_cryptohash_final(hash, digest, sizeof(digest)) >= 0;

	pg_cryptohash_free(hash);
	if (!done)
		elog(ERROR, "could not compute a SHA-256");
	return VARSIZE_ANY_EXHDR(expected) == sizeof(digest) &&
	       memcmp(digest, VARDATA_ANY(expected), sizeof(digest)) == 0;
}

static void
open_aligned(LoadedModel *model, const void *image, size_t size)
{
	CoreError error;

	if (!forest_open(image, size, &model->forest, &error))
		model_damaged(error.message);
}

/* An image of version 1 has no layout for vectors: it is laid out here and now. */
static void
lay_out(LoadedModel *model)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	void *image;
	size_t size;
	char *memory;
	void *aligned;
	CoreError error;

	if (!forest_image_from_forest(&model->forest, &allocator, &image, &size, &error))
		model_damaged(error.message);
	memory = MemoryContextAllocHuge(model->context, size + FOREST_IMAGE_ALIGNMENT);
	aligned = (void *) TYPEALIGN(FOREST_IMAGE_ALIGNMENT, memory);
	memcpy(aligned, image, size);
	pfree(image);
	open_aligned(model, aligned, size);
}

/* The path that the session asks for; that over nodes needs them. */
static void
take_path(LoadedModel *model)
{
	CoreAllocator allocator = memory_context_allocator(model->context);
	CoreError error;

	model->asked_path = setting_engine_path();
	if (model->asked_path == FOREST_PATH_NODES)
		require_memory(forest_make_nodes(&model->forest, &allocator, &error));
	(void) forest_use_path(&model->forest, model->asked_path);
}

/* The image is aligned, and in the model's context. */
static void
open_image(LoadedModel *model, struct varlena *image)
{
	open_aligned(model, VARDATA(image), VARSIZE(image) - VARHDRSZ);
	if (model->forest.image_version == 1)
		lay_out(model);
	take_path(model);
}

/* In the model's context; stored belongs to the caller, but for the image. */
static void
verify_and_open(LoadedModel *model, const StoredVersion *stored)
{
	if (!model_cache_digest_agrees(stored->image, stored->image_sha256))
		model_damaged("Its SHA-256 is not the recorded one.");
	open_image(model, stored->image);
	model->signature = signature_from_jsonb((Jsonb *) stored->signature);
	if ((uint32) model->signature->n_features != model->forest.n_features)
		model_damaged(psprintf("It has %u features and the signature %d.", model->forest.n_features,
		                       model->signature->n_features));
	golden_check(stored->golden, &model->forest, signature_checksum(model->signature));
}

static LoadedModel *
load(const VersionId *id, Snapshot snapshot)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "fraud_detect model load",
	                                              ALLOCSET_DEFAULT_SIZES);
	MemoryContext context =
	    AllocSetContextCreate(CurrentMemoryContext, "fraud_detect model", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	LoadedModel *model = palloc0(sizeof(LoadedModel));
	ErrorContextCallback callback = {error_context_stack, add_loading_context, model};
	StoredVersion stored;

	error_context_stack = &callback;
	model->context = context;
	dlist_init(&model->row_types);
	model->id = *id;
	model->id.model = pstrdup(id->model);
	model->label = psprintf("Model \"%s\" version %d", id->model, id->version);
	MemoryContextSetIdentifier(context, model->label);
	MemoryContextSwitchTo(scratch);
	stored = registry_read_version(&model->id, snapshot, FOREST_IMAGE_ALIGNMENT, context);
	MemoryContextSwitchTo(context);
	verify_and_open(model, &stored);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
	error_context_stack = callback.previous;
	return model;
}

/* Complete: from here on it is ours to free. */
static void
keep(LoadedModel *model)
{
	static uint64 n_kept = 0;

	model->number = ++n_kept;
	if (cache_context == NULL)
		cache_context = AllocSetContextCreate(CacheMemoryContext, "fraud_detect model cache",
		                                      ALLOCSET_SMALL_SIZES);
	MemoryContextSetParent(model->context, cache_context);
	model->size = MemoryContextMemAllocated(model->context, true);
	total_size += model->size;
	/* An old snapshot may have given us a row whose end was announced long ago. */
	rows_may_be_gone = true;
	dlist_push_head(&models, &model->node);
}

LoadedModel *
model_cache_hold(const VersionId *id, Snapshot snapshot)
{
	LoadedModel *model;

	size_limit = (size_t) setting_model_cache_kb() * 1024;
	version_relation = id->relation;
	forget_gone();
	model = find(id);
	if (model == NULL)
	{
		model = load(id, snapshot);
		keep(model);
	}
	else
		dlist_move_head(&models, &model->node);
	model->holders++;
	model->uses++;
	evict();
	return model;
}

void
model_cache_adopt(LoadedModel *model, MemoryContext context)
{
	Assert(model->holders > 0);
	MemoryContextSetParent(context, model->context);
	total_size -= model->size;
	model->size = MemoryContextMemAllocated(model->context, true);
	total_size += model->size;
	evict();
}

void
model_cache_release(LoadedModel *model)
{
	Assert(model->holders > 0);
	model->holders--;
	evict();
}

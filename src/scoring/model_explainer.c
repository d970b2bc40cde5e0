/*
 * model_explainer.c
 *		Makes the explainer of a loaded model.
 *
 * An explanation weighs branches by their covers, which scoring does not need and
 * the image does not hold. They are read from the artifact, the model in XGBoost's
 * own format, once in a session and only if somebody wants an explanation: its
 * SHA-256 has to be the recorded one, and its trees those of the image, node by node.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "pg/errors.h"
#include "pg/memory.h"
#include "scoring/model_explainer.h"
#include "utils/memutils.h"

static void
pg_attribute_noreturn() artifact_damaged(const char *detail)
{
	ereport(ERROR, (errcode(ERRCODE_FRAUD_MODEL_DAMAGED),
	                errmsg("artifact of the model is damaged"), errdetail_internal("%s", detail),
	                errhint("The version still scores. To have it explained, restore the row of "
	                        "fraud.model_version from a backup, or train again.")));
}

static void
add_explaining_context(void *argument)
{
	const LoadedModel *model = argument;

	errcontext("reading the covers of version %d of model \"%s\"", model->id.version,
	           model->id.model);
}

/* In the current context; what is needed only for making it goes to scratch. */
static ForestExplainer *
make_explainer(LoadedModel *model, Snapshot snapshot, MemoryContext scratch)
{
	ForestExplainer *explainer = palloc(sizeof(ForestExplainer));
	CoreAllocator kept = memory_context_allocator(CurrentMemoryContext);
	CoreAllocator passing = memory_context_allocator(scratch);
	MemoryContext context = MemoryContextSwitchTo(scratch);
	StoredArtifact artifact = registry_read_artifact(&model->id, snapshot);
	CoreError error;

	MemoryContextSwitchTo(context);
	if (!model_cache_digest_agrees(artifact.bytes, artifact.sha256))
		artifact_damaged("Its SHA-256 is not the recorded one.");
	if (!forest_explainer_open(&model->forest, VARDATA_ANY(artifact.bytes),
	                           VARSIZE_ANY_EXHDR(artifact.bytes), &kept, &passing, explainer,
	                           &error))
		artifact_damaged(error.message);
	return explainer;
}

ForestExplainer *
model_explainer(LoadedModel *model, Snapshot snapshot)
{
	ErrorContextCallback callback = {error_context_stack, add_explaining_context, model};
	MemoryContext scratch;
	MemoryContext context;
	MemoryContext caller;
	ForestExplainer *explainer;

	if (model->explainer != NULL)
		return model->explainer;
	error_context_stack = &callback;
	scratch = AllocSetContextCreate(CurrentMemoryContext, "fraud_detect explainer load",
	                                ALLOCSET_DEFAULT_SIZES);
	context = AllocSetContextCreate(CurrentMemoryContext, "fraud_detect explainer",
	                                ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	explainer = make_explainer(model, snapshot, scratch);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
	MemoryContextSetIdentifier(context, model->label);
	/* Complete: from here on it is the model's. */
	model_cache_adopt(model, context);
	model->explainer = explainer;
	error_context_stack = callback.previous;
	return explainer;
}

/*
 * held_model.c
 *		Resolving and holding a model for a function that uses one for all its rows.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "scoring/held_model.h"
#include "scoring/score_call.h"
#include "utils/builtins.h"

static void
release_model(void *model)
{
	model_cache_release(model);
}

LoadedModel *
held_model(NullableDatum model, NullableDatum version, Snapshot snapshot, MemoryContext context)
{
	char *name = model.isnull ? NULL : TextDatumGetCString(model.value);
	int32 number = version.isnull ? 0 : DatumGetInt32(version.value);
	MemoryContextCallback *release = MemoryContextAllocZero(context, sizeof(MemoryContextCallback));
	VersionId id;

	if (!version.isnull)
		score_call_check_version(number);
	id = registry_resolve(name, number, snapshot);
	release->func = release_model;
	release->arg = model_cache_hold(&id, snapshot);
	MemoryContextRegisterResetCallback(context, release);
	return release->arg;
}

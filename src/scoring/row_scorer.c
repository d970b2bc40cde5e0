/*
 * row_scorer.c
 *		The state of a call site: which model its statement uses, and how rows of
 *		the type that it is given become features.
 *
 * The state hangs on fn_extra. It survives from row to row, and in PL/pgSQL
 * from statement to statement; StatementIdentity tells the two apart. A call
 * may name another model for each row: the last few are kept side by side.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/htup_details.h"
#include "scoring/row_scorer.h"
#include "scoring/row_type.h"
#include "scoring/score_call.h"
#include "scoring/statement.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* Models that one call site holds at a time. */
#define MOST_MODELS 4

/* Arguments of the SQL functions. */
enum
{
	ARGUMENT_RECORD,
	ARGUMENT_MODEL,
	ARGUMENT_VERSION
};

/* A model as the arguments name it. */
typedef struct NamedModel
{
	LoadedModel *model; /* NULL: this place is free */
	bool resolved;      /* in the present statement */
	bool by_default;    /* the argument was NULL */
	char *name;
	size_t name_length;
	int32 version;        /* 0: the champion */
	RowType *row_type;    /* of the rows at hand; NULL: none yet */
	bool own_row_type;    /* not shared: nobody else has it */
	TupleTableSlot *slot; /* of its columns, for rows that have to be deformed; NULL: none yet */
	float *features;      /* of the latest row; NULL: none yet */
} NamedModel;

typedef struct CallSite
{
	MemoryContext context;
	MemoryContextCallback release;
	StatementIdentity statement;
	int latest; /* index of the model that was used last */
	NamedModel models[MOST_MODELS];
} CallSite;

static void
release_models(void *argument)
{
	CallSite *site = argument;

	for (int i = 0; i < MOST_MODELS; i++)
	{
		LoadedModel *model = site->models[i].model;
		RowType *row_type = site->models[i].row_type;

		site->models[i].model = NULL;
		site->models[i].row_type = NULL;
		/* An own one has gone with its context, which is below the site's. */
		if (row_type != NULL && !site->models[i].own_row_type)
			row_type_release(row_type);
		if (model != NULL)
			model_cache_release(model);
	}
}

static CallSite *
call_site(FunctionCallInfo fcinfo)
{
	CallSite *site = fcinfo->flinfo->fn_extra;

	if (site != NULL)
		return site;
	site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(CallSite));
	site->context = fcinfo->flinfo->fn_mcxt;
	site->release.func = release_models;
	site->release.arg = site;
	MemoryContextRegisterResetCallback(site->context, &site->release);
	fcinfo->flinfo->fn_extra = site;
	return site;
}

/* Models */

static int32
version_argument(FunctionCallInfo fcinfo)
{
	int32 version;

	if (PG_ARGISNULL(ARGUMENT_VERSION))
		return 0;
	version = PG_GETARG_INT32(ARGUMENT_VERSION);
	score_call_check_version(version);
	return version;
}

static bool
names(const NamedModel *named, bool by_default, const text *name, int32 version)
{
	if (named->model == NULL || named->version != version || named->by_default != by_default)
		return false;
	return by_default || (named->name_length == VARSIZE_ANY_EXHDR(name) &&
	                      memcmp(named->name, VARDATA_ANY(name), named->name_length) == 0);
}

static void
forget_row_type(NamedModel *named)
{
	RowType *row_type = named->row_type;

	if (named->slot != NULL)
		ExecDropSingleTupleTableSlot(named->slot);
	named->slot = NULL;
	named->row_type = NULL;
	if (row_type != NULL && named->own_row_type)
		MemoryContextDelete(row_type->context);
	else if (row_type != NULL)
		row_type_release(row_type);
}

/* Frees a place: its model, and all that was made for it. */
static void
vacate(NamedModel *named)
{
	LoadedModel *model = named->model;

	forget_row_type(named);
	if (named->name != NULL)
		pfree(named->name);
	if (named->features != NULL)
		pfree(named->features);
	memset(named, 0, sizeof(NamedModel));
	if (model != NULL)
		model_cache_release(model);
}

/* Makes the place hold what the registry says now; keeps what is still right. */
static void
resolve(CallSite *site, NamedModel *named, Snapshot snapshot)
{
	VersionId id = registry_resolve(named->name, named->version, snapshot);
	LoadedModel *previous = named->model;

	if (previous == NULL || !model_cache_is_current(previous, &id))
	{
		forget_row_type(named);
		named->model = NULL;
		if (named->features != NULL)
			pfree(named->features);
		named->features = NULL;
		if (previous != NULL)
			model_cache_release(previous);
		named->model = model_cache_hold(&id, snapshot);
	}
	named->resolved = true;
}

/* A place for a model that none holds: a free one, else the one after the latest. */
static int
place_for(CallSite *site, bool by_default, const text *name, int32 version)
{
	int place = (site->latest + 1) % MOST_MODELS;
	NamedModel *named;

	for (int i = 0; i < MOST_MODELS; i++)
		if (site->models[i].model == NULL)
			place = i;
	named = &site->models[place];
	vacate(named);
	if (!by_default)
	{
		named->name_length = VARSIZE_ANY_EXHDR(name);
		named->name = MemoryContextAllocZero(site->context, named->name_length + 1);
		memcpy(named->name, VARDATA_ANY(name), named->name_length);
	}
	named->by_default = by_default;
	named->version = version;
	return place;
}

static NamedModel *
named_model(CallSite *site, FunctionCallInfo fcinfo)
{
	bool by_default = PG_ARGISNULL(ARGUMENT_MODEL);
	text *name = by_default ? NULL : PG_GETARG_TEXT_PP(ARGUMENT_MODEL);
	int32 version = version_argument(fcinfo);
	Snapshot snapshot = statement_snapshot();
	StatementIdentity statement = statement_identity(snapshot);
	int place = site->latest;

	if (!statement_same(&site->statement, &statement))
	{
		for (int i = 0; i < MOST_MODELS; i++)
			site->models[i].resolved = false;
		site->statement = statement;
	}
	if (!names(&site->models[place], by_default, name, version))
	{
		place = 0;
		while (place < MOST_MODELS && !names(&site->models[place], by_default, name, version))
			place++;
		if (place == MOST_MODELS)
			place = place_for(site, by_default, name, version);
	}
	if (!by_default)
		PG_FREE_IF_COPY(name, ARGUMENT_MODEL);
	if (!site->models[place].resolved)
		resolve(site, &site->models[place], snapshot);
	site->latest = place;
	return &site->models[place];
}

/* Rows */

static void
take_row_type(CallSite *site, NamedModel *named, Oid type, int32 typmod)
{
	RowType *row_type = row_type_hold(named->model, type, typmod);

	forget_row_type(named);
	named->own_row_type = !row_type->shared;
	if (named->own_row_type)
		MemoryContextSetParent(row_type->context, site->context);
	named->row_type = row_type;
	if (named->features == NULL)
		named->features =
		    MemoryContextAlloc(site->context, named->model->forest.n_features * sizeof(float));
}

static TupleTableSlot *
slot_of_rows(CallSite *site, NamedModel *named)
{
	if (named->slot == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(site->context);

		named->slot = MakeSingleTupleTableSlot(named->row_type->tupdesc, &TTSOpsHeapTuple);
		MemoryContextSwitchTo(old);
	}
	return named->slot;
}

static void
encode_record(CallSite *site, NamedModel *named, HeapTupleHeader record)
{
	RowEncoder *encoder = named->row_type->encoder;
	TupleTableSlot *slot;
	HeapTupleData tuple;

	if (row_encoder_encode_tuple(encoder, record, named->features))
		return;
	slot = slot_of_rows(site, named);
	tuple.t_len = HeapTupleHeaderGetDatumLength(record);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = record;
	ExecStoreHeapTuple(&tuple, slot, false);
	row_encoder_encode_slot(encoder, slot, named->features);
	ExecClearTuple(slot);
}

bool
row_features(FunctionCallInfo fcinfo, RowFeatures *result)
{
	CallSite *site;
	NamedModel *named;
	HeapTupleHeader record;

	if (PG_ARGISNULL(ARGUMENT_RECORD))
		return false;
	site = call_site(fcinfo);
	named = named_model(site, fcinfo);
	record = PG_GETARG_HEAPTUPLEHEADER(ARGUMENT_RECORD);
	if (named->row_type == NULL || !row_type_is(named->row_type, HeapTupleHeaderGetTypeId(record),
	                                            HeapTupleHeaderGetTypMod(record)))
		take_row_type(site, named, HeapTupleHeaderGetTypeId(record),
		              HeapTupleHeaderGetTypMod(record));
	encode_record(site, named, record);
	PG_FREE_IF_COPY(record, ARGUMENT_RECORD);
	result->model = named->model;
	result->values = named->features;
	result->encoder = named->row_type->encoder;
	return true;
}

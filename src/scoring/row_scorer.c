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
#include "scoring/row_encoder.h"
#include "scoring/row_scorer.h"
#include "scoring/score_call.h"
#include "scoring/statement.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

/* Models that one call site holds at a time. */
#define MOST_MODELS 4

/* Arguments of the SQL functions. */
enum
{
	ARGUMENT_RECORD,
	ARGUMENT_MODEL,
	ARGUMENT_VERSION
};

/* How rows of one type become features. All of it lives in its own context. */
typedef struct RowType
{
	MemoryContext context; /* NULL: none yet */
	Oid type;
	int32 typmod;
	const TypeCacheEntry *entry; /* of a named type; entries live as long as the session */
	uint64 identifier;           /* of the named type's columns when they were bound */
	TupleTableSlot *slot;        /* of its columns, for rows that have to be deformed */
	RowEncoder *encoder;
	float *features;
} RowType;

/* A model as the arguments name it. */
typedef struct NamedModel
{
	LoadedModel *model; /* NULL: this place is free */
	bool resolved;      /* in the present statement */
	bool by_default;    /* the argument was NULL */
	char *name;
	size_t name_length;
	int32 version; /* 0: the champion */
	RowType row_type;
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

		site->models[i].model = NULL;
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
	if (named->row_type.context != NULL)
		MemoryContextDelete(named->row_type.context);
	memset(&named->row_type, 0, sizeof(RowType));
}

/* Frees a place: its model, and all that was made for it. */
static void
vacate(NamedModel *named)
{
	LoadedModel *model = named->model;

	forget_row_type(named);
	if (named->name != NULL)
		pfree(named->name);
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

static bool
same_row_type(const RowType *row_type, HeapTupleHeader record)
{
	if (row_type->type != HeapTupleHeaderGetTypeId(record) ||
	    row_type->typmod != HeapTupleHeaderGetTypMod(record))
		return false;
	/* A named type may have been altered since. */
	return row_type->entry == NULL || row_type->entry->tupDesc_identifier == row_type->identifier;
}

static void
bind_row_type(CallSite *site, NamedModel *named, Oid type, int32 typmod)
{
	LoadedModel *model = named->model;
	RowType row_type = {.type = type, .typmod = typmod};
	MemoryContext context =
	    AllocSetContextCreate(CurrentMemoryContext, "fraud_detect row type", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	row_type.context = context;
	if (type != RECORDOID)
	{
		row_type.entry = lookup_type_cache(type, TYPECACHE_TUPDESC);
		row_type.identifier = row_type.entry->tupDesc_identifier;
	}
	row_type.slot =
	    MakeSingleTupleTableSlot(lookup_rowtype_tupdesc_copy(type, typmod), &TTSOpsHeapTuple);
	row_type.encoder = row_encoder_create(model, row_type.slot->tts_tupleDescriptor);
	row_type.features = palloc(model->forest.n_features * sizeof(float));
	MemoryContextSwitchTo(old);

	forget_row_type(named);
	MemoryContextSetParent(context, site->context);
	named->row_type = row_type;
}

static void
encode_record(const RowType *row_type, HeapTupleHeader record)
{
	HeapTupleData tuple;

	if (row_encoder_encode_tuple(row_type->encoder, record, row_type->features))
		return;
	tuple.t_len = HeapTupleHeaderGetDatumLength(record);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = record;
	ExecStoreHeapTuple(&tuple, row_type->slot, false);
	row_encoder_encode_slot(row_type->encoder, row_type->slot, row_type->features);
	ExecClearTuple(row_type->slot);
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
	if (!same_row_type(&named->row_type, record))
		bind_row_type(site, named, HeapTupleHeaderGetTypeId(record),
		              HeapTupleHeaderGetTypMod(record));
	encode_record(&named->row_type, record);
	PG_FREE_IF_COPY(record, ARGUMENT_RECORD);
	result->model = named->model;
	result->values = named->row_type.features;
	return true;
}

/*
 * registry.c
 *		What the registry says, read by C: a look-up of a row each (registry_rows.c).
 *
 * Everything is read under the snapshot that the caller gives, so the answer
 * is the one that a query of the same statement would get.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "pg/errors.h"
#include "pg/memory.h"
#include "pg/registry.h"
#include "pg/registry_rows.h"
#include "pg/settings.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"

/* So many names or versions in a message, at most. */
#define MOST_LISTED 10

#define Anum_model_model_id 1
#define Anum_model_name 2

#define Anum_alias_model_id 1
#define Anum_alias_alias 2
#define Anum_alias_version 3

/* What exists, for messages. */

static char *
list_models(Snapshot snapshot)
{
	RegistryScan scan = registry_scan(REGISTRY_MODEL, snapshot, 0, NULL);
	StringInfoData list;
	HeapTuple tuple;
	int n = 0;

	initStringInfo(&list);
	while (HeapTupleIsValid(tuple = systable_getnext(scan.scan)) && n++ < MOST_LISTED)
		appendStringInfo(
		    &list, "%s\"%s\"", list.len > 0 ? ", " : "",
		    TextDatumGetCString(registry_column(scan.relation, tuple, Anum_model_name)));
	if (HeapTupleIsValid(tuple))
		appendStringInfoString(&list, " and more");
	registry_scan_end(&scan);
	return list.data;
}

/* Detail and hint of an error about a model that is not there. */
static int
errdetail_models(Snapshot snapshot)
{
	char *models = list_models(snapshot);

	if (models[0] == '\0')
		return errdetail("There is no model yet.") + errhint("Train one with fraud_train.");
	return errdetail("Models: %s.", models);
}

static char *
list_versions(int64 model_id, Snapshot snapshot)
{
	ScanKeyData key;
	RegistryScan scan;
	StringInfoData list;
	HeapTuple tuple;
	int n = 0;

	registry_key_on_bigint(&key, Anum_model_version_model_id, model_id);
	scan = registry_scan(REGISTRY_MODEL_VERSION, snapshot, 1, &key);
	initStringInfo(&list);
	while (HeapTupleIsValid(tuple = systable_getnext(scan.scan)) && n++ < MOST_LISTED)
		appendStringInfo(
		    &list, "%s%d", list.len > 0 ? ", " : "",
		    DatumGetInt32(registry_column(scan.relation, tuple, Anum_model_version_version)));
	if (HeapTupleIsValid(tuple))
		appendStringInfoString(&list, " and more");
	if (list.len == 0)
		appendStringInfoString(&list, "none");
	registry_scan_end(&scan);
	return list.data;
}

/* Resolution */

/* How far a resolution got; all but the last stand for an error. */
typedef enum Resolution
{
	NO_PRIVILEGE,
	HIDDEN_BY_POLICY,
	NO_SUCH_MODEL,
	NO_MODEL,
	SEVERAL_MODELS,
	NO_CHAMPION,
	NO_SUCH_VERSION,
	RESOLVED
} Resolution;

static Resolution
check_privilege(void)
{
	Oid relation = registry_relation(REGISTRY_MODEL_VERSION);

	if (pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		return NO_PRIVILEGE;
	/* An index look-up knows no policies: where they apply, it must not answer. */
	if (check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED)
		return HIDDEN_BY_POLICY;
	return RESOLVED;
}

static void
identify_model(VersionId *id, Relation relation, HeapTuple tuple)
{
	id->model_id = DatumGetInt64(registry_column(relation, tuple, Anum_model_model_id));
	id->model = TextDatumGetCString(registry_column(relation, tuple, Anum_model_name));
}

static Resolution
find_only_model(VersionId *id, Snapshot snapshot)
{
	RegistryScan scan = registry_scan(REGISTRY_MODEL, snapshot, 0, NULL);
	HeapTuple tuple = systable_getnext(scan.scan);
	Resolution resolution = HeapTupleIsValid(tuple) ? RESOLVED : NO_MODEL;

	if (resolution == RESOLVED)
	{
		identify_model(id, scan.relation, tuple);
		if (HeapTupleIsValid(systable_getnext(scan.scan)))
			resolution = SEVERAL_MODELS;
	}
	registry_scan_end(&scan);
	return resolution;
}

static Resolution
find_model(VersionId *id, const char *model, Snapshot snapshot)
{
	ScanKeyData key;
	RegistryRow row;
	bool found;

	registry_key_on_name(&key, Anum_model_name, model);
	registry_row_find(&row, REGISTRY_MODEL, snapshot, 1, &key);
	found = HeapTupleIsValid(row.tuple);
	if (found)
		identify_model(id, row.relation, row.tuple);
	registry_row_end(&row);
	return found ? RESOLVED : NO_SUCH_MODEL;
}

static Resolution
find_alias(VersionId *id, const char *alias, Snapshot snapshot)
{
	ScanKeyData keys[2];
	RegistryRow row;
	bool found;

	registry_key_on_bigint(&keys[0], Anum_alias_model_id, id->model_id);
	registry_key_on_name(&keys[1], Anum_alias_alias, alias);
	registry_row_find(&row, REGISTRY_ALIAS, snapshot, lengthof(keys), keys);
	found = HeapTupleIsValid(row.tuple);
	if (found)
		id->version = DatumGetInt32(registry_column(row.relation, row.tuple, Anum_alias_version));
	registry_row_end(&row);
	return found ? RESOLVED : NO_CHAMPION;
}

static void
find_version_row(RegistryRow *row, const VersionId *id, Snapshot snapshot)
{
	ScanKeyData keys[2];

	registry_key_on_bigint(&keys[0], Anum_model_version_model_id, id->model_id);
	registry_key_on_int(&keys[1], Anum_model_version_version, id->version);
	registry_row_find(row, REGISTRY_MODEL_VERSION, snapshot, lengthof(keys), keys);
}

static void
identify_row(VersionId *id, const RegistryRow *row)
{
	Datum uid = registry_column(row->relation, row->tuple, Anum_model_version_version_uid);

	id->uid = *DatumGetUUIDP(uid);
	id->relation = RelationGetRelid(row->relation);
	id->row = row->tuple->t_self;
	id->row_xmin = HeapTupleHeaderGetRawXmin(row->tuple->t_data);
}

static Resolution
find_row(VersionId *id, Snapshot snapshot)
{
	RegistryRow row;
	bool found;

	find_version_row(&row, id, snapshot);
	found = HeapTupleIsValid(row.tuple);
	if (found)
		identify_row(id, &row);
	registry_row_end(&row);
	return found ? RESOLVED : NO_SUCH_VERSION;
}

/* model NULL: the only one. */
static Resolution
find_version(VersionId *id, const char *model, int32 version, Snapshot snapshot)
{
	Resolution resolution = check_privilege();

	id->version = version;
	if (resolution == RESOLVED)
		resolution =
		    model != NULL ? find_model(id, model, snapshot) : find_only_model(id, snapshot);
	if (resolution == RESOLVED && version == 0)
		resolution = find_alias(id, CHAMPION, snapshot);
	if (resolution == RESOLVED)
		resolution = find_row(id, snapshot);
	return resolution;
}

static void
pg_attribute_noreturn() raise_unresolved(Resolution resolution, const VersionId *id,
                                         const char *model, Snapshot snapshot)
{
	switch (resolution)
	{
		case NO_PRIVILEGE:
			ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			                errmsg("permission denied to use the models of fraud_detect"),
			                errdetail("This needs SELECT on %s.model_version.", REGISTRY_SCHEMA),
			                errhint("GRANT SELECT ON %s.model_version TO %s", REGISTRY_SCHEMA,
			                        quote_identifier(GetUserNameFromId(GetUserId(), false)))));
			break;
		case HIDDEN_BY_POLICY:
			ereport(ERROR,
			        (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			         errmsg("permission denied to use the models of fraud_detect"),
			         errdetail("Row-level security of %s.model_version applies to role \"%s\", "
			                   "and scoring does not follow policies.",
			                   REGISTRY_SCHEMA, GetUserNameFromId(GetUserId(), false)),
			         errhint("Let different roles use different models by databases.")));
			break;
		case NO_SUCH_MODEL:
			ereport(ERROR,
			        (errcode(ERRCODE_FRAUD_NO_MODEL), errmsg("model \"%s\" does not exist", model),
			         errdetail_models(snapshot)));
			break;
		case NO_MODEL:
			ereport(ERROR, (errcode(ERRCODE_FRAUD_NO_MODEL), errmsg("there is no model yet"),
			                errhint("Train one with fraud_train.")));
			break;
		case SEVERAL_MODELS:
			ereport(ERROR, (errcode(ERRCODE_FRAUD_NO_MODEL),
			                errmsg("there are several models and the call names none"),
			                errdetail("Models: %s.", list_models(snapshot)),
			                errhint("Pass model => '...', or set fraud_detect.model.")));
			break;
		case NO_CHAMPION:
			ereport(ERROR, (errcode(ERRCODE_FRAUD_NO_VERSION),
			                errmsg("model \"%s\" has no champion", id->model),
			                errdetail("Versions: %s.", list_versions(id->model_id, snapshot)),
			                errhint("Name one with fraud_promote, or pass version => ...")));
			break;
		case NO_SUCH_VERSION:
		case RESOLVED:
			break;
	}
	ereport(ERROR, (errcode(ERRCODE_FRAUD_NO_VERSION),
	                errmsg("model \"%s\" has no version %d", id->model, id->version),
	                errdetail("Versions: %s.", list_versions(id->model_id, snapshot))));
}

VersionId
registry_resolve(const char *model, int32 version, Snapshot snapshot)
{
	VersionId id;
	const char *wanted = model != NULL ? model : setting_model();
	Resolution resolution = find_version(&id, wanted, version, snapshot);

	if (resolution != RESOLVED)
		raise_unresolved(resolution, &id, wanted, snapshot);
	return id;
}

bool
registry_find(const char *model, int32 version, Snapshot snapshot, VersionId *id)
{
	return find_version(id, model != NULL ? model : setting_model(), version, snapshot) == RESOLVED;
}

bool
registry_find_alias(const VersionId *of, const char *alias, Snapshot snapshot, VersionId *id)
{
	*id = *of;
	return check_privilege() == RESOLVED && find_alias(id, alias, snapshot) == RESOLVED &&
	       find_row(id, snapshot) == RESOLVED;
}

bool
registry_find_if_allowed(const char *model, int32 version, Snapshot snapshot, VersionId *id)
{
	Resolution resolution = find_version(id, model, version, snapshot);

	if (resolution == NO_PRIVILEGE || resolution == HIDDEN_BY_POLICY)
		raise_unresolved(resolution, id, model, snapshot);
	return resolution == RESOLVED;
}

bool
version_same_row(const VersionId *a, const VersionId *b)
{
	return memcmp(&a->uid, &b->uid, sizeof(a->uid)) == 0 && a->relation == b->relation &&
	       a->model_id == b->model_id && a->version == b->version &&
	       ItemPointerEquals((ItemPointer) &a->row, (ItemPointer) &b->row) &&
	       a->row_xmin == b->row_xmin;
}

bool
registry_has_row(const VersionId *id, Snapshot snapshot)
{
	VersionId found = *id;
	RegistryRow row;
	bool same;

	find_version_row(&row, id, snapshot);
	if (HeapTupleIsValid(row.tuple))
		identify_row(&found, &row);
	same = HeapTupleIsValid(row.tuple) && version_same_row(id, &found);
	registry_row_end(&row);
	return same;
}

static struct varlena *
stored(const RegistryRow *row, int attribute)
{
	return PG_DETOAST_DATUM_COPY(registry_column(row->relation, row->tuple, attribute));
}

/* The row of a version that was resolved before; *id follows it to where it is now. */
static void
follow_row(RegistryRow *row, VersionId *id, Snapshot snapshot)
{
	VersionId found = *id;

	find_version_row(row, id, snapshot);
	if (HeapTupleIsValid(row->tuple))
		identify_row(&found, row);
	if (!HeapTupleIsValid(row->tuple) || memcmp(&found.uid, &id->uid, sizeof(found.uid)) != 0)
		ereport(ERROR, (errcode(ERRCODE_FRAUD_NO_VERSION),
		                errmsg("version %d of model \"%s\" has gone", id->version, id->model)));
	*id = found;
}

/* An uninitialised varlena whose data lies at a multiple of the alignment. */
static struct varlena *
allocate_aligned(Size data_size, Size alignment, MemoryContext context)
{
	char *memory = MemoryContextAllocHuge(context, VARHDRSZ + alignment + data_size);
	char *data = (char *) TYPEALIGN(alignment, memory + VARHDRSZ);
	struct varlena *aligned = (struct varlena *) (data - VARHDRSZ);

	memory_fault_in(aligned, VARHDRSZ + data_size);
	SET_VARSIZE(aligned, VARHDRSZ + data_size);
	return aligned;
}

/* As stored(); straight from the TOAST table where it lies there as it is: megabytes are copied once. */
static struct varlena *
stored_aligned(const RegistryRow *row, int attribute, Size alignment, MemoryContext context)
{
	struct varlena *value =
	    (struct varlena *) DatumGetPointer(registry_column(row->relation, row->tuple, attribute));
	struct varatt_external place = {0};
	struct varlena *aligned;

	if (VARATT_IS_EXTERNAL_ONDISK(value))
		VARATT_EXTERNAL_GET_POINTER(place, value);
	if (VARATT_IS_EXTERNAL_ONDISK(value) && !VARATT_EXTERNAL_IS_COMPRESSED(place))
	{
		int32 size = (int32) VARATT_EXTERNAL_GET_EXTSIZE(place);
		Relation toast = table_open(place.va_toastrelid, AccessShareLock);

		aligned = allocate_aligned(size, alignment, context);
		table_relation_fetch_toast_slice(toast, place.va_valueid, size, 0, size, aligned);
		table_close(toast, AccessShareLock);
	}
	else
	{
		struct varlena *plain = pg_detoast_datum_packed(value);

		aligned = allocate_aligned(VARSIZE_ANY_EXHDR(plain), alignment, context);
		memcpy(VARDATA(aligned), VARDATA_ANY(plain), VARSIZE_ANY_EXHDR(plain));
	}
	return aligned;
}

StoredVersion
registry_read_version(VersionId *id, Snapshot snapshot, Size alignment, MemoryContext image_context)
{
	StoredVersion version;
	RegistryRow row;

	follow_row(&row, id, snapshot);
	version.signature = stored(&row, Anum_model_version_signature);
	version.image = stored_aligned(&row, Anum_model_version_image, alignment, image_context);
	version.image_sha256 = stored(&row, Anum_model_version_image_sha256);
	version.golden = stored(&row, Anum_model_version_golden);
	registry_row_end(&row);
	return version;
}

VersionFacts
registry_version_facts(const VersionId *id, Snapshot snapshot)
{
	VersionFacts facts = {0, NULL};
	RegistryRow row;

	find_version_row(&row, id, snapshot);
	if (HeapTupleIsValid(row.tuple))
	{
		TupleDesc tupdesc = RelationGetDescr(row.relation);
		bool no_image;
		bool no_quantiles;
		Datum image = heap_getattr(row.tuple, Anum_model_version_image, tupdesc, &no_image);
		Datum quantiles =
		    heap_getattr(row.tuple, Anum_model_version_score_quantiles, tupdesc, &no_quantiles);

		if (!no_image)
			facts.image_size = toast_raw_datum_size(image) - VARHDRSZ;
		if (!no_quantiles)
			facts.score_quantiles = PG_DETOAST_DATUM_COPY(quantiles);
	}
	registry_row_end(&row);
	return facts;
}

StoredArtifact
registry_read_artifact(const VersionId *id, Snapshot snapshot)
{
	VersionId found = *id;
	StoredArtifact artifact;
	RegistryRow row;

	follow_row(&row, &found, snapshot);
	artifact.bytes = stored(&row, Anum_model_version_artifact);
	artifact.sha256 = stored(&row, Anum_model_version_artifact_sha256);
	registry_row_end(&row);
	return artifact;
}

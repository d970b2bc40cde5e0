/*
 * registry.c
 *		The registry's relations, read by C: an index look-up each.
 *
 * Everything is read under the snapshot that the caller gives, so the answer
 * is the one that a query of the same statement would get.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/detoast.h"
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/skey.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "pg/errors.h"
#include "pg/registry.h"
#include "pg/settings.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"

#define REGISTRY_SCHEMA "fraud"

#define Anum_model_model_id 1
#define Anum_model_name 2

#define Anum_alias_model_id 1
#define Anum_alias_alias 2
#define Anum_alias_version 3

/* So many names or versions in a message, at most. */
#define MOST_LISTED 10

static Oid
registry_relation(const char *name)
{
	Oid schema = get_namespace_oid(REGISTRY_SCHEMA, true);
	Oid relation = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;

	if (!OidIsValid(relation))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
		                errmsg("relation \"%s.%s\" does not exist", REGISTRY_SCHEMA, name),
		                errhint("Is the extension fraud_detect created in this database?")));
	return relation;
}

/*
 * A scan of one of our tables. An index that somebody has dropped costs time,
 * not correctness: systable_beginscan falls back to reading the table.
 */
typedef struct RegistryScan
{
	Relation relation;
	SysScanDesc scan;
} RegistryScan;

/* The types of the columns that are read here, from the first one on. */
static const struct
{
	const char *table;
	int n_columns;
	Oid types[Anum_model_version_score_quantiles];
} layouts[] = {
    {"model", Anum_model_name, {INT8OID, TEXTOID}},
    {"alias", Anum_alias_version, {INT8OID, TEXTOID, INT4OID}},
    {"model_version",
     Anum_model_version_score_quantiles,
     {INT8OID, INT4OID, UUIDOID, TEXTOID, JSONBOID, BYTEAOID, BYTEAOID, BYTEAOID, BYTEAOID,
      BYTEAOID, FLOAT8ARRAYOID}},
};

/*
 * Columns are read by number, without a plan that would notice. A library may be
 * newer than the tables, until ALTER EXTENSION UPDATE.
 */
static void
check_layout(Relation relation, const char *table)
{
	TupleDesc tupdesc = RelationGetDescr(relation);
	int l = 0;

	while (strcmp(layouts[l].table, table) != 0)
		l++;
	for (int i = 0; i < layouts[l].n_columns; i++)
	{
		if (i < tupdesc->natts && TupleDescAttr(tupdesc, i)->atttypid == layouts[l].types[i])
			continue;
		ereport(ERROR,
		        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		         errmsg("relation \"%s.%s\" is not the one that this library reads",
		                REGISTRY_SCHEMA, table),
		         errdetail("Its column %d is not of type %s.", i + 1,
		                   format_type_be(layouts[l].types[i])),
		         errhint("After an upgrade of the library: ALTER EXTENSION fraud_detect UPDATE")));
	}
}

static RegistryScan
registry_scan(const char *table, const char *index, Snapshot snapshot, int n_keys, ScanKey keys)
{
	RegistryScan scan;
	Oid index_oid;

	/* The table first: while we have it, REINDEX CONCURRENTLY drops no index that we find. */
	scan.relation = table_open(registry_relation(table), AccessShareLock);
	check_layout(scan.relation, table);
	index_oid = get_relname_relid(index, RelationGetNamespace(scan.relation));
	scan.scan =
	    systable_beginscan(scan.relation, index_oid, OidIsValid(index_oid), snapshot, n_keys, keys);
	return scan;
}

static void
registry_scan_end(RegistryScan *scan)
{
	systable_endscan(scan->scan);
	table_close(scan->relation, AccessShareLock);
}

static Datum
column(const RegistryScan *scan, HeapTuple tuple, int attribute)
{
	bool is_null;
	Datum value = heap_getattr(tuple, attribute, RelationGetDescr(scan->relation), &is_null);

	if (is_null)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_FRAUD_MODEL_DAMAGED),
		     errmsg(
		         "column \"%s\" of a row of %s.%s is NULL",
		         NameStr(TupleDescAttr(RelationGetDescr(scan->relation), attribute - 1)->attname),
		         REGISTRY_SCHEMA, RelationGetRelationName(scan->relation))));
	return value;
}

static void
key_on_bigint(ScanKey key, int attribute, int64 value)
{
	ScanKeyEntryInitialize(key, 0, attribute, BTEqualStrategyNumber, InvalidOid, InvalidOid,
	                       F_INT8EQ, Int64GetDatum(value));
}

static void
key_on_int(ScanKey key, int attribute, int32 value)
{
	ScanKeyEntryInitialize(key, 0, attribute, BTEqualStrategyNumber, InvalidOid, InvalidOid,
	                       F_INT4EQ, Int32GetDatum(value));
}

/* The registry's names have the collation "C" (sql/registry.sql). */
static void
key_on_name(ScanKey key, int attribute, const char *value)
{
	ScanKeyEntryInitialize(key, 0, attribute, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID,
	                       F_TEXTEQ, CStringGetTextDatum(value));
}

/* What exists, for messages. */

static char *
list_models(Snapshot snapshot)
{
	RegistryScan scan = registry_scan("model", "model_name_key", snapshot, 0, NULL);
	StringInfoData list;
	HeapTuple tuple;
	int n = 0;

	initStringInfo(&list);
	while (HeapTupleIsValid(tuple = systable_getnext(scan.scan)) && n++ < MOST_LISTED)
		appendStringInfo(&list, "%s\"%s\"", list.len > 0 ? ", " : "",
		                 TextDatumGetCString(column(&scan, tuple, Anum_model_name)));
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

	key_on_bigint(&key, Anum_model_version_model_id, model_id);
	scan = registry_scan("model_version", "model_version_pkey", snapshot, 1, &key);
	initStringInfo(&list);
	while (HeapTupleIsValid(tuple = systable_getnext(scan.scan)) && n++ < MOST_LISTED)
		appendStringInfo(&list, "%s%d", list.len > 0 ? ", " : "",
		                 DatumGetInt32(column(&scan, tuple, Anum_model_version_version)));
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
	Oid relation = registry_relation("model_version");

	if (pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		return NO_PRIVILEGE;
	/* An index look-up knows no policies: where they apply, it must not answer. */
	if (check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED)
		return HIDDEN_BY_POLICY;
	return RESOLVED;
}

static Resolution
find_model(VersionId *id, const char *model, Snapshot snapshot)
{
	ScanKeyData key;
	RegistryScan scan;
	HeapTuple tuple;
	Resolution resolution = RESOLVED;

	if (model != NULL)
		key_on_name(&key, Anum_model_name, model);
	scan = registry_scan("model", "model_name_key", snapshot, model != NULL ? 1 : 0, &key);
	tuple = systable_getnext(scan.scan);
	if (!HeapTupleIsValid(tuple))
		resolution = model != NULL ? NO_SUCH_MODEL : NO_MODEL;
	else
	{
		id->model_id = DatumGetInt64(column(&scan, tuple, Anum_model_model_id));
		id->model = TextDatumGetCString(column(&scan, tuple, Anum_model_name));
		if (model == NULL && HeapTupleIsValid(systable_getnext(scan.scan)))
			resolution = SEVERAL_MODELS;
	}
	registry_scan_end(&scan);
	return resolution;
}

static Resolution
find_champion(VersionId *id, Snapshot snapshot)
{
	ScanKeyData keys[2];
	RegistryScan scan;
	HeapTuple tuple;

	key_on_bigint(&keys[0], Anum_alias_model_id, id->model_id);
	key_on_name(&keys[1], Anum_alias_alias, CHAMPION);
	scan = registry_scan("alias", "alias_pkey", snapshot, lengthof(keys), keys);
	tuple = systable_getnext(scan.scan);
	if (HeapTupleIsValid(tuple))
		id->version = DatumGetInt32(column(&scan, tuple, Anum_alias_version));
	registry_scan_end(&scan);
	return HeapTupleIsValid(tuple) ? RESOLVED : NO_CHAMPION;
}

static RegistryScan
scan_version(const VersionId *id, Snapshot snapshot)
{
	ScanKeyData keys[2];

	key_on_bigint(&keys[0], Anum_model_version_model_id, id->model_id);
	key_on_int(&keys[1], Anum_model_version_version, id->version);
	return registry_scan("model_version", "model_version_pkey", snapshot, lengthof(keys), keys);
}

static void
identify_row(VersionId *id, const RegistryScan *scan, HeapTuple tuple)
{
	id->uid = *DatumGetUUIDP(column(scan, tuple, Anum_model_version_version_uid));
	id->relation = RelationGetRelid(scan->relation);
	id->row = tuple->t_self;
	id->row_xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);
}

static Resolution
find_row(VersionId *id, Snapshot snapshot)
{
	RegistryScan scan = scan_version(id, snapshot);
	HeapTuple tuple = systable_getnext(scan.scan);

	if (HeapTupleIsValid(tuple))
		identify_row(id, &scan, tuple);
	registry_scan_end(&scan);
	return HeapTupleIsValid(tuple) ? RESOLVED : NO_SUCH_VERSION;
}

/* model NULL: the only one. */
static Resolution
find_version(VersionId *id, const char *model, int32 version, Snapshot snapshot)
{
	Resolution resolution = check_privilege();

	id->version = version;
	if (resolution == RESOLVED)
		resolution = find_model(id, model, snapshot);
	if (resolution == RESOLVED && version == 0)
		resolution = find_champion(id, snapshot);
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
	RegistryScan scan = scan_version(id, snapshot);
	HeapTuple tuple = systable_getnext(scan.scan);
	VersionId found = *id;

	if (HeapTupleIsValid(tuple))
		identify_row(&found, &scan, tuple);
	registry_scan_end(&scan);
	return HeapTupleIsValid(tuple) && version_same_row(id, &found);
}

static struct varlena *
stored(const RegistryScan *scan, HeapTuple tuple, int attribute)
{
	return PG_DETOAST_DATUM_COPY(column(scan, tuple, attribute));
}

/* The row of a version that was resolved before; *id follows it to where it is now. */
static HeapTuple
follow_row(const RegistryScan *scan, VersionId *id)
{
	HeapTuple tuple = systable_getnext(scan->scan);
	VersionId found = *id;

	if (HeapTupleIsValid(tuple))
		identify_row(&found, scan, tuple);
	if (!HeapTupleIsValid(tuple) || memcmp(&found.uid, &id->uid, sizeof(found.uid)) != 0)
		ereport(ERROR, (errcode(ERRCODE_FRAUD_NO_VERSION),
		                errmsg("version %d of model \"%s\" has gone", id->version, id->model)));
	*id = found;
	return tuple;
}

StoredVersion
registry_read_version(VersionId *id, Snapshot snapshot)
{
	RegistryScan scan = scan_version(id, snapshot);
	HeapTuple tuple = follow_row(&scan, id);
	StoredVersion version;

	version.signature = stored(&scan, tuple, Anum_model_version_signature);
	version.image = stored(&scan, tuple, Anum_model_version_image);
	version.image_sha256 = stored(&scan, tuple, Anum_model_version_image_sha256);
	version.golden = stored(&scan, tuple, Anum_model_version_golden);
	registry_scan_end(&scan);
	return version;
}

VersionFacts
registry_version_facts(const VersionId *id, Snapshot snapshot)
{
	RegistryScan scan = scan_version(id, snapshot);
	HeapTuple tuple = systable_getnext(scan.scan);
	VersionFacts facts = {0, NULL};

	if (HeapTupleIsValid(tuple))
	{
		TupleDesc tupdesc = RelationGetDescr(scan.relation);
		bool no_image;
		bool no_quantiles;
		Datum image = heap_getattr(tuple, Anum_model_version_image, tupdesc, &no_image);
		Datum quantiles =
		    heap_getattr(tuple, Anum_model_version_score_quantiles, tupdesc, &no_quantiles);

		if (!no_image)
			facts.image_size = toast_raw_datum_size(image) - VARHDRSZ;
		if (!no_quantiles)
			facts.score_quantiles = PG_DETOAST_DATUM_COPY(quantiles);
	}
	registry_scan_end(&scan);
	return facts;
}

StoredArtifact
registry_read_artifact(const VersionId *id, Snapshot snapshot)
{
	RegistryScan scan = scan_version(id, snapshot);
	VersionId found = *id;
	HeapTuple tuple = follow_row(&scan, &found);
	StoredArtifact artifact;

	artifact.bytes = stored(&scan, tuple, Anum_model_version_artifact);
	artifact.sha256 = stored(&scan, tuple, Anum_model_version_artifact_sha256);
	registry_scan_end(&scan);
	return artifact;
}

/*
 * registry_rows.c
 *		The registry's tables: where they are, and their rows by key.
 *
 * A statement that scores finds three rows, so this is done with as little work as
 * the snapshot allows. Where the tables and their indexes are is kept until the
 * relcache or a schema says that it may have changed. Where a row was found is kept
 * as a hint: if the row there is visible under the snapshot at hand and has the
 * key, it is the row, as keys are unique among the visible rows of any snapshot.
 * Otherwise the index is asked. So a hint can be wrong but never the answer. The
 * buffer that held the row is part of the hint: if it holds the block still, the
 * block exists, and the size of the table need not be asked of the kernel.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "pg/errors.h"
#include "pg/registry.h"
#include "pg/registry_lists.h"
#include "pg/registry_rows.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#define N_TABLES (REGISTRY_LABEL + 1)
#define N_HINTS 16 /* of each table */

/* Where a row was found, and in which buffer (InvalidBuffer: not known). */
typedef struct Hint
{
	ItemPointerData place;
	Buffer buffer;
} Hint;

static const Oid model_types[] = {INT8OID, TEXTOID};
static const Oid alias_types[] = {INT8OID, TEXTOID, INT4OID};
static const Oid model_version_types[] = {INT8OID,  INT4OID,  UUIDOID,       TEXTOID,
                                          JSONBOID, BYTEAOID, BYTEAOID,      BYTEAOID,
                                          BYTEAOID, BYTEAOID, FLOAT8ARRAYOID};
static const Oid list_entry_types[] = {INT8OID, TEXTOID,        TEXTOID, TEXTOID,
                                       TEXTOID, TIMESTAMPTZOID, TEXTOID, TIMESTAMPTZOID,
                                       TEXTOID, TIMESTAMPTZOID};
static const Oid policy_types[] = {REGCLASSOID, INT4OID, TEXTOID,  FLOAT8OID, FLOAT8OID, TEXTOID,
                                   TEXTOID,     TEXTOID, JSONBOID, JSONBOID,  TEXTOID};
static const Oid decision_types[] = {
    INT8OID,   TIMESTAMPTZOID, REGCLASSOID, INT4OID,   TEXTOID,        TIMESTAMPTZOID,
    FLOAT8OID, TEXTOID,        INT4OID,     UUIDOID,   FLOAT4ARRAYOID, FLOAT4OID,
    FLOAT8OID, FLOAT8OID,      FLOAT8OID,   JSONBOID,  JSONBOID,       TEXTOID,
    TEXTOID,   TEXTOID,        BOOLOID,     FLOAT8OID, JSONBOID,       JSONBOID,
    INT4OID,   FLOAT8OID,      JSONBOID,    TEXTOID,   INT4OID};
static const Oid quarantine_types[] = {INT8OID, REGCLASSOID, JSONBOID, TIMESTAMPTZOID, TEXTOID};
static const Oid label_types[] = {INT8OID, REGCLASSOID, TEXTOID, BOOLOID, TEXTOID, TIMESTAMPTZOID};

/* With the types of the columns that are read or written, from the first one on. */
static const struct
{
	const char *name;
	const char *index;
	int n_columns;
	const Oid *types;
} tables[N_TABLES] = {
    {"model", "model_name_key", lengthof(model_types), model_types},
    {"alias", "alias_pkey", lengthof(alias_types), alias_types},
    {"model_version", "model_version_pkey", lengthof(model_version_types), model_version_types},
    {"list_entry", "list_entry_value", lengthof(list_entry_types), list_entry_types},
    {"policy", "policy_pkey", lengthof(policy_types), policy_types},
    {"decision", NULL, lengthof(decision_types), decision_types},
    {"decision_id_seq", NULL, 0, NULL},
    {"restored_decision_id_seq", NULL, 0, NULL},
    {"quarantine", "quarantine_pkey", lengthof(quarantine_types), quarantine_types},
    {"label", "label_relation_key_idx", lengthof(label_types), label_types},
};

/* Where the tables are */

static struct
{
	Oid relation;
	bool opened; /* its layout has been looked at, and its index looked up */
	Oid index;   /* InvalidOid where somebody has dropped it: the table is read instead */
} located[N_TABLES];

static uint64 n_changes = 0; /* of anything that locates a table */

static void
forget_tables(void)
{
	memset(located, 0, sizeof(located));
	n_changes++;
}

/* May run at almost any moment, as may the next one. */
static void
on_relcache_invalidation(Datum argument, Oid relation)
{
	bool ours = relation == InvalidOid;

	for (int i = 0; i < N_TABLES; i++)
		ours = ours || relation == located[i].relation || relation == located[i].index;
	if (ours)
		forget_tables();
	else
		n_changes++;
}

static void
on_schema_change(Datum argument, int cache, uint32 hash)
{
	forget_tables();
}

static void
watch_changes(void)
{
	static bool watching = false;

	if (watching)
		return;
	CacheRegisterRelcacheCallback(on_relcache_invalidation, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, on_schema_change, (Datum) 0);
	watching = true;
}

Oid
registry_relation(RegistryTable table)
{
	uint64 changes = n_changes;
	Oid schema;
	Oid relation;

	if (OidIsValid(located[table].relation))
		return located[table].relation;
	watch_changes();
	schema = get_namespace_oid(REGISTRY_SCHEMA, true);
	relation = OidIsValid(schema) ? get_relname_relid(tables[table].name, schema) : InvalidOid;
	if (!OidIsValid(relation))
		ereport(ERROR,
		        (errcode(ERRCODE_UNDEFINED_TABLE),
		         errmsg("relation \"%s.%s\" does not exist", REGISTRY_SCHEMA, tables[table].name),
		         errhint("Is the extension fraud_detect created in this database?")));
	/* What changed while we looked may be what we have found. */
	if (changes == n_changes)
	{
		located[table].relation = relation;
		located[table].opened = false;
	}
	return relation;
}

/*
 * Columns are read by number, without a plan that would notice. A library may be
 * newer than the tables, until ALTER EXTENSION UPDATE.
 */
void
registry_check_layout(Relation relation, RegistryTable table)
{
	TupleDesc tupdesc = RelationGetDescr(relation);

	for (int i = 0; i < tables[table].n_columns; i++)
	{
		if (i < tupdesc->natts && TupleDescAttr(tupdesc, i)->atttypid == tables[table].types[i])
			continue;
		ereport(ERROR,
		        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		         errmsg("relation \"%s.%s\" is not the one that this library reads",
		                REGISTRY_SCHEMA, tables[table].name),
		         errdetail("Its column %d is not of type %s.", i + 1,
		                   format_type_be(tables[table].types[i])),
		         errhint("After an upgrade of the library: ALTER EXTENSION fraud_detect UPDATE")));
	}
}

Relation
registry_open(RegistryTable table, Oid *index)
{
	Relation relation = table_open(registry_relation(table), AccessShareLock);
	uint64 changes = n_changes;

	if (located[table].opened && located[table].relation == RelationGetRelid(relation))
	{
		*index = located[table].index;
		return relation;
	}
	registry_check_layout(relation, table);
	*index = get_relname_relid(tables[table].index, RelationGetNamespace(relation));
	if (changes == n_changes && located[table].relation == RelationGetRelid(relation))
	{
		located[table].index = *index;
		located[table].opened = true;
	}
	return relation;
}

/* Rows */

void
registry_key_on_bigint(ScanKey key, int attribute, int64 value)
{
	ScanKeyEntryInitialize(key, 0, attribute, BTEqualStrategyNumber, InvalidOid, InvalidOid,
	                       F_INT8EQ, Int64GetDatum(value));
}

void
registry_key_on_int(ScanKey key, int attribute, int32 value)
{
	ScanKeyEntryInitialize(key, 0, attribute, BTEqualStrategyNumber, InvalidOid, InvalidOid,
	                       F_INT4EQ, Int32GetDatum(value));
}

void
registry_key_on_oid(ScanKey key, int attribute, Oid value)
{
	ScanKeyEntryInitialize(key, 0, attribute, BTEqualStrategyNumber, InvalidOid, InvalidOid,
	                       F_OIDEQ, ObjectIdGetDatum(value));
}

/* Names and values have the collation "C" (sql/registry.sql, sql/list.sql). */
void
registry_key_on_text(ScanKey key, int attribute, Datum value)
{
	ScanKeyEntryInitialize(key, 0, attribute, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID,
	                       F_TEXTEQ, value);
}

void
registry_key_on_name(ScanKey key, int attribute, const char *value)
{
	registry_key_on_text(key, attribute, CStringGetTextDatum(value));
}

Datum
registry_column(Relation relation, HeapTuple tuple, int attribute)
{
	bool is_null;
	Datum value = heap_getattr(tuple, attribute, RelationGetDescr(relation), &is_null);

	if (is_null)
		ereport(ERROR,
		        (errcode(ERRCODE_FRAUD_MODEL_DAMAGED),
		         errmsg("column \"%s\" of a row of %s.%s is NULL",
		                NameStr(TupleDescAttr(RelationGetDescr(relation), attribute - 1)->attname),
		                REGISTRY_SCHEMA, RelationGetRelationName(relation))));
	return value;
}

/* systable_beginscan changes the keys. */
RegistryScan
registry_scan(RegistryTable table, Snapshot snapshot, int n_keys, ScanKey keys)
{
	RegistryScan scan;
	Oid index;

	scan.relation = registry_open(table, &index);
	scan.scan = systable_beginscan(scan.relation, index, OidIsValid(index), snapshot, n_keys, keys);
	return scan;
}

void
registry_scan_end(RegistryScan *scan)
{
	systable_endscan(scan->scan);
	table_close(scan->relation, AccessShareLock);
}

static uint32
hash_keys(int n_keys, const ScanKeyData *keys)
{
	uint32 hash = 0;

	for (int i = 0; i < n_keys; i++)
	{
		Datum value = keys[i].sk_argument;

		if (keys[i].sk_func.fn_oid == F_TEXTEQ)
			value = hash_any((unsigned char *) VARDATA_ANY(DatumGetPointer(value)),
			                 VARSIZE_ANY_EXHDR(DatumGetPointer(value)));
		hash = hash_combine(hash, murmurhash32((uint32) value));
	}
	return hash;
}

static bool
has_keys(const RegistryRow *row, int n_keys, ScanKey keys)
{
	for (int i = 0; i < n_keys; i++)
	{
		bool is_null;
		Datum value =
		    heap_getattr(row->tuple, keys[i].sk_attno, RelationGetDescr(row->relation), &is_null);

		if (is_null || !DatumGetBool(FunctionCall2Coll(&keys[i].sk_func, keys[i].sk_collation,
		                                               value, keys[i].sk_argument)))
			return false;
	}
	return true;
}

/* The table may have become shorter; a block of it that a buffer holds is still there. */
static bool
block_exists(Relation relation, const Hint *hint, Buffer *pinned)
{
	BlockNumber block = ItemPointerGetBlockNumber(&hint->place);

	if (BufferIsValid(hint->buffer) &&
	    ReadRecentBuffer(RELATION_FILE(relation), MAIN_FORKNUM, block, hint->buffer))
	{
		*pinned = hint->buffer;
		return true;
	}
	*pinned = InvalidBuffer;
	return block < RelationGetNumberOfBlocks(relation);
}

/* The row at a place, if it is visible. */
static bool
fetch_at(RegistryRow *row, Hint *hint, Snapshot snapshot)
{
	Buffer pinned;
	bool visible;

	if (!ItemPointerIsValid(&hint->place) || row->relation->rd_rel->relam != HEAP_TABLE_AM_OID ||
	    !block_exists(row->relation, hint, &pinned))
		return false;
	row->at_place.t_self = hint->place;
	visible = heap_fetch(row->relation, snapshot, &row->at_place, &row->buffer, false);
	if (BufferIsValid(pinned))
		ReleaseBuffer(pinned);
	if (!visible)
	{
		row->buffer = InvalidBuffer;
		return false;
	}
	hint->buffer = row->buffer;
	row->tuple = &row->at_place;
	return true;
}

static void
leave_place(RegistryRow *row)
{
	if (BufferIsValid(row->buffer))
		ReleaseBuffer(row->buffer);
	row->buffer = InvalidBuffer;
	row->tuple = NULL;
}

void
registry_row_find(RegistryRow *row, RegistryTable table, Snapshot snapshot, int n_keys,
                  ScanKey keys)
{
	static Hint hints[N_TABLES][N_HINTS];
	Hint *hint = &hints[table][hash_keys(n_keys, keys) % N_HINTS];
	Oid index;

	memset(row, 0, sizeof(*row));
	row->relation = registry_open(table, &index);
	if (fetch_at(row, hint, snapshot) && has_keys(row, n_keys, keys))
		return;
	leave_place(row);
	row->scan = systable_beginscan(row->relation, index, OidIsValid(index), snapshot, n_keys, keys);
	row->tuple = systable_getnext(row->scan);
	if (HeapTupleIsValid(row->tuple))
		*hint = (Hint){row->tuple->t_self, InvalidBuffer};
}

void
registry_row_end(RegistryRow *row)
{
	leave_place(row);
	if (row->scan != NULL)
		systable_endscan(row->scan);
	table_close(row->relation, AccessShareLock);
}

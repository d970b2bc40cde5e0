/*
 * registry_rows.h
 *		Rows of the registry's tables, found by their keys under a given snapshot.
 *		Private to registry*.c.
 */
#ifndef FRAUD_DETECT_REGISTRY_ROWS_H
#define FRAUD_DETECT_REGISTRY_ROWS_H

#include "access/genam.h"
#include "access/htup.h"
#include "access/skey.h"
#include "storage/buf.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

#define REGISTRY_SCHEMA "fraud"

typedef enum RegistryTable
{
	REGISTRY_MODEL,         /* by name */
	REGISTRY_ALIAS,         /* by model_id, alias */
	REGISTRY_MODEL_VERSION, /* by model_id, version */
	REGISTRY_LIST_ENTRY     /* by value, kind; entries that were removed are not in the index */
} RegistryTable;

/* OID of a table; 42P01 where it does not exist. */
extern Oid registry_relation(RegistryTable table);

/*
 * A table, and its index if it has it, else InvalidOid. The table first: while we have it,
 * REINDEX CONCURRENTLY drops no index that we find.
 */
extern Relation registry_open(RegistryTable table, Oid *index);

/* Keys: values of columns, in the order of the table's index. */
extern void registry_key_on_bigint(ScanKey key, int attribute, int64 value);
extern void registry_key_on_int(ScanKey key, int attribute, int32 value);
extern void registry_key_on_text(ScanKey key, int attribute, Datum value);
extern void registry_key_on_name(ScanKey key, int attribute, const char *value);

/* A scan of some or all rows, in the order of the table's index. */
typedef struct RegistryScan
{
	Relation relation;
	SysScanDesc scan;
} RegistryScan;
extern RegistryScan registry_scan(RegistryTable table, Snapshot snapshot, int n_keys, ScanKey keys);
extern void registry_scan_end(RegistryScan *scan);

/* The only visible row with a full key, until registry_row_end. */
typedef struct RegistryRow
{
	Relation relation;
	HeapTuple tuple; /* NULL: there is none */
	SysScanDesc scan;
	Buffer buffer;
	HeapTupleData at_place;
} RegistryRow;
extern void registry_row_find(RegistryRow *row, RegistryTable table, Snapshot snapshot, int n_keys,
                              ScanKey keys);
extern void registry_row_end(RegistryRow *row);

/* A column of a row; FD005 where it is NULL. */
extern Datum registry_column(Relation relation, HeapTuple tuple, int attribute);

#endif

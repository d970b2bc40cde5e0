/*
 * registry_rows.h
 *		The registry's tables, and rows of them found by their keys under a given
 *		snapshot. For registry*.c, and for code that writes to these tables.
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
	REGISTRY_LIST_ENTRY,    /* by value, hashed; removed entries are not in the index */
	REGISTRY_POLICY,        /* by relation, version */
	REGISTRY_DECISION,      /* partitioned: it is located only */
	REGISTRY_DECISION_ID,   /* a sequence: so is it */
	REGISTRY_RESTORED_ID,   /* another one */
	REGISTRY_QUARANTINE,    /* by decision_id */
	REGISTRY_LABEL          /* by relation, key, known_at, label_id */
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
extern void registry_key_on_oid(ScanKey key, int attribute, Oid value);
extern void registry_key_on_name(ScanKey key, int attribute, const char *value);

/* 55000 unless the first columns of the table are of the types that this library reads or writes. */
extern void registry_check_layout(Relation relation, RegistryTable table);

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

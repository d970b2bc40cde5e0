/*
 * registry_lists.h
 *		Entries of lists (fraud.list_entry), found by value.
 */
#ifndef FRAUD_DETECT_REGISTRY_LISTS_H
#define FRAUD_DETECT_REGISTRY_LISTS_H

#include "datatype/timestamp.h"
#include "utils/snapshot.h"

/* Columns that C reads; order as in sql/list.sql. */
#define Anum_list_entry_entry_id 1
#define Anum_list_entry_list 2
#define Anum_list_entry_kind 3
#define Anum_list_entry_value 4
#define Anum_list_entry_decision 5
#define Anum_list_entry_expires 6
#define Anum_list_entry_removed_at 10

typedef struct ListScan ListScan;

/* The texts point into a row that goes with the next call. */
typedef struct ListEntry
{
	int64 entry_id;
	struct varlena *list;
	struct varlena *decision;
	TimestampTz expires; /* infinity: never */
} ListEntry;

/* In CurrentMemoryContext. Reads whatever the current user may read. */
extern ListScan *registry_lists_begin(Snapshot snapshot);
extern void registry_lists_end(ListScan *scan);

/* Looks for entries that have not been removed; both are texts (Datum). */
extern void registry_lists_find(ListScan *scan, Datum kind, Datum value);
extern bool registry_lists_next(ListScan *scan, ListEntry *entry);

#endif

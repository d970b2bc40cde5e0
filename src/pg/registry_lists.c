/*
 * registry_lists.c
 *		Looks values up in fraud.list_entry.
 *
 * A guarded row looks up a value for each kind, and hardly ever finds one: one scan of the
 * index serves all of them, and the index is a hash index: with 20,000 entries, to find five
 * values not there takes 18,000 instructions, and 50,000 with a B-tree.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_collation.h"
#include "pg/registry_lists.h"
#include "pg/registry_rows.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

struct ListScan
{
	Relation relation;
	Relation index; /* NULL: somebody has dropped it, the table is read */
	TupleTableSlot *row;
	ScanKeyData key;
	Datum kind;
	IndexScanDesc in_index;
	TableScanDesc in_table;
};

static void
begin_in_index(ListScan *scan, Oid index, Snapshot snapshot)
{
	scan->index = index_open(index, AccessShareLock);
	ScanKeyEntryInitialize(&scan->key, 0, 1, HTEqualStrategyNumber, InvalidOid, C_COLLATION_OID,
	                       F_TEXTEQ, (Datum) 0);
	scan->in_index = INDEX_BEGIN_SCAN(scan->relation, scan->index, snapshot, 1);
}

static void
begin_in_table(ListScan *scan, Snapshot snapshot)
{
	registry_key_on_text(&scan->key, Anum_list_entry_value, (Datum) 0);
	scan->in_table = table_beginscan(scan->relation, snapshot, 1, &scan->key);
}

ListScan *
registry_lists_begin(Snapshot snapshot)
{
	ListScan *scan = palloc0(sizeof(ListScan));
	Oid index;

	scan->relation = registry_open(REGISTRY_LIST_ENTRY, &index);
	scan->row = table_slot_create(scan->relation, NULL);
	if (OidIsValid(index))
		begin_in_index(scan, index, snapshot);
	else
		begin_in_table(scan, snapshot);
	return scan;
}

void
registry_lists_end(ListScan *scan)
{
	ExecDropSingleTupleTableSlot(scan->row);
	if (scan->index != NULL)
	{
		index_endscan(scan->in_index);
		index_close(scan->index, AccessShareLock);
	}
	else
		table_endscan(scan->in_table);
	table_close(scan->relation, AccessShareLock);
	pfree(scan);
}

void
registry_lists_find(ListScan *scan, Datum kind, Datum value)
{
	scan->kind = kind;
	scan->key.sk_argument = value;
	if (scan->index != NULL)
		index_rescan(scan->in_index, &scan->key, 1, NULL, 0);
	else
		table_rescan(scan->in_table, &scan->key);
}

static bool
next_row(ListScan *scan)
{
	if (scan->index != NULL)
		return index_getnext_slot(scan->in_index, ForwardScanDirection, scan->row);
	return table_scan_getnextslot(scan->in_table, ForwardScanDirection, scan->row);
}

static Datum
column(ListScan *scan, int attribute)
{
	bool is_null;
	Datum value = slot_getattr(scan->row, attribute, &is_null);

	if (is_null)
		elog(ERROR, "column %d of a list's entry is NULL", attribute);
	return value;
}

static bool
has_text(ListScan *scan, int attribute, Datum wanted)
{
	return DatumGetBool(
	    DirectFunctionCall2Coll(texteq, C_COLLATION_OID, column(scan, attribute), wanted));
}

/* A hash index finds whatever has the same hash. */
static bool
is_wanted(ListScan *scan)
{
	return slot_attisnull(scan->row, Anum_list_entry_removed_at) &&
	       has_text(scan, Anum_list_entry_kind, scan->kind) &&
	       has_text(scan, Anum_list_entry_value, scan->key.sk_argument);
}

bool
registry_lists_next(ListScan *scan, ListEntry *entry)
{
	bool is_null;
	Datum expires;

	do
	{
		if (!next_row(scan))
			return false;
	} while (!is_wanted(scan));
	entry->entry_id = DatumGetInt64(column(scan, Anum_list_entry_entry_id));
	entry->list = DatumGetTextPP(column(scan, Anum_list_entry_list));
	entry->decision = DatumGetTextPP(column(scan, Anum_list_entry_decision));
	expires = slot_getattr(scan->row, Anum_list_entry_expires, &is_null);
	entry->expires = is_null ? DT_NOEND : DatumGetTimestampTz(expires);
	return true;
}

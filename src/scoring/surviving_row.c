/*
 * surviving_row.c
 *		Rows that stay whatever becomes of the transaction that writes them.
 *
 * Such a row is inserted like any other, with its index entries, and then frozen where it
 * lies: one bit for itself, one for each part of it in the TOAST table, the row last. From then on it
 * is visible to everybody and for ever, as a row of COPY FREEZE is. Until then it is
 * the row of an unfinished transaction, which an error or a crash does away with: so
 * all of it is there, or nothing. The WAL is flushed before the error is raised that rolls back
 * the rest. No second connection, no worker, no file: nothing to be exhausted, to
 * lag behind, or to be replayed. docs/decisions.md has what else was considered.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/detoast.h"
#include "access/genam.h"
#include "access/generic_xlog.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/toast_internals.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_am.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "replication/syncrep.h"
#include "scoring/index_validation.h"
#include "scoring/surviving_row.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* What a table is stored in: itself and its TOAST table, each with its indexes. */

/* The lock is kept, as storing a value there does: so who builds an index of it waits for us. */
static Relation
open_toast(Relation table)
{
	Oid toast = table->rd_rel->reltoastrelid;

	return OidIsValid(toast) ? table_open(toast, RowExclusiveLock) : NULL;
}

static bool
any_index(Relation table, bool (*is)(Relation index))
{
	bool found = false;
	ListCell *cell;

	foreach (cell, RelationGetIndexList(table))
	{
		Relation index = index_open(lfirst_oid(cell), AccessShareLock);

		found = found || is(index);
		index_close(index, AccessShareLock);
	}
	return found;
}

static bool
has_new_file(Relation relation)
{
	return RELATION_FILE_IS_NEW(relation);
}

/*
 * The lock tells of an index that was dropped: a rollback brings it back, without the row's entry. What
 * was moved or rebuilt has a new file.
 */
static bool
stays(Relation table)
{
	return table->rd_rel->relam == HEAP_TABLE_AM_OID && !has_new_file(table) &&
	       !CheckRelationLockedByMe(table, ShareLock, true) && !any_index(table, has_new_file);
}

bool
surviving_row_possible(Relation table)
{
	Relation toast = open_toast(table);
	bool possible = stays(table) && (toast == NULL || stays(toast));

	if (toast != NULL)
		table_close(toast, NoLock);
	return possible;
}

/* Indexes that are being built */

static bool
is_not_valid_yet(Relation index)
{
	return index->rd_index->indisready && !index->rd_index->indisvalid;
}

/*
 * CREATE INDEX CONCURRENTLY compares the table with the index and adds the entries that are missing. It would
 * take a row that we write between the two for such a one, and give it a second entry.
 */
static void
wait_for_validation(Relation table)
{
	if (any_index(table, is_not_valid_yet))
		index_validation_wait(RelationGetRelid(table));
}

static void
wait_for_validations(Relation table)
{
	Relation toast = open_toast(table);

	wait_for_validation(table);
	if (toast == NULL)
		return;
	wait_for_validation(toast);
	table_close(toast, NoLock);
}

/* Freezing */

/*
 * The record has the bits that have changed. Where replay is checked against the page, it has to have the
 * whole page: other rows may have hints here that they have not there.
 */
static void
freeze(Relation table, ItemPointer place)
{
	Buffer buffer = ReadBuffer(table, ItemPointerGetBlockNumber(place));
	GenericXLogState *record;
	ItemId item;
	Page page;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	record = GenericXLogStart(table);
	page = GenericXLogRegisterBuffer(
	    record, buffer, wal_consistency_checking[RM_GENERIC_ID] ? GENERIC_XLOG_FULL_IMAGE : 0);
	item = PageGetItemId(page, ItemPointerGetOffsetNumber(place));
	HeapTupleHeaderSetXminFrozen((HeapTupleHeader) PageGetItem(page, item));
	GenericXLogFinish(record);
	UnlockReleaseBuffer(buffer);
}

static void
freeze_parts(Relation toast, Oid value)
{
	Oid index = toast_get_valid_index(RelationGetRelid(toast), AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple part;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(value));
	scan = systable_beginscan(toast, index, true, SnapshotSelf, 1, &key);
	while (HeapTupleIsValid(part = systable_getnext(scan)))
		freeze(toast, &part->t_self);
	systable_endscan(scan);
}

/* "row" is as it was stored. */
static void
freeze_values(Relation table, TupleTableSlot *row)
{
	Relation toast = open_toast(table);

	slot_getallattrs(row);
	for (int i = 0; toast != NULL && i < row->tts_tupleDescriptor->natts; i++)
	{
		struct varlena *value = (struct varlena *) DatumGetPointer(row->tts_values[i]);
		struct varatt_external place;

		if (row->tts_isnull[i] || TupleDescAttr(row->tts_tupleDescriptor, i)->attlen != -1 ||
		    !VARATT_IS_EXTERNAL_ONDISK(value))
			continue;
		VARATT_EXTERNAL_GET_POINTER(place, value);
		freeze_parts(toast, place.va_valueid);
	}
	if (toast != NULL)
		table_close(toast, NoLock);
}

/* Nothing interrupts it: parts that are frozen without their row would never be removed. */
static void
freeze_row(Relation table, ItemPointer place)
{
	TupleTableSlot *row = table_slot_create(table, NULL);

	HOLD_INTERRUPTS();
	if (!table_tuple_fetch_row_version(table, place, SnapshotSelf, row))
		elog(ERROR, "a row that was just inserted is not there");
	freeze_values(table, row);
	ExecDropSingleTupleTableSlot(row);
	freeze(table, place);
	RESUME_INTERRUPTS();
}

/* The row */

/*
 * As a commit does it, but here in any case: who inserts may turn synchronous_commit off, and
 * has no say in whether a rejection is remembered. Standbys are waited for as it says.
 */
static void
make_durable(void)
{
	XLogFlush(XactLastRecEnd);
	HOLD_INTERRUPTS();
	SyncRepWaitForLSN(XactLastRecEnd, false);
	RESUME_INTERRUPTS();
}

void
surviving_row_insert(ResultRelInfo *table, TupleTableSlot *slot, EState *estate)
{
	Relation relation = table->ri_RelationDesc;

	wait_for_validations(relation);
	table_tuple_insert(relation, slot, GetCurrentCommandId(true), 0, NULL);
	if (table->ri_NumIndices > 0)
		(void) INSERT_INDEX_ENTRIES(table, slot, estate);
	freeze_row(relation, &slot->tts_tid);
	make_durable();
}

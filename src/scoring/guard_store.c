/*
 * guard_store.c
 *		Writes rows of the guard's tables.
 *
 * How a row survives the rollback of its transaction: it is inserted as frozen (as COPY FREEZE
 * does it, and as a sequence keeps its value), visible to everybody at once and for
 * ever, and its WAL is flushed before the error is raised that rolls back the rest. No
 * second connection, no worker, no file: nothing to be exhausted, to lag behind, or to be
 * replayed. docs/decisions.md has what else was considered.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/tableam.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "commands/sequence.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "pg/registry_rows.h"
#include "replication/syncrep.h"
#include "scoring/guard_store.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

int64
guard_store_next_decision(void)
{
	/* The role that inserts needs no right on it. */
	return nextval_internal(registry_relation(REGISTRY_DECISION_ID), false);
}

/* Partitions */

static Oid
partition_of(Relation parent, TimestampTz time)
{
	PartitionKey key = RelationGetPartitionKey(parent);
	PartitionDesc partitions = RelationGetPartitionDesc(parent, true);
	PartitionBoundInfo bounds = partitions->boundinfo;
	Datum value = TimestampTzGetDatum(time);
	int place = -1;
	bool equal;

	if (partitions->nparts > 0)
	{
		int bound = partition_range_datum_bsearch(key->partsupfunc, key->partcollation, bounds, 1,
		                                          &value, &equal);

		place = bounds->indexes[bound + 1];
		if (place < 0)
			place = bounds->default_index;
	}
	if (place < 0)
		ereport(ERROR,
		        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		         errmsg("%s.decision has no partition for a decision of now", REGISTRY_SCHEMA),
		         errhint("Make one: SELECT fraud_decision_partitions()")));
	return partitions->oids[place];
}

/*
 * Partitions come and go while we have no lock on the one that we have found: so look again
 * once we have it.
 */
static Relation
open_partition(Relation parent, TimestampTz time)
{
	for (;;)
	{
		Oid found = partition_of(parent, time);
		Relation partition = try_table_open(found, RowExclusiveLock);

		if (partition != NULL && partition_of(parent, time) == found)
			return partition;
		if (partition != NULL)
			table_close(partition, RowExclusiveLock);
		CHECK_FOR_INTERRUPTS();
	}
}

/* Place of a partition's column among the parent's; -1 where the guard does not fill it. */
static int
parent_place(TupleDesc parent, int place, Form_pg_attribute column)
{
	int n = Min(parent->natts, N_DECISION_COLUMNS);

	if (column->attisdropped)
		return -1;
	/* Nearly always at the same place; but a table may have been attached. */
	if (place < n &&
	    namestrcmp(&TupleDescAttr(parent, place)->attname, NameStr(column->attname)) == 0)
		return place;
	for (int i = 0; i < n; i++)
		if (namestrcmp(&TupleDescAttr(parent, i)->attname, NameStr(column->attname)) == 0)
			return i;
	return -1;
}

static void
fill_partition_row(TupleDesc parent, const Datum *values, const bool *nulls, TupleTableSlot *slot)
{
	TupleDesc columns = slot->tts_tupleDescriptor;

	for (int i = 0; i < columns->natts; i++)
	{
		int place = parent_place(parent, i, TupleDescAttr(columns, i));

		slot->tts_values[i] = place < 0 ? (Datum) 0 : values[place];
		slot->tts_isnull[i] = place < 0 || nulls[place];
	}
}

/* Rows */

static void
insert(Relation relation, TupleTableSlot *slot, int options)
{
	EState *estate = CreateExecutorState();
	ResultRelInfo *result = makeNode(ResultRelInfo);

	InitResultRelInfo(result, relation, 0, NULL, 0);
	ExecOpenIndices(result, false);
	ExecStoreVirtualTuple(slot);
	table_tuple_insert(relation, slot, GetCurrentCommandId(true), options, NULL);
	if (result->ri_NumIndices > 0)
		(void) INSERT_INDEX_ENTRIES(result, slot, estate);
	ExecCloseIndices(result);
	FreeExecutorState(estate);
}

/*
 * A row that survives stays where it is if its index entries fail, and the indexes would miss it.
 * So nothing interrupts the two, such as a cancel while an index waits for a new page.
 */
static void
insert_surviving(Relation relation, TupleTableSlot *slot)
{
	HOLD_INTERRUPTS();
	insert(relation, slot, TABLE_INSERT_FROZEN);
	RESUME_INTERRUPTS();
}

/*
 * Not where this transaction made the partition's storage, nor where it has dropped or rebuilt an
 * index (which locks the table): a rollback brings the former index back, without the row's entry.
 */
static bool
can_survive(Relation relation)
{
	return relation->rd_rel->relam == HEAP_TABLE_AM_OID && !RELATION_FILE_IS_NEW(relation) &&
	       !CheckRelationLockedByMe(relation, ShareLock, true);
}

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
guard_store_decision(const Datum *values, const bool *nulls, TimestampTz decided_at, bool survives)
{
	Relation parent = table_open(registry_relation(REGISTRY_DECISION), RowExclusiveLock);
	Relation partition = open_partition(parent, decided_at);
	TupleTableSlot *slot = table_slot_create(partition, NULL);

	registry_check_layout(parent, REGISTRY_DECISION);
	survives = survives && can_survive(partition);
	fill_partition_row(RelationGetDescr(parent), values, nulls, slot);
	if (survives)
		insert_surviving(partition, slot);
	else
		insert(partition, slot, 0);
	ExecDropSingleTupleTableSlot(slot);
	table_close(partition, NoLock);
	table_close(parent, NoLock);
	if (survives)
		make_durable();
}

void
guard_store_quarantined(const Datum *values, const bool *nulls)
{
	Relation relation = table_open(registry_relation(REGISTRY_QUARANTINE), RowExclusiveLock);
	TupleTableSlot *slot = table_slot_create(relation, NULL);

	registry_check_layout(relation, REGISTRY_QUARANTINE);
	for (int i = 0; i < slot->tts_tupleDescriptor->natts; i++)
	{
		slot->tts_values[i] = i < N_QUARANTINE_COLUMNS ? values[i] : (Datum) 0;
		slot->tts_isnull[i] = i >= N_QUARANTINE_COLUMNS || nulls[i];
	}
	insert(relation, slot, 0);
	ExecDropSingleTupleTableSlot(slot);
	table_close(relation, NoLock);
}

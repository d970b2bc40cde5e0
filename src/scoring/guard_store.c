/*
 * guard_store.c
 *		Writes rows of the guard's tables, below the level of triggers and of rights. Columns,
 *		indexes and constraints that an administrator gave these tables count.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "miscadmin.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "pg/registry_rows.h"
#include "rewrite/rewriteHandler.h"
#include "scoring/guard_store.h"
#include "scoring/surviving_row.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

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

/* Columns */

/* Place of a table's column among those that the guard fills; -1 where it does not. */
static int
place_of(TupleDesc filled, int n_filled, int place, Form_pg_attribute column)
{
	/* Nearly always at the same place; but a partition may have been attached. */
	if (place < n_filled &&
	    namestrcmp(&TupleDescAttr(filled, place)->attname, NameStr(column->attname)) == 0)
		return place;
	for (int i = 0; i < n_filled; i++)
		if (namestrcmp(&TupleDescAttr(filled, i)->attname, NameStr(column->attname)) == 0)
			return i;
	return -1;
}

/* A column that is not the guard's has its default. */
static void
fill_default(Relation relation, int column, TupleTableSlot *slot, EState *estate)
{
	Form_pg_attribute attribute = TupleDescAttr(slot->tts_tupleDescriptor, column);
	Node *expression = NULL;

	slot->tts_values[column] = (Datum) 0;
	slot->tts_isnull[column] = true;
	if (attribute->atthasdef && !attribute->attisdropped && attribute->attgenerated == '\0')
		expression = build_column_default(relation, column + 1);
	if (expression != NULL)
		slot->tts_values[column] =
		    ExecEvalExpr(ExecPrepareExpr((Expr *) expression, estate),
		                 GetPerTupleExprContext(estate), &slot->tts_isnull[column]);
}

/* "filled" describes the values. */
static void
fill(Relation relation, TupleDesc filled, int n_filled, const Datum *values, const bool *nulls,
     TupleTableSlot *slot, EState *estate)
{
	TupleDesc columns = slot->tts_tupleDescriptor;

	for (int i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i);
		int place = column->attisdropped ? -1 : place_of(filled, n_filled, i, column);

		if (place < 0)
		{
			fill_default(relation, i, slot, estate);
			continue;
		}
		slot->tts_values[i] = values[place];
		slot->tts_isnull[i] = nulls[place];
	}
	ExecStoreVirtualTuple(slot);
	slot->tts_tableOid = RelationGetRelid(relation);
}

/* Rows */

static void
check_constraints(ResultRelInfo *table, TupleTableSlot *slot, EState *estate)
{
	TupleConstr *constraints = table->ri_RelationDesc->rd_att->constr;

	if (constraints == NULL)
		return;
	if (constraints->has_generated_stored)
		ExecComputeStoredGenerated(table, estate, slot, CMD_INSERT);
	ExecConstraints(table, slot, estate);
}

static bool
can_survive(ResultRelInfo *table, int64 decision)
{
	if (surviving_row_possible(table->ri_RelationDesc))
		return true;
	ereport(WARNING,
	        (errmsg("decision " INT64_FORMAT " is rolled back with its transaction", decision),
	         errdetail("The transaction has made, moved or locked what \"%s\" is stored in.",
	                   RelationGetRelationName(table->ri_RelationDesc))));
	return false;
}

/* "survivor" is the decision that is to survive; 0: none. */
static void
insert(Relation relation, TupleDesc filled, int n_filled, const Datum *values, const bool *nulls,
       int64 survivor)
{
	EState *estate = CreateExecutorState();
	ResultRelInfo *table = makeNode(ResultRelInfo);
	TupleTableSlot *slot = table_slot_create(relation, NULL);

	InitResultRelInfo(table, relation, 0, NULL, 0);
	ExecOpenIndices(table, false);
	fill(relation, filled, n_filled, values, nulls, slot, estate);
	check_constraints(table, slot, estate);
	if (survivor != 0 && can_survive(table, survivor))
		surviving_row_insert(table, slot, estate);
	else
	{
		table_tuple_insert(relation, slot, GetCurrentCommandId(true), 0, NULL);
		if (table->ri_NumIndices > 0)
			(void) INSERT_INDEX_ENTRIES(table, slot, estate);
	}
	ExecCloseIndices(table);
	ExecDropSingleTupleTableSlot(slot);
	FreeExecutorState(estate);
}

void
guard_store_decision(const Datum *values, const bool *nulls, TimestampTz decided_at, bool survives)
{
	Relation parent = table_open(registry_relation(REGISTRY_DECISION), RowExclusiveLock);
	Relation partition = open_partition(parent, decided_at);

	registry_check_layout(parent, REGISTRY_DECISION);
	insert(partition, RelationGetDescr(parent), N_DECISION_COLUMNS, values, nulls,
	       survives ? DatumGetInt64(values[DECISION_ID]) : 0);
	table_close(partition, NoLock);
	table_close(parent, NoLock);
}

void
guard_store_quarantined(const Datum *values, const bool *nulls)
{
	Relation relation = table_open(registry_relation(REGISTRY_QUARANTINE), RowExclusiveLock);

	registry_check_layout(relation, REGISTRY_QUARANTINE);
	insert(relation, RelationGetDescr(relation), N_QUARANTINE_COLUMNS, values, nulls, 0);
	table_close(relation, NoLock);
}

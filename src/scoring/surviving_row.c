/*
 * surviving_row.c
 *		Rows that stay whatever becomes of the transaction that writes them.
 *
 * Such a row is inserted as frozen (as COPY FREEZE does it, and as a sequence keeps its
 * value), visible to everybody at once and for ever, and its WAL is flushed before the
 * error is raised that rolls back the rest. No second connection, no worker, no file:
 * nothing to be exhausted, to lag behind, or to be replayed. docs/decisions.md has what
 * else was considered.
 *
 * What a rollback usually does for a row has to be done ahead: nothing takes the row
 * away if an index refuses it, so indexes are asked before it is written; and who builds
 * an index concurrently counts on not seeing what is younger than its snapshot.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/genam.h"
#include "access/nbtree.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "replication/syncrep.h"
#include "scoring/index_validation.h"
#include "scoring/surviving_row.h"
#include "storage/lmgr.h"
#include "utils/rel.h"

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

/* Ahead of the row */

static bool
is_in_index(IndexInfo *index, EState *estate)
{
	if (index->ii_Predicate == NIL)
		return true;
	if (index->ii_PredicateState == NULL)
		index->ii_PredicateState = ExecPrepareQual(index->ii_Predicate, estate);
	return ExecQual(index->ii_PredicateState, GetPerTupleExprContext(estate));
}

static void
check_size(Relation index, Datum *values, bool *nulls)
{
	IndexTuple entry;

	if (index->rd_rel->relam != BTREE_AM_OID)
		return;
	entry = index_form_tuple(RelationGetDescr(index), values, nulls);
	if (IndexTupleSize(entry) > BTREE_MAX_ITEM_SIZE)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("index row size %zu exceeds maximum %zu for index \"%s\"",
		                       (Size) IndexTupleSize(entry), (Size) BTREE_MAX_ITEM_SIZE,
		                       RelationGetRelationName(index))));
	pfree(entry);
}

static void
check_uniqueness(ResultRelInfo *table, TupleTableSlot *slot, EState *estate, List *indexes)
{
	ItemPointerData conflict;

	if (indexes != NIL && !CHECK_INDEX_CONSTRAINTS(table, slot, estate, &conflict, indexes))
		ereport(ERROR, (errcode(ERRCODE_UNIQUE_VIOLATION),
		                errmsg("duplicate key value violates a unique index of \"%s\"",
		                       RelationGetRelationName(table->ri_RelationDesc))));
}

/* Raises what an index would raise after the row is there: an expression that fails, a duplicate. */
static void
check_entries(ResultRelInfo *table, TupleTableSlot *slot, EState *estate)
{
	List *unique = NIL;

	GetPerTupleExprContext(estate)->ecxt_scantuple = slot;
	for (int i = 0; i < table->ri_NumIndices; i++)
	{
		IndexInfo *info = table->ri_IndexRelationInfo[i];
		Relation index = table->ri_IndexRelationDescs[i];
		Datum values[INDEX_MAX_KEYS];
		bool nulls[INDEX_MAX_KEYS];

		if (!info->ii_ReadyForInserts || !is_in_index(info, estate))
			continue;
		FormIndexDatum(info, slot, estate, values, nulls);
		check_size(index, values, nulls);
		if ((info->ii_Unique || info->ii_ExclusionOps != NULL) && index->rd_index->indimmediate)
			unique = lappend_oid(unique, RelationGetRelid(index));
	}
	check_uniqueness(table, slot, estate, unique);
}

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

/* The row */

static void
name_what_lacks(void *argument)
{
	Relation table = argument;

	errcontext("index entries of a row that stays in \"%s\" without them; REINDEX TABLE adds them",
	           RelationGetRelationName(table));
}

/* So nothing interrupts the two, such as a cancel while an index waits for a new page. */
static void
insert_frozen(ResultRelInfo *table, TupleTableSlot *slot, EState *estate)
{
	ErrorContextCallback context = {
	    .previous = error_context_stack,
	    .callback = name_what_lacks,
	    .arg = table->ri_RelationDesc,
	};

	HOLD_INTERRUPTS();
	table_tuple_insert(table->ri_RelationDesc, slot, GetCurrentCommandId(true), TABLE_INSERT_FROZEN,
	                   NULL);
	error_context_stack = &context;
	if (table->ri_NumIndices > 0)
		(void) INSERT_INDEX_ENTRIES(table, slot, estate);
	error_context_stack = context.previous;
	RESUME_INTERRUPTS();
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
surviving_row_insert(ResultRelInfo *table, TupleTableSlot *slot, EState *estate)
{
	check_entries(table, slot, estate);
	wait_for_validations(table->ri_RelationDesc);
	insert_frozen(table, slot, estate);
	make_durable();
}

/*
 * features_index.c
 *		Events straight from an index, where a plan is nothing but that.
 *
 * The planner still decides: its generic plan of the query for a card's events is, as a
 * rule, one scan of a B-tree and columns as they are. Starting and ending the executor
 * for some hundred index entries, and its way of handing on each, took as long as
 * reading them. Any other plan (partitions, children, policies, filters, expressions, sorts,
 * other access methods) goes to the executor.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/itup.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/visibilitymap.h"
#include "catalog/pg_am.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/plannodes.h"
#include "parser/parsetree.h"
#include "pg/recent_pages.h"
#include "pg/row_columns.h"
#include "pgstat.h"
#include "scoring/features_index.h"
#include "storage/bufmgr.h"
#include "storage/predicate.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#define N_ENTRIES 64 /* that are read together */
#define N_AHEAD 4    /* rows that the processor is told of before they are looked at */

#define FIRST_TUPLES 4096

struct EventIndex
{
	Oid table;
	Oid index;
	bool index_only;
	ScanDirection direction;
	int n_keys;
	ScanKey keys;    /* without arguments */
	int *parameters; /* by key: number from 0 on of its argument */
	int n_columns;
	AttrNumber *columns;     /* by place in the target list: of the index, or of the table */
	RowColumns *row_columns; /* those of the table */
	uint64 n_dead;           /* rows dead for everybody that were met since the last sweep */
};

/* An entry of the index that stands for a row, visible or not. */
typedef struct Entry
{
	ItemPointerData place;
	bool all_visible; /* as the map of the table's pages says */
	Buffer page;      /* of its row, while it is looked at; InvalidBuffer: not pinned yet */
	Size tuple;       /* where its copy begins */
} Entry;

/* What the reading of one plan needs. */
typedef struct Reading
{
	EventIndex *index;
	IndexScanDesc scan;
	Buffer map;
	Entry entries[N_ENTRIES];
	int n_entries;
	uint64 n_taken; /* entries whose rows were looked for, of all that were read */
	uint64 n_dead;  /* of them, those of rows that are dead for everybody */
	char *tuples;   /* of the index, of these entries */
	Size tuples_used;
	Size tuples_size;
	HeapTupleData row;
	Datum *values;
	bool *nulls;
	EventReceiver receive;
	void *receiver;
	bool ended;
} Reading;

/* Plans */

static Node *
without_relabel(Node *node)
{
	while (IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	return node;
}

/* A comparison of a column of the index with a parameter becomes a key. */
static bool
make_key(ScanKey key, int *parameter, Node *condition, Relation index)
{
	OpExpr *comparison = (OpExpr *) condition;
	Var *column;
	Param *argument;
	int strategy;
	Oid left;
	Oid right;

	if (!IsA(condition, OpExpr) || list_length(comparison->args) != 2)
		return false;
	column = (Var *) without_relabel(linitial(comparison->args));
	argument = (Param *) without_relabel(lsecond(comparison->args));
	if (!IsA(column, Var) || column->varno != INDEX_VAR || !IsA(argument, Param) ||
	    argument->paramkind != PARAM_EXTERN)
		return false;
	get_op_opfamily_properties(comparison->opno, index->rd_opfamily[column->varattno - 1], false,
	                           &strategy, &left, &right);
	ScanKeyEntryInitialize(key, 0, column->varattno, (StrategyNumber) strategy, right,
	                       comparison->inputcollid, get_opcode(comparison->opno), (Datum) 0);
	*parameter = argument->paramid - 1;
	return true;
}

static bool
make_keys(EventIndex *made, List *conditions, Relation index)
{
	ListCell *cell;

	made->keys = palloc0(list_length(conditions) * sizeof(ScanKeyData));
	made->parameters = palloc(list_length(conditions) * sizeof(int));
	foreach (cell, conditions)
	{
		if (!make_key(&made->keys[made->n_keys], &made->parameters[made->n_keys], lfirst(cell),
		              index))
			return false;
		made->n_keys++;
	}
	return true;
}

/*
 * Do the entries of a card, or what else must be equal, ascend by this column, from some value on? The plan has
 * no Sort, so rows come as the index has them.
 */
static bool
ascends(const EventIndex *made, Relation index, AttrNumber column)
{
	bool begins = false;

	for (int i = 0; i < made->n_keys; i++)
	{
		const ScanKeyData *key = &made->keys[i];

		if (key->sk_attno == column)
			begins = begins || key->sk_strategy == BTGreaterStrategyNumber;
		else if (key->sk_attno > column || key->sk_strategy != BTEqualStrategyNumber)
			return false;
	}
	return begins && ScanDirectionIsForward(made->direction) &&
	       (index->rd_indoption[column - 1] & INDOPTION_DESC) == 0;
}

/* Where entries ascend, the receiver ends the scan; comparing each with the end would cost more. */
static void
leave_end_to_receiver(EventIndex *made, Relation index, int end)
{
	for (int i = 0; i < made->n_keys; i++)
	{
		if (made->parameters[i] != end || made->keys[i].sk_strategy != BTLessStrategyNumber ||
		    !ascends(made, index, made->keys[i].sk_attno))
			continue;
		made->n_keys--;
		/* They stay in the order of the index's columns. */
		memmove(&made->keys[i], &made->keys[i + 1], (made->n_keys - i) * sizeof(ScanKeyData));
		memmove(&made->parameters[i], &made->parameters[i + 1], (made->n_keys - i) * sizeof(int));
		return;
	}
}

/* An index has a name as a cstring, which only the executor knows how to pad. */
static bool
make_columns(EventIndex *made, List *targets, int varno)
{
	ListCell *cell;

	made->columns = palloc(list_length(targets) * sizeof(AttrNumber));
	foreach (cell, targets)
	{
		const TargetEntry *target = lfirst_node(TargetEntry, cell);
		const Var *column = (const Var *) target->expr;

		if (target->resjunk || !IsA(column, Var) || (int) column->varno != varno ||
		    column->varattno <= 0 ||
		    (varno == INDEX_VAR && getBaseType(column->vartype) == NAMEOID))
			return false;
		made->columns[made->n_columns++] = column->varattno;
	}
	return true;
}

static bool
understand(EventIndex *made, const PlannedStmt *plan, int end)
{
	const Scan *scan = (const Scan *) plan->planTree;
	bool index_only = IsA(scan, IndexOnlyScan);
	const IndexOnlyScan *only = (const IndexOnlyScan *) scan;
	const IndexScan *plain = (const IndexScan *) scan;
	Relation table;
	Relation index;
	bool understood;

	if (plan->commandType != CMD_SELECT || (!index_only && !IsA(scan, IndexScan)))
		return false;
	if (scan->plan.qual != NIL || scan->plan.initPlan != NIL || plan->subplans != NIL ||
	    plan->rowMarks != NIL || (index_only ? only->indexorderby : plain->indexorderby) != NIL)
		return false;
	made->index_only = index_only;
	made->direction = index_only ? only->indexorderdir : plain->indexorderdir;
	made->index = index_only ? only->indexid : plain->indexid;
	made->table = rt_fetch(scan->scanrelid, plan->rtable)->relid;
	table = table_open(made->table, NoLock);
	index = index_open(made->index, AccessShareLock);
	understood =
	    table->rd_rel->relam == HEAP_TABLE_AM_OID && index->rd_rel->relam == BTREE_AM_OID &&
	    make_keys(made, index_only ? only->indexqual : plain->indexqual, index) &&
	    make_columns(made, scan->plan.targetlist, index_only ? INDEX_VAR : (int) scan->scanrelid);
	if (understood && !index_only)
		made->row_columns =
		    row_columns_create(RelationGetDescr(table), made->columns, made->n_columns);
	if (understood)
		leave_end_to_receiver(made, index, end);
	index_close(index, NoLock);
	table_close(table, NoLock);
	return understood;
}

EventIndex *
event_index_of(const CachedPlan *plan, int end)
{
	EventIndex *made = palloc0(sizeof(EventIndex));

	if (list_length(plan->stmt_list) == 1 &&
	    understand(made, linitial_node(PlannedStmt, plan->stmt_list), end))
		return made;
	pfree(made);
	return NULL;
}

/*
 * Reading
 *
 * Some entries are read from the index, and then their rows, so that the processor fetches
 * the pages of all of them at once: in a table of many cards each event of one is on another
 * page, and most of the time is spent waiting for memory. A row whose place is taken by another
 * one meanwhile is no worry: the other one is not visible under the snapshot.
 */

/* Their sizes are multiples of MAXALIGN. */
static Size
keep_tuple(Reading *reading, const IndexTupleData *tuple)
{
	Size place = reading->tuples_used;
	Size size = IndexTupleSize(tuple);

	if (place + size > reading->tuples_size)
	{
		reading->tuples_size = Max(2 * reading->tuples_size, place + size);
		reading->tuples = repalloc(reading->tuples, reading->tuples_size);
	}
	memcpy(reading->tuples + place, tuple, size);
	reading->tuples_used += size;
	return place;
}

/*
 * Is its row known to be visible without a look at it? To be asked while the scan holds the entry's page: see
 * nodeIndexonlyscan.c.
 */
static bool
is_all_visible(Reading *reading, const ItemPointerData *place)
{
	return reading->index->index_only &&
	       VM_ALL_VISIBLE(reading->scan->heapRelation, ItemPointerGetBlockNumber(place),
	                      &reading->map);
}

static void
keep_entry(Reading *reading, const ItemPointerData *place)
{
	Relation table = reading->scan->heapRelation;
	Entry *entry = &reading->entries[reading->n_entries++];

	entry->place = *place;
	entry->page = InvalidBuffer;
	entry->all_visible = is_all_visible(reading, place);
	if (reading->index->index_only)
		entry->tuple = keep_tuple(reading, reading->scan->xs_itup);
	if (entry->all_visible)
		PredicateLockPage(table, ItemPointerGetBlockNumber(place), reading->scan->xs_snapshot);
	else
		recent_page_announce(table, place);
}

/* Less than there is room for, where the scan has ended; after that it would begin anew. */
static void
read_entries(Reading *reading)
{
	ItemPointer place;

	reading->n_entries = 0;
	reading->tuples_used = 0;
	while (reading->n_entries < N_ENTRIES &&
	       (place = index_getnext_tid(reading->scan, reading->index->direction)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		keep_entry(reading, place);
	}
}

/* Only of a page that is known to be in memory: nobody waits for one that is not needed then. */
static void
pin_early(const Reading *reading, Entry *entry)
{
	if (entry->all_visible)
		return;
	entry->page =
	    recent_page_pin(reading->scan->heapRelation, ItemPointerGetBlockNumber(&entry->place));
	if (BufferIsValid(entry->page))
		recent_page_announce_row(entry->page, ItemPointerGetOffsetNumber(&entry->place));
}

/* The row of an entry, if one is visible. */
static bool
find_row(Reading *reading, Entry *entry)
{
	Relation table = reading->scan->heapRelation;
	bool all_dead = false;
	bool found;

	if (!BufferIsValid(entry->page))
		entry->page = recent_page_read(table, ItemPointerGetBlockNumber(&entry->place));
	LockBuffer(entry->page, BUFFER_LOCK_SHARE);
	found = heap_hot_search_buffer(&entry->place, table, entry->page, reading->scan->xs_snapshot,
	                               &reading->row, &all_dead, true);
	LockBuffer(entry->page, BUFFER_LOCK_UNLOCK);
	if (found)
		pgstat_count_heap_fetch(reading->scan->indexRelation);
	reading->n_dead += all_dead;
	return found;
}

static void
give(Reading *reading)
{
	reading->ended = !reading->receive(reading->receiver, reading->values, reading->nulls);
}

static void
give_row(Reading *reading, Entry *entry)
{
	if (find_row(reading, entry))
	{
		row_columns_get(reading->index->row_columns, RelationGetDescr(reading->scan->heapRelation),
		                &reading->row, reading->values, reading->nulls);
		give(reading);
	}
	ReleaseBuffer(entry->page);
}

static bool
is_visible(Reading *reading, Entry *entry)
{
	bool found;

	if (entry->all_visible)
		return true;
	found = find_row(reading, entry);
	ReleaseBuffer(entry->page);
	return found;
}

static void
give_entry(Reading *reading, Entry *entry)
{
	const EventIndex *index = reading->index;
	IndexTuple tuple = (IndexTuple) (reading->tuples + entry->tuple);

	if (!is_visible(reading, entry))
		return;
	for (int i = 0; i < index->n_columns; i++)
		reading->values[i] =
		    index_getattr(tuple, index->columns[i], reading->scan->xs_itupdesc, &reading->nulls[i]);
	give(reading);
}

static void
give_or_release(Reading *reading, Entry *entry)
{
	if (reading->ended)
	{
		if (BufferIsValid(entry->page))
			ReleaseBuffer(entry->page);
		return;
	}
	reading->n_taken++;
	if (reading->index->index_only)
		give_entry(reading, entry);
	else
		give_row(reading, entry);
}

/* The next pages are pinned while a row is looked at; few, which a session holds without effort. */
static void
give_entries(Reading *reading)
{
	int pinned = 0;

	for (int i = 0; i < pinned || (i < reading->n_entries && !reading->ended); i++)
	{
		while (!reading->ended && pinned < Min(i + 1 + N_AHEAD, reading->n_entries))
			pin_early(reading, &reading->entries[pinned++]);
		give_or_release(reading, &reading->entries[i]);
	}
}

/*
 * Reads as many entries once more as the executor does, which prunes the pages of dead rows and
 * marks their entries in the index, so that nobody looks at them again. Not all can be marked:
 * those of equal keys may share one entry, which stays until all of them are dead, and a page
 * of the index may have changed meanwhile. So this is done when as many dead rows were met as
 * it takes to look at, and costs at most what they have cost. A row whose latest version
 * lives is not pruned by this, but by the updates that make it long. On a standby that is not
 * ours to do.
 */
static void
sweep_dead(Reading *reading)
{
	EventIndex *index = reading->index;
	IndexScanDesc scan = reading->scan;
	TupleTableSlot *slot;
	ItemPointer place;

	index->n_dead += reading->n_dead;
	if (reading->n_dead == 0 || index->n_dead < reading->n_taken || scan->xactStartedInRecovery)
		return;
	index->n_dead = 0;
	slot = table_slot_create(scan->heapRelation, NULL);
	index_rescan(scan, NULL, index->n_keys, NULL, 0);
	/* What is found of an entry is told to the index with the question for the next one. */
	for (uint64 i = 0; i <= reading->n_taken; i++)
	{
		CHECK_FOR_INTERRUPTS();
		place = index_getnext_tid(scan, index->direction);
		if (place == NULL)
			break;
		if (i < reading->n_taken && !is_all_visible(reading, place))
			(void) index_fetch_heap(scan, slot);
	}
	ExecDropSingleTupleTableSlot(slot);
}

void
event_index_read(EventIndex *index, const CachedPlan *plan, const ParamListInfoData *parameters,
                 Snapshot snapshot, EventReceiver receive, void *receiver)
{
	Relation table;
	Relation btree;
	Reading reading = {.index = index, .receive = receive, .receiver = receiver};

	/* Marks of all-visible pages say so for such a snapshot, not for others. */
	Assert(IsMVCCSnapshot(snapshot));
	CHECK_PLAN_PERMISSIONS(linitial_node(PlannedStmt, plan->stmt_list));
	table = table_open(index->table, NoLock);
	btree = index_open(index->index, AccessShareLock);
	reading.tuples_size = FIRST_TUPLES;
	reading.tuples = palloc(reading.tuples_size);
	reading.values = palloc(index->n_columns * sizeof(Datum));
	reading.nulls = palloc(index->n_columns * sizeof(bool));
	reading.scan = INDEX_BEGIN_SCAN(table, btree, snapshot, index->n_keys);
	for (int i = 0; i < index->n_keys; i++)
	{
		index->keys[i].sk_argument = parameters->params[index->parameters[i]].value;
		/* What a comparison remembers goes with the row, as the scan's copy of the key does. */
		index->keys[i].sk_func.fn_mcxt = CurrentMemoryContext;
	}
	reading.scan->xs_want_itup = index->index_only;
	index_rescan(reading.scan, index->keys, index->n_keys, NULL, 0);
	do
	{
		read_entries(&reading);
		give_entries(&reading);
	} while (reading.n_entries == N_ENTRIES && !reading.ended);
	sweep_dead(&reading);
	if (BufferIsValid(reading.map))
		ReleaseBuffer(reading.map);
	index_endscan(reading.scan);
	index_close(btree, NoLock);
	table_close(table, NoLock);
}

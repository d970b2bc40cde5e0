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
#include "scoring/features_index.h"
#include "storage/bufmgr.h"
#include "storage/predicate.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

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
	AttrNumber *columns; /* by place in the target list: of the index, or of the table */
	AttrNumber last;     /* of them */
};

/* What the reading of one plan needs. */
typedef struct Reading
{
	const EventIndex *index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	Datum *values;
	bool *nulls;
	EventReceiver receive;
	void *receiver;
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
		    column->varattno <= 0 || column->vartype == NAMEOID)
			return false;
		made->columns[made->n_columns++] = column->varattno;
		made->last = Max(made->last, column->varattno);
	}
	return true;
}

static bool
understand(EventIndex *made, const PlannedStmt *plan)
{
	const Scan *scan = (const Scan *) plan->planTree;
	bool index_only = IsA(scan, IndexOnlyScan);
	const IndexOnlyScan *only = (const IndexOnlyScan *) scan;
	const IndexScan *plain = (const IndexScan *) scan;
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
	index = index_open(made->index, AccessShareLock);
	understood =
	    index->rd_rel->relam == BTREE_AM_OID &&
	    make_keys(made, index_only ? only->indexqual : plain->indexqual, index) &&
	    make_columns(made, scan->plan.targetlist, index_only ? INDEX_VAR : (int) scan->scanrelid);
	index_close(index, NoLock);
	return understood;
}

EventIndex *
event_index_of(const CachedPlan *plan)
{
	EventIndex *made = palloc0(sizeof(EventIndex));

	if (list_length(plan->stmt_list) == 1 &&
	    understand(made, linitial_node(PlannedStmt, plan->stmt_list)))
		return made;
	pfree(made);
	return NULL;
}

/* Reading */

static void
read_table(Reading *reading)
{
	const EventIndex *index = reading->index;

	while (index_getnext_slot(reading->scan, index->direction, reading->slot))
	{
		CHECK_FOR_INTERRUPTS();
		slot_getsomeattrs(reading->slot, index->last);
		for (int i = 0; i < index->n_columns; i++)
		{
			reading->values[i] = reading->slot->tts_values[index->columns[i] - 1];
			reading->nulls[i] = reading->slot->tts_isnull[index->columns[i] - 1];
		}
		reading->receive(reading->receiver, reading->values, reading->nulls);
	}
}

/* Is the row of this entry visible? The table is asked where its map does not tell. */
static bool
is_visible(Reading *reading, ItemPointer entry, Buffer *map)
{
	Relation table = reading->scan->heapRelation;
	BlockNumber block = ItemPointerGetBlockNumber(entry);

	if (VM_ALL_VISIBLE(table, block, map))
	{
		PredicateLockPage(table, block, reading->scan->xs_snapshot);
		return true;
	}
	if (!index_fetch_heap(reading->scan, reading->slot))
		return false;
	ExecClearTuple(reading->slot);
	return true;
}

static void
read_index(Reading *reading)
{
	const EventIndex *index = reading->index;
	Datum values[INDEX_MAX_KEYS];
	bool nulls[INDEX_MAX_KEYS];
	Buffer map = InvalidBuffer;
	ItemPointer entry;

	while ((entry = index_getnext_tid(reading->scan, index->direction)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (!is_visible(reading, entry, &map))
			continue;
		index_deform_tuple(reading->scan->xs_itup, reading->scan->xs_itupdesc, values, nulls);
		for (int i = 0; i < index->n_columns; i++)
		{
			reading->values[i] = values[index->columns[i] - 1];
			reading->nulls[i] = nulls[index->columns[i] - 1];
		}
		reading->receive(reading->receiver, reading->values, reading->nulls);
	}
	if (BufferIsValid(map))
		ReleaseBuffer(map);
}

void
event_index_read(const EventIndex *index, const CachedPlan *plan,
                 const ParamListInfoData *parameters, Snapshot snapshot, EventReceiver receive,
                 void *receiver)
{
	Relation table;
	Relation btree;
	Reading reading = {.index = index, .receive = receive, .receiver = receiver};

	CHECK_PLAN_PERMISSIONS(linitial_node(PlannedStmt, plan->stmt_list));
	table = table_open(index->table, NoLock);
	btree = index_open(index->index, AccessShareLock);
	reading.slot = table_slot_create(table, NULL);
	reading.values = palloc(index->n_columns * sizeof(Datum));
	reading.nulls = palloc(index->n_columns * sizeof(bool));
	reading.scan = INDEX_BEGIN_SCAN(table, btree, snapshot, index->n_keys);
	for (int i = 0; i < index->n_keys; i++)
		index->keys[i].sk_argument = parameters->params[index->parameters[i]].value;
	reading.scan->xs_want_itup = index->index_only;
	index_rescan(reading.scan, index->keys, index->n_keys, NULL, 0);
	if (index->index_only)
		read_index(&reading);
	else
		read_table(&reading);
	index_endscan(reading.scan);
	ExecDropSingleTupleTableSlot(reading.slot);
	index_close(btree, NoLock);
	table_close(table, NoLock);
}

/*
 * block_plan.c
 *		Where a finished plan scores all rows of a scan, has them scored in blocks.
 *
 *	 Seq Scan on t                       Custom Scan (FraudScore)
 *	   Output: id, fraud_score(t.*)  ->    Output: id, (fraud_score(t.*))
 *	   Filter: a AND fraud_score(t.*)      Filter: (fraud_score(t.*)) > 0.9
 *	           > 0.9                       ->  Seq Scan on t
 *	                                             Filter: a
 *
 * Nothing is planned anew: costs, joins and the order of rows stay. A call is taken over
 * only where the plan would have made it for every row that comes so far: in the scan's
 * target list or filter, or in the arguments of an aggregate right above it, and not below
 * CASE, COALESCE, AND, OR, or FILTER, which may pass over it, nor of a second model where a
 * condition on the first one comes before. Equal calls are made once.
 * The same rows meet the same conditions in the same order; only that up to 64 of them
 * are read ahead. So plans that can be left half-way and gone back in are left alone:
 * cursors, the inner side of merge joins, and conditions with volatile functions.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/heap.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "pg/settings.h"
#include "scoring/block_scan.h"
#include "scoring/score_call.h"
#include "utils/rel.h"

static planner_hook_type previous_planner_hook = NULL;

typedef struct Rewrite
{
	PlannedStmt *statement;
	int next_plan_node_id;
} Rewrite;

/* Calls */

/* Parts of an expression that are not evaluated for every row. */
static bool
is_conditional(Node *node)
{
	switch (nodeTag(node))
	{
		case T_CaseExpr:
		case T_CoalesceExpr:
		case T_SubPlan:
		case T_AlternativeSubPlan:
			return true;
		case T_BoolExpr:
			return ((BoolExpr *) node)->boolop != NOT_EXPR;
		case T_Aggref:
			return ((Aggref *) node)->aggfilter != NULL;
		default:
			return false;
	}
}

typedef struct CallSearch
{
	int relation;  /* range table index, or OUTER_VAR */
	bool filtered; /* a row gets here only if calls found before have let it pass */
	List *calls;   /* distinct FuncExprs */
} CallSearch;

static bool
is_fixed(Expr *argument)
{
	return IsA(argument, Const) ||
	       (IsA(argument, Param) && ((Param *) argument)->paramkind == PARAM_EXTERN);
}

/* Another call has had the row's margin computed: one more result of it costs nothing. */
static bool
has_known_model(const CallSearch *search, const ScoreCall *call)
{
	ListCell *cell;
	ScoreCall known;

	foreach (cell, search->calls)
		if (score_call_recognize(lfirst(cell), &known) && equal(known.model, call->model) &&
		    equal(known.version, call->version))
			return true;
	return false;
}

static bool
find_calls(Node *node, void *argument)
{
	CallSearch *search = argument;
	ScoreCall call;

	if (node == NULL || is_conditional(node))
		return false;
	if (score_call_recognize(node, &call))
	{
		Var *record = (Var *) call.record;
		bool of_outer =
		    search->relation == OUTER_VAR && IsA(record, Var) && record->varno == OUTER_VAR;

		if (is_fixed(call.model) && is_fixed(call.version) &&
		    (of_outer || score_call_relation(&call) == search->relation) &&
		    (!search->filtered || has_known_model(search, &call)))
			search->calls = list_append_unique(search->calls, node);
		return false;
	}
	return expression_tree_walker(node, find_calls, argument);
}

/* Anywhere, also where it may be passed over. */
static bool
has_call(Node *node, void *argument)
{
	ScoreCall call;

	if (node == NULL)
		return false;
	return score_call_recognize(node, &call) || expression_tree_walker(node, has_call, argument);
}

static int
position(List *list, Node *node)
{
	int i = 0;
	ListCell *cell;

	foreach (cell, list)
	{
		if (equal(lfirst(cell), node))
			return i;
		i++;
	}
	return -1;
}

/* Scans */

static bool
is_scan_of_table(const Rewrite *rewrite, const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_SeqScan:
		case T_SampleScan:
		case T_IndexScan:
		case T_BitmapHeapScan:
		case T_TidScan:
		case T_TidRangeScan:
			return rt_fetch(((const Scan *) plan)->scanrelid, rewrite->statement->rtable)
			           ->rtekind == RTE_RELATION;
		default:
			return false;
	}
}

/* What becomes of a scan's expressions in the node above it. */
typedef struct Lifting
{
	int relation;
	int n_attributes; /* of the relation */
	List *extras;     /* ints: system columns and whole rows (0), behind the relation's own */
	List *calls;
	int n_needed; /* columns of the scan */
} Lifting;

static int
lifted_column(Lifting *lifting, int attribute)
{
	int column = attribute;

	if (attribute <= 0)
	{
		lifting->extras = list_append_unique_int(lifting->extras, attribute);
		column = lifting->n_attributes + 1;
		for (int i = 0; list_nth_int(lifting->extras, i) != attribute; i++)
			column++;
	}
	lifting->n_needed = Max(lifting->n_needed, column);
	return column;
}

/* First pass: which columns there have to be. Calls' own records are not among them. */
static bool
note_columns(Node *node, void *argument)
{
	Lifting *lifting = argument;

	if (node == NULL || position(lifting->calls, node) >= 0)
		return false;
	if (IsA(node, Var) && ((Var *) node)->varno == lifting->relation)
		(void) lifted_column(lifting, ((Var *) node)->varattno);
	return expression_tree_walker(node, note_columns, argument);
}

/* Second pass: in terms of the new node's input. */
static Node *
lift(Node *node, void *argument)
{
	Lifting *lifting = argument;
	int call;

	if (node == NULL)
		return NULL;
	call = position(lifting->calls, node);
	if (call >= 0)
		return (Node *) makeVar(INDEX_VAR,
		                        lifting->n_attributes + list_length(lifting->extras) + call + 1,
		                        exprType(node), -1, InvalidOid, 0);
	if (IsA(node, Var) && ((Var *) node)->varno == lifting->relation)
	{
		Var *var = copyObject((Var *) node);

		var->varattno = lifted_column(lifting, var->varattno);
		var->varno = INDEX_VAR;
		return (Node *) var;
	}
	return expression_tree_mutator(node, lift, argument);
}

static TargetEntry *
column_entry(const Lifting *lifting, Relation relation, int resno, int attribute)
{
	Form_pg_attribute form;

	if (attribute == InvalidAttrNumber)
		return makeTargetEntry((Expr *) makeVar(lifting->relation, InvalidAttrNumber,
		                                        relation->rd_rel->reltype, -1, InvalidOid, 0),
		                       resno, pstrdup("wholerow"), false);
	form = attribute > 0 ? TupleDescAttr(RelationGetDescr(relation), attribute - 1)
	                     : (Form_pg_attribute) SystemAttributeDefinition(attribute);
	if (form->attisdropped)
		return makeTargetEntry((Expr *) makeNullConst(INT4OID, -1, InvalidOid), resno,
		                       pstrdup(NameStr(form->attname)), false);
	return makeTargetEntry((Expr *) makeVar(lifting->relation, attribute, form->atttypid,
	                                        form->atttypmod, form->attcollation, 0),
	                       resno, pstrdup(NameStr(form->attname)), false);
}

/* The columns of the relation as they lie in its rows, so that the scan need not project; the extras. */
static List *
scan_columns(const Lifting *lifting, Relation relation)
{
	List *columns = NIL;
	ListCell *cell;

	for (int attribute = 1; attribute <= lifting->n_attributes; attribute++)
		columns = lappend(columns, column_entry(lifting, relation, attribute, attribute));
	foreach (cell, lifting->extras)
		columns = lappend(
		    columns, column_entry(lifting, relation, list_length(columns) + 1, lfirst_int(cell)));
	return columns;
}

static List *
with_calls(List *columns, List *calls)
{
	List *all = copyObject(columns);
	ListCell *cell;

	foreach (cell, calls)
		all = lappend(all, makeTargetEntry(copyObject(lfirst(cell)), list_length(all) + 1,
		                                   pstrdup("score"), false));
	return all;
}

static CustomScan *
make_block_scan(Rewrite *rewrite, Plan *scan, Lifting *lifting, List *columns, List *qual)
{
	CustomScan *node = makeNode(CustomScan);
	Plan *plan = &node->scan.plan;

	plan->startup_cost = scan->startup_cost;
	plan->total_cost = scan->total_cost;
	plan->plan_rows = scan->plan_rows;
	plan->plan_width = scan->plan_width;
	PLAN_COPY_DISABLED_NODES(plan, scan);
	plan->parallel_safe = scan->parallel_safe;
	plan->plan_node_id = rewrite->next_plan_node_id++;
	plan->targetlist = (List *) lift((Node *) scan->targetlist, lifting);
	plan->qual = (List *) lift((Node *) qual, lifting);
	plan->initPlan = scan->initPlan;
	plan->extParam = bms_copy(scan->extParam);
	plan->allParam = bms_copy(scan->allParam);
	node->custom_plans = list_make1(scan);
	node->custom_scan_tlist = with_calls(columns, lifting->calls);
	node->custom_private = list_make2(copyObject(lifting->calls), makeInteger(lifting->n_needed));
	node->custom_relids = bms_make_singleton(lifting->relation);
	node->methods = &block_scan_methods;
	return node;
}

/* The conditions from the first one on that has a call: the others are the scan's. */
static List *
conditions_to_lift(List *qual)
{
	for (int i = 0; i < list_length(qual); i++)
		if (has_call(list_nth(qual, i), NULL))
			return list_copy_tail(qual, i);
	return NIL;
}

/*
 * The first condition with a call sees all rows that the scan gives; those behind it, and the
 * target list, only what it leaves. Another model than its own is not for every row there.
 */
static void
find_calls_of_scan(const Plan *scan, List *lifted, CallSearch *search)
{
	if (lifted != NIL)
	{
		(void) find_calls(linitial(lifted), search);
		search->filtered = true;
	}
	(void) find_calls((Node *) lifted, search);
	(void) find_calls((Node *) scan->targetlist, search);
}

/* The node that takes the scan's place: itself where nothing can be gained. */
static Plan *
rewrite_scan(Rewrite *rewrite, Plan *scan)
{
	Lifting lifting = {.relation = ((Scan *) scan)->scanrelid};
	CallSearch search = {.relation = lifting.relation};
	List *lifted = conditions_to_lift(scan->qual);
	Relation relation;
	CustomScan *node;
	List *columns;

	find_calls_of_scan(scan, lifted, &search);
	if (search.calls == NIL || contain_volatile_functions((Node *) scan->qual) ||
	    contain_subplans((Node *) scan->targetlist) || contain_subplans((Node *) scan->qual))
		return scan;

	relation = table_open(rt_fetch(lifting.relation, rewrite->statement->rtable)->relid, NoLock);
	lifting.n_attributes = RelationGetNumberOfAttributes(relation);
	lifting.calls = search.calls;
	(void) note_columns((Node *) scan->targetlist, &lifting);
	(void) note_columns((Node *) lifted, &lifting);
	columns = scan_columns(&lifting, relation);
	node = make_block_scan(rewrite, scan, &lifting, columns, lifted);
	table_close(relation, NoLock);

	scan->targetlist = columns;
	scan->qual =
	    list_truncate(list_copy(scan->qual), list_length(scan->qual) - list_length(lifted));
	scan->initPlan = NIL;
	return (Plan *) node;
}

/* Aggregates */

/* A call in an aggregate's arguments becomes a column of the scan below it. */
typedef struct Pushing
{
	List *calls;   /* of the aggregate: FuncExprs of OUTER_VAR */
	List *columns; /* ints: where each is in the scan's target list */
} Pushing;

static Node *
push(Node *node, void *argument)
{
	Pushing *pushing = argument;
	int call;

	if (node == NULL)
		return NULL;
	call = position(pushing->calls, node);
	if (call >= 0)
		return (Node *) makeVar(OUTER_VAR, list_nth_int(pushing->columns, call), exprType(node), -1,
		                        InvalidOid, 0);
	return expression_tree_mutator(node, push, argument);
}

static bool
uses_column(Node *node, void *argument)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) && ((Var *) node)->varno == OUTER_VAR &&
	    ((Var *) node)->varattno == *(int *) argument)
		return true;
	return expression_tree_walker(node, uses_column, argument);
}

/* Appends the call, in terms of the scan, to the scan's columns. False where its record is none of the scan's. */
static bool
push_call(Plan *scan, FuncExpr *call, Pushing *pushing)
{
	Var *record = linitial(call->args);
	TargetEntry *entry = list_nth(scan->targetlist, record->varattno - 1);
	FuncExpr *pushed = copyObject(call);
	ScoreCall known;

	linitial(pushed->args) = copyObject(entry->expr);
	if (!score_call_recognize((Node *) pushed, &known) ||
	    score_call_relation(&known) != (int) ((Scan *) scan)->scanrelid)
		return false;
	scan->targetlist = lappend(scan->targetlist,
	                           makeTargetEntry((Expr *) pushed, list_length(scan->targetlist) + 1,
	                                           pstrdup("score"), false));
	pushing->calls = lappend(pushing->calls, call);
	pushing->columns = lappend_int(pushing->columns, list_length(scan->targetlist));
	return true;
}

/* A whole row that nobody uses any more need not be made. */
static void
drop_unused_records(Plan *scan, const Pushing *pushing, List *aggregate, const Agg *agg)
{
	ListCell *cell;

	foreach (cell, pushing->calls)
	{
		int column = ((Var *) linitial(((FuncExpr *) lfirst(cell))->args))->varattno;
		TargetEntry *entry = list_nth(scan->targetlist, column - 1);
		bool grouped = false;

		for (int i = 0; i < agg->numCols; i++)
			grouped |= agg->grpColIdx[i] == column;
		if (!grouped && !uses_column((Node *) aggregate, &column))
			entry->expr = (Expr *) makeNullConst(exprType((Node *) entry->expr), -1, InvalidOid);
	}
}

/* Calls in the arguments of aggregates; one beside them is made for each group only. */
static bool
find_aggregated_calls(Node *node, void *argument)
{
	if (node == NULL)
		return false;
	if (IsA(node, Aggref))
		return find_calls(node, argument);
	return expression_tree_walker(node, find_aggregated_calls, argument);
}

static void
rewrite_aggregate(Rewrite *rewrite, Agg *agg)
{
	CallSearch search = {.relation = OUTER_VAR};
	Pushing pushing = {0};
	List *expressions = list_make2(agg->plan.targetlist, agg->plan.qual);
	Plan *scan;
	ListCell *cell;

	(void) find_aggregated_calls((Node *) expressions, &search);
	if (search.calls == NIL || agg->chain != NIL)
		return;
	scan = copyObject(agg->plan.lefttree);
	foreach (cell, search.calls)
		(void) push_call(scan, lfirst(cell), &pushing);
	if (pushing.calls == NIL)
		return;
	expressions = (List *) push((Node *) expressions, &pushing);
	drop_unused_records(scan, &pushing, expressions, agg);
	scan = rewrite_scan(rewrite, scan);
	if (!IsA(scan, CustomScan))
		return;
	agg->plan.targetlist = linitial(expressions);
	agg->plan.qual = lsecond(expressions);
	agg->plan.lefttree = scan;
}

/* Plans */

static void rewrite_plan(Rewrite *rewrite, Plan **plan);

static void
rewrite_list(Rewrite *rewrite, List *plans)
{
	ListCell *cell;

	foreach (cell, plans)
		rewrite_plan(rewrite, (Plan **) &lfirst(cell));
}

/* A merge join goes back to a mark of its inner side, which our node cannot. */
static bool
keeps_marks(const Rewrite *rewrite, const Plan *plan)
{
	return IsA(plan, Result) || is_scan_of_table(rewrite, plan);
}

static void
rewrite_plan(Rewrite *rewrite, Plan **place)
{
	Plan *plan = *place;

	if (plan == NULL)
		return;
	if (is_scan_of_table(rewrite, plan))
	{
		*place = rewrite_scan(rewrite, plan);
		return;
	}
	if (IsA(plan, Agg) && is_scan_of_table(rewrite, plan->lefttree))
		rewrite_aggregate(rewrite, (Agg *) plan);
	rewrite_plan(rewrite, &plan->lefttree);
	if (!IsA(plan, MergeJoin) || !keeps_marks(rewrite, plan->righttree))
		rewrite_plan(rewrite, &plan->righttree);
	if (IsA(plan, Append))
		rewrite_list(rewrite, ((Append *) plan)->appendplans);
	else if (IsA(plan, MergeAppend))
		rewrite_list(rewrite, ((MergeAppend *) plan)->mergeplans);
	else if (IsA(plan, SubqueryScan))
		rewrite_plan(rewrite, &((SubqueryScan *) plan)->subplan);
}

/* One above all numbers of nodes: they key what parallel workers share. */
static int
highest_plan_node_id(Plan *plan)
{
	int highest;
	List *more = NIL;
	ListCell *cell;

	if (plan == NULL)
		return 0;
	highest = Max(plan->plan_node_id,
	              Max(highest_plan_node_id(plan->lefttree), highest_plan_node_id(plan->righttree)));
	if (IsA(plan, Append))
		more = ((Append *) plan)->appendplans;
	else if (IsA(plan, MergeAppend))
		more = ((MergeAppend *) plan)->mergeplans;
	else if (IsA(plan, BitmapAnd))
		more = ((BitmapAnd *) plan)->bitmapplans;
	else if (IsA(plan, BitmapOr))
		more = ((BitmapOr *) plan)->bitmapplans;
	else if (IsA(plan, CustomScan))
		more = ((CustomScan *) plan)->custom_plans;
	else if (IsA(plan, SubqueryScan))
		more = list_make1(((SubqueryScan *) plan)->subplan);
	foreach (cell, more)
		highest = Max(highest, highest_plan_node_id(lfirst(cell)));
	return highest;
}

static void
rewrite_statement(PlannedStmt *statement)
{
	Rewrite rewrite = {statement, highest_plan_node_id(statement->planTree) + 1};
	ListCell *cell;

	foreach (cell, statement->subplans)
		rewrite.next_plan_node_id =
		    Max(rewrite.next_plan_node_id, highest_plan_node_id(lfirst(cell)) + 1);
	rewrite_plan(&rewrite, &statement->planTree);
	rewrite_list(&rewrite, statement->subplans);
}

static PlannedStmt *
plan_statement(Query *query, const char *text, int cursor_options, ParamListInfo parameters)
{
	PlannedStmt *statement = previous_planner_hook != NULL
	                             ? previous_planner_hook(query, text, cursor_options, parameters)
	                             : standard_planner(query, text, cursor_options, parameters);

	/* All that a plain statement may have: anything else is a cursor. */
	if ((cursor_options &
	     ~(CURSOR_OPT_PARALLEL_OK | CURSOR_OPT_GENERIC_PLAN | CURSOR_OPT_CUSTOM_PLAN)) == 0 &&
	    setting_block_scan())
		rewrite_statement(statement);
	return statement;
}

void
block_plan_define(void)
{
	previous_planner_hook = planner_hook;
	planner_hook = plan_statement;
}

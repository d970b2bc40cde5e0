/*
 * features_view.c
 *		Takes the view of a set of features apart: the query of sql/feature_view.sql,
 *		an outer SELECT over an inner one over the source.
 *
 * PostgreSQL keeps the query by the identity of columns and functions, so what is
 * read here follows every rename, and is what a query of the view computes.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "pg/errors.h"
#include "pg/feature_set.h"
#include "rewrite/rewriteHandler.h"
#include "scoring/features_view.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

/* Arguments of fraud.window_features that come before those of the group. */
#define N_LEADING_ARGUMENTS 3

static void
pg_attribute_noreturn() view_changed(const char *name)
{
	ereport(ERROR,
	        (errcode(ERRCODE_FRAUD_FEATURES_CHANGED),
	         errmsg("view \"%s.%s\" is not as fraud_define_features made it", FEATURE_SCHEMA, name),
	         errhint("Drop the set with fraud_drop_features and define it anew.")));
}

static bool
is_support_function(Oid function, const char *name)
{
	char *schema = get_namespace_name(get_func_namespace(function));
	char *function_name = get_func_name(function);

	return schema != NULL && function_name != NULL && strcmp(schema, "fraud") == 0 &&
	       strcmp(function_name, name) == 0;
}

/* Does the query do nothing but compute columns of what it reads? */
static bool
only_selects(const Query *query)
{
	return query->commandType == CMD_SELECT && query->jointree != NULL &&
	       query->jointree->quals == NULL && query->groupClause == NIL &&
	       query->groupingSets == NIL && query->havingQual == NULL &&
	       query->distinctClause == NIL && query->setOperations == NULL &&
	       query->limitCount == NULL && query->limitOffset == NULL && !query->hasAggs &&
	       !query->hasSubLinks && !query->hasTargetSRFs && query->cteList == NIL;
}

/* The table of the inner query, which is its only relation, with all of its rows. */
static Oid
source_of(const Query *inner)
{
	RangeTblEntry *entry;

	if (list_length(inner->rtable) != 1 || !only_selects(inner))
		return InvalidOid;
	entry = linitial_node(RangeTblEntry, inner->rtable);
	if (entry->rtekind != RTE_RELATION || entry->tablesample != NULL || !entry->inh)
		return InvalidOid;
	/* Of a view one does not see what its rows are. */
	return entry->relkind == RELKIND_RELATION || entry->relkind == RELKIND_PARTITIONED_TABLE ||
	               entry->relkind == RELKIND_MATVIEW
	           ? entry->relid
	           : InvalidOid;
}

static Query *
inner_query(const Query *outer)
{
	RangeTblRef *reference;
	RangeTblEntry *entry;

	if (!only_selects(outer) || list_length(outer->jointree->fromlist) != 1 ||
	    !IsA(linitial(outer->jointree->fromlist), RangeTblRef))
		return NULL;
	reference = linitial_node(RangeTblRef, outer->jointree->fromlist);
	entry = rt_fetch(reference->rtindex, outer->rtable);
	return entry->rtekind == RTE_SUBQUERY ? entry->subquery : NULL;
}

static bool
is_column(const Node *node)
{
	return IsA(node, Var) && ((const Var *) node)->varlevelsup == 0 &&
	       ((const Var *) node)->varattno > 0;
}

static TargetEntry *
inner_target(const Query *inner, Node *node)
{
	if (!is_column(node))
		return NULL;
	return get_tle_by_resno(inner->targetList, ((Var *) node)->varattno);
}

/* By this column alone, from the earliest on? */
static bool
is_in_order_of(const WindowClause *window, const Query *inner, const Var *event_time)
{
	SortGroupClause *clause;
	Oid less = lookup_type_cache(event_time->vartype, TYPECACHE_LT_OPR)->lt_opr;

	if (list_length(window->orderClause) != 1)
		return false;
	clause = linitial_node(SortGroupClause, window->orderClause);
	return clause->sortop == less &&
	       equal(get_sortgroupclause_expr(clause, inner->targetList), event_time);
}

static bool
is_time(Oid type)
{
	type = getBaseType(type);
	return type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID;
}

static bool
read_entity(FeatureView *view, const Query *inner, WindowFunc *call, ViewEntity *entity)
{
	WindowClause *window = list_nth_node(WindowClause, inner->windowClause, call->winref - 1);
	Const *description = linitial(call->args);
	Var *event_time = lsecond(call->args);
	ListCell *cell;

	if (!IsA(description, Const) || description->constisnull || !is_column((Node *) event_time) ||
	    !is_time(event_time->vartype) || !is_in_order_of(window, inner, event_time))
		return false;
	entity->description = DatumGetJsonbPCopy(description->constvalue);
	entity->arguments = list_copy_tail(call->args, N_LEADING_ARGUMENTS);
	foreach (cell, window->partitionClause)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, cell);
		Node *column = get_sortgroupclause_expr(clause, inner->targetList);

		if (!is_column(column))
			return false;
		entity->columns = lappend(entity->columns, column);
		entity->operators = lappend_oid(entity->operators, clause->eqop);
	}
	if (view->event_time != NULL && view->event_time->varattno != event_time->varattno)
		return false;
	view->event_time = event_time;
	return true;
}

/* The entity of a window call, the same one for all columns that come of it. */
static int
entity_of(FeatureView *view, const Query *inner, TargetEntry *target, AttrNumber *calls)
{
	int e = 0;

	if (target == NULL || !IsA(target->expr, WindowFunc) ||
	    !is_support_function(((WindowFunc *) target->expr)->winfnoid, "window_features") ||
	    list_length(((WindowFunc *) target->expr)->args) < N_LEADING_ARGUMENTS)
		return -1;
	while (e < view->n_entities && calls[e] != target->resno)
		e++;
	if (e < view->n_entities)
		return e;
	if (!read_entity(view, inner, (WindowFunc *) target->expr, &view->entities[e]))
		return -1;
	calls[e] = target->resno;
	view->n_entities++;
	return e;
}

static bool
read_column(FeatureView *view, const Query *inner, TargetEntry *outer, AttrNumber *calls,
            ViewColumn *column)
{
	FuncExpr *value = (FuncExpr *) outer->expr;
	TargetEntry *target;
	Const *place;

	column->name = pstrdup(outer->resname);
	column->type = exprType((Node *) outer->expr);
	if (IsA(outer->expr, Var))
	{
		target = inner_target(inner, (Node *) outer->expr);
		if (target == NULL || contain_window_function((Node *) target->expr))
			return false;
		column->expression = target->expr;
		return true;
	}
	if (!IsA(value, FuncExpr) || !is_support_function(value->funcid, "window_value") ||
	    !IsA(lsecond(value->args), Const))
		return false;
	place = lsecond_node(Const, value->args);
	column->place = DatumGetInt32(place->constvalue) - 1;
	column->entity = entity_of(view, inner, inner_target(inner, linitial(value->args)), calls);
	return column->entity >= 0;
}

static FeatureView *
read_query(const char *name, Oid oid, const Query *outer)
{
	FeatureView *view = palloc0(sizeof(FeatureView));
	Query *inner = inner_query(outer);
	int n = list_length(outer->targetList);
	AttrNumber *calls = palloc0(n * sizeof(AttrNumber));
	ListCell *cell;

	view->view = oid;
	view->source = inner == NULL ? InvalidOid : source_of(inner);
	if (!OidIsValid(view->source))
		view_changed(name);
	view->columns = palloc0(n * sizeof(ViewColumn));
	view->entities = palloc0(n * sizeof(ViewEntity));
	foreach (cell, outer->targetList)
	{
		TargetEntry *target = lfirst_node(TargetEntry, cell);

		if (target->resjunk)
			continue;
		if (!read_column(view, inner, target, calls, &view->columns[view->n_columns++]))
			view_changed(name);
	}
	return view;
}

FeatureView *
feature_view_read(const char *name)
{
	Oid schema = get_namespace_oid(FEATURE_SCHEMA, true);
	Oid oid = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
	Relation relation = OidIsValid(oid) ? try_table_open(oid, AccessShareLock) : NULL;
	FeatureView *view;

	if (relation == NULL)
		ereport(ERROR, (errcode(ERRCODE_FRAUD_FEATURES_CHANGED),
		                errmsg("view \"%s.%s\" does not exist", FEATURE_SCHEMA, name),
		                errdetail("It goes when its set is dropped, or its source with CASCADE.")));
	if (relation->rd_rel->relkind != RELKIND_VIEW)
		view_changed(name);
	/* A copy: the relation's own goes with the relation. */
	view = read_query(name, oid, copyObject(get_view_query(relation)));
	table_close(relation, AccessShareLock);
	return view;
}

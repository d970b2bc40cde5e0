/*
 * score_estimate.c
 *		How many rows a condition on fraud_score leaves: from the distribution of
 *		scores that a version keeps.
 *
 * The planner estimates `f(t) > x` by statistics of the expression f(t), which it finds
 * for the expressions of indexes only. So the relation is given, for planning, an index
 * that cannot be used (no access method, marked hypothetical) over each call of
 * fraud_score in the query's conditions; and when the planner asks for the statistics
 * of its column, it gets the version's quantiles as a histogram.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/appendinfo.h"
#include "optimizer/plancat.h"
#include "scoring/score_call.h"
#include "scoring/score_estimate.h"
#include "utils/array.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"

static get_relation_info_hook_type previous_relation_info_hook = NULL;
static get_index_stats_hook_type previous_index_stats_hook = NULL;

/* Statistics */

static HeapTuple
histogram_tuple(struct varlena *quantiles)
{
	Relation statistic = table_open(StatisticRelationId, AccessShareLock);
	Datum values[Natts_pg_statistic] = {0};
	bool nulls[Natts_pg_statistic];
	HeapTuple tuple;

	memset(nulls, false, sizeof(nulls));
	for (int slot = 0; slot < STATISTIC_NUM_SLOTS; slot++)
	{
		nulls[Anum_pg_statistic_stanumbers1 - 1 + slot] = true;
		nulls[Anum_pg_statistic_stavalues1 - 1 + slot] = slot > 0;
	}
	values[Anum_pg_statistic_stanullfrac - 1] = Float4GetDatum(0);
	values[Anum_pg_statistic_stawidth - 1] = Int32GetDatum(sizeof(float8));
	/* Nearly every row has a score of its own. */
	values[Anum_pg_statistic_stadistinct - 1] = Float4GetDatum(-1);
	values[Anum_pg_statistic_stakind1 - 1] = Int16GetDatum(STATISTIC_KIND_HISTOGRAM);
	values[Anum_pg_statistic_staop1 - 1] = ObjectIdGetDatum(Float8LessOperator);
	values[Anum_pg_statistic_stavalues1 - 1] = PointerGetDatum(quantiles);
	tuple = heap_form_tuple(RelationGetDescr(statistic), values, nulls);
	table_close(statistic, AccessShareLock);
	return tuple;
}

/* A histogram needs two bounds, and the row may be a forged one. */
static bool
usable_quantiles(struct varlena *quantiles)
{
	ArrayType *array = (ArrayType *) quantiles;

	return quantiles != NULL && ARR_ELEMTYPE(array) == FLOAT8OID && ARR_NDIM(array) == 1 &&
	       !ARR_HASNULL(array) && ARR_DIMS(array)[0] >= 2;
}

/* The planner asks for statistics of an expression that is one of an index. */
static bool
index_stats(PlannerInfo *root, Oid index, AttrNumber attribute, VariableStatData *variable)
{
	ScoreCall call;
	VersionId id;
	Snapshot snapshot;
	struct varlena *quantiles;

	if (!OidIsValid(index) && score_call_recognize(variable->var, &call))
	{
		if (!score_call_find_version(&call, &id, &snapshot))
			return false;
		quantiles = registry_version_facts(&id, snapshot).score_quantiles;
		if (!usable_quantiles(quantiles))
			return false;
		variable->statsTuple = histogram_tuple(quantiles);
		variable->freefunc = heap_freetuple;
		return true;
	}
	return previous_index_stats_hook != NULL &&
	       previous_index_stats_hook(root, index, attribute, variable);
}

/* Expressions */

static bool
is_ours(const IndexOptInfo *index)
{
	return index->hypothetical && !OidIsValid(index->indexoid) && !OidIsValid(index->relam);
}

static void
add_expression(RelOptInfo *rel, Node *expression)
{
	IndexOptInfo *index;
	ListCell *cell;

	foreach (cell, rel->indexlist)
	{
		index = lfirst(cell);
		if (is_ours(index) && equal(linitial(index->indexprs), expression))
			return;
	}
	index = makeNode(IndexOptInfo);
	index->rel = rel;
	index->ncolumns = 1;
	index->nkeycolumns = 1;
	index->indexkeys = palloc0(sizeof(int));
	index->indexcollations = palloc0(sizeof(Oid));
	index->opfamily = palloc0(sizeof(Oid));
	index->opcintype = palloc0(sizeof(Oid));
	index->canreturn = palloc0(sizeof(bool));
	index->opclassoptions = palloc0(sizeof(bytea *));
	index->indexprs = list_make1(expression);
	index->indextlist = list_make1(makeTargetEntry((Expr *) expression, 1, NULL, false));
	index->hypothetical = true;
	rel->indexlist = lappend(rel->indexlist, index);
}

static bool
add_calls(Node *node, void *argument)
{
	RelOptInfo *rel = argument;
	ScoreCall call;

	if (node == NULL)
		return false;
	if (score_call_recognize(node, &call) && call.kind == SCORE_PROBABILITY &&
	    score_call_relation(&call) == (int) rel->relid)
		add_expression(rel, node);
	return expression_tree_walker(node, add_calls, argument);
}

/* Conditions name the parent: what they ask of a child is the parent's expressions in its terms. */
static void
add_calls_of_parent(PlannerInfo *root, RelOptInfo *rel)
{
	AppendRelInfo *child = root->append_rel_array[rel->relid];
	RelOptInfo *parent = root->simple_rel_array[child->parent_relid];
	ListCell *cell;

	foreach (cell, parent->indexlist)
	{
		IndexOptInfo *index = lfirst(cell);

		if (is_ours(index))
			add_expression(rel, adjust_appendrel_attrs(root, linitial(index->indexprs), 1, &child));
	}
}

static void
relation_info(PlannerInfo *root, Oid relation, bool has_children, RelOptInfo *rel)
{
	if (previous_relation_info_hook != NULL)
		previous_relation_info_hook(root, relation, has_children, rel);
	if (rel->reloptkind == RELOPT_OTHER_MEMBER_REL)
		add_calls_of_parent(root, rel);
	else
		(void) add_calls((Node *) root->parse->jointree, rel);
}

void
score_estimate_define(void)
{
	previous_relation_info_hook = get_relation_info_hook;
	get_relation_info_hook = relation_info;
	previous_index_stats_hook = get_index_stats_hook;
	get_index_stats_hook = index_stats;
}

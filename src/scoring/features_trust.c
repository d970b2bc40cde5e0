/*
 * features_trust.c
 *		What must hold of an expression before it is evaluated for a single row.
 *
 * What fraud_define_features checked may have changed: a function belongs to somebody else or is
 * volatile now, or the view was replaced.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "pg/errors.h"
#include "scoring/code_trust.h"
#include "scoring/features_trust.h"
#include "utils/lsyscache.h"

/* Anything but columns of the one row, by their numbers? */
static bool
looks_further(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		const Var *column = (const Var *) node;

		return column->varno != 1 || column->varlevelsup != 0 || column->varattno <= 0;
	}
	if (IsA(node, Param) || IsA(node, SubLink) || IsA(node, Aggref) || IsA(node, GroupingFunc) ||
	    IsA(node, WindowFunc))
		return true;
	return expression_tree_walker(node, looks_further, context);
}

/* One of the extension's own functions, which may read what it is for. */
static bool
is_own_call(const Node *expression)
{
	Oid function;

	if (!IsA(expression, FuncExpr))
		return false;
	function = ((const FuncExpr *) expression)->funcid;
	return get_func_namespace(function) == get_namespace_oid("fraud", true) &&
	       func_volatile(function) == PROVOLATILE_STABLE;
}

void
features_trust_check(const char *set, Node *expression)
{
	if (looks_further(expression, NULL) || expression_returns_set(expression))
		ereport(ERROR,
		        (errcode(ERRCODE_FRAUD_FEATURES_CHANGED),
		         errmsg("an expression of the set of features \"%s\" is not over columns of a row",
		                set),
		         errhint("The view was altered: drop the set and define it anew.")));
	code_trust_check(expression, psprintf("the set of features \"%s\"", set));
	if (is_own_call(expression))
		expression = (Node *) ((FuncExpr *) expression)->args;
	/* Planned, as fraud.feature_expression looks at it. */
	if (contain_mutable_functions((Node *) expression_planner(copyObject((Expr *) expression))))
		ereport(ERROR, (errcode(ERRCODE_FRAUD_FEATURES_CHANGED),
		                errmsg("an expression of the set of features \"%s\" is not immutable", set),
		                errdetail("A function in it has changed since, or the view was altered."),
		                errhint("Make the function immutable again, or define another set.")));
}

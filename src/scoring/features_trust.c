/*
 * features_trust.c
 *		What must hold of an expression before it is evaluated for a single row.
 *
 * Who scores a row does not see that functions are called, other than who queries
 * a view. So no function is called whose owner could not act as the current user
 * anyway. It is the owner that counts, not what the function is at this moment: its
 * owner can replace it between the check and the call, and can give it to nobody.
 *
 * What fraud_define_features checked may have changed: a function is
 * volatile now, or the view was replaced.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "pg/errors.h"
#include "scoring/features_trust.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

/* Can the owner act as the current user, who runs what it made? */
static bool
is_trusted(Oid owner)
{
	Oid user = GetUserId();

	return owner == user || superuser_arg(owner) || is_member_of_role(owner, user);
}

static void
pg_attribute_noreturn() refuse(const char *set, const char *kind, const char *name, Oid owner)
{
	ereport(ERROR,
	        (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
	         errmsg("the set of features \"%s\" uses a %s of another role", set, kind),
	         errdetail("%s belongs to role \"%s\", whose code would run as role \"%s\".", name,
	                   GetUserNameFromId(owner, true), GetUserNameFromId(GetUserId(), true)),
	         errhint("Let a superuser own it, or score as its owner.")));
}

static bool
check_function(Oid function, void *set)
{
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	if (!is_trusted(owner))
		refuse(set, "function", format_procedure(function), owner);
	return false;
}

/* A domain runs its checks, and those of what it is made of. */
static void
check_domain(Oid type, const char *set)
{
	while (get_typtype(type) == TYPTYPE_DOMAIN)
	{
		HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
		Form_pg_type form;
		Oid base;
		Oid owner;

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for type %u", type);
		form = (Form_pg_type) GETSTRUCT(tuple);
		base = form->typbasetype;
		owner = form->typowner;
		ReleaseSysCache(tuple);
		if (!is_trusted(owner))
			refuse(set, "domain", format_type_be(type), owner);
		type = base;
	}
}

static bool
check_code(Node *node, void *set)
{
	if (node == NULL)
		return false;
	if (IsA(node, CoerceToDomain) || IsA(node, CoerceViaIO))
		check_domain(exprType(node), set);
	(void) check_functions_in_node(node, check_function, set);
	return expression_tree_walker(node, check_code, set);
}

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
	(void) check_code(expression, unconstify(char *, set));
	if (is_own_call(expression))
		expression = (Node *) ((FuncExpr *) expression)->args;
	/* Planned, as fraud.feature_expression looks at it. */
	if (contain_mutable_functions((Node *) expression_planner(copyObject((Expr *) expression))))
		ereport(ERROR, (errcode(ERRCODE_FRAUD_FEATURES_CHANGED),
		                errmsg("an expression of the set of features \"%s\" is not immutable", set),
		                errdetail("A function in it has changed since, or the view was altered."),
		                errhint("Make the function immutable again, or define another set.")));
}

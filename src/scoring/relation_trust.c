/*
 * relation_trust.c
 *		Whose code runs when a table is read.
 *
 * Not only policies of row-level security: to plan a query is to evaluate, as far as it is constant,
 * what hangs on its tables, which is the predicates and expressions of indexes, CHECK constraints,
 * extended statistics and partition keys. Who may make these is the table's owner. So of an
 * owner who is not trusted (code_trust.c) each such expression is looked at, as it
 * is stored: the relcache would evaluate it.
 *
 * A policy with a query in it is not looked through: it is refused.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_partitioned_table.h"
#include "catalog/pg_statistic_ext.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/rowsecurity.h"
#include "scoring/code_trust.h"
#include "scoring/relation_trust.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/syscache.h"

static void
check_stored(int cache, Oid key, AttrNumber attribute, const char *what)
{
	HeapTuple tuple = SearchSysCache1(cache, ObjectIdGetDatum(key));
	bool is_null;
	Datum expression;

	if (!HeapTupleIsValid(tuple))
		return;
	expression = SysCacheGetAttr(cache, tuple, attribute, &is_null);
	if (!is_null)
		code_trust_check(stringToNode(TextDatumGetCString(expression)), what);
	ReleaseSysCache(tuple);
}

static bool
has_query(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return IsA(node, SubLink) || expression_tree_walker(node, has_query, context);
}

static void
check_policies(Relation relation, const char *what)
{
	ListCell *cell;

	if (check_enable_rls(RelationGetRelid(relation), InvalidOid, true) != RLS_ENABLED ||
	    relation->rd_rsdesc == NULL)
		return;
	foreach (cell, relation->rd_rsdesc->policies)
	{
		RowSecurityPolicy *policy = lfirst(cell);

		if (has_query((Node *) policy->qual, NULL))
			ereport(
			    ERROR,
			    (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			     errmsg("%s cannot read table \"%s\" of role \"%s\" under a policy with a query",
			            what, RelationGetRelationName(relation),
			            GetUserNameFromId(relation->rd_rel->relowner, false)),
			     errdetail("It would run with the rights of role \"%s\".",
			               GetUserNameFromId(GetUserId(), false))));
		code_trust_check((Node *) policy->qual, what);
	}
}

static void
check_constraints(Relation relation, const char *what)
{
	TupleConstr *constraints = RelationGetDescr(relation)->constr;

	for (int i = 0; constraints != NULL && i < constraints->num_check; i++)
		code_trust_check(stringToNode(constraints->check[i].ccbin), what);
}

static void
check_one(Relation relation, const char *what)
{
	List *indexes = RelationGetIndexList(relation);
	List *statistics = RelationGetStatExtList(relation);
	ListCell *cell;

	foreach (cell, indexes)
	{
		check_stored(INDEXRELID, lfirst_oid(cell), Anum_pg_index_indexprs, what);
		check_stored(INDEXRELID, lfirst_oid(cell), Anum_pg_index_indpred, what);
	}
	foreach (cell, statistics)
		check_stored(STATEXTOID, lfirst_oid(cell), Anum_pg_statistic_ext_stxexprs, what);
	check_stored(PARTRELID, RelationGetRelid(relation), Anum_pg_partitioned_table_partexprs, what);
	check_constraints(relation, what);
	check_policies(relation, what);
}

List *
relation_trust_check(Oid relation, const char *what)
{
	List *relations = find_all_inheritors(relation, AccessShareLock, NULL);
	bool all_trusted = true;
	ListCell *cell;

	foreach (cell, relations)
	{
		/* The first is the relation itself, which has no lock yet. */
		Relation one = relation_open(lfirst_oid(cell), AccessShareLock);

		if (!has_privs_of_role(one->rd_rel->relowner, GetUserId()))
		{
			all_trusted = false;
			check_one(one, what);
		}
		relation_close(one, NoLock);
	}
	return all_trusted ? NIL : relations;
}

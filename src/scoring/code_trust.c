/*
 * code_trust.c
 *		Whose code runs when an expression is evaluated.
 *
 * Who scores or inserts a row does not see that functions are called, other than who queries
 * a view. So no code runs but that of roles that have the rights of the current user anyway: the
 * user, its members, superusers. It is the owner that counts, not what the code is at
 * this moment: its owner can replace it between the check and the call, and can give it to nobody.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "scoring/code_trust.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

static void
require_trusted(const char *what, const char *kind, const char *name, Oid owner, Oid schema)
{
	if (isAnyTempNamespace(schema))
		ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
		                errmsg("%s cannot use %s %s, which is temporary", what, kind, name)));
	/* True of superusers, too. */
	if (!has_privs_of_role(owner, GetUserId()))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
		                errmsg("%s cannot use %s %s of role \"%s\"", what, kind, name,
		                       GetUserNameFromId(owner, false)),
		                errdetail("It would run with the rights of role \"%s\".",
		                          GetUserNameFromId(GetUserId(), false)),
		                errhint("Give it to that role, or to a superuser.")));
}

/* What initdb made is a superuser's. */
static bool
check_function(Oid function, void *what)
{
	HeapTuple tuple;
	Form_pg_proc form;

	if (function < FirstUnpinnedObjectId)
		return false;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	form = (Form_pg_proc) GETSTRUCT(tuple);
	require_trusted(what, "function", format_procedure(function), form->proowner,
	                form->pronamespace);
	ReleaseSysCache(tuple);
	return false;
}

static void
check_members(Oid row_type, const char *what)
{
	TupleDesc members = lookup_rowtype_tupdesc_copy(row_type, -1);

	for (int i = 0; i < members->natts; i++)
		if (!TupleDescAttr(members, i)->attisdropped)
			code_trust_check_type(TupleDescAttr(members, i)->atttypid, what);
	FreeTupleDesc(members);
}

/* Base types and enums have no code but that of superusers; others may, as the CHECK of a domain. */
void
code_trust_check_type(Oid type, const char *what)
{
	Oid element = get_element_type(type);
	HeapTuple tuple;
	FormData_pg_type form;

	check_stack_depth();
	type = OidIsValid(element) ? element : type;
	if (type < FirstUnpinnedObjectId)
		return;
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	form = *(Form_pg_type) GETSTRUCT(tuple);
	ReleaseSysCache(tuple);
	if (form.typtype == TYPTYPE_BASE || form.typtype == TYPTYPE_ENUM)
		return;
	require_trusted(what, "type", format_type_be(type), form.typowner, form.typnamespace);
	switch (form.typtype)
	{
		case TYPTYPE_DOMAIN:
			code_trust_check_type(form.typbasetype, what);
			break;
		case TYPTYPE_COMPOSITE:
			check_members(type, what);
			break;
		case TYPTYPE_RANGE:
			code_trust_check_type(get_range_subtype(type), what);
			break;
		case TYPTYPE_MULTIRANGE:
			code_trust_check_type(get_multirange_range(type), what);
			break;
	}
}

static bool
check_node(Node *node, void *what)
{
	if (node == NULL)
		return false;
	if (IsA(node, CoerceToDomain) || IsA(node, CoerceViaIO))
		code_trust_check_type(exprType(node), what);
	(void) check_functions_in_node(node, check_function, what);
	return expression_tree_walker(node, check_node, what);
}

void
code_trust_check(Node *expression, const char *what)
{
	(void) check_node(expression, unconstify(char *, what));
}

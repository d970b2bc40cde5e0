/*
 * guard_condition.c
 *		Analyses the condition of a rule, and refuses what it must not be.
 *
 * A condition is asked of each row, and asked again by whoever replays a decision, so
 * it must not change anything. It runs with the rights of the policy's owner, in
 * the session of whoever inserts. So nothing in it may be taken from that session: names are
 * resolved with the server's own schema alone, settings are pinned, and temporary objects
 * are refused. Nor may it run what somebody else can replace: functions, and types with code
 * of their own, belong to roles that have the owner's rights anyway.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "parser/parse_type.h"
#include "pg/settings.h"
#include "scoring/code_trust.h"
#include "scoring/expression.h"
#include "scoring/guard_condition.h"
#include "scoring/session_settings.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/queryenvironment.h"
#include "utils/syscache.h"

/* In messages. */
#define CONDITION "a condition"

#define SCORE "score"

/* What a condition may name: NEW.column and model.score, and both without the prefix. */
#define ROW_ALIAS "new"
#define SCORE_ALIAS "model"
#define SCORE_VARNO 2

TupleDesc
guard_condition_row(TupleDesc columns)
{
	int n = columns->natts;
	TupleDesc row = CreateTemplateTupleDesc(n + 1);

	for (int i = 1; i <= n; i++)
		TupleDescCopyEntry(row, i, columns, i);
	TupleDescInitEntry(row, n + 1, SCORE, FLOAT8OID, -1, 0);
	return row;
}

void
guard_condition_settings(void)
{
	session_settings_pin_meaning();
	setting_for_now("timezone", "UTC");
	setting_for_now("search_path", "pg_catalog, pg_temp");
}

/* Whose code it is */

static bool
is_foreign(Oid function, void *context)
{
	return function >= FirstUnpinnedObjectId;
}

static bool
finds_foreign_code(Node *node, void *context)
{
	if (node == NULL)
		return false;
	/* A domain's CHECK is not part of the condition. */
	if (IsA(node, CoerceToDomain) || check_functions_in_node(node, is_foreign, context))
		return true;
	return expression_tree_walker(node, finds_foreign_code, context);
}

bool
guard_condition_has_foreign_code(Node *condition)
{
	return finds_foreign_code(condition, NULL);
}

/* Before the analysis, which already calls a type's input function. */
static bool
check_types(Node *node, void *state)
{
	Type type;

	if (node == NULL)
		return false;
	if (IsA(node, TypeName))
	{
		type = LookupTypeName(state, (TypeName *) node, NULL, true);
		if (type != NULL)
		{
			code_trust_check_type(typeTypeId(type), CONDITION);
			ReleaseSysCache(type);
		}
	}
	return raw_expression_tree_walker(node, check_types, state);
}

/* Analysis */

static void
add_columns(ParseState *state, const char *alias, TupleDesc columns)
{
	EphemeralNamedRelation relation = palloc0(sizeof(EphemeralNamedRelationData));
	ParseNamespaceItem *item;

	relation->md.name = pstrdup(alias);
	relation->md.tupdesc = columns;
	relation->md.enrtype = ENR_NAMED_TUPLESTORE;
	register_ENR(state->p_queryEnv, relation);
	item = addRangeTableEntryForENR(state, makeRangeVar(NULL, pstrdup(alias), -1), true);
	addNSItemToQuery(state, item, false, true, true);
}

/* The score becomes the column after the last one. */
static bool
place_score(Node *node, void *columns)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) && ((Var *) node)->varno == SCORE_VARNO)
	{
		((Var *) node)->varno = 1;
		((Var *) node)->varattno = ((TupleDesc) columns)->natts + 1;
	}
	return expression_tree_walker(node, place_score, columns);
}

static Node *
analyse(const char *text, TupleDesc columns)
{
	ParseState *state = make_parsestate(NULL);
	TupleDesc score = CreateTemplateTupleDesc(1);
	Node *parsed = expression_parse(text);
	Node *condition;

	TupleDescInitEntry(score, 1, SCORE, FLOAT8OID, -1, 0);
	state->p_queryEnv = create_queryEnv();
	add_columns(state, ROW_ALIAS, columns);
	add_columns(state, SCORE_ALIAS, score);
	check_types(parsed, state);
	/* A trigger's condition forbids what we do: queries, aggregates, sets. */
	condition = expression_analyse(state, parsed, text, EXPR_KIND_TRIGGER_WHEN, "condition");
	if (expression_uses_rows(condition))
		ereport(ERROR, (errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
		                errmsg("a condition cannot use whole rows"),
		                errhint("Name the columns that it needs.")));
	/* Before planning, which already calls immutable functions. */
	code_trust_check(condition, CONDITION);
	place_score(condition, columns);
	free_parsestate(state);
	return expression_in_utc(condition);
}

CachedExpression *
guard_condition_plan(const char *text, TupleDesc columns)
{
	CachedExpression *planned = GetCachedExpression(analyse(text, columns));

	if (!contain_volatile_functions(planned->expr))
		return planned;
	FreeCachedExpression(planned);
	ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
	                errmsg("a condition cannot use volatile functions"),
	                errdetail("It is asked again when a decision is replayed, and must not change "
	                          "anything."),
	                errhint("For the present time there is now().")));
}

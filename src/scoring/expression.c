/*
 * expression.c
 *		A single expression of SQL: parsed, analysed, and told the time zone.
 *
 * What an expression means must not depend on the session that evaluates it. What makes
 * most expressions over a timestamptz do so is the session's time zone. Where there is a
 * function of the same meaning that is told the zone, it takes the place of the one
 * that is not, in UTC: extract(hour FROM tx_time) is the hour in UTC.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parser.h"
#include "scoring/expression.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

/* The parser reads statements. */
#define STATEMENT "SELECT "

/* An error's place is one in the user's text, not in the client's statement. */
static void
point_into_text(void *text)
{
	int position = geterrposition();

	if (position <= (int) strlen(STATEMENT))
		return;
	errposition(0);
	internalerrposition(position - (int) strlen(STATEMENT));
	internalerrquery(text);
}

static void
pg_attribute_noreturn() not_an_expression(void)
{
	ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("not a single expression")));
}

/* Only a list of columns can have this one; the parser of expressions would read past its end. */
static bool
is_star(Node *target)
{
	return IsA(target, ColumnRef) && IsA(linitial(((ColumnRef *) target)->fields), A_Star);
}

/* The only column of a query that has nothing else. */
static Node *
parse(const char *query)
{
	List *statements = raw_parser(query, RAW_PARSE_DEFAULT);
	SelectStmt *select;
	ResTarget *target;

	if (list_length(statements) != 1 || !IsA(linitial_node(RawStmt, statements)->stmt, SelectStmt))
		not_an_expression();
	select = castNode(SelectStmt, linitial_node(RawStmt, statements)->stmt);
	if (list_length(select->targetList) != 1 || select->fromClause != NIL ||
	    select->whereClause != NULL || select->groupClause != NIL || select->havingClause != NULL ||
	    select->windowClause != NIL || select->valuesLists != NIL || select->sortClause != NIL ||
	    select->limitOffset != NULL || select->limitCount != NULL || select->lockingClause != NIL ||
	    select->withClause != NULL || select->distinctClause != NIL || select->intoClause != NULL ||
	    select->op != SETOP_NONE)
		not_an_expression();
	target = linitial_node(ResTarget, select->targetList);
	if (target->name != NULL || is_star(target->val))
		not_an_expression();
	return target->val;
}

Node *
expression_parse(const char *text)
{
	ErrorContextCallback errors = {error_context_stack, point_into_text, unconstify(char *, text)};
	Node *expression;

	error_context_stack = &errors;
	expression = parse(psprintf(STATEMENT "%s", text));
	error_context_stack = errors.previous;
	return expression;
}

Node *
expression_analyse(ParseState *state, Node *parsed, const char *text, ParseExprKind kind,
                   const char *construct)
{
	ErrorContextCallback errors = {error_context_stack, point_into_text, unconstify(char *, text)};
	Node *expression;

	error_context_stack = &errors;
	state->p_sourcetext = psprintf(STATEMENT "%s", text);
	expression = transformExpr(state, parsed, kind);
	if (construct != NULL)
		expression = coerce_to_boolean(state, expression, construct);
	else if (exprType(expression) == UNKNOWNOID)
		expression = coerce_to_common_type(state, expression, TEXTOID, "expression");
	assign_expr_collations(state, expression);
	error_context_stack = errors.previous;
	return expression;
}

static bool
uses_rows(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) && ((Var *) node)->varattno <= 0)
		return true;
	return expression_tree_walker(node, uses_rows, context);
}

bool
expression_uses_rows(Node *expression)
{
	return uses_rows(expression, NULL);
}

/* Time zones */

/* Functions of a timestamptz that look at TimeZone, and of the timestamp that it is in a zone. */
static const struct
{
	Oid of_instant;
	Oid of_timestamp; /* InvalidOid: that timestamp itself */
} in_utc[] = {
    {F_EXTRACT_TEXT_TIMESTAMPTZ, F_EXTRACT_TEXT_TIMESTAMP},
    {F_DATE_PART_TEXT_TIMESTAMPTZ, F_DATE_PART_TEXT_TIMESTAMP},
    {F_DATE_TIMESTAMPTZ, F_DATE_TIMESTAMP},
    {F_TIME_TIMESTAMPTZ, F_TIME_TIMESTAMP},
    {F_TIMESTAMP_TIMESTAMPTZ, InvalidOid},
};

static Node *
timestamp_in_utc(Node *instant)
{
	Const *zone =
	    makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1, CStringGetTextDatum("UTC"), false, false);

	return (Node *) makeFuncExpr(F_TIMEZONE_TEXT_TIMESTAMPTZ, TIMESTAMPOID,
	                             list_make2(zone, instant), InvalidOid, InvalidOid,
	                             COERCE_EXPLICIT_CALL);
}

static Node *
take_in_utc(Node *node, void *context)
{
	FuncExpr *function;

	if (node == NULL)
		return NULL;
	node = expression_tree_mutator(node, take_in_utc, context);
	if (!IsA(node, FuncExpr))
		return node;
	function = (FuncExpr *) node;
	for (int i = 0; i < lengthof(in_utc); i++)
	{
		if (function->funcid != in_utc[i].of_instant)
			continue;
		if (!OidIsValid(in_utc[i].of_timestamp))
			return timestamp_in_utc(linitial(function->args));
		function->funcid = in_utc[i].of_timestamp;
		llast(function->args) = timestamp_in_utc(llast(function->args));
	}
	return node;
}

Node *
expression_in_utc(Node *expression)
{
	return take_in_utc(expression, NULL);
}

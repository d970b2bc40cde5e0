/*
 * features_expression.c
 *		fraud.feature_expression: an expression of a feature, parsed over the columns of
 *		its table, checked, and written out again with every name resolved.
 *
 * Both paths evaluate what is written out, so what an expression means must not
 * depend on who evaluates it and when: it has to be immutable. What makes most
 * expressions over a timestamptz not so is the session's time zone. Where there is a
 * function of the same meaning that is told the zone, it takes the place of the one
 * that is not, in UTC: extract(hour FROM tx_time) is the hour in UTC.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "pg/encode.h"
#include "scoring/features_view.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(fraud_feature_expression);
PGDLLEXPORT Datum fraud_feature_expression(PG_FUNCTION_ARGS);

/* The table, in what is written out. */
#define SOURCE_ALIAS "s"

/* By ColumnClass. */
static const char *const class_names[] = {"number", "boolean",  "text",       "timestamp",
                                          "time",   "interval", "unsupported"};

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

/* The only column of SELECT ..., which may have nothing else. */
static Node *
parse(const char *text)
{
	List *statements = raw_parser(psprintf("SELECT %s", text), RAW_PARSE_DEFAULT);
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

static bool
uses_system_columns(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) && ((Var *) node)->varattno <= 0)
		return true;
	return expression_tree_walker(node, uses_system_columns, context);
}

static Node *
transform(Relation relation, const char *text)
{
	ParseState *state = make_parsestate(NULL);
	ParseNamespaceItem *item;
	Node *expression;

	state->p_sourcetext = text;
	item = addRangeTableEntryForRelation(state, relation, AccessShareLock, NULL, false, true);
	addNSItemToQuery(state, item, false, true, true);
	/* Of the kinds that are checked, the one that forbids what we do: queries, aggregates, sets. */
	expression = transformExpr(state, parse(text), EXPR_KIND_INDEX_EXPRESSION);
	if (exprType(expression) == UNKNOWNOID)
		expression = coerce_to_common_type(state, expression, TEXTOID, "feature");
	assign_expr_collations(state, expression);
	if (uses_system_columns(expression, NULL))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
		         errmsg("an expression of a feature cannot use system columns or whole rows")));
	free_parsestate(state);
	return take_in_utc(expression, NULL);
}

static void
check_immutable(Node *expression)
{
	if (contain_mutable_functions((Node *) expression_planner(copyObject((Expr *) expression))))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
		         errmsg("an expression of a feature must be immutable"),
		         errhint("It gives the same value for the same row, whoever evaluates it and "
		                 "when. What depends on the time zone has to name it, as in "
		                 "date_trunc('day', tx_time AT TIME ZONE 'UTC').")));
}

static char *
write_out(Node *expression, Oid source)
{
	int nest_level = NewGUCNestLevel();
	char *sql;

	feature_settings_exact();
	sql = deparse_expression(expression, deparse_context_for(SOURCE_ALIAS, source), true, false);
	AtEOXact_GUC(true, nest_level);
	return sql;
}

/*
 * fraud.feature_expression(source regclass, expression text)
 *		-> (sql text, type regtype, class text, hashable bool)
 */
PGDLLEXPORT Datum
fraud_feature_expression(PG_FUNCTION_ARGS)
{
	Oid source = PG_GETARG_OID(0);
	Relation relation = relation_open(source, AccessShareLock);
	Node *expression = transform(relation, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	Oid type = exprType(expression);
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_HASH_PROC | TYPECACHE_EQ_OPR);
	TupleDesc tupdesc;
	Datum values[4];
	bool nulls[4] = {false};

	check_immutable(expression);
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE || tupdesc->natts != 4)
		elog(ERROR, "return type must be a row of 4 columns");
	values[0] = CStringGetTextDatum(write_out(expression, source));
	values[1] = ObjectIdGetDatum(type);
	values[2] = CStringGetTextDatum(class_names[column_class(type)]);
	values[3] = BoolGetDatum(OidIsValid(entry->hash_proc) && OidIsValid(entry->eq_opr));
	relation_close(relation, AccessShareLock);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls));
}

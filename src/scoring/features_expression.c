/*
 * features_expression.c
 *		fraud.feature_expression: an expression of a feature, parsed over the columns of
 *		its table, checked, and written out again with every name resolved.
 *
 * Both paths evaluate what is written out, so what an expression means must not
 * depend on who evaluates it and when: it has to be immutable, once parts of a
 * timestamptz are taken in UTC.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "pg/encode.h"
#include "scoring/expression.h"
#include "scoring/session_settings.h"
#include "utils/builtins.h"
#include "utils/guc.h"
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

static Node *
transform(Relation relation, const char *text)
{
	ParseState *state = make_parsestate(NULL);
	ParseNamespaceItem *item;
	Node *expression;

	item = addRangeTableEntryForRelation(state, relation, AccessShareLock, NULL, false, true);
	addNSItemToQuery(state, item, false, true, true);
	/* Of the kinds that are checked, the one that forbids what we do: queries, aggregates, sets. */
	expression =
	    expression_analyse(state, expression_parse(text), text, EXPR_KIND_INDEX_EXPRESSION, NULL);
	if (expression_uses_rows(expression))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
		         errmsg("an expression of a feature cannot use system columns or whole rows")));
	free_parsestate(state);
	return expression_in_utc(expression);
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

	/* So that it reads back as it was. */
	session_settings_pin_meaning();
	sql = deparse_expression(expression, deparse_context_for(SOURCE_ALIAS, source), true, false);
	AtEOXact_GUC(true, nest_level);
	return sql;
}

static Relation
open_source(Oid source)
{
	Relation relation = try_relation_open(source, AccessShareLock);

	if (relation == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
		                errmsg("relation with OID %u does not exist", source)));
	return relation;
}

/*
 * fraud.feature_expression(source regclass, expression text)
 *		-> (sql text, type regtype, class text, hashable bool)
 */
PGDLLEXPORT Datum
fraud_feature_expression(PG_FUNCTION_ARGS)
{
	Oid source = PG_GETARG_OID(0);
	Relation relation = open_source(source);
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

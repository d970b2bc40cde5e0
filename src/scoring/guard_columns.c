/*
 * guard_columns.c
 *		Columns of guarded rows.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "pg/double_converter.h"
#include "pg/settings.h"
#include "rewrite/rewriteHandler.h"
#include "scoring/features_group.h"
#include "scoring/guard_columns.h"
#include "scoring/session_settings.h"
#include "scoring/value_text.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

struct GuardColumns
{
	MemoryContext context;
	char *relation;
	TupleDesc tupdesc;
	int n_generated;
	AttrNumber *generated;
	ExprState **expressions; /* by generated */
	ExprContext *evaluation;
	ValueText *printers; /* by column; looked up when first needed */
	FmgrInfo to_jsonb;   /* of the row type */
};

/* Binding */

/* Expressions are over the columns as ordinary ones, so one pass computes them all. */
static void
bind_generated(GuardColumns *columns, Relation relation)
{
	columns->generated = palloc(columns->tupdesc->natts * sizeof(AttrNumber));
	columns->expressions = palloc(columns->tupdesc->natts * sizeof(ExprState *));
	for (int i = 0; i < columns->tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(columns->tupdesc, i);
		Node *expression;

		if (attribute->attisdropped || attribute->attgenerated == '\0')
			continue;
		expression = build_column_default(relation, i + 1);
		if (expression == NULL)
			elog(ERROR, "no generation expression found for column \"%s\"",
			     NameStr(attribute->attname));
		columns->generated[columns->n_generated] = i + 1;
		columns->expressions[columns->n_generated] =
		    ExecInitExpr(expression_planner((Expr *) expression), NULL);
		columns->n_generated++;
	}
	columns->evaluation = CreateStandaloneExprContext();
}

static void
bind_to_jsonb(GuardColumns *columns)
{
	Node *row = (Node *) makeNullConst(columns->tupdesc->tdtypeid, -1, InvalidOid);
	FuncExpr *call = makeFuncExpr(F_TO_JSONB, JSONBOID, list_make1(row), InvalidOid, InvalidOid,
	                              COERCE_EXPLICIT_CALL);

	fmgr_info_cxt(F_TO_JSONB, &columns->to_jsonb, columns->context);
	fmgr_info_set_expr((Node *) call, &columns->to_jsonb);
}

GuardColumns *
guard_columns_bind(Relation relation)
{
	GuardColumns *columns = palloc0(sizeof(GuardColumns));

	columns->context = CurrentMemoryContext;
	columns->relation = pstrdup(RelationGetRelationName(relation));
	columns->tupdesc = CreateTupleDescCopyConstr(RelationGetDescr(relation));
	columns->printers = palloc0(columns->tupdesc->natts * sizeof(ValueText));
	bind_generated(columns, relation);
	bind_to_jsonb(columns);
	return columns;
}

TupleDesc
guard_columns_tupdesc(const GuardColumns *columns)
{
	return columns->tupdesc;
}

AttrNumber
guard_columns_find(const GuardColumns *columns, const char *name, const char *what)
{
	if (name == NULL)
		return 0;
	for (int i = 0; i < columns->tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(columns->tupdesc, i);

		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0)
			return i + 1;
	}
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
	                errmsg("relation \"%s\" has no column \"%s\"", columns->relation, name),
	                errdetail("It is named in the guard's %s.", what),
	                errhint("After a column was renamed or dropped, call fraud_guard again.")));
}

/* Values */

static bool
is_null(AttrNumber column, const bool *nulls)
{
	return column == 0 || nulls[column - 1];
}

void
guard_columns_complete(GuardColumns *columns, TupleTableSlot *slot, const Datum **values,
                       const bool **nulls)
{
	int n = columns->tupdesc->natts;
	Datum *completed;
	bool *completed_nulls;

	slot_getallattrs(slot);
	*values = slot->tts_values;
	*nulls = slot->tts_isnull;
	if (columns->n_generated == 0)
		return;
	completed = palloc(n * sizeof(Datum));
	completed_nulls = palloc(n * sizeof(bool));
	memcpy(completed, slot->tts_values, n * sizeof(Datum));
	memcpy(completed_nulls, slot->tts_isnull, n * sizeof(bool));
	columns->evaluation->ecxt_scantuple = slot;
	for (int i = 0; i < columns->n_generated; i++)
	{
		int place = columns->generated[i] - 1;

		completed[place] =
		    ExecEvalExpr(columns->expressions[i], columns->evaluation, &completed_nulls[place]);
	}
	*values = completed;
	*nulls = completed_nulls;
}

char *
guard_columns_text(const GuardColumns *columns, AttrNumber column, const Datum *values,
                   const bool *nulls)
{
	ValueText *printer;

	if (is_null(column, nulls))
		return NULL;
	printer = &columns->printers[column - 1];
	if (!OidIsValid(printer->output.fn_oid))
		value_text_bind(printer, TupleDescAttr(columns->tupdesc, column - 1)->atttypid,
		                columns->context);
	return value_text(printer, values[column - 1]);
}

double
guard_columns_number(const GuardColumns *columns, AttrNumber column, const Datum *values,
                     const bool *nulls)
{
	DoubleConverter converter;

	if (is_null(column, nulls))
		return NAN;
	converter = double_converter(TupleDescAttr(columns->tupdesc, column - 1)->atttypid);
	return converter == NULL ? NAN : converter(values[column - 1]);
}

bool
guard_columns_time(const GuardColumns *columns, AttrNumber column, const Datum *values,
                   const bool *nulls, TimestampTz *time)
{
	Oid type;

	if (is_null(column, nulls))
		return false;
	type = getBaseType(TupleDescAttr(columns->tupdesc, column - 1)->atttypid);
	if (type != TIMESTAMPTZOID && type != TIMESTAMPOID && type != DATEOID)
		return false;
	*time = feature_time(values[column - 1], type);
	return *time != WINDOW_MISSING;
}

Jsonb *
guard_columns_jsonb(const GuardColumns *columns, const Datum *values, const bool *nulls)
{
	int nest_level = NewGUCNestLevel();
	HeapTuple tuple;
	Datum document;

	session_settings_pin_meaning();
	setting_for_now("timezone", "UTC");
	tuple =
	    heap_form_tuple(columns->tupdesc, unconstify(Datum *, values), unconstify(bool *, nulls));
	document = FunctionCall1(unconstify(FmgrInfo *, &columns->to_jsonb), HeapTupleGetDatum(tuple));
	AtEOXact_GUC(true, nest_level);
	return DatumGetJsonbP(document);
}

/*
 * score_table.c
 *		fraud_score_table: all rows of a source with their scores, evaluated in blocks.
 *
 * The caller says in the column definition list which columns it wants: columns of the
 * source by name, score and margin. A block's columns are kept until it is evaluated.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "pg/source.h"
#include "scoring/held_model.h"
#include "scoring/row_block.h"
#include "scoring/row_encoder.h"
#include "scoring/statement.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(fraud_score_table);
PGDLLEXPORT Datum fraud_score_table(PG_FUNCTION_ARGS);

/* Where a column of the result comes from; else the number of the source's column. */
#define FROM_SCORE 0
#define FROM_MARGIN (-1)

typedef struct ResultColumn
{
	int from;
	bool by_value;
	int16 length;
} ResultColumn;

typedef struct ScoredTable
{
	MemoryContext context; /* of everything here; it releases the model */
	MemoryContext block_context;
	Tuplestorestate *result;
	TupleDesc tupdesc; /* of the result */
	ResultColumn *columns;
	LoadedModel *model;
	RowEncoder *encoder;
	RowBlock *block;
	Datum *values; /* of the block's rows, one after the other */
	bool *nulls;
} ScoredTable;

/* Columns */

/* Nobody below looks at lengths and scales that were declared: a wrong one would be stored as it is. */
static void
require_type(Form_pg_attribute wanted, Oid type, int32 typmod)
{
	char *is = format_type_with_typemod(type, typmod);

	if (wanted->atttypid == type && (wanted->atttypmod < 0 || wanted->atttypmod == typmod))
		return;
	ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
	                errmsg("column \"%s\" is of type %s, not %s", NameStr(wanted->attname), is,
	                       format_type_with_typemod(wanted->atttypid, wanted->atttypmod)),
	                errhint("Declare it as %s, and cast it in the select list.", is)));
}

static int
find_source_column(TupleDesc source, Form_pg_attribute wanted)
{
	for (int i = 0; i < source->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(source, i);

		if (column->attisdropped || strcmp(NameStr(column->attname), NameStr(wanted->attname)) != 0)
			continue;
		require_type(wanted, column->atttypid, column->atttypmod);
		return i + 1;
	}
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
	                errmsg("the source has no column \"%s\"", NameStr(wanted->attname)),
	                errhint("A result has columns of the source, score (double precision) and "
	                        "margin (real).")));
}

static void
choose_columns(ScoredTable *table, TupleDesc source)
{
	int n = table->tupdesc->natts;

	table->columns = palloc(sizeof(ResultColumn) * n);
	for (int i = 0; i < n; i++)
	{
		Form_pg_attribute wanted = TupleDescAttr(table->tupdesc, i);
		ResultColumn *column = &table->columns[i];

		column->by_value = wanted->attbyval;
		column->length = wanted->attlen;
		if (strcmp(NameStr(wanted->attname), "score") == 0)
		{
			require_type(wanted, FLOAT8OID, -1);
			column->from = FROM_SCORE;
		}
		else if (strcmp(NameStr(wanted->attname), "margin") == 0)
		{
			require_type(wanted, FLOAT4OID, -1);
			column->from = FROM_MARGIN;
		}
		else
			column->from = find_source_column(source, wanted);
	}
	table->values = palloc(sizeof(Datum) * n * ROW_BLOCK_ROWS);
	table->nulls = palloc0(sizeof(bool) * n * ROW_BLOCK_ROWS);
}

/* Rows */

static void
put_block(ScoredTable *table)
{
	RowBlock *block = table->block;
	int n = table->tupdesc->natts;

	row_block_evaluate(block);
	for (int row = 0; row < block->n; row++)
	{
		Datum *values = table->values + (Size) row * n;

		for (int i = 0; i < n; i++)
		{
			if (table->columns[i].from == FROM_SCORE)
				values[i] = Float8GetDatum(forest_probability(block->forest, block->margins[row]));
			else if (table->columns[i].from == FROM_MARGIN)
				values[i] = Float4GetDatum(block->margins[row]);
		}
		tuplestore_putvalues(table->result, table->tupdesc, values, table->nulls + (Size) row * n);
	}
	block->n = 0;
	MemoryContextReset(table->block_context);
}

static void
keep_columns(ScoredTable *table, TupleTableSlot *slot, int row)
{
	int n = table->tupdesc->natts;
	MemoryContext caller = MemoryContextSwitchTo(table->block_context);

	for (int i = 0; i < n; i++)
	{
		const ResultColumn *column = &table->columns[i];
		Size at = (Size) row * n + i;
		bool is_null = false;
		Datum value;

		if (column->from <= 0)
			continue;
		value = slot_getattr(slot, column->from, &is_null);
		table->nulls[at] = is_null;
		table->values[at] =
		    is_null ? (Datum) 0 : datumCopy(value, column->by_value, column->length);
	}
	MemoryContextSwitchTo(caller);
}

static bool
take_row(TupleTableSlot *slot, void *argument)
{
	ScoredTable *table = argument;
	RowBlock *block = table->block;
	int row = block->n;

	row_encoder_encode_slot(table->encoder, slot, row_block_add(block));
	keep_columns(table, slot, row);
	if (row_block_is_full(block))
		put_block(table);
	return true;
}

static void
score_source(ScoredTable *table, const char *text)
{
	Source source;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	MemoryContextSwitchTo(table->context);
	source_open(&source, text);
	choose_columns(table, source.tupdesc);
	table->encoder = row_encoder_create(table->model, source.tupdesc);
	table->block = row_block_create(&table->model->forest);
	source_read(&source, take_row, table);
	put_block(table);
	source_close(&source);
	SPI_finish();
}

/* fraud_score_table(source text, model text, version int) -> the rows asked for. */
Datum
fraud_score_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext caller = CurrentMemoryContext;
	ScoredTable table = {0};

	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("source of fraud_score_table must not be NULL")));
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	table.result = result->setResult;
	table.tupdesc = result->setDesc;
	table.context =
	    AllocSetContextCreate(caller, "fraud_detect score table", ALLOCSET_DEFAULT_SIZES);
	table.block_context = AllocSetContextCreate(table.context, "fraud_detect score table block",
	                                            ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(table.context);
	table.model = held_model(fcinfo->args[1], fcinfo->args[2], statement_snapshot(), table.context);
	score_source(&table, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(table.context);
	return (Datum) 0;
}

/*
 * profile_columns.c
 *		The columns of a record that a profile is made of.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "scoring/profile_columns.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

static double
of_int2(Datum value)
{
	return DatumGetInt16(value);
}

static double
of_int4(Datum value)
{
	return DatumGetInt32(value);
}

static double
of_int8(Datum value)
{
	return (double) DatumGetInt64(value);
}

static double
of_float4(Datum value)
{
	return DatumGetFloat4(value);
}

static double
of_float8(Datum value)
{
	return DatumGetFloat8(value);
}

static double
of_bool(Datum value)
{
	return DatumGetBool(value) ? 1.0 : 0.0;
}

/* An infinity where a double is too small for it. */
static double
of_numeric(Datum value)
{
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, value));
}

static void
choose_converter(ProfileColumn *column, Oid type)
{
	switch (getBaseType(type))
	{
		case INT2OID:
			column->number = of_int2;
			return;
		case INT4OID:
			column->number = of_int4;
			return;
		case INT8OID:
			column->number = of_int8;
			return;
		case FLOAT4OID:
			column->number = of_float4;
			return;
		case FLOAT8OID:
			column->number = of_float8;
			return;
		case NUMERICOID:
			column->number = of_numeric;
			return;
		case BOOLOID:
			column->number = of_bool;
			return;
		default:
			column->is_text = true;
			if (column_class(type) == COLUMN_TEXT)
				column->category = category_converter(type);
	}
}

ProfileColumns *
profile_columns_of(HeapTupleHeader record, MemoryContext context)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	ProfileColumns *columns = palloc0(sizeof(ProfileColumns));
	TupleDesc tupdesc;

	columns->type = HeapTupleHeaderGetTypeId(record);
	columns->typmod = HeapTupleHeaderGetTypMod(record);
	tupdesc = lookup_rowtype_tupdesc_copy(columns->type, columns->typmod);
	columns->tupdesc = tupdesc;
	columns->values = palloc(Max(tupdesc->natts, 1) * sizeof(Datum));
	columns->nulls = palloc(Max(tupdesc->natts, 1) * sizeof(bool));
	columns->columns = palloc0(Max(tupdesc->natts, 1) * sizeof(ProfileColumn));
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);
		ProfileColumn *column = &columns->columns[columns->n];

		if (attribute->attisdropped)
			continue;
		*column = (ProfileColumn){.name = pstrdup(NameStr(attribute->attname)), .index = i};
		choose_converter(column, attribute->atttypid);
		if (column->number != NULL || column->category != NULL)
			columns->n++;
	}
	MemoryContextSwitchTo(caller);
	if (columns->n == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the record has no column that a profile is made of"),
		                errdetail("Numbers, booleans and texts have a profile.")));
	return columns;
}

void
profile_columns_deform(ProfileColumns *columns, HeapTupleHeader record)
{
	HeapTupleData tuple;

	if (HeapTupleHeaderGetTypeId(record) != columns->type ||
	    HeapTupleHeaderGetTypMod(record) != columns->typmod)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("the records of a profile must be of one type")));
	tuple.t_len = HeapTupleHeaderGetDatumLength(record);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = record;
	heap_deform_tuple(&tuple, columns->tupdesc, columns->values, columns->nulls);
}

bool
profile_column_number(const ProfileColumns *columns, int column, double *number)
{
	const ProfileColumn *of = &columns->columns[column];

	if (columns->nulls[of->index])
		return false;
	*number = of->number(columns->values[of->index]);
	return !isnan(*number);
}

bool
profile_column_text(const ProfileColumns *columns, int column, CategoryText *text)
{
	const ProfileColumn *of = &columns->columns[column];

	if (columns->nulls[of->index])
		return false;
	of->category(columns->values[of->index], text);
	if (text->length > PROFILE_MOST_VALUE_BYTES)
		text->length = pg_mbcliplen(text->bytes, (int) text->length, PROFILE_MOST_VALUE_BYTES);
	return true;
}

/*
 * profile_columns.c
 *		The columns of a record that a profile is made of.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "mb/pg_wchar.h"
#include "scoring/profile_columns.h"
#include "utils/typcache.h"

static void
choose_converter(ProfileColumn *column, Oid type)
{
	column->number = double_converter(type);
	column->is_text = column->number == NULL;
	if (column->is_text && column_class(type) == COLUMN_TEXT)
		column->category = category_converter(type);
}

/* A profile finds its columns by name. */
static void
check_name(const ProfileColumns *columns, const char *name)
{
	for (int i = 0; i < columns->n; i++)
	{
		if (strcmp(columns->columns[i].name, name) == 0)
			ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN),
			                errmsg("the record has two columns \"%s\"", name),
			                errhint("Give the columns of a profile different names.")));
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
		if (column->number == NULL && column->category == NULL)
			continue;
		check_name(columns, column->name);
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

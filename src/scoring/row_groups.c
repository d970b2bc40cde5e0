/*
 * row_groups.c
 *		Rows by the value of a column.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "core/dictionary.h"
#include "fmgr.h"
#include "pg/memory.h"
#include "pg/source.h"
#include "scoring/row_groups.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#define NO_GROUP PG_UINT32_MAX

struct RowGroups
{
	char *column;
	AttrNumber attribute;
	FmgrInfo output;
	Dictionary *values;
	uint32 codes[ROW_GROUPS_MOST];  /* of a group's value; NO_GROUP for NULL */
	uint32 groups[ROW_GROUPS_MOST]; /* of a code */
	uint32 null_group;
	uint32 n;
};

RowGroups *
row_groups_create(TupleDesc tupdesc, const char *column)
{
	RowGroups *groups = palloc0(sizeof(RowGroups));
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	Oid output;
	bool is_varlena;

	groups->column = pstrdup(column);
	groups->attribute = source_require_column(tupdesc, column, "grouping");
	groups->null_group = NO_GROUP;
	groups->values = dictionary_create(&allocator);
	getTypeOutputInfo(TupleDescAttr(tupdesc, groups->attribute - 1)->atttypid, &output,
	                  &is_varlena);
	fmgr_info(output, &groups->output);
	return groups;
}

static uint32
add_group(RowGroups *groups, uint32 code)
{
	if (groups->n == ROW_GROUPS_MOST)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("grouping column \"%s\" has more than %d distinct values",
		                       groups->column, ROW_GROUPS_MOST),
		                errhint("Let the source compute fewer, such as width_bucket of a number or "
		                        "date_trunc of a time.")));
	groups->codes[groups->n] = code;
	return groups->n++;
}

uint32
row_groups_of(RowGroups *groups, TupleTableSlot *slot)
{
	bool is_null;
	Datum value = slot_getattr(slot, groups->attribute, &is_null);
	char *printed;
	int32 code;

	if (is_null)
	{
		if (groups->null_group == NO_GROUP)
			groups->null_group = add_group(groups, NO_GROUP);
		return groups->null_group;
	}
	printed = OutputFunctionCall(&groups->output, value);
	code = dictionary_find(groups->values, printed, strlen(printed));
	if (code == DICTIONARY_UNKNOWN)
	{
		uint32 group = add_group(groups, dictionary_size(groups->values));

		code = dictionary_add(groups->values, printed, strlen(printed));
		groups->groups[code] = group;
	}
	pfree(printed);
	return groups->groups[code];
}

uint32
row_groups_count(const RowGroups *groups)
{
	return groups->n;
}

char *
row_groups_value(const RowGroups *groups, uint32 group)
{
	size_t length;
	const char *bytes;

	if (groups->codes[group] == NO_GROUP)
		return NULL;
	bytes = dictionary_key(groups->values, groups->codes[group], &length);
	return pnstrdup(bytes, length);
}

int
row_groups_compare(const RowGroups *groups, uint32 a, uint32 b)
{
	size_t a_length, b_length;
	const char *a_bytes, *b_bytes;
	int order;

	if (groups->codes[a] == NO_GROUP || groups->codes[b] == NO_GROUP)
		return (groups->codes[a] == NO_GROUP) - (groups->codes[b] == NO_GROUP);
	a_bytes = dictionary_key(groups->values, groups->codes[a], &a_length);
	b_bytes = dictionary_key(groups->values, groups->codes[b], &b_length);
	order = memcmp(a_bytes, b_bytes, Min(a_length, b_length));
	return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

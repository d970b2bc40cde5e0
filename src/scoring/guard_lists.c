/*
 * guard_lists.c
 *		Looks up what a row names in the lists.
 *
 * A value is looked up as its column's type prints it by default, whatever the session has set,
 * char(n) without trailing blanks.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "pg/json_member.h"
#include "pg/registry_lists.h"
#include "scoring/guard_lists.h"
#include "scoring/value_text.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

typedef struct ListedColumn
{
	int place; /* among the row's columns */
	char *kind;
	Datum kind_text;
	Oid type;
	ValueText printer;
} ListedColumn;

struct GuardLists
{
	int n_columns;
	ListedColumn *columns;
	int n_names; /* -1: all lists count */
	char **names;
};

typedef struct Hits
{
	int n;
	int room;
	ListHit *hits;
} Hits;

/* Binding */

static char *
string_of(const JsonbValue *value, const char *option)
{
	if (value->type != jbvString)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("option \"%s\" of the policy holds a value that is not a text", option)));
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static void
bind_column(ListedColumn *column, const char *kind, const char *name, const GuardColumns *columns)
{
	column->kind = pstrdup(kind);
	column->kind_text = CStringGetTextDatum(kind);
	column->place = guard_columns_find(columns, name, "option \"entities\"") - 1;
	column->type =
	    getBaseType(TupleDescAttr(guard_columns_tupdesc(columns), column->place)->atttypid);
	value_text_bind(&column->printer, column->type, CurrentMemoryContext);
}

static void
bind_columns(GuardLists *lists, JsonbContainer *options, const GuardColumns *columns)
{
	static const char *const kinds[] = {"card", "customer", "merchant", "device", "country"};
	JsonbValue *entities = json_member(options, "entities");

	lists->columns = palloc0(lengthof(kinds) * sizeof(ListedColumn));
	if (entities == NULL || entities->type != jbvBinary)
		return;
	for (int i = 0; i < lengthof(kinds); i++)
	{
		JsonbValue *name = json_member(entities->val.binary.data, kinds[i]);

		if (name != NULL)
			bind_column(&lists->columns[lists->n_columns++], kinds[i], string_of(name, "entities"),
			            columns);
	}
}

static void
bind_names(GuardLists *lists, JsonbContainer *options)
{
	JsonbValue *names = json_member(options, "lists");

	lists->n_names = -1;
	if (names == NULL || names->type != jbvBinary)
		return;
	lists->n_names = (int) JsonContainerSize(names->val.binary.data);
	lists->names = palloc(Max(lists->n_names, 1) * sizeof(char *));
	for (int i = 0; i < lists->n_names; i++)
		lists->names[i] =
		    string_of(getIthJsonbValueFromContainer(names->val.binary.data, i), "lists");
}

GuardLists *
guard_lists_bind(const Jsonb *options, const GuardColumns *columns)
{
	GuardLists *lists = palloc0(sizeof(GuardLists));
	JsonbContainer *object = unconstify(JsonbContainer *, &options->root);

	bind_columns(lists, object, columns);
	bind_names(lists, object);
	return lists;
}

/* Matching */

static Datum
value_as_text(ListedColumn *column, Datum value)
{
	switch (column->type)
	{
		case TEXTOID:
		case VARCHAROID:
			return PointerGetDatum(PG_DETOAST_DATUM_PACKED(value));
		case BPCHAROID:
			return DirectFunctionCall1(rtrim1, value);
		default:
			return CStringGetTextDatum(value_text(&column->printer, value));
	}
}

static bool
counts(const GuardLists *lists, const char *name)
{
	for (int i = 0; i < lists->n_names; i++)
		if (strcmp(lists->names[i], name) == 0)
			return true;
	return lists->n_names < 0;
}

static void
add_hit(const GuardLists *lists, const ListedColumn *column, const ListEntry *entry, Hits *hits)
{
	char *list = text_to_cstring(entry->list);
	char *decision = text_to_cstring(entry->decision);
	ListHit hit = {entry->entry_id, list, column->kind};

	if (!counts(lists, list) || entry->expires <= GetCurrentStatementStartTimestamp())
		return;
	if (!decision_of_name(decision, &hit.decision))
		elog(ERROR, "unknown decision \"%s\" of entry " INT64_FORMAT " of a list", decision,
		     entry->entry_id);
	if (hits->n == hits->room)
	{
		hits->room = Max(2 * hits->room, 4);
		hits->hits = hits->hits == NULL ? palloc(hits->room * sizeof(ListHit))
		                                : repalloc(hits->hits, hits->room * sizeof(ListHit));
	}
	hits->hits[hits->n++] = hit;
}

static int
by_number(const void *a, const void *b)
{
	int64 left = ((const ListHit *) a)->entry_id;
	int64 right = ((const ListHit *) b)->entry_id;

	return (left > right) - (left < right);
}

int
guard_lists_match(const GuardLists *lists, const Datum *values, const bool *nulls,
                  Snapshot snapshot, ListHit **hits)
{
	Hits found = {0};
	ListScan *scan;
	ListEntry entry;

	*hits = NULL;
	if (lists->n_columns == 0 || lists->n_names == 0)
		return 0;
	scan = registry_lists_begin(snapshot);
	for (int i = 0; i < lists->n_columns; i++)
	{
		ListedColumn *column = &lists->columns[i];

		if (nulls[column->place])
			continue;
		registry_lists_find(scan, column->kind_text, value_as_text(column, values[column->place]));
		while (registry_lists_next(scan, &entry))
			add_hit(lists, column, &entry, &found);
	}
	registry_lists_end(scan);
	if (found.n > 1)
		qsort(found.hits, found.n, sizeof(ListHit), by_number);
	*hits = found.hits;
	return found.n;
}

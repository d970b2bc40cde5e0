/*
 * row_columns.c
 *		Some columns of a table's row, in one pass over the row.
 *
 * A slot of the executor keeps each column up to the last one that is wanted, and looks up in
 * the table's description how long it is and where it begins. Here the columns between are stepped
 * over, and what it takes to do so was looked up once.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "pg/row_columns.h"

/* How a column lies in a row. */
typedef struct Layout
{
	int16 length; /* of pg_attribute: VARIABLE, or that of a cstring, below 0 */
	bool by_value;
	uint8 alignment; /* less one */
} Layout;

#define VARIABLE (-1)

/* A column that is wanted, and the place of its value. */
typedef struct Wanted
{
	int column; /* from 0 on */
	int place;
} Wanted;

struct RowColumns
{
	Layout *layouts; /* up to the last one that is wanted */
	int n;
	Wanted wanted[FLEXIBLE_ARRAY_MEMBER]; /* in the order of the row */
};

static int
by_column(const void *a, const void *b)
{
	return ((const Wanted *) a)->column - ((const Wanted *) b)->column;
}

static Layout
layout_of(const FormData_pg_attribute *attribute)
{
	return (Layout){attribute->attlen, attribute->attbyval,
	                att_align_nominal(1, attribute->attalign) - 1};
}

RowColumns *
row_columns_create(TupleDesc table, const AttrNumber *wanted, int n)
{
	RowColumns *made = palloc(offsetof(RowColumns, wanted) + n * sizeof(Wanted));
	int n_layouts;

	made->n = n;
	for (int i = 0; i < n; i++)
		made->wanted[i] = (Wanted){wanted[i] - 1, i};
	qsort(made->wanted, n, sizeof(Wanted), by_column);
	n_layouts = n == 0 ? 0 : made->wanted[n - 1].column + 1;
	made->layouts = palloc(n_layouts * sizeof(Layout));
	for (int i = 0; i < n_layouts; i++)
		made->layouts[i] = layout_of(TupleDescAttr(table, i));
	return made;
}

void
row_columns_get(const RowColumns *columns, TupleDesc table, const HeapTupleData *row, Datum *values,
                bool *nulls)
{
	const HeapTupleHeaderData *header = row->t_data;
	const bits8 *present = HeapTupleHasNulls(row) ? header->t_bits : NULL;
	const char *at = (const char *) header + header->t_hoff;
	int n_held = HeapTupleHeaderGetNatts(header);
	const Wanted *wanted = columns->wanted;
	const Wanted *end = wanted + columns->n;

	/* Rows and their columns are aligned in memory as they are in the row. */
	for (int i = 0; i < n_held && wanted < end; i++)
	{
		const Layout *layout = &columns->layouts[i];

		if (present != NULL && att_isnull(i, present))
		{
			for (; wanted < end && wanted->column == i; wanted++)
			{
				values[wanted->place] = (Datum) 0;
				nulls[wanted->place] = true;
			}
			continue;
		}
		/* One of variable length begins where it is unless there is padding, or it has a long header. */
		if (layout->length != VARIABLE || *at == '\0')
			at = (const char *) (((uintptr_t) at + layout->alignment) &
			                     ~(uintptr_t) layout->alignment);
		for (; wanted < end && wanted->column == i; wanted++)
		{
			values[wanted->place] = fetch_att(at, layout->by_value, layout->length);
			nulls[wanted->place] = false;
		}
		at += layout->length > 0 ? layout->length : att_addlength_pointer(0, layout->length, at);
	}
	for (; wanted < end; wanted++)
		values[wanted->place] = getmissingattr(table, wanted->column + 1, &nulls[wanted->place]);
}

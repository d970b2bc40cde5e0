/*
 * row_columns.h
 *		Some columns of a table's row, in one pass over the row.
 */
#ifndef FRAUD_DETECT_ROW_COLUMNS_H
#define FRAUD_DETECT_ROW_COLUMNS_H

#include "access/attnum.h"
#include "access/htup.h"
#include "access/tupdesc.h"

typedef struct RowColumns RowColumns;

/*
 * For n columns of a table, none of them a system column, in any order, in the current memory context. Holds
 * as long as the table's columns are what they are.
 */
extern RowColumns *row_columns_create(TupleDesc table, const AttrNumber *wanted, int n);

/*
 * Values in the order of the columns that were asked for: what the row holds, not detoasted; those by
 * reference point into it. A column that was added to the table after the row has the value that it was
 * added with. Takes time up to the last one of the columns.
 */
extern void row_columns_get(const RowColumns *columns, TupleDesc table, const HeapTupleData *row,
                            Datum *values, bool *nulls);

#endif

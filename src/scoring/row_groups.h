/*
 * row_groups.h
 *		Rows by the value of a column: each distinct value, and NULL, is a group with a
 *		number, in order of appearance.
 */
#ifndef FRAUD_DETECT_ROW_GROUPS_H
#define FRAUD_DETECT_ROW_GROUPS_H

#include "executor/tuptable.h"

/* More are a mistake: a key, or an amount. */
#define ROW_GROUPS_MOST 1000

typedef struct RowGroups RowGroups;

/* In CurrentMemoryContext. 42703 and 42702 as source_find_column. */
extern RowGroups *row_groups_create(TupleDesc tupdesc, const char *column);

/* The group of a row. 54000 beyond ROW_GROUPS_MOST. */
extern uint32 row_groups_of(RowGroups *groups, TupleTableSlot *slot);

extern uint32 row_groups_count(const RowGroups *groups);

/* As its type prints it, terminated, in CurrentMemoryContext; NULL for the group of NULL. */
extern char *row_groups_value(const RowGroups *groups, uint32 group);

/* For groups in an order that does not depend on that of rows: by bytes, NULL last. */
extern int row_groups_compare(const RowGroups *groups, uint32 a, uint32 b);

#endif

/*
 * guard_columns.h
 *		The columns of a row that is about to be inserted: found by name, printed, and
 *		with generated ones computed, which a BEFORE trigger has as NULL.
 */
#ifndef FRAUD_DETECT_GUARD_COLUMNS_H
#define FRAUD_DETECT_GUARD_COLUMNS_H

#include "access/tupdesc.h"
#include "executor/tuptable.h"
#include "utils/jsonb.h"
#include "utils/relcache.h"
#include "utils/timestamp.h"

typedef struct GuardColumns GuardColumns;

/* In CurrentMemoryContext, with copies of what belongs to the relation. */
extern GuardColumns *guard_columns_bind(Relation relation);

extern TupleDesc guard_columns_tupdesc(const GuardColumns *columns);

/* Number of a column; 42703 where there is none, and 0 for NULL. what is how messages call it. */
extern AttrNumber guard_columns_find(const GuardColumns *columns, const char *name,
                                     const char *what);

/*
 * The row's values with generated columns computed, as the current user; in CurrentMemoryContext,
 * unless there are no generated columns: then they are those of the slot.
 */
extern void guard_columns_complete(GuardColumns *columns, TupleTableSlot *slot,
                                   const Datum **values, const bool **nulls);

/* A value as its type prints it; NULL for NULL and for column 0. */
extern char *guard_columns_text(const GuardColumns *columns, AttrNumber column, const Datum *values,
                                const bool *nulls);

/* A number; NaN for NULL, for what is not a number, and for column 0. */
extern double guard_columns_number(const GuardColumns *columns, AttrNumber column,
                                   const Datum *values, const bool *nulls);

/* A time; false for NULL and for column 0. */
extern bool guard_columns_time(const GuardColumns *columns, AttrNumber column, const Datum *values,
                               const bool *nulls, TimestampTz *time);

/* The row as to_jsonb gives it, whatever the session's settings are. */
extern Jsonb *guard_columns_jsonb(const GuardColumns *columns, const Datum *values,
                                  const bool *nulls);

#endif

/*
 * source.h
 *		Reading rows of a `source`: a relation's name or a query, run as the caller
 *		under the caller's search_path and row-level security.
 *
 * A text whose first word is SELECT, WITH, VALUES or TABLE (or an opening
 * parenthesis) is a query: exactly one, without INTO, read-only. Anything else
 * is the name of a relation. Errors are the parser's own (42P01, 42601, ...);
 * 22023 for what is neither, 25006 for a query that writes.
 */
#ifndef FRAUD_DETECT_SOURCE_H
#define FRAUD_DETECT_SOURCE_H

#include "executor/tuptable.h"
#include "utils/portal.h"

typedef struct Source
{
	char *query; /* the text that is run; for a relation SELECT * FROM its qualified name */
	Portal portal;
	TupleDesc tupdesc;
	List *relations; /* Oids of all it reads, views too */
	List *targets;   /* TargetEntry of each column: where it comes from */
	int guc_nest_level;
} Source;

/* SPI must be connected. Allocates in CurrentMemoryContext, the plan and the portal in SPI's. Plans
 * without parallelism and without synchronized scans, so that the order of rows is the same at each
 * run. Sources close in the reverse order of their opening; an error closes them with the
 * transaction. */
extern void source_open(Source *source, const char *text);

/* Calls the consumer once per row, in order, until the source is exhausted or it returns false.
 * Interrupts are checked between rows. The slot is the executor's own (deform it with
 * slot_getsomeattrs, copy what must outlive the call); the consumer runs in a memory context that
 * is reset after each row. A second call goes on where the first one stopped. */
typedef bool (*SourceConsumer)(TupleTableSlot *slot, void *argument);
extern void source_read(Source *source, SourceConsumer consumer, void *argument);

extern void source_close(Source *source);

/* The number, from 1, of the column of that name; 0 where there is none, 42702 for several. */
extern AttrNumber source_find_column(TupleDesc tupdesc, const char *column);

/* The same, with 42703 where there is none; the message says what the column is for. */
extern AttrNumber source_require_column(TupleDesc tupdesc, const char *column, const char *purpose);

#endif

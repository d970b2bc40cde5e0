/*
 * context_record.h
 *		What is known of a memory context, as long as it is not reset.
 */
#ifndef FRAUD_DETECT_CONTEXT_RECORD_H
#define FRAUD_DETECT_CONTEXT_RECORD_H

#include "utils/palloc.h"

/* What a record begins with. */
typedef struct ContextRecord
{
	struct ContextRecord *next;
	struct ContextRecord **all;
	MemoryContext context;
	MemoryContextCallback forget;
} ContextRecord;

/*
 * The record of a context among all of a kind, of size bytes, in the context itself; zeros but for its beginning where
 * it is new. There are few: they are looked through.
 */
extern void *context_record(ContextRecord **all, MemoryContext context, Size size);

#endif

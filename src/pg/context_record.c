/*
 * context_record.c
 *		What is known of a memory context, as long as it is not reset.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "pg/context_record.h"
#include "utils/memutils.h"

static void
forget(void *argument)
{
	ContextRecord *record = argument;
	ContextRecord **place = record->all;

	while (*place != record)
		place = &(*place)->next;
	*place = record->next;
}

void *
context_record(ContextRecord **all, MemoryContext context, Size size)
{
	ContextRecord *record;

	for (record = *all; record != NULL; record = record->next)
		if (record->context == context)
			return record;
	record = MemoryContextAllocZero(context, size);
	record->context = context;
	record->forget.func = forget;
	record->forget.arg = record;
	record->next = *all;
	record->all = all;
	*all = record;
	MemoryContextRegisterResetCallback(context, &record->forget);
	return record;
}

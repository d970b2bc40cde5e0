/*
 * query_scratch.c
 *		Memory that the functions of a query use one after the other.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "nodes/execnodes.h"
#include "pg/memory.h"
#include "pg/query_scratch.h"

/* Who asks for a little more than the one before gets by with the same. */
#define SPARE(size) (Max((size) / 8, 8192))

typedef struct Scratch
{
	struct Scratch *next;
	MemoryContext query;
	void *memory;
	void *chunk; /* what pfree takes for it */
	Size size;
	MemoryContextCallback forget;
} Scratch;

/* Of the queries that run, one within the other: few. */
static Scratch *all = NULL;

MemoryContext
query_context(FunctionCallInfo fcinfo)
{
	Assert(IsA(fcinfo->context, AggState) || IsA(fcinfo->context, WindowAggState));
	return ((PlanState *) fcinfo->context)->state->es_query_cxt;
}

static void
forget(void *argument)
{
	Scratch **place = &all;

	while (*place != argument)
		place = &(*place)->next;
	*place = (*place)->next;
}

static Scratch *
scratch_of(MemoryContext query)
{
	Scratch *scratch;

	for (scratch = all; scratch != NULL; scratch = scratch->next)
		if (scratch->query == query)
			return scratch;
	scratch = MemoryContextAllocZero(query, sizeof(Scratch));
	scratch->query = query;
	scratch->forget.func = forget;
	scratch->forget.arg = scratch;
	scratch->next = all;
	all = scratch;
	MemoryContextRegisterResetCallback(query, &scratch->forget);
	return scratch;
}

void *
query_scratch(MemoryContext query, Size size)
{
	Scratch *scratch = scratch_of(query);

	if (scratch->size >= size)
		return scratch->memory;
	if (scratch->memory != NULL)
		pfree(scratch->chunk);
	scratch->memory = NULL;
	scratch->size = 0;
	size += SPARE(size);
	scratch->memory = memory_allocate_large(query, size, &scratch->chunk);
	scratch->size = size;
	return scratch->memory;
}

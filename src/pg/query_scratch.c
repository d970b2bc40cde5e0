/*
 * query_scratch.c
 *		Memory that the functions of a query use one after the other.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "nodes/execnodes.h"
#include "pg/context_record.h"
#include "pg/large_memory.h"
#include "pg/query_scratch.h"

/* Who asks for a little more than the one before gets by with the same. */
#define SPARE(size) (Max((size) / 8, 8192))

typedef struct Scratch
{
	ContextRecord record;
	LargeMemory memory;
	Size size;
} Scratch;

/* Of the queries that run, one within the other. */
static ContextRecord *all_scratch = NULL;

MemoryContext
query_context(FunctionCallInfo fcinfo)
{
	Assert(IsA(fcinfo->context, AggState) || IsA(fcinfo->context, WindowAggState));
	return ((PlanState *) fcinfo->context)->state->es_query_cxt;
}

void *
query_scratch(MemoryContext query, Size size)
{
	Scratch *scratch = context_record(&all_scratch, query, sizeof(Scratch));

	if (scratch->size >= size)
		return scratch->memory.at;
	large_memory_release(&scratch->memory);
	scratch->size = 0;
	size += SPARE(size);
	scratch->memory = large_memory_allocate(query, size);
	scratch->size = size;
	return scratch->memory.at;
}

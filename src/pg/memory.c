/*
 * memory.c
 *		The core's allocator on top of a memory context, and what happens when it is short.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <sys/mman.h>
#include <unistd.h>

#include "pg/memory.h"
#include "utils/memutils.h"

static void *
allocate_in_context(void *context, size_t size)
{
	return MemoryContextAllocHuge((MemoryContext) context, size);
}

static void
release_to_context(void *context, void *pointer)
{
	if (pointer != NULL)
		pfree(pointer);
}

CoreAllocator
memory_context_allocator(MemoryContext context)
{
	CoreAllocator allocator = {allocate_in_context, release_to_context, context};

	return allocator;
}

void
require_memory(bool enough)
{
	if (!enough)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
}

void
memory_fault_in(void *memory, Size size)
{
#ifdef MADV_POPULATE_WRITE
	uintptr_t page = (uintptr_t) sysconf(_SC_PAGESIZE);
	uintptr_t first = TYPEALIGN(page, memory);
	uintptr_t end = TYPEALIGN_DOWN(page, (uintptr_t) memory + size);

	if (first < end)
		(void) madvise((void *) first, end - first, MADV_POPULATE_WRITE);
#endif
}

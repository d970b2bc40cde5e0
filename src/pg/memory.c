/*
 * memory.c
 *		The core's allocator on top of a memory context, and large pieces of memory.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <sys/mman.h>
#include <unistd.h>

#include "pg/memory.h"
#include "utils/memutils.h"

#define LARGE_PAGE ((uintptr_t) 2 * 1024 * 1024)
/* Where pieces begin in their first large page: an odd number of cache lines from each other. */
#define N_BEGINNINGS 32
#define BEGINNINGS_APART ((Size) 17 * PG_CACHE_LINE_SIZE)

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

void
memory_use_large_pages(void *memory, Size size)
{
#ifdef MADV_HUGEPAGE
	uintptr_t first = TYPEALIGN(LARGE_PAGE, memory);
	uintptr_t end = TYPEALIGN_DOWN(LARGE_PAGE, (uintptr_t) memory + size);

	if (first < end)
		(void) madvise((void *) first, end - first, MADV_HUGEPAGE);
#endif
}

void *
memory_allocate_large(MemoryContext context, Size size, void **chunk)
{
	static uint32 n_allocated = 0;
	Size shift = (n_allocated % N_BEGINNINGS) * BEGINNINGS_APART;
	char *memory;

	if (size < LARGE_PAGE)
		return *chunk = MemoryContextAllocHuge(context, size);
	n_allocated++;
	*chunk = MemoryContextAllocHuge(context, size + shift + LARGE_PAGE);
	memory = (char *) TYPEALIGN(LARGE_PAGE, *chunk);
	memory_use_large_pages(memory, size + shift);
	return memory + shift;
}

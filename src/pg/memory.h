/*
 * memory.h
 *		The core's allocator on top of a memory context, and what happens when it is short.
 */
#ifndef FRAUD_DETECT_MEMORY_H
#define FRAUD_DETECT_MEMORY_H

#include "core/core.h"
#include "utils/palloc.h"

/* Allocates in the given context; requests above 1 GB are allowed; leaves by ereport when short. */
extern CoreAllocator memory_context_allocator(MemoryContext context);

/* For core functions that fail only when memory is short: 53200 where there was none. */
extern void require_memory(bool enough);

/*
 * Memory that is about to be written in full gets its pages at once, where the kernel can do
 * that, not by a page fault each. A hint: nothing depends on it.
 */
extern void memory_fault_in(void *memory, Size size);

/*
 * Many megabytes that are written all over, such as what is sorted, get pages of 2 MB where the kernel
 * gives such: faults and misses of the TLB are what they cost most. A hint.
 */
extern void memory_use_large_pages(void *memory, Size size);

/*
 * Memory for which that is done, from where a large page can begin on: *chunk is what pfree takes. It cannot
 * be enlarged: memory that moves elsewhere would lose its large pages. Pieces begin at different places of their
 * pages, since some are filled side by side, a value of each column at a time: places at the same distance from
 * a large page share one set of every cache, which holds fewer lines than there are columns.
 */
extern void *memory_allocate_large(MemoryContext context, Size size, void **chunk);

#endif

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

#endif

/*
 * large_memory.h
 *		Memory that is written all over, in pages of 2 MB where the kernel gives such: page
 *		faults and misses of the TLB are what it costs most.
 */
#ifndef FRAUD_DETECT_LARGE_MEMORY_H
#define FRAUD_DETECT_LARGE_MEMORY_H

#include "utils/palloc.h"

/* Where pieces begin: so far from each other that 32 have cache sets of their own. */
#define LARGE_MEMORY_BEGINNINGS 32
#define LARGE_MEMORY_APART ((Size) 17 * PG_CACHE_LINE_SIZE)
/* So much less than whole large pages takes none beyond them, wherever it begins. */
#define LARGE_MEMORY_MARGIN (LARGE_MEMORY_BEGINNINGS * LARGE_MEMORY_APART)

/*
 * Memory in a context. It cannot be enlarged: what is moved by page tables would lose its large pages. Pieces begin
 * at different places of their pages, since some are filled side by side, a value of each column at a time: places
 * at the same distance from a large page share one set of every cache, which holds fewer lines than there are columns.
 */
typedef struct LargeMemory
{
	void *at; /* NULL: none */
	Size size;
	void *chunk;                /* NULL where it is a piece of shared pages */
	struct SharedPages *shared; /* that it is a piece of; else NULL */
	struct Sharing *sharing;    /* that counts it where it is not; NULL: none */
} LargeMemory;

/*
 * From 2 MB on in pages of its own. Less shares pages with what else is allocated so in the context, where that is
 * enough, and the pages little of work_mem (32 MB or more).
 */
extern LargeMemory large_memory_allocate(MemoryContext context, Size size);
/* Before its context ends, which does so, too. */
extern void large_memory_release(LargeMemory *memory);

/* Of memory from elsewhere. A hint. */
extern void memory_use_large_pages(void *memory, Size size);

#endif

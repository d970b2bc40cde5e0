/*
 * large_memory.c
 *		Memory that is written all over, in pages of 2 MB.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <sys/mman.h>

#include "miscadmin.h"
#include "pg/context_record.h"
#include "pg/large_memory.h"
#include "utils/memutils.h"

#define LARGE_PAGE ((Size) 2 * 1024 * 1024)
/*
 * Less is allocated as any other memory, and so is the first megabyte in a context: of many contexts with little each,
 * such as those of many partitions, each large page would be used by a part.
 */
#define LEAST_SHARED ((Size) 32 * 1024)
#define MOST_UNSHARED ((Size) 1024 * 1024)
/* Pages to share are reserved at once, one more for them to begin at one: of what a hashed aggregate may use, little. */
#define SHARED_OF_WORK_MEM 16
#define MOST_SHARED_PAGES 4

typedef struct SharedPages
{
	LargeMemory pages;
	Size used;
	int n_pieces;
	struct Sharing *sharing;
} SharedPages;

/* In a context. */
typedef struct Sharing
{
	ContextRecord record;
	Size unshared;     /* is allocated, though it is large enough to share */
	SharedPages *open; /* that the next piece may come from; NULL: none */
} Sharing;

static ContextRecord *all_sharing = NULL;

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

static LargeMemory
allocate_own(MemoryContext context, Size size)
{
	static uint32 n_allocated = 0;
	Size shift = (n_allocated++ % LARGE_MEMORY_BEGINNINGS) * LARGE_MEMORY_APART;
	LargeMemory memory = {.size = size};
	Size pages;
	char *first;

	/* The last one, too, where it is used by half. */
	pages = Max(TYPEALIGN_DOWN(LARGE_PAGE, size + shift + LARGE_PAGE / 2), size + shift);
	memory.chunk = MemoryContextAllocHuge(context, pages + LARGE_PAGE);
	first = (char *) TYPEALIGN(LARGE_PAGE, memory.chunk);
	memory_use_large_pages(first, pages);
	memory.at = first + shift;
	return memory;
}

static LargeMemory
allocate_small(MemoryContext context, Size size)
{
	LargeMemory memory = {.size = size};

	memory.at = memory.chunk = MemoryContextAlloc(context, size);
	return memory;
}

static void
free_shared_pages(SharedPages *shared)
{
	pfree(shared->pages.chunk);
	pfree(shared);
}

/* Instead of those that are open. */
static SharedPages *
open_shared_pages(Sharing *sharing, Size size)
{
	MemoryContext context = sharing->record.context;
	SharedPages *before = sharing->open;
	SharedPages *shared = MemoryContextAllocZero(context, sizeof(SharedPages));

	shared->pages = allocate_own(context, size);
	shared->sharing = sharing;
	sharing->open = shared;
	if (before != NULL && before->n_pieces == 0)
		free_shared_pages(before);
	return shared;
}

/* Pages without a piece are freed, or those that are open used from their start on again. */
static void
release_piece(SharedPages *shared)
{
	if (--shared->n_pieces > 0)
		return;
	if (shared == shared->sharing->open)
		shared->used = 0;
	else
		free_shared_pages(shared);
}

/* 0 where work_mem is too small. */
static Size
size_of_shared_pages(void)
{
	Size share = (Size) work_mem * 1024 / SHARED_OF_WORK_MEM;
	Size pages = Min(TYPEALIGN_DOWN(LARGE_PAGE, share), MOST_SHARED_PAGES * LARGE_PAGE);

	return pages > 0 ? pages - LARGE_MEMORY_MARGIN : 0;
}

static LargeMemory
allocate_shared(MemoryContext context, Size size)
{
	Sharing *sharing = context_record(&all_sharing, context, sizeof(Sharing));
	Size most = size_of_shared_pages();
	SharedPages *shared = sharing->open;
	LargeMemory memory = {.size = size};

	if (sharing->unshared + size <= MOST_UNSHARED || size > most)
	{
		memory = allocate_small(context, size);
		memory.sharing = sharing;
		sharing->unshared += size;
		return memory;
	}
	if (shared == NULL || shared->used + size > shared->pages.size)
		shared = open_shared_pages(sharing, most);
	memory.at = (char *) shared->pages.at + shared->used;
	memory.shared = shared;
	shared->used += TYPEALIGN(PG_CACHE_LINE_SIZE, size) + LARGE_MEMORY_APART;
	shared->n_pieces++;
	return memory;
}

LargeMemory
large_memory_allocate(MemoryContext context, Size size)
{
	if (size < LEAST_SHARED)
		return allocate_small(context, size);
	if (size < LARGE_PAGE)
		return allocate_shared(context, size);
	return allocate_own(context, size);
}

void
large_memory_release(LargeMemory *memory)
{
	if (memory->shared != NULL)
		release_piece(memory->shared);
	else if (memory->at != NULL)
	{
		pfree(memory->chunk);
		if (memory->sharing != NULL)
			memory->sharing->unshared -= memory->size;
	}
	*memory = (LargeMemory){0};
}

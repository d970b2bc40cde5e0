/*
 * recent_pages.c
 *		Pages of tables, by the buffer that held them when this session last looked.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/htup_details.h"
#include "pg/recent_pages.h"
#include "pgstat.h"
#include "storage/buf_internals.h"
#include "storage/bufmgr.h"
#include "storage/bufpage.h"
#include "utils/rel.h"

#define N_PAGES 4096

typedef struct RecentPage
{
	Oid table;
	BlockNumber block;
	Buffer buffer;
} RecentPage;

static RecentPage pages[N_PAGES];

/* Neighbours of one table have places of their own; tables begin at different ones. */
static RecentPage *
place_of(Relation table, BlockNumber block)
{
	return &pages[(block + RelationGetRelid(table) * 1021) % N_PAGES];
}

static bool
is_page(const RecentPage *page, Relation table, BlockNumber block)
{
	return page->table == RelationGetRelid(table) && page->block == block;
}

/* Does it count as used as any can? Only then nothing is lost by a use that is not counted. */
static bool
is_hot(Buffer buffer)
{
	uint32 state = pg_atomic_read_u32(&GetBufferDescriptor(buffer - 1)->state);

	return BUF_STATE_GET_USAGECOUNT(state) == BM_MAX_USAGE_COUNT;
}

void
recent_page_announce(Relation table, const ItemPointerData *row)
{
	BlockNumber block = ItemPointerGetBlockNumber(row);
	const RecentPage *page = place_of(table, block);
	Page there;

	if (!is_page(page, table, block))
		return;
	__builtin_prefetch(GetBufferDescriptor(page->buffer - 1), 1);
	there = BufferGetPage(page->buffer);
	__builtin_prefetch(there);
	__builtin_prefetch(PageGetItemId(there, ItemPointerGetOffsetNumber(row)));
}

Buffer
recent_page_read(Relation table, BlockNumber block)
{
	Buffer buffer = ReadBuffer(table, block);

	if (!BufferIsLocal(buffer))
		*place_of(table, block) = (RecentPage){RelationGetRelid(table), block, buffer};
	return buffer;
}

/*
 * ReadRecentBuffer does not count as a use, and pages that everybody comes back to would be the
 * first to be replaced: those that do not have the full count yet are for recent_page_read().
 */
Buffer
recent_page_pin(Relation table, BlockNumber block)
{
	const RecentPage *page = place_of(table, block);

	if (!is_page(page, table, block) || !is_hot(page->buffer) ||
	    !ReadRecentBuffer(RELATION_FILE(table), MAIN_FORKNUM, block, page->buffer))
		return InvalidBuffer;
	pgstat_count_buffer_read(table);
	pgstat_count_buffer_hit(table);
	return page->buffer;
}

/* The page is not locked: what its line pointer says may be wrong, which does not matter here. */
void
recent_page_announce_row(Buffer buffer, OffsetNumber row)
{
	Page page = BufferGetPage(buffer);

	if (row <= MaxHeapTuplesPerPage)
		__builtin_prefetch(page + ItemIdGetOffset(PageGetItemId(page, row)));
}

/*
 * recent_pages.c
 *		Pages of tables, by the buffer that held them when this session last looked.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "pg/recent_pages.h"
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

void
recent_page_announce(Relation table, const ItemPointerData *row)
{
	BlockNumber block = ItemPointerGetBlockNumber(row);
	const RecentPage *page = place_of(table, block);
	Page there;

	if (!is_page(page, table, block) || BufferIsLocal(page->buffer))
		return;
	__builtin_prefetch(GetBufferDescriptor(page->buffer - 1), 1);
	there = BufferGetPage(page->buffer);
	__builtin_prefetch(there);
	__builtin_prefetch(PageGetItemId(there, ItemPointerGetOffsetNumber(row)));
}

Buffer
recent_page_read(Relation table, BlockNumber block)
{
	RecentPage *page = place_of(table, block);

	if (is_page(page, table, block) &&
	    ReadRecentBuffer(RELATION_FILE(table), MAIN_FORKNUM, block, page->buffer))
		return page->buffer;
	*page = (RecentPage){RelationGetRelid(table), block, ReadBuffer(table, block)};
	return page->buffer;
}

/* The page is not locked: what its line pointer says may be wrong, which does not matter here. */
void
recent_page_announce_row(Buffer buffer, OffsetNumber row)
{
	Page page = BufferGetPage(buffer);
	const ItemIdData *line = PageGetItemId(page, row);

	__builtin_prefetch(page + ItemIdGetOffset(line));
}

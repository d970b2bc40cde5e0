/*
 * recent_pages.h
 *		Pages of tables, by the buffer that held them when this session last looked.
 *
 * A session that scores rows one after another comes back to the same pages. Their buffers
 * are found without the server's table of all buffers, and the processor can begin to fetch what
 * is about to be read. What is kept is a hint, 12 bytes for each of 4,096 pages: a buffer that holds
 * another page by now is looked up as any other. Hits count in the statistics of the table, and
 * not in pg_stat_io. Temporary tables are the session's own: nothing is kept of their pages.
 */
#ifndef FRAUD_DETECT_RECENT_PAGES_H
#define FRAUD_DETECT_RECENT_PAGES_H

#include "storage/buf.h"
#include "storage/itemptr.h"
#include "storage/off.h"
#include "utils/relcache.h"

/* To the processor: the page of this row will be read soon. Costs some instructions, and no waiting. */
extern void recent_page_announce(Relation table, const ItemPointerData *row);

/* Pins a page of the main fork that is known to be in memory, and much used; InvalidBuffer otherwise. */
extern Buffer recent_page_pin(Relation table, BlockNumber block);

/* Reads a page of the main fork, pins it, and knows from then on where it is. */
extern Buffer recent_page_read(Relation table, BlockNumber block);

/* To the processor: this row of a pinned page will be read soon. */
extern void recent_page_announce_row(Buffer page, OffsetNumber row);

#endif

/*
 * guard_lists.h
 *		Which entries of lists (fraud.list_entry) name something of a row.
 */
#ifndef FRAUD_DETECT_GUARD_LISTS_H
#define FRAUD_DETECT_GUARD_LISTS_H

#include "core/decision.h"
#include "scoring/guard_columns.h"
#include "utils/jsonb.h"
#include "utils/snapshot.h"

typedef struct GuardLists GuardLists;

typedef struct ListHit
{
	int64 entry_id;
	const char *list;
	const char *kind;
	Decision decision;
} ListHit;

/*
 * options.entities of a policy says which column holds which kind (card, customer, merchant, device,
 * country), options.lists which lists count (absent: all). In CurrentMemoryContext. 42703 for a
 * column that is not there.
 */
extern GuardLists *guard_lists_bind(const Jsonb *options, const GuardColumns *columns);

/*
 * Entries that match and have not expired, in the order of their numbers; how many. In
 * CurrentMemoryContext. Reads as the extension does, whatever the current user may read.
 */
extern int guard_lists_match(const GuardLists *lists, const Datum *values, const bool *nulls,
                             Snapshot snapshot, ListHit **hits);

#endif

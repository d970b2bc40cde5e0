/*
 * surviving_row.h
 *		Rows that stay whatever becomes of the transaction that writes them.
 */
#ifndef FRAUD_DETECT_SURVIVING_ROW_H
#define FRAUD_DETECT_SURVIVING_ROW_H

#include "nodes/execnodes.h"
#include "utils/relcache.h"

/*
 * Would the row be where a rollback leaves the table? Not where the transaction has made, moved or
 * locked away the table, its TOAST table or one of their indexes.
 */
extern bool surviving_row_possible(Relation table);

/*
 * Inserts a row with its index entries; it is on disk when this returns, and on standbys as far as
 * synchronous_commit asks for that. Indexes have to be open.
 */
extern void surviving_row_insert(ResultRelInfo *table, TupleTableSlot *slot, EState *estate);

#endif

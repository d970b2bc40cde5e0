/*
 * row_type.h
 *		How rows of one type become the features of one model.
 *
 * Matching columns by name takes longer than scoring a row, so it is done once per
 * model and row type: what comes of it stays with the model in the cache, for the
 * statements to come, and goes with the model.
 */
#ifndef FRAUD_DETECT_ROW_TYPE_H
#define FRAUD_DETECT_ROW_TYPE_H

#include "access/tupdesc.h"
#include "lib/ilist.h"
#include "scoring/row_encoder.h"
#include "utils/typcache.h"

/* Call sites share it where it is constant. */
typedef struct RowType
{
	Oid type;
	int32 typmod;
	const TypeCacheEntry *entry; /* of a named type; entries live as long as the session */
	uint64 identifier;           /* of the named type's columns when they were bound */
	TupleDesc tupdesc;
	RowEncoder *encoder;
	bool shared; /* false: the encoder computes features, and belongs to one call site */

	/* Of the model's list. */
	dlist_node node;
	MemoryContext context; /* holds everything, this struct included */
	int holders;
} RowType;

/*
 * The row type of a held model, made if need be (FD004 where it does not have the columns), until
 * released; that before the model is. One that is not shared is not released: its context,
 * below CurrentMemoryContext, is the caller's.
 */
extern RowType *row_type_hold(LoadedModel *model, Oid type, int32 typmod);

/* Never fails: it runs in callbacks that clean up after errors. */
extern void row_type_release(RowType *row_type);

/* Is this the type, with the columns that it has now? */
static inline bool
row_type_is(const RowType *row_type, Oid type, int32 typmod)
{
	if (row_type->type != type || row_type->typmod != typmod)
		return false;
	/* A named type may have been altered since. */
	return row_type->entry == NULL || row_type->entry->tupDesc_identifier == row_type->identifier;
}

#endif

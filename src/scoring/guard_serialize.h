/*
 * guard_serialize.h
 *		One decision at a time for an entity: the option "serialize".
 */
#ifndef FRAUD_DETECT_GUARD_SERIALIZE_H
#define FRAUD_DETECT_GUARD_SERIALIZE_H

#include "scoring/guard_columns.h"
#include "utils/jsonb.h"

typedef struct GuardSerialize GuardSerialize;

/*
 * By options.serialize (false, true for all, or a list of kinds) and options.entities; NULL where
 * nothing is serialized. In CurrentMemoryContext. 22023 for a kind that has no column.
 */
extern GuardSerialize *guard_serialize_bind(const Jsonb *options, Oid guarded,
                                            const GuardColumns *columns);

/*
 * Takes a lock for each entity of the row until the end of the transaction. 0A000 in a
 * transaction that is REPEATABLE READ: what the one before did would stay unseen.
 */
extern void guard_serialize_lock(const GuardSerialize *serialize, const GuardColumns *columns,
                                 const Datum *values, const bool *nulls);

#endif

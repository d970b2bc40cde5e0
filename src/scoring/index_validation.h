/*
 * index_validation.h
 *		The moment in which an index that is built concurrently is compared with its table.
 */
#ifndef FRAUD_DETECT_INDEX_VALIDATION_H
#define FRAUD_DETECT_INDEX_VALIDATION_H

/*
 * Waits until nobody does that with an index of a table, on which the caller holds a lock that
 * writers have: whoever begins later waits for the caller first.
 */
extern void index_validation_wait(Oid table);

#endif

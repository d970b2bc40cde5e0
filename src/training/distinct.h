/*
 * distinct.h
 *		Has a column a different value in every row? Exact until the first
 *		repetition; after that nothing is kept.
 */
#ifndef FRAUD_DETECT_DISTINCT_H
#define FRAUD_DETECT_DISTINCT_H

/* Rows after which a column without a repetition is taken for unique without looking further. */
#define DISTINCT_ENOUGH (1 << 20)

typedef struct DistinctSet
{
	uint64 *slots; /* open addressing; 0 is free */
	uint32 n_slots;
	uint32 n_values;
	bool repeated;
} DistinctSet;

extern void distinct_init(DistinctSet *set);
/* value: a 64-bit hash of the value, by a bijection where it is an integer. */
extern void distinct_add(DistinctSet *set, uint64 value);
extern void distinct_release(DistinctSet *set);

#endif

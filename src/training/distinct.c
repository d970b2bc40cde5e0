/*
 * distinct.c
 *		Has a column a different value in every row?
 */
#include "postgres.h"
#include "pg/compat.h"

#include "training/distinct.h"
#include "utils/memutils.h"

#define FIRST_SIZE 1024

void
distinct_init(DistinctSet *set)
{
	set->n_slots = FIRST_SIZE;
	set->slots = palloc0(sizeof(uint64) * set->n_slots);
	set->n_values = 0;
	set->repeated = false;
}

void
distinct_release(DistinctSet *set)
{
	if (set->slots != NULL)
		pfree(set->slots);
	set->slots = NULL;
}

/* The place of a value: where it is, or the free one where it belongs. */
static uint64 *
find_slot(uint64 *slots, uint32 n_slots, uint64 value)
{
	uint32 i = (uint32) value & (n_slots - 1);

	while (slots[i] != 0 && slots[i] != value)
		i = (i + 1) & (n_slots - 1);
	return &slots[i];
}

static void
grow(DistinctSet *set)
{
	uint32 n_slots = set->n_slots * 2;
	uint64 *slots =
	    MemoryContextAllocExtended(GetMemoryChunkContext(set->slots), sizeof(uint64) * n_slots,
	                               MCXT_ALLOC_ZERO | MCXT_ALLOC_HUGE);

	for (uint32 i = 0; i < set->n_slots; i++)
	{
		if (set->slots[i] != 0)
			*find_slot(slots, n_slots, set->slots[i]) = set->slots[i];
	}
	pfree(set->slots);
	set->slots = slots;
	set->n_slots = n_slots;
}

void
distinct_add(DistinctSet *set, uint64 value)
{
	uint64 *slot;

	if (set->repeated || set->n_values >= DISTINCT_ENOUGH)
		return;
	if (value == 0)
		value = 1;
	if (set->n_values >= set->n_slots / 2)
		grow(set);
	slot = find_slot(set->slots, set->n_slots, value);
	if (*slot == value)
	{
		set->repeated = true;
		distinct_release(set);
		return;
	}
	*slot = value;
	set->n_values++;
}

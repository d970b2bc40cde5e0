/*
 * features_codes.c
 *		A hash table of the values of one column: open addressing, linear probing.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "fmgr.h"
#include "scoring/features_codes.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#define FIRST_SLOTS 64

typedef struct CodeSlot
{
	uint32 hash;
	uint32 code_plus_one; /* 0: free */
	Datum value;
} CodeSlot;

struct FeatureCodes
{
	MemoryContext context;
	FmgrInfo *hash;
	FmgrInfo *equal;
	Oid collation;
	bool by_value;
	int16 length;
	uint32 n;
	uint32 n_slots; /* a power of two */
	CodeSlot *slots;
};

FeatureCodes *
feature_codes_create(Oid type, Oid collation)
{
	FeatureCodes *codes = palloc0(sizeof(FeatureCodes));
	TypeCacheEntry *entry =
	    lookup_type_cache(type, TYPECACHE_HASH_PROC_FINFO | TYPECACHE_EQ_OPR_FINFO);

	if (!OidIsValid(entry->hash_proc) || !OidIsValid(entry->eq_opr))
		ereport(ERROR,
		        (errcode(ERRCODE_UNDEFINED_FUNCTION),
		         errmsg("values of type %s cannot be told apart by a hash", format_type_be(type))));
	codes->context = CurrentMemoryContext;
	codes->hash = palloc(sizeof(FmgrInfo));
	codes->equal = palloc(sizeof(FmgrInfo));
	fmgr_info_copy(codes->hash, &entry->hash_proc_finfo, codes->context);
	fmgr_info_copy(codes->equal, &entry->eq_opr_finfo, codes->context);
	codes->collation = collation;
	codes->by_value = entry->typbyval;
	codes->length = entry->typlen;
	codes->n_slots = FIRST_SLOTS;
	codes->slots = palloc0(FIRST_SLOTS * sizeof(CodeSlot));
	return codes;
}

static void
grow(FeatureCodes *codes)
{
	uint32 n_slots = codes->n_slots * 2;
	CodeSlot *slots = MemoryContextAllocExtended(codes->context, (Size) n_slots * sizeof(CodeSlot),
	                                             MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	for (uint32 i = 0; i < codes->n_slots; i++)
	{
		uint32 place = codes->slots[i].hash & (n_slots - 1);

		if (codes->slots[i].code_plus_one == 0)
			continue;
		while (slots[place].code_plus_one != 0)
			place = (place + 1) & (n_slots - 1);
		slots[place] = codes->slots[i];
	}
	pfree(codes->slots);
	codes->slots = slots;
	codes->n_slots = n_slots;
}

static Datum
kept_value(const FeatureCodes *codes, Datum value, MemoryContext keep)
{
	MemoryContext old = MemoryContextSwitchTo(keep);
	Datum copy = datumCopy(value, codes->by_value, codes->length);

	MemoryContextSwitchTo(old);
	return copy;
}

int64
feature_codes_code(FeatureCodes *codes, Datum value, MemoryContext keep)
{
	uint32 hash;
	uint32 place;
	CodeSlot *slot;

	/* The two functions then need not detoast again and again, nor do we keep pointers to disk. */
	if (codes->length == -1)
		value = PointerGetDatum(PG_DETOAST_DATUM_PACKED(value));
	hash = DatumGetUInt32(FunctionCall1Coll(codes->hash, codes->collation, value));
	place = hash & (codes->n_slots - 1);
	for (slot = &codes->slots[place]; slot->code_plus_one != 0; slot = &codes->slots[place])
	{
		if (slot->hash == hash &&
		    DatumGetBool(FunctionCall2Coll(codes->equal, codes->collation, slot->value, value)))
			return slot->code_plus_one - 1;
		place = (place + 1) & (codes->n_slots - 1);
	}
	slot->hash = hash;
	slot->value = kept_value(codes, value, keep);
	slot->code_plus_one = ++codes->n;
	if (codes->n * 2 > codes->n_slots)
		grow(codes);
	return codes->n - 1;
}

void
feature_codes_reset(FeatureCodes *codes)
{
	if (codes->n == 0)
		return;
	codes->n = 0;
	/* A large entity must not make each small one after it clear a large table. */
	if (codes->n_slots > FIRST_SLOTS)
	{
		pfree(codes->slots);
		codes->slots = MemoryContextAllocZero(codes->context, FIRST_SLOTS * sizeof(CodeSlot));
		codes->n_slots = FIRST_SLOTS;
	}
	else
		memset(codes->slots, 0, FIRST_SLOTS * sizeof(CodeSlot));
}

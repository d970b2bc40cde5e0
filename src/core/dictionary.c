/*
 * dictionary.c
 *		Category texts to small integers: an open-addressing hash table.
 *
 * Keys are copied into chunks that never move, so a key's address stays valid
 * for the dictionary's life. Slots hold a hash beside the code: a probe touches
 * a key's bytes only where 32 bits of its hash agree. At most three of four
 * slots are taken, so every probe ends at an empty one. When an allocation
 * fails, the dictionary is as it was before the call.
 */
#include "core/dictionary.h"

#include <string.h>

#include "core/random.h"

#define FIRST_SLOTS 16
#define FIRST_CHUNK 1024
#define LARGEST_CHUNK (64 * 1024)
#define MAX_KEYS INT32_MAX

typedef struct Slot
{
	uint32_t hash;
	int32_t code; /* DICTIONARY_UNKNOWN marks an empty slot */
} Slot;

typedef struct Entry
{
	const char *key;
	size_t length;
} Entry;

typedef struct Chunk
{
	struct Chunk *next;
	size_t capacity;
	size_t used;
	char bytes[];
} Chunk;

struct Dictionary
{
	CoreAllocator allocator;
	uint32_t n_keys;
	uint32_t n_slots;   /* a power of two */
	uint32_t n_entries; /* capacity of entries */
	Slot *slots;
	Entry *entries; /* by code */
	Chunk *chunks;  /* the newest first */
	size_t memory;
};

static void *
take(Dictionary *dictionary, size_t size)
{
	void *memory = dictionary->allocator.allocate(dictionary->allocator.context, size);

	if (memory != NULL)
		dictionary->memory += size;
	return memory;
}

static void
give_back(Dictionary *dictionary, void *memory, size_t size)
{
	if (memory == NULL)
		return;
	dictionary->allocator.release(dictionary->allocator.context, memory);
	dictionary->memory -= size;
}

/* Eight bytes at a time, each folded in by a bijection; the length separates zero padding. */
static uint32_t
hash_bytes(const char *key, size_t length)
{
	uint64_t hash = random_mix((uint64_t) length + UINT64_C(0x9e3779b97f4a7c15));
	uint64_t word;

	for (; length >= sizeof(word); key += sizeof(word), length -= sizeof(word))
	{
		memcpy(&word, key, sizeof(word));
		hash = random_mix(hash ^ word);
	}
	if (length > 0)
	{
		word = 0;
		memcpy(&word, key, length);
		hash = random_mix(hash ^ word);
	}
	return (uint32_t) (hash >> 32);
}

static void
clear_slots(Slot *slots, uint32_t n_slots)
{
	for (uint32_t i = 0; i < n_slots; i++)
		slots[i] = (Slot){.hash = 0, .code = DICTIONARY_UNKNOWN};
}

Dictionary *
dictionary_create(const CoreAllocator *allocator)
{
	Dictionary *dictionary = allocator->allocate(allocator->context, sizeof(Dictionary));

	if (dictionary == NULL)
		return NULL;
	*dictionary =
	    (Dictionary){.allocator = *allocator, .n_slots = FIRST_SLOTS, .memory = sizeof(Dictionary)};
	dictionary->slots = take(dictionary, FIRST_SLOTS * sizeof(Slot));
	if (dictionary->slots == NULL)
	{
		allocator->release(allocator->context, dictionary);
		return NULL;
	}
	clear_slots(dictionary->slots, FIRST_SLOTS);
	return dictionary;
}

void
dictionary_free(Dictionary *dictionary)
{
	CoreAllocator allocator;
	Chunk *chunk;

	if (dictionary == NULL)
		return;
	allocator = dictionary->allocator;
	chunk = dictionary->chunks;
	while (chunk != NULL)
	{
		Chunk *next = chunk->next;

		allocator.release(allocator.context, chunk);
		chunk = next;
	}
	if (dictionary->entries != NULL)
		allocator.release(allocator.context, dictionary->entries);
	allocator.release(allocator.context, dictionary->slots);
	allocator.release(allocator.context, dictionary);
}

/* The slot that holds the key, or the empty slot where it belongs. */
static Slot *
probe(const Dictionary *dictionary, uint32_t hash, const char *key, size_t length)
{
	uint32_t mask = dictionary->n_slots - 1;

	for (uint32_t i = hash & mask;; i = (i + 1) & mask)
	{
		Slot *slot = &dictionary->slots[i];

		if (slot->code == DICTIONARY_UNKNOWN)
			return slot;
		if (slot->hash == hash)
		{
			const Entry *entry = &dictionary->entries[slot->code];

			if (entry->length == length && (length == 0 || memcmp(entry->key, key, length) == 0))
				return slot;
		}
	}
}

int32_t
dictionary_find(const Dictionary *dictionary, const char *key, size_t length)
{
	return probe(dictionary, hash_bytes(key, length), key, length)->code;
}

static bool
grow_slots(Dictionary *dictionary)
{
	uint32_t n_slots = dictionary->n_slots * 2;
	Slot *slots = take(dictionary, n_slots * sizeof(Slot));

	if (slots == NULL)
		return false;
	clear_slots(slots, n_slots);
	for (uint32_t i = 0; i < dictionary->n_slots; i++)
	{
		Slot old = dictionary->slots[i];
		uint32_t at = old.hash & (n_slots - 1);

		if (old.code == DICTIONARY_UNKNOWN)
			continue;
		while (slots[at].code != DICTIONARY_UNKNOWN)
			at = (at + 1) & (n_slots - 1);
		slots[at] = old;
	}
	give_back(dictionary, dictionary->slots, dictionary->n_slots * sizeof(Slot));
	dictionary->slots = slots;
	dictionary->n_slots = n_slots;
	return true;
}

static bool
grow_entries(Dictionary *dictionary)
{
	uint32_t n_entries = dictionary->n_entries > 0 ? dictionary->n_entries * 2 : FIRST_SLOTS;
	Entry *entries = take(dictionary, n_entries * sizeof(Entry));

	if (entries == NULL)
		return false;
	if (dictionary->n_keys > 0)
		memcpy(entries, dictionary->entries, dictionary->n_keys * sizeof(Entry));
	give_back(dictionary, dictionary->entries, dictionary->n_entries * sizeof(Entry));
	dictionary->entries = entries;
	dictionary->n_entries = n_entries;
	return true;
}

/* Chunks double up to a bound; a key longer than that gets one of its own size. */
static char *
store_key(Dictionary *dictionary, const char *key, size_t length)
{
	Chunk *chunk = dictionary->chunks;
	char *bytes;

	if (chunk == NULL || chunk->capacity - chunk->used < length)
	{
		size_t capacity = chunk == NULL ? FIRST_CHUNK : chunk->capacity * 2;

		if (capacity > LARGEST_CHUNK)
			capacity = LARGEST_CHUNK;
		if (capacity < length)
			capacity = length;
		if (capacity > SIZE_MAX - sizeof(Chunk))
			return NULL;
		chunk = take(dictionary, sizeof(Chunk) + capacity);
		if (chunk == NULL)
			return NULL;
		*chunk = (Chunk){.next = dictionary->chunks, .capacity = capacity, .used = 0};
		dictionary->chunks = chunk;
	}
	bytes = chunk->bytes + chunk->used;
	if (length > 0)
		memcpy(bytes, key, length);
	chunk->used += length;
	return bytes;
}

int32_t
dictionary_add(Dictionary *dictionary, const char *key, size_t length)
{
	uint32_t hash = hash_bytes(key, length);
	Slot *slot = probe(dictionary, hash, key, length);
	char *stored;

	if (slot->code != DICTIONARY_UNKNOWN)
		return slot->code;
	if (dictionary->n_keys >= MAX_KEYS)
		return DICTIONARY_UNKNOWN;
	if (dictionary->n_keys >= dictionary->n_slots / 4 * 3)
	{
		if (!grow_slots(dictionary))
			return DICTIONARY_UNKNOWN;
		slot = probe(dictionary, hash, key, length);
	}
	if (dictionary->n_keys == dictionary->n_entries && !grow_entries(dictionary))
		return DICTIONARY_UNKNOWN;
	stored = store_key(dictionary, key, length);
	if (stored == NULL)
		return DICTIONARY_UNKNOWN;
	dictionary->entries[dictionary->n_keys] = (Entry){.key = stored, .length = length};
	*slot = (Slot){.hash = hash, .code = (int32_t) dictionary->n_keys};
	dictionary->n_keys++;
	return slot->code;
}

uint32_t
dictionary_size(const Dictionary *dictionary)
{
	return dictionary->n_keys;
}

const char *
dictionary_key(const Dictionary *dictionary, uint32_t code, size_t *length)
{
	*length = dictionary->entries[code].length;
	return dictionary->entries[code].key;
}

size_t
dictionary_memory(const Dictionary *dictionary)
{
	return dictionary->memory;
}

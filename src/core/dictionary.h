/*
 * dictionary.h
 *		Category texts to small integers: codes 0, 1, ... in order of insertion.
 *
 * A hash table over byte strings (no collation, no encoding: equality is
 * equality of bytes). Look-ups do not allocate.
 */
#ifndef FRAUD_DETECT_DICTIONARY_H
#define FRAUD_DETECT_DICTIONARY_H

#include "core/core.h"

#define DICTIONARY_UNKNOWN (-1)

typedef struct Dictionary Dictionary;

/* Returns NULL only when the allocator does. The dictionary keeps a copy of *allocator. */
extern Dictionary *dictionary_create(const CoreAllocator *allocator);
extern void dictionary_free(Dictionary *dictionary);

/* The code of a key, or DICTIONARY_UNKNOWN. */
extern int32_t dictionary_find(const Dictionary *dictionary, const char *key, size_t length);

/* The code of a key, added if it is new. DICTIONARY_UNKNOWN only when memory is short. */
extern int32_t dictionary_add(Dictionary *dictionary, const char *key, size_t length);

extern uint32_t dictionary_size(const Dictionary *dictionary);

/* The key of a code below dictionary_size; not terminated by a zero; stays where it is until dictionary_free. */
extern const char *dictionary_key(const Dictionary *dictionary, uint32_t code, size_t *length);

/* Bytes held, for memory accounting. */
extern size_t dictionary_memory(const Dictionary *dictionary);

#endif

/*
 * checksum.c
 *		XXH64 with seed 0. Words are little-endian by definition.
 */
#include "core/checksum.h"

#include <string.h>

#define PRIME_1 UINT64_C(0x9e3779b185ebca87)
#define PRIME_2 UINT64_C(0xc2b2ae3d27d4eb4f)
#define PRIME_3 UINT64_C(0x165667b19e3779f9)
#define PRIME_4 UINT64_C(0x85ebca77c2b2ae63)
#define PRIME_5 UINT64_C(0x27d4eb2f165667c5)

static uint64_t
rotate(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

static uint64_t
read64(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

static uint64_t
read32(const uint8_t *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap32(word);
#endif
	return word;
}

static uint64_t
mix_word(uint64_t lane, uint64_t word)
{
	return rotate(lane + word * PRIME_2, 31) * PRIME_1;
}

static uint64_t
merge_lane(uint64_t hash, uint64_t lane)
{
	return (hash ^ mix_word(0, lane)) * PRIME_1 + PRIME_4;
}

/* Consumes whole stripes of 32 bytes in four independent lanes. */
static uint64_t
hash_stripes(const uint8_t *at, size_t stripes)
{
	uint64_t a = PRIME_1 + PRIME_2;
	uint64_t b = PRIME_2;
	uint64_t c = 0;
	uint64_t d = 0 - PRIME_1;
	uint64_t hash;

	for (size_t i = 0; i < stripes; i++, at += 32)
	{
		a = mix_word(a, read64(at));
		b = mix_word(b, read64(at + 8));
		c = mix_word(c, read64(at + 16));
		d = mix_word(d, read64(at + 24));
	}
	hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
	hash = merge_lane(hash, a);
	hash = merge_lane(hash, b);
	hash = merge_lane(hash, c);
	return merge_lane(hash, d);
}

/* The fewer than 32 bytes that remain after the stripes. */
static uint64_t
hash_tail(uint64_t hash, const uint8_t *at, size_t size)
{
	for (; size >= 8; at += 8, size -= 8)
		hash = rotate(hash ^ mix_word(0, read64(at)), 27) * PRIME_1 + PRIME_4;
	if (size >= 4)
	{
		hash = rotate(hash ^ (read32(at) * PRIME_1), 23) * PRIME_2 + PRIME_3;
		at += 4;
		size -= 4;
	}
	for (; size > 0; at++, size--)
		hash = rotate(hash ^ (*at * PRIME_5), 11) * PRIME_1;
	return hash;
}

uint64_t
checksum64(const void *data, size_t size)
{
	const uint8_t *at = data;
	size_t stripes = size / 32;
	uint64_t hash = stripes > 0 ? hash_stripes(at, stripes) : PRIME_5;

	hash = hash_tail(hash + size, at + 32 * stripes, size % 32);
	hash = (hash ^ (hash >> 33)) * PRIME_2;
	hash = (hash ^ (hash >> 29)) * PRIME_3;
	return hash ^ (hash >> 32);
}

/*
 * forest_avx512.h
 *		What the files of the AVX-512 path share. Private to them.
 */
#ifndef FRAUD_DETECT_FOREST_AVX512_H
#define FRAUD_DETECT_FOREST_AVX512_H

#include "core/forest_slots.h"

#if FOREST_HAS_X86_PATHS

#include <immintrin.h>

/* By function: no other code of the library may use these instructions. */
#define AVX512                                                                                     \
	__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512bitalg,popcnt")))
#define AVX512_INLINE static inline AVX512 __attribute__((always_inline))

/*
 * The slots of 64 rows: side by side, and where tails ask for them row by row. There
 * a row lies where shuffles of bytes within a quarter of a register bring it.
 */
typedef struct ForestBlockSlots
{
	uint8_t slots[FOREST_MAX_SLOTS][FOREST_BLOCK_ROWS] __attribute__((aligned(64)));
	uint8_t by_row[FOREST_BLOCK_ROWS][FOREST_MAX_SLOTS] __attribute__((aligned(64)));
} ForestBlockSlots;

static inline uint32_t
forest_place_of_row(uint32_t row)
{
	return row % 16 / 2 * 8 + row / 16 * 2 + row % 2;
}

/* Slots of at most 64 rows; those of rows behind the last are some bytes. */
extern void forest_reduce_block_avx512(const ForestLanes *lanes, const float *values, size_t stride,
                                       uint32_t n, ForestBlockSlots *rows);

/* At most 64 rows side by side; for depth to 8, without categories. */
extern void forest_sum_block_avx512(const Forest *forest, const float *values, size_t stride,
                                    uint32_t n_rows, float *margins);

/* Slots and masks of n rows that lie stride floats apart. */
extern void forest_reduce_avx512(const ForestLanes *lanes, const float *values, size_t stride,
                                 uint32_t n, ForestSlots *rows);

#endif
#endif

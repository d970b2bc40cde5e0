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

/* Slots and masks of n rows that lie stride floats apart. */
extern void forest_reduce_avx512(const ForestLanes *lanes, const float *values, size_t stride,
                                 uint32_t n, ForestSlots *rows);

#endif
#endif

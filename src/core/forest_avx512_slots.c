/*
 * forest_avx512_slots.c
 *		Reduces rows to slots with AVX-512 VBMI.
 *
 * A value is compared with 16 separators, which say in which block of 16
 * thresholds it falls, and with that block. The ranks of all features are then
 * counted, saturated and sent to their slots side by side.
 */
#include "core/forest_avx512.h"

#if FOREST_HAS_X86_PATHS

/* Which of the 16 floats are at most x. */
AVX512_INLINE uint32_t
at_most(const float *floats, __m512 x)
{
	return _cvtmask16_u32(_mm512_cmp_ps_mask(_mm512_load_ps(floats), x, _CMP_LE_OQ));
}

/*
 * Values of the ranked features, and their rank in two parts. What lies behind
 * the last of them is never set, and no slot asks for it.
 */
typedef struct RankParts
{
	float values[FOREST_MAX_SLOTS] __attribute__((aligned(64)));
	uint16_t blocks[FOREST_MAX_SLOTS]
	    __attribute__((aligned(64))); /* thresholds in blocks before */
	uint16_t masks[FOREST_MAX_SLOTS]
	    __attribute__((aligned(64))); /* those at most x in its block */
} RankParts;

AVX512_INLINE void
find_blocks(const ForestLanes *lanes, const float *values, RankParts *parts)
{
	const ForestRanked *ranked = lanes->ranked;
	const float *separators = lanes->separators;
	const float *thresholds = lanes->thresholds;
	uint32_t n = lanes->n_ranked;

	for (uint32_t i = 0; i < n; i++, ranked++)
	{
		float value = values[ranked->feature];
		__m512 x = _mm512_set1_ps(value);
		const float *block = thresholds + (size_t) ranked->first_block * FOREST_BLOCK;
		uint32_t n_before = FOREST_BLOCK * (uint32_t) __builtin_popcount(at_most(separators, x));

		separators += FOREST_BLOCK;
		for (uint32_t v = forest_separator_vectors(ranked->n_thresholds); v > 1; v--)
		{
			n_before += FOREST_BLOCK * (uint32_t) __builtin_popcount(at_most(separators, x));
			separators += FOREST_BLOCK;
		}
		parts->values[i] = value;
		parts->blocks[i] = (uint16_t) n_before;
		parts->masks[i] = (uint16_t) at_most(block + n_before, x);
	}
}

/* Ranks of 32 features from the first one on, where missing goes left. */
AVX512_INLINE __m512i
left_ranks(const RankParts *parts, uint32_t first)
{
	return _mm512_add_epi16(_mm512_load_si512(parts->blocks + first),
	                        _mm512_popcnt_epi16(_mm512_load_si512(parts->masks + first)));
}

/* The same where missing goes right. */
AVX512_INLINE __m512i
right_ranks(const RankParts *parts, uint32_t first, __m512i left)
{
	__m512 low = _mm512_load_ps(parts->values + first);
	__m512 high = _mm512_load_ps(parts->values + first + 16);
	uint32_t missing = _cvtmask16_u32(_mm512_cmp_ps_mask(low, low, _CMP_UNORD_Q)) |
	                   _cvtmask16_u32(_mm512_cmp_ps_mask(high, high, _CMP_UNORD_Q)) << 16;

	return _mm512_mask_set1_epi16(left, _cvtu32_mask32(missing), -1);
}

/* 64 ranks as bytes, none above FOREST_PAGE. */
AVX512_INLINE __m512i
saturate(__m512i low, __m512i high)
{
	return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtusepi16_epi8(low)),
	                          _mm512_cvtusepi16_epi8(high), 1);
}

/* 64 bytes, each the rank of the feature that the slot is for; by the upper bit: right. */
AVX512_INLINE __m512i
slots_from_ranks(const uint8_t *sources, const __m512i left[2], const __m512i right[2])
{
	__m512i from = _mm512_loadu_si512(sources);

	return _mm512_mask_blend_epi8(_mm512_movepi8_mask(from),
	                              _mm512_permutex2var_epi8(left[0], from, left[1]),
	                              _mm512_permutex2var_epi8(right[0], from, right[1]));
}

/* From the parts of the ranks to slots. */
AVX512_INLINE void
set_slots(const ForestLanes *lanes, const float *values, const RankParts *parts, ForestSlots *row)
{
	ForestRanks ranks;
	__m512i left[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
	__m512i right[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};

	for (uint32_t half = 0; half < (lanes->n_ranked > 64 ? 2 : 1); half++)
	{
		__m512i left_low = left_ranks(parts, 64 * half);
		__m512i left_high = left_ranks(parts, 64 * half + 32);
		__m512i right_low = right_ranks(parts, 64 * half, left_low);
		__m512i right_high = right_ranks(parts, 64 * half + 32, left_high);

		left[half] = saturate(left_low, left_high);
		right[half] = saturate(right_low, right_high);
		if (lanes->n_pages == 0)
			continue;
		_mm512_store_si512(ranks.of + 64 * half, left_low);
		_mm512_store_si512(ranks.of + 64 * half + 32, left_high);
		_mm512_store_si512(ranks.of + FOREST_RIGHT_RANKS + 64 * half, right_low);
		_mm512_store_si512(ranks.of + FOREST_RIGHT_RANKS + 64 * half + 32, right_high);
	}
	_mm512_store_si512(row->slots, slots_from_ranks(lanes->slot_sources, left, right));
	_mm512_store_si512(row->slots + 64, slots_from_ranks(lanes->slot_sources + 64, left, right));
	forest_set_pages(lanes, &ranks, row);
	forest_set_categories(lanes, values, row);
}

/* What one row's ranks wait for, to leave the store queue, is hidden behind the next rows. */
#define ROWS_IN_STEP 8

AVX512 void
forest_reduce_avx512(const ForestLanes *lanes, const float *values, size_t stride, uint32_t n,
                     ForestSlots *rows)
{
	for (uint32_t first = 0; first < n; first += ROWS_IN_STEP)
	{
		uint32_t in_step = n - first < ROWS_IN_STEP ? n - first : ROWS_IN_STEP;
		RankParts parts[ROWS_IN_STEP];

		for (uint32_t r = 0; r < in_step; r++)
			find_blocks(lanes, values + (first + r) * stride, &parts[r]);
		for (uint32_t r = 0; r < in_step; r++)
			set_slots(lanes, values + (first + r) * stride, &parts[r], &rows[first + r]);
	}
}

#endif

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

#include <string.h>

/* Which of the 16 floats are at most x. */
AVX512_INLINE __mmask16
at_most(const float *floats, __m512 x)
{
	return _mm512_cmp_ps_mask(x, _mm512_load_ps(floats), _CMP_GE_OQ);
}

/* How many of them are. (As 64 bits: no instruction clears what is zero already.) */
AVX512_INLINE uint64_t
count_at_most(const float *floats, __m512 x)
{
	return (uint64_t) _mm_popcnt_u64(_cvtmask64_u64(at_most(floats, x)));
}

/*
 * The rank of each ranked feature, in two parts. What lies behind the last of them
 * is never set, and no slot asks for it.
 */
typedef struct RankParts
{
	uint16_t blocks[FOREST_MAX_SLOTS] __attribute__((aligned(64))); /* full blocks before */
	uint16_t masks[FOREST_MAX_SLOTS]
	    __attribute__((aligned(64))); /* those at most x in its block */
} RankParts;

/* The values of the ranked features, one after the other: mostly the row itself. */
AVX512_INLINE const float *
ranked_values(const ForestLanes *lanes, const float *values, float *copy)
{
	uint32_t n = lanes->n_ranked;

	if (n == 0 || lanes->ranked[n - 1].feature == n - 1)
		return values;
	for (uint32_t i = 0; i < n; i++)
		copy[i] = values[lanes->ranked[i].feature];
	return copy;
}

/* The parts of one rank, once it is known in which block of its feature a value is. */
AVX512_INLINE void
store_parts(const ForestLanes *lanes, const ForestRanked *ranked, __m512 x, uint64_t n_before,
            uint32_t i, RankParts *parts)
{
	const float *block = lanes->thresholds + FOREST_BLOCK * (n_before + ranked->first_block);

	parts->blocks[i] = (uint16_t) n_before;
	_store_mask16(&parts->masks[i], at_most(block, x));
}

/* One vector of separators for each feature, as nearly all forests have it. */
AVX512_INLINE void
find_short_blocks(const ForestLanes *lanes, const float *values, RankParts *parts)
{
	uint32_t n = lanes->n_ranked;

#pragma GCC unroll 4
	for (uint32_t i = 0; i < n; i++)
	{
		__m512 x = _mm512_set1_ps(values[i]);

		store_parts(lanes, &lanes->ranked[i], x,
		            count_at_most(lanes->separators + FOREST_BLOCK * i, x), i, parts);
	}
}

AVX512_INLINE void
find_long_blocks(const ForestLanes *lanes, const float *values, RankParts *parts)
{
	const float *separators = lanes->separators;

	for (uint32_t i = 0; i < lanes->n_ranked; i++)
	{
		__m512 x = _mm512_set1_ps(values[i]);
		uint64_t n_before = 0;

		for (uint32_t v = forest_separator_vectors(lanes->ranked[i].n_thresholds); v > 0; v--)
		{
			n_before += count_at_most(separators, x);
			separators += FOREST_BLOCK;
		}
		store_parts(lanes, &lanes->ranked[i], x, n_before, i, parts);
	}
}

AVX512_INLINE void
find_blocks(const ForestLanes *lanes, const float *values, RankParts *parts)
{
	const ForestRanked *last;

	if (lanes->n_ranked == 0)
		return;
	last = &lanes->ranked[lanes->n_ranked - 1];
	if (last->first_separator == lanes->n_ranked - 1 &&
	    forest_separator_vectors(last->n_thresholds) == 1)
		find_short_blocks(lanes, values, parts);
	else
		find_long_blocks(lanes, values, parts);
}

/* 32 ranks from their parts. */
AVX512_INLINE __m512i
ranks_of(const uint16_t *blocks, const uint16_t *masks)
{
	return _mm512_add_epi16(_mm512_slli_epi16(_mm512_load_si512(blocks), 4),
	                        _mm512_popcnt_epi16(_mm512_load_si512(masks)));
}

/* Ranks of 32 features from the first one on, where missing goes left. */
AVX512_INLINE __m512i
left_ranks(const RankParts *parts, uint32_t first)
{
	return ranks_of(parts->blocks + first, parts->masks + first);
}

/* The same where missing goes right: the highest rank for those of n values that are NaN. */
AVX512_INLINE __m512i
missing_right(const float *values, uint32_t n, __m512i left)
{
	uint32_t there = n < 32 ? (1u << n) - 1 : UINT32_MAX;
	__m512 low = _mm512_maskz_loadu_ps(_cvtu32_mask16(there & 0xffff), values);
	__m512 high = _mm512_maskz_loadu_ps(_cvtu32_mask16(there >> 16), values + 16);
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
	uint32_t n = lanes->n_ranked;
	ForestRanks ranks;
	__m512i left[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
	__m512i right[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};

	for (uint32_t half = 0; half < (n > 64 ? 2 : 1); half++)
	{
		__m512i left_low = left_ranks(parts, 64 * half);
		__m512i left_high = left_ranks(parts, 64 * half + 32);
		__m512i right_low = missing_right(values + 64 * half, n - 64 * half, left_low);
		__m512i right_high = left_high;

		if (n > 64 * half + 32)
			right_high = missing_right(values + 64 * half + 32, n - 64 * half - 32, left_high);
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
	if (lanes->n_slots > 64)
		_mm512_store_si512(row->slots + 64,
		                   slots_from_ranks(lanes->slot_sources + 64, left, right));
	forest_set_pages(lanes, &ranks, row);
}

/* Blocks: the rows of one feature after the other */

/* One feature of 64 rows: its values, and their ranks in two parts, as above. */
typedef struct Column
{
	float values[FOREST_BLOCK_ROWS] __attribute__((aligned(64)));
	uint16_t blocks[FOREST_BLOCK_ROWS] __attribute__((aligned(64)));
	uint16_t masks[FOREST_BLOCK_ROWS] __attribute__((aligned(64)));
} Column;

/* The ranks of 64 rows. */
typedef struct ColumnRanks
{
	__m512i low;
	__m512i high;
} ColumnRanks;

/* The values of a feature in fewer rows; what lies behind the last one stays what it was. */
AVX512_INLINE void
copy_column(const float *values, size_t stride, uint32_t n, Column *column)
{
	for (uint32_t r = 0; r < n; r++)
		column->values[r] = values[r * stride];
}

/* A value of a column whose separators are in one register, as nearly all are. */
AVX512_INLINE void
find_in_column(__m512 separators, const float *thresholds, const float *value, uint32_t r,
               Column *column)
{
	__m512 x = _mm512_set1_ps(*value);
	uint64_t n_blocks =
	    (uint64_t) _mm_popcnt_u64(_cvtmask64_u64(_mm512_cmp_ps_mask(separators, x, _CMP_LE_OQ)));

	column->blocks[r] = (uint16_t) n_blocks;
	_store_mask16(&column->masks[r], at_most(thresholds + FOREST_BLOCK * n_blocks, x));
}

/* Takes the values from where they lie: gathering them first takes a quarter more on Zen 4. */
AVX512_INLINE void
find_column(const float *separators, const float *thresholds, const float *values, size_t stride,
            Column *column)
{
	__m512 first = _mm512_load_ps(separators);

#pragma GCC unroll 4
	for (uint32_t r = 0; r < FOREST_BLOCK_ROWS; r++)
	{
		const float *value = values + r * stride;

		column->values[r] = *value;
		find_in_column(first, thresholds, value, r, column);
	}
}

/* More than 271 thresholds: more vectors of separators. */
AVX512_INLINE void
find_long_column(const float *separators, uint32_t n_vectors, const float *thresholds,
                 Column *column)
{
	for (uint32_t r = 0; r < FOREST_BLOCK_ROWS; r++)
	{
		__m512 x = _mm512_set1_ps(column->values[r]);
		uint64_t n_blocks = 0;

		for (uint32_t v = 0; v < n_vectors; v++)
			n_blocks += count_at_most(separators + FOREST_BLOCK * v, x);
		column->blocks[r] = (uint16_t) n_blocks;
		_store_mask16(&column->masks[r], at_most(thresholds + FOREST_BLOCK * n_blocks, x));
	}
}

AVX512_INLINE void
rank_column(const ForestLanes *lanes, uint32_t feature, const float *values, size_t stride,
            uint32_t n, Column *column)
{
	const ForestRanked *ranked = &lanes->ranked[feature];
	const float *separators = lanes->separators + (size_t) ranked->first_separator * FOREST_BLOCK;
	const float *thresholds = lanes->thresholds + (size_t) ranked->first_block * FOREST_BLOCK;
	uint32_t n_vectors = forest_separator_vectors(ranked->n_thresholds);

	values += ranked->feature;
	if (n < FOREST_BLOCK_ROWS || n_vectors > 1)
	{
		copy_column(values, stride, n, column);
		values = column->values;
		stride = 1;
	}
	if (n_vectors == 1)
		find_column(separators, thresholds, values, stride, column);
	else
		find_long_column(separators, n_vectors, thresholds, column);
}

/* 32 rows of a column from the first one on, where missing goes left. */
AVX512_INLINE __m512i
left_column(const Column *column, uint32_t first)
{
	return ranks_of(column->blocks + first, column->masks + first);
}

/* Ranks on a page, as bytes. */
AVX512_INLINE void
store_page(const ColumnRanks *ranks, uint32_t base, uint8_t *slot)
{
	__m512i start = _mm512_set1_epi16((short) base);

	_mm512_store_si512(slot, saturate(_mm512_subs_epu16(ranks->low, start),
	                                  _mm512_subs_epu16(ranks->high, start)));
}

/* A feature's slots, on all its pages, from its column. */
AVX512_INLINE void
store_column(const ForestLanes *lanes, uint32_t feature, const Column *column,
             ForestBlockSlots *rows)
{
	const ForestRanked *ranked = &lanes->ranked[feature];
	ColumnRanks left = {left_column(column, 0), left_column(column, 32)};
	ColumnRanks right = {missing_right(column->values, 32, left.low),
	                     missing_right(column->values + 32, 32, left.high)};

	if (ranked->left_slot != FOREST_NO_SLOT)
		store_page(&left, 0, rows->slots[ranked->left_slot]);
	if (ranked->right_slot != FOREST_NO_SLOT)
		store_page(&right, 0, rows->slots[ranked->right_slot]);
	if (ranked->n_thresholds <= FOREST_PAGE)
		return;
	for (uint32_t i = 0; i < lanes->n_pages; i++)
		if (lanes->pages[i].ranked == feature)
			store_page(lanes->pages[i].right ? &right : &left, lanes->pages[i].base,
			           rows->slots[lanes->pages[i].slot]);
}

/*
 * 16 slots of all rows, row by row: four rounds of shuffles, each of which brings
 * bytes of the register i and of the register i + 8 together.
 */
AVX512_INLINE void
turn_slots(ForestBlockSlots *rows, uint32_t first)
{
	__m512i a[16];
	__m512i b[16];

#pragma GCC unroll 16
	for (int i = 0; i < 16; i++)
		a[i] = _mm512_load_si512(rows->slots[first + i]);
#pragma GCC unroll 2
	for (int round = 0; round < 2; round++)
	{
#pragma GCC unroll 8
		for (int i = 0; i < 8; i++)
		{
			b[2 * i] = _mm512_unpacklo_epi8(a[i], a[i + 8]);
			b[2 * i + 1] = _mm512_unpackhi_epi8(a[i], a[i + 8]);
		}
#pragma GCC unroll 8
		for (int i = 0; i < 8; i++)
		{
			a[2 * i] = _mm512_unpacklo_epi8(b[i], b[i + 8]);
			a[2 * i + 1] = _mm512_unpackhi_epi8(b[i], b[i + 8]);
		}
	}
#pragma GCC unroll 16
	for (int i = 0; i < 16; i++)
	{
		__m128i quarters[4] = {_mm512_castsi512_si128(a[i]), _mm512_extracti32x4_epi32(a[i], 1),
		                       _mm512_extracti32x4_epi32(a[i], 2),
		                       _mm512_extracti32x4_epi32(a[i], 3)};

		for (int quarter = 0; quarter < 4; quarter++)
			_mm_store_si128(
			    (__m128i *) (void *) (rows->by_row[forest_place_of_row(16u * quarter + i)] + first),
			    quarters[quarter]);
	}
}

AVX512 void
forest_reduce_block_avx512(const ForestLanes *lanes, const float *values, size_t stride, uint32_t n,
                           ForestBlockSlots *rows)
{
	Column columns[2];

	memset(columns, 0, sizeof(columns));
	for (uint32_t i = 0; i < lanes->n_ranked; i++)
	{
		rank_column(lanes, i, values, stride, n, &columns[i & 1]);
		if (i > 0)
			store_column(lanes, i - 1, &columns[(i - 1) & 1], rows);
	}
	if (lanes->n_ranked > 0)
		store_column(lanes, lanes->n_ranked - 1, &columns[(lanes->n_ranked - 1) & 1], rows);
	if (lanes->shape != FOREST_SHAPE_TAILS)
		return;
	for (uint32_t first = 0; first < lanes->n_slots; first += 16)
		turn_slots(rows, first);
}

/* One row, or a few with categories */

/* What one row's ranks wait for, to leave the store queue, is hidden behind the next rows. */
#define ROWS_IN_STEP 8

AVX512 void
forest_reduce_avx512(const ForestLanes *lanes, const float *values, size_t stride, uint32_t n,
                     ForestSlots *rows)
{
	for (uint32_t first = 0; first < n; first += ROWS_IN_STEP)
	{
		uint32_t in_step = n - first < ROWS_IN_STEP ? n - first : ROWS_IN_STEP;
		float copies[ROWS_IN_STEP][FOREST_MAX_SLOTS];
		const float *ranked[ROWS_IN_STEP];
		RankParts parts[ROWS_IN_STEP];

		for (uint32_t r = 0; r < in_step; r++)
		{
			ranked[r] = ranked_values(lanes, values + (first + r) * stride, copies[r]);
			find_blocks(lanes, ranked[r], &parts[r]);
		}
		for (uint32_t r = 0; r < in_step; r++)
		{
			set_slots(lanes, ranked[r], &parts[r], &rows[first + r]);
			forest_set_categories(lanes, values + (first + r) * stride, &rows[first + r]);
		}
	}
}

#endif

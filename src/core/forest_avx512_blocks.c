/*
 * forest_avx512_blocks.c
 *		Evaluates the layout for vectors with AVX-512 VBMI, 64 rows side by side.
 *
 * What forest_avx512.c does for one row, turned around: a register holds one slot
 * of 64 rows. A split is one comparison for all of them, and the exits of a tree
 * are blended together from below, a byte for each row. That takes 63 comparisons
 * and 63 blends for 64 rows, half of what the rows would take one by one, and
 * leaves no bits to be looked up. For forests without categories, whose masks
 * are by row.
 */
#include "core/forest_avx512.h"

#if FOREST_HAS_X86_PATHS

#include <string.h>

/* Trees whose exits are kept until their leaves are added. */
#define STEP 8

/* The slots of eight tails, each between thresholds. */
#define TAIL_SLOTS UINT64_C(0x1515151515151515)
#define LOWEST_BYTES UINT64_C(0x0101010101010101)

static const uint8_t exit_of_tail[64]
    __attribute__((aligned(64))) = {FOREST_TABLE_64(FOREST_EXIT_OF_TAIL, 0)};

#define A_QUARTER(i) ((i) / 4)
static const uint8_t each_four_times[64]
    __attribute__((aligned(64))) = {FOREST_TABLE_64(A_QUARTER, 0)};

/* The splits of a top: where the slot of all rows lies, and the threshold four times. */
typedef struct WideTop
{
	uint16_t slots[64] __attribute__((aligned(64)));
	uint32_t thresholds[64] __attribute__((aligned(64)));
} WideTop;

AVX512_INLINE void
widen_top(const ForestTop *top, WideTop *wide)
{
	__m512i thresholds = _mm512_load_si512(top->thresholds);
	__m512i from = _mm512_load_si512(each_four_times);

	for (int i = 0; i < 2; i++)
	{
		__m256i slots = _mm256_load_si256((const __m256i *) (const void *) (top->slots + 32 * i));

		_mm512_store_si512(wide->slots + 32 * i, _mm512_slli_epi16(_mm512_cvtepu8_epi16(slots), 6));
	}
	for (int i = 0; i < 4; i++)
		_mm512_store_si512(
		    wide->thresholds + 16 * i,
		    _mm512_permutexvar_epi8(_mm512_add_epi8(from, _mm512_set1_epi8((char) (16 * i))),
		                            thresholds));
}

AVX512_INLINE void
widen_tops(const ForestTop *tops, WideTop *wide)
{
	for (uint32_t i = 0; i < STEP; i++)
		widen_top(&tops[i], &wide[i]);
}

/* Which rows go right at a split. */
AVX512_INLINE __mmask64
decide(const WideTop *top, const ForestBlockSlots *rows, int lane)
{
	const uint8_t *slots = (const uint8_t *) rows->slots + top->slots[lane];

	return _mm512_cmplt_epu8_mask(_mm512_set1_epi32((int) top->thresholds[lane]),
	                              _mm512_load_si512(slots));
}

/* Exits 0 to 7 of the seven splits from a lane on. */
AVX512_INLINE __m512i
exits_of_three_levels(const WideTop *top, const ForestBlockSlots *rows, int lane)
{
	__m512i pair[2];

#pragma GCC unroll 2
	for (int side = 0; side < 2; side++)
	{
		__m512i left = _mm512_mask_blend_epi8(decide(top, rows, lane + 3 + 2 * side),
		                                      _mm512_set1_epi8((char) (4 * side)),
		                                      _mm512_set1_epi8((char) (4 * side + 1)));
		__m512i right = _mm512_mask_blend_epi8(decide(top, rows, lane + 4 + 2 * side),
		                                       _mm512_set1_epi8((char) (4 * side + 2)),
		                                       _mm512_set1_epi8((char) (4 * side + 3)));

		pair[side] = _mm512_mask_blend_epi8(decide(top, rows, lane + 1 + side), left, right);
	}
	return _mm512_mask_blend_epi8(decide(top, rows, lane), pair[0], pair[1]);
}

/* Exits 0 to 63: eight small trees, then what the upper three levels choose among them. */
AVX512_INLINE __m512i
exits_of_top(const WideTop *top, const ForestBlockSlots *rows)
{
	__m512i half[2];

#pragma GCC unroll 2
	for (int side = 0; side < 2; side++)
	{
		__m512i pair[2];

#pragma GCC unroll 2
		for (int i = 0; i < 2; i++)
		{
			int first = 4 * side + 2 * i;
			__m512i left = exits_of_three_levels(top, rows, 7 + 7 * first);
			__m512i right = exits_of_three_levels(top, rows, 14 + 7 * first);

			left = _mm512_or_si512(left, _mm512_set1_epi8((char) (8 * first)));
			right = _mm512_or_si512(right, _mm512_set1_epi8((char) (8 * first + 8)));
			pair[i] = _mm512_mask_blend_epi8(decide(top, rows, 3 + 2 * side + i), left, right);
		}
		half[side] = _mm512_mask_blend_epi8(decide(top, rows, 1 + side), pair[0], pair[1]);
	}
	return _mm512_mask_blend_epi8(decide(top, rows, 0), half[0], half[1]);
}

/* Eight trees and their exits. */
typedef struct TopStep
{
	WideTop tops[STEP];
	uint8_t exits[STEP][FOREST_BLOCK_ROWS] __attribute__((aligned(64)));
} TopStep;

/*
 * The stages of a step are functions of their own: each is a long loop that needs
 * most registers for itself, and compilers that merge them lose a third of the time.
 */
#define STAGE static AVX512 __attribute__((noinline)) void

STAGE
find_exits(const ForestTop *tops, const ForestBlockSlots *rows, TopStep *step)
{
	widen_tops(tops, step->tops);
	for (uint32_t i = 0; i < STEP; i++)
		_mm512_store_si512(step->exits[i], exits_of_top(&step->tops[i], rows));
}

/* Depth to 6 */

/*
 * The leaves of the rows 4 i + quarter, by permutation: it looks at the lower five
 * bits of each word of 32 bits, so a shift brings the exits of these rows there.
 */
AVX512_INLINE __m512
leaves_of_quarter(const float *leaves, __m512i exits, int quarter)
{
	__m512i at = _mm512_srli_epi32(exits, (unsigned) (8 * quarter));
	__m512 low = _mm512_permutex2var_ps(_mm512_load_ps(leaves), at, _mm512_load_ps(leaves + 16));
	__m512 high =
	    _mm512_permutex2var_ps(_mm512_load_ps(leaves + 32), at, _mm512_load_ps(leaves + 48));

	return _mm512_mask_blend_ps(_mm512_test_epi32_mask(at, _mm512_set1_epi32(32)), low, high);
}

/* Adds the leaves of n trees; sums of the rows 4 i + quarter side by side. */
STAGE
add_leaves_of_tops(const float *leaves, uint8_t exits[][FOREST_BLOCK_ROWS], uint32_t n,
                   float sums[4][16])
{
	__m512 sum[4];

	for (int i = 0; i < 4; i++)
		sum[i] = _mm512_load_ps(sums[i]);
	for (uint32_t tree = 0; tree < n; tree++, leaves += FOREST_TOP_EXITS)
#pragma GCC unroll 4
		for (int i = 0; i < 4; i++)
			sum[i] =
			    _mm512_add_ps(sum[i], leaves_of_quarter(leaves, _mm512_load_si512(exits[tree]), i));
	for (int i = 0; i < 4; i++)
		_mm512_store_ps(sums[i], sum[i]);
}

STAGE
sum_tops(const Forest *forest, const ForestBlockSlots *rows, float *sums)
{
	const ForestLanes *lanes = &forest->lanes;
	float quarters[4][16] __attribute__((aligned(64)));
	TopStep step;

	for (int r = 0; r < FOREST_BLOCK_ROWS; r++)
		quarters[r % 4][r / 4] = forest->base_margin;
	for (uint32_t tree = 0; tree < forest->n_trees; tree += STEP)
	{
		uint32_t n = forest->n_trees - tree;

		find_exits(&lanes->tops[tree], rows, &step);
		add_leaves_of_tops(lanes->leaves + (size_t) tree * FOREST_TOP_EXITS, step.exits,
		                   n < STEP ? n : STEP, quarters);
	}
	for (int r = 0; r < FOREST_BLOCK_ROWS; r++)
		sums[r] = quarters[r % 4][r / 4];
}

/* Depth to 8 */

/*
 * Eight trees on their way from the exits of their tops to their leaves. Rows lie
 * in the order of forest_place_of_row().
 */
typedef struct TailStep
{
	TopStep top;
	uint8_t exits[FOREST_BLOCK_ROWS][STEP] __attribute__((aligned(64)));
	uint64_t tails[FOREST_BLOCK_ROWS][STEP] __attribute__((aligned(64)));
	uint64_t leaves[FOREST_BLOCK_ROWS][STEP] __attribute__((aligned(64)));
} TailStep;

/* From the exits of all rows in each tree to those of all trees for each row. */
AVX512_INLINE void
turn_exits(uint8_t by_tree[STEP][FOREST_BLOCK_ROWS], uint8_t exits[FOREST_BLOCK_ROWS][STEP])
{
	__m512i trees[STEP];
	__m512i pairs[STEP];
	__m512i fours[STEP];

#pragma GCC unroll 8
	for (int i = 0; i < STEP; i++)
		trees[i] = _mm512_load_si512(by_tree[i]);
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
	{
		pairs[2 * i] = _mm512_unpacklo_epi8(trees[2 * i], trees[2 * i + 1]);
		pairs[2 * i + 1] = _mm512_unpackhi_epi8(trees[2 * i], trees[2 * i + 1]);
	}
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
	{
		int pair = i / 2 * 4 + i % 2;

		fours[2 * i] = _mm512_unpacklo_epi16(pairs[pair], pairs[pair + 2]);
		fours[2 * i + 1] = _mm512_unpackhi_epi16(pairs[pair], pairs[pair + 2]);
	}
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
	{
		_mm512_store_si512(exits[16 * i], _mm512_unpacklo_epi32(fours[i], fours[i + 4]));
		_mm512_store_si512(exits[16 * i + 8], _mm512_unpackhi_epi32(fours[i], fours[i + 4]));
	}
}

/* Bits 0, 2 and 4 of each word, from its bytes 0, 2 and 4. */
AVX512_INLINE __m512i
bits_of_tails(__mmask64 right)
{
	__m512i bytes = _mm512_maskz_mov_epi8(right, _mm512_set1_epi8(1));

	return _mm512_or_si512(_mm512_or_si512(bytes, _mm512_srli_epi64(bytes, 14)),
	                       _mm512_srli_epi64(bytes, 28));
}

/* The tails and exits of a row to its leaves, counted from the first of the eight trees. */
AVX512_INLINE __m512i
leaves_of_row(const uint8_t *slots, bool wide, const uint64_t *eight, const uint8_t *exits)
{
	const __m512i starts = _mm512_setr_epi64(0, 256, 512, 768, 1024, 1280, 1536, 1792);
	__m512i tails = _mm512_load_si512(eight);
	__m512i low = _mm512_load_si512(slots);
	__m512i picked = wide ? _mm512_permutex2var_epi8(low, tails, _mm512_load_si512(slots + 64))
	                      : _mm512_permutexvar_epi8(tails, low);
	__mmask64 right = _mm512_mask_cmpgt_epu8_mask(TAIL_SLOTS, picked, _mm512_srli_epi16(tails, 8));
	__m512i tail_exits = _mm512_maskz_permutexvar_epi8(LOWEST_BYTES, bits_of_tails(right),
	                                                   _mm512_load_si512(exit_of_tail));
	__m512i top_exits =
	    _mm512_cvtepu8_epi64(_mm_loadl_epi64((const __m128i *) (const void *) exits));

	return _mm512_add_epi64(_mm512_add_epi64(starts, tail_exits), _mm512_slli_epi64(top_exits, 2));
}

STAGE
fetch_tails(const ForestTail *tails, TailStep *step)
{
	for (uint32_t r = 0; r < FOREST_BLOCK_ROWS; r++)
#pragma GCC unroll 8
		for (uint32_t i = 0; i < STEP; i++)
			memcpy(&step->tails[r][i], &tails[i * FOREST_TOP_EXITS + step->exits[r][i]],
			       sizeof(uint64_t));
}

STAGE
find_leaves(const ForestBlockSlots *rows, TailStep *step)
{
	for (uint32_t r = 0; r < FOREST_BLOCK_ROWS; r++)
		_mm512_store_si512(step->leaves[r],
		                   leaves_of_row(rows->by_row[r], false, step->tails[r], step->exits[r]));
}

/* The same for more than 64 slots. */
STAGE
find_leaves_wide(const ForestBlockSlots *rows, TailStep *step)
{
	for (uint32_t r = 0; r < FOREST_BLOCK_ROWS; r++)
		_mm512_store_si512(step->leaves[r],
		                   leaves_of_row(rows->by_row[r], true, step->tails[r], step->exits[r]));
}

STAGE
add_leaves(const float *leaves, const TailStep *step, uint32_t n_trees, float *sums)
{
	for (uint32_t r = 0; r < FOREST_BLOCK_ROWS; r++)
	{
		float sum = sums[r];

		if (n_trees == STEP)
#pragma GCC unroll 8
			for (uint32_t i = 0; i < STEP; i++)
				sum += leaves[step->leaves[r][i]];
		else
			for (uint32_t i = 0; i < n_trees; i++)
				sum += leaves[step->leaves[r][i]];
		sums[r] = sum;
	}
}

STAGE
sum_tails(const Forest *forest, const ForestBlockSlots *rows, float *sums)
{
	const ForestLanes *lanes = &forest->lanes;
	float by_place[FOREST_BLOCK_ROWS];
	TailStep step;

	for (uint32_t r = 0; r < FOREST_BLOCK_ROWS; r++)
		by_place[r] = forest->base_margin;
	for (uint32_t tree = 0; tree < forest->n_trees; tree += STEP)
	{
		uint32_t n = forest->n_trees - tree;

		find_exits(&lanes->tops[tree], rows, &step.top);
		turn_exits(step.top.exits, step.exits);
		fetch_tails(lanes->tails + (size_t) tree * FOREST_TOP_EXITS, &step);
		if (lanes->n_slots <= 64)
			find_leaves(rows, &step);
		else
			find_leaves_wide(rows, &step);
		add_leaves(lanes->leaves + (size_t) tree * FOREST_TAIL_EXITS, &step, n < STEP ? n : STEP,
		           by_place);
	}
	for (uint32_t r = 0; r < FOREST_BLOCK_ROWS; r++)
		sums[r] = by_place[forest_place_of_row(r)];
}

AVX512 void
forest_sum_block_avx512(const Forest *forest, const float *values, size_t stride, uint32_t n_rows,
                        float *margins)
{
	float sums[FOREST_BLOCK_ROWS];
	ForestBlockSlots rows;

	forest_reduce_block_avx512(&forest->lanes, values, stride, n_rows, &rows);
	if (forest->lanes.shape == FOREST_SHAPE_TOPS)
		sum_tops(forest, &rows, sums);
	else
		sum_tails(forest, &rows, sums);
	memcpy(margins, sums, n_rows * sizeof(float));
}

#endif

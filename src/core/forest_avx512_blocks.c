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

/* The slots of eight tails, each between thresholds; and bits 0, 2 and 4 in their places. */
#define TAIL_SLOTS UINT64_C(0x1515151515151515)
#define TAIL_BITS INT64_C(0x0000001000040001)
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

AVX512 static void
sum_tops(const Forest *forest, const ForestBlockSlots *rows, float *sums)
{
	const ForestLanes *lanes = &forest->lanes;
	float quarters[4][16] __attribute__((aligned(64)));
	__m512 sum[4];
	WideTop top[2];

	for (int i = 0; i < 4; i++)
		sum[i] = _mm512_set1_ps(forest->base_margin);
	widen_top(&lanes->tops[0], &top[0]);
	for (uint32_t tree = 0; tree < forest->n_trees; tree++)
	{
		const float *leaves = lanes->leaves + (size_t) tree * FOREST_TOP_EXITS;
		__m512i exits;

		if (tree + 1 < forest->n_trees)
			widen_top(&lanes->tops[tree + 1], &top[(tree + 1) & 1]);
		exits = exits_of_top(&top[tree & 1], rows);
#pragma GCC unroll 4
		for (int i = 0; i < 4; i++)
			sum[i] = _mm512_add_ps(sum[i], leaves_of_quarter(leaves, exits, i));
	}
	for (int i = 0; i < 4; i++)
		_mm512_store_ps(quarters[i], sum[i]);
	for (int r = 0; r < FOREST_BLOCK_ROWS; r++)
		sums[r] = quarters[r % 4][r / 4];
}

/* Depth to 8 */

/* Eight trees on their way from the exits of their tops to their leaves. */
typedef struct TailStep
{
	WideTop tops[STEP];
	uint8_t exits[STEP][FOREST_BLOCK_ROWS] __attribute__((aligned(64)));
	uint64_t tails[FOREST_BLOCK_ROWS][STEP] __attribute__((aligned(64)));
	uint64_t leaves[FOREST_BLOCK_ROWS][STEP] __attribute__((aligned(64)));
} TailStep;

/* Eight tails and exits of a row to leaves, counted from the first of the eight trees. */
AVX512_INLINE __m512i
leaves_of_row(const ForestBlockSlots *rows, bool wide, const TailStep *step, uint32_t r)
{
	const __m512i bits = _mm512_set1_epi64(TAIL_BITS);
	const __m512i starts = _mm512_setr_epi64(0, 256, 512, 768, 1024, 1280, 1536, 1792);
	__m512i tails = _mm512_load_si512(step->tails[r]);
	__m512i low = _mm512_load_si512(rows->by_row[r]);
	__m512i picked =
	    wide ? _mm512_permutex2var_epi8(low, tails, _mm512_load_si512(rows->by_row[r] + 64))
	         : _mm512_permutexvar_epi8(tails, low);
	__mmask64 right = _mm512_mask_cmpgt_epu8_mask(TAIL_SLOTS, picked, _mm512_srli_epi16(tails, 8));
	__m512i decided = _mm512_sad_epu8(_mm512_maskz_mov_epi8(right, bits), _mm512_setzero_si512());
	__m512i tail_exits =
	    _mm512_maskz_permutexvar_epi8(LOWEST_BYTES, decided, _mm512_load_si512(exit_of_tail));

	return _mm512_add_epi64(_mm512_add_epi64(starts, tail_exits),
	                        _mm512_load_si512(step->leaves[r]));
}

AVX512_INLINE void
add_step(const ForestLanes *lanes, const ForestBlockSlots *rows, bool wide, uint32_t first,
         uint32_t n_trees, uint32_t n_rows, TailStep *step, float *sums)
{
	const float *leaves = lanes->leaves + (size_t) first * FOREST_TAIL_EXITS;

	for (uint32_t i = 0; i < STEP; i++)
		widen_top(&lanes->tops[first + i], &step->tops[i]);
	for (uint32_t i = 0; i < STEP; i++)
		_mm512_store_si512(step->exits[i], exits_of_top(&step->tops[i], rows));
	for (uint32_t r = 0; r < n_rows; r++)
	{
#pragma GCC unroll 8
		for (uint32_t i = 0; i < STEP; i++)
		{
			uint32_t exit = step->exits[i][r];

			memcpy(&step->tails[r][i],
			       &lanes->tails[(size_t) (first + i) * FOREST_TOP_EXITS + exit], sizeof(uint64_t));
			step->leaves[r][i] = 4 * exit;
		}
	}
	for (uint32_t r = 0; r < n_rows; r++)
		_mm512_store_si512(step->leaves[r], leaves_of_row(rows, wide, step, r));
	for (uint32_t r = 0; r < n_rows; r++)
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

AVX512_INLINE void
sum_tails(const Forest *forest, const ForestBlockSlots *rows, bool wide, uint32_t n_rows,
          float *sums)
{
	TailStep step;

	for (uint32_t r = 0; r < n_rows; r++)
		sums[r] = forest->base_margin;
	for (uint32_t first = 0; first < forest->n_trees; first += STEP)
	{
		uint32_t n = forest->n_trees - first;

		add_step(&forest->lanes, rows, wide, first, n < STEP ? n : STEP, n_rows, &step, sums);
	}
}

AVX512 static void
sum_tails_64(const Forest *forest, const ForestBlockSlots *rows, uint32_t n_rows, float *sums)
{
	sum_tails(forest, rows, false, n_rows, sums);
}

AVX512 static void
sum_tails_128(const Forest *forest, const ForestBlockSlots *rows, uint32_t n_rows, float *sums)
{
	sum_tails(forest, rows, true, n_rows, sums);
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
	else if (forest->lanes.n_slots <= 64)
		sum_tails_64(forest, &rows, n_rows, sums);
	else
		sum_tails_128(forest, &rows, n_rows, sums);
	memcpy(margins, sums, n_rows * sizeof(float));
}

#endif

/*
 * forest_avx512.c
 *		Evaluates the layout for vectors with AVX-512 VBMI.
 *
 * The slots of a row fit one register of 64 bytes, or two. One permutation
 * brings to each lane of a tree the slot it asks for, one comparison takes all
 * its decisions; eight trees at a time, two look-ups turn 63 decisions into an
 * exit. One row goes through all trees; a block goes through a tile of trees
 * row by row, so that each top is loaded once for 64 rows.
 */
#include "core/forest_avx512.h"

#if FOREST_HAS_X86_PATHS

#include <string.h>

/* A block takes the time of 64 rows; fewer than these are faster one by one. */
#define FEWEST_IN_BLOCK 20
/* Rows of a block are at most so far apart, as their offsets have 32 bits. */
#define MAX_STRIDE ((size_t) INT32_MAX / 16 / sizeof(float))

/* The lowest byte of each word of 64 bits. */
#define LOWEST_BYTES UINT64_C(0x0101010101010101)
/* The slots of eight tails, each between thresholds; and bits 0, 2 and 4 in their places. */
#define TAIL_SLOTS UINT64_C(0x1515151515151515)
#define TAIL_BITS INT64_C(0x0000001000040001)

/* The first exit below the upper three levels, by how far their exit shifts; a short table. */
#define BASE_OF_SHIFT(shift) (8 * ((shift) / 7 - ((shift) >= 7)))

typedef struct ByteTable128
{
	uint8_t bytes[128] __attribute__((aligned(64)));
} ByteTable128;

static const ByteTable128 exit_of_8 = {
    {FOREST_TABLE_64(FOREST_EXIT_OF_8, 0), FOREST_TABLE_64(FOREST_EXIT_OF_8, 64)}};
static const ByteTable128 shift_of_8 = {
    {FOREST_TABLE_64(FOREST_SHIFT_OF_8, 0), FOREST_TABLE_64(FOREST_SHIFT_OF_8, 64)}};
static const uint8_t base_of_shift[64]
    __attribute__((aligned(64))) = {FOREST_TABLE_64(BASE_OF_SHIFT, 0)};
static const uint8_t exit_of_4[64]
    __attribute__((aligned(64))) = {FOREST_TABLE_64(FOREST_EXIT_OF_4, 0)};
static const uint8_t shift_of_4[64]
    __attribute__((aligned(64))) = {FOREST_TABLE_64(FOREST_SHIFT_OF_4, 0)};
static const uint8_t base_of_4[64]
    __attribute__((aligned(64))) = {FOREST_TABLE_64(FOREST_BASE_OF_4, 0)};
static const uint8_t exit_of_tail[64]
    __attribute__((aligned(64))) = {FOREST_TABLE_64(FOREST_EXIT_OF_TAIL, 0)};

/* Slots of a row, in one register or two. */
typedef struct SlotRegisters
{
	__m512i low;
	__m512i high;
} SlotRegisters;

AVX512_INLINE SlotRegisters
load_slots(const ForestSlots *row, bool wide)
{
	SlotRegisters slots;

	slots.low = _mm512_load_si512(row->slots);
	slots.high = wide ? _mm512_load_si512(row->slots + 64) : slots.low;
	return slots;
}

AVX512_INLINE __m512i
pick_slots(SlotRegisters slots, __m512i lanes, bool wide)
{
	if (wide)
		return _mm512_permutex2var_epi8(slots.low, lanes, slots.high);
	return _mm512_permutexvar_epi8(lanes, slots.low);
}

/* Decisions and exits */

AVX512_INLINE uint64_t
decide_top(const ForestTop *top, SlotRegisters slots, bool wide)
{
	return _cvtmask64_u64(
	    _mm512_cmpgt_epu8_mask(pick_slots(slots, _mm512_load_si512(top->slots), wide),
	                           _mm512_load_si512(top->thresholds)));
}

AVX512_INLINE __m512i
look_up_128(const ByteTable128 *table, __m512i words)
{
	return _mm512_maskz_permutex2var_epi8(LOWEST_BYTES, _mm512_load_si512(table->bytes), words,
	                                      _mm512_load_si512(table->bytes + 64));
}

AVX512_INLINE __m512i
look_up_64(const uint8_t *table, __m512i words)
{
	return _mm512_maskz_permutexvar_epi8(LOWEST_BYTES, words, _mm512_load_si512(table));
}

/* Eight words of 63 decisions to their exits. */
AVX512_INLINE __m512i
exits_of_tops(__m512i decisions)
{
	__m512i shift = look_up_128(&shift_of_8, decisions);
	__m512i lower = _mm512_srlv_epi64(decisions, shift);

	return _mm512_add_epi64(look_up_64(base_of_shift, shift), look_up_128(&exit_of_8, lower));
}

/* Eight words of 15 decisions to their exits. */
AVX512_INLINE __m512i
exits_of_chunks(__m512i decisions)
{
	__m512i lower = _mm512_srlv_epi64(decisions, look_up_64(shift_of_4, decisions));

	return _mm512_add_epi64(look_up_64(base_of_4, decisions), look_up_64(exit_of_4, lower));
}

/* The categories' decisions for eight words of a row of masks. */
AVX512_INLINE __m512i
unite_masks(const ForestLanes *lanes, const ForestSlots *row, uint64_t word, __m512i decisions)
{
	for (uint32_t i = 0; i < row->n_mask_rows; i++)
		decisions =
		    _mm512_or_si512(decisions, _mm512_loadu_si512(forest_mask(lanes, row, i, word)));
	return decisions;
}

AVX512_INLINE __m512i
exits_of_eight(const ForestLanes *lanes, const ForestSlots *row, uint32_t tree,
               const uint64_t *decisions)
{
	return exits_of_tops(unite_masks(lanes, row, tree, _mm512_load_si512(decisions)));
}

/* Leaves: each takes the decisions of the tops of a tile for one row and adds n leaves in order. */

AVX512_INLINE float
add_leaves_of_tops(const ForestLanes *lanes, const ForestSlots *row, uint32_t first, uint32_t n,
                   const uint64_t *decisions, float margin)
{
	const float *leaves = lanes->leaves + (size_t) first * FOREST_TOP_EXITS;
	uint64_t exits[FOREST_TILE] __attribute__((aligned(64)));
	const __m512i starts = _mm512_setr_epi64(0, 64, 128, 192, 256, 320, 384, 448);
	uint32_t k = 0;

	for (uint32_t at = 0; at < n; at += 8)
		_mm512_store_si512(
		    exits + at,
		    _mm512_add_epi64(starts, exits_of_eight(lanes, row, first + at, decisions + at)));
	for (; k + 8 <= n; k += 8, leaves += 8 * FOREST_TOP_EXITS)
		for (uint32_t i = 0; i < 8; i++)
			margin += leaves[exits[k + i]];
	for (uint32_t i = 0; k + i < n; i++)
		margin += leaves[exits[k + i]];
	return margin;
}

/* Bits 0, 2 and 4 of each word: what categories decide in the tails at these exits. */
AVX512_INLINE __m512i
tail_masks(const ForestLanes *lanes, const ForestSlots *row, uint32_t tree, __m512i exits)
{
	const __m512i one = _mm512_set1_epi64(1);
	__m512i bits = _mm512_setzero_si512();

	for (uint32_t i = 3; i > 0; i--)
	{
		__m512i word = unite_masks(lanes, row, (uint64_t) i * lanes->n_trees_padded + tree,
		                           _mm512_setzero_si512());

		bits = _mm512_or_si512(_mm512_slli_epi64(bits, 2),
		                       _mm512_and_si512(_mm512_srlv_epi64(word, exits), one));
	}
	return bits;
}

/* Eight tails of a row: bits 0, 2 and 4 of each word. */
AVX512_INLINE __m512i
decide_tails(const uint64_t *reached, SlotRegisters slots, bool wide)
{
	__m512i tails = _mm512_load_si512(reached);
	__mmask64 right = _mm512_mask_cmpgt_epu8_mask(TAIL_SLOTS, pick_slots(slots, tails, wide),
	                                              _mm512_srli_epi16(tails, 8));

	return _mm512_sad_epu8(_mm512_maskz_mov_epi8(right, _mm512_set1_epi64(TAIL_BITS)),
	                       _mm512_setzero_si512());
}

AVX512_INLINE float
add_leaves_of_tails(const ForestLanes *lanes, const ForestSlots *row, SlotRegisters slots,
                    bool wide, uint32_t first, uint32_t n, const uint64_t *decisions, float margin)
{
	const float *leaves = lanes->leaves + (size_t) first * FOREST_TAIL_EXITS;
	const ForestTail *tails = lanes->tails + (size_t) first * FOREST_TOP_EXITS;
	const __m512i starts = _mm512_setr_epi64(0, 64, 128, 192, 256, 320, 384, 448);
	uint64_t at[FOREST_TILE] __attribute__((aligned(64)));
	uint64_t reached[FOREST_TILE] __attribute__((aligned(64)));
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i += 8)
		_mm512_store_si512(
		    at + i, _mm512_add_epi64(starts, exits_of_eight(lanes, row, first + i, decisions + i)));
	for (uint32_t i = 0; i < n; i += 8, tails += 8 * FOREST_TOP_EXITS)
#pragma GCC unroll 8
		for (uint32_t j = 0; j < 8; j++)
			memcpy(&reached[i + j], &tails[at[i + j]], sizeof(uint64_t));
	for (uint32_t i = 0; i < n; i += 8)
	{
		__m512i exits = _mm512_load_si512(at + i);
		__m512i bits = decide_tails(reached + i, slots, wide);

		if (row->n_mask_rows > 0)
			bits =
			    _mm512_or_si512(bits, tail_masks(lanes, row, first + i,
			                                     _mm512_and_si512(exits, _mm512_set1_epi64(63))));
		_mm512_store_si512(
		    at + i, _mm512_add_epi64(_mm512_slli_epi64(exits, 2), look_up_64(exit_of_tail, bits)));
	}
	for (; k + 8 <= n; k += 8, leaves += 8 * FOREST_TAIL_EXITS)
		for (uint32_t i = 0; i < 8; i++)
			margin += leaves[at[k + i]];
	for (uint32_t i = 0; k + i < n; i++)
		margin += leaves[at[k + i]];
	return margin;
}

/* Decisions of the chunks that trees of a tile have come to. */
AVX512_INLINE void
decide_chunks(const ForestLanes *lanes, const ForestSlots *row, SlotRegisters slots, bool wide,
              const uint32_t *chunks, uint32_t n, uint64_t *decisions)
{
	for (uint32_t i = 0; i < n; i++)
	{
		const ForestChunk *chunk = &lanes->chunks[chunks[i]];
		__m512i picked = pick_slots(
		    slots,
		    _mm512_castsi128_si512(_mm_load_si128((const __m128i *) (const void *) chunk->slots)),
		    wide);

		decisions[i] = _cvtmask16_u32(_mm_cmpgt_epu8_mask(
		    _mm512_castsi512_si128(picked),
		    _mm_load_si128((const __m128i *) (const void *) chunk->thresholds)));
	}
	if (row->n_mask_rows > 0)
		for (uint32_t i = 0; i < n; i++)
			decisions[i] |= forest_chunk_mask(lanes, row, chunks[i]);
}

/*
 * All trees of the tile go down together, a chunk at a time; those that have
 * reached a leaf drop out.
 */
AVX512_INLINE float
add_leaves_of_chunks(const ForestLanes *lanes, const ForestSlots *row, SlotRegisters slots,
                     bool wide, uint32_t first, uint32_t n, const uint64_t *decisions, float margin)
{
	const ForestChunkTree *trees = lanes->chunk_trees + first;
	uint64_t exits[FOREST_TILE] __attribute__((aligned(64)));
	uint64_t below[FOREST_TILE] __attribute__((aligned(64))) = {0};
	ForestFront front;

	front.n_active = 0;
	for (uint32_t i = 0; i < n; i += 8)
		_mm512_store_si512(exits + i, exits_of_eight(lanes, row, first + i, decisions + i));
	for (uint32_t i = 0; i < n; i++)
		forest_front_take(&front, trees, i, trees[i].exits[exits[i]]);
	while (front.n_active > 0)
	{
		uint32_t n_active = front.n_active;

		decide_chunks(lanes, row, slots, wide, front.chunks, n_active, below);
		for (uint32_t i = 0; i < n_active; i += 8)
			_mm512_store_si512(exits + i, exits_of_chunks(_mm512_load_si512(below + i)));
		front.n_active = 0;
		for (uint32_t i = 0; i < n_active; i++)
			forest_front_take(&front, trees, front.trees[i],
			                  lanes->chunks[front.chunks[i]].exits[exits[i]]);
	}
	for (uint32_t i = 0; i < n; i++)
		margin += lanes->leaves[front.leaves[i]];
	return margin;
}

AVX512_INLINE float
add_leaves(const ForestLanes *lanes, ForestShape shape, bool wide, const ForestSlots *row,
           SlotRegisters slots, uint32_t first, uint32_t n, const uint64_t *decisions, float margin)
{
	switch (shape)
	{
		case FOREST_SHAPE_TAILS:
			return add_leaves_of_tails(lanes, row, slots, wide, first, n, decisions, margin);
		case FOREST_SHAPE_CHUNKS:
			return add_leaves_of_chunks(lanes, row, slots, wide, first, n, decisions, margin);
		default:
			return add_leaves_of_tops(lanes, row, first, n, decisions, margin);
	}
}

/* Rows; compiled once for each shape and width. */

AVX512_INLINE float
sum_row(const Forest *forest, ForestShape shape, bool wide, const float *values)
{
	const ForestLanes *lanes = &forest->lanes;
	uint64_t decisions[FOREST_TILE] __attribute__((aligned(64))) = {0};
	float margin = forest->base_margin;
	ForestSlots row;
	SlotRegisters slots;

	forest_reduce_avx512(lanes, values, 0, 1, &row);
	slots = load_slots(&row, wide);
	for (uint32_t first = 0; first < forest->n_trees; first += FOREST_TILE)
	{
		uint32_t n = forest->n_trees - first;

		n = n < FOREST_TILE ? n : FOREST_TILE;
#pragma GCC unroll 8
		for (uint32_t i = 0; i < n; i++)
			decisions[i] = decide_top(&lanes->tops[first + i], slots, wide);
		margin = add_leaves(lanes, shape, wide, &row, slots, first, n, decisions, margin);
	}
	return margin;
}

AVX512_INLINE void
decide_eight(const ForestTop *tops, SlotRegisters slots, bool wide, uint64_t *decisions)
{
#pragma GCC unroll 8
	for (uint32_t i = 0; i < 8; i++)
		decisions[i] = decide_top(&tops[i], slots, wide);
}

/* Exits of eight trees, counted from the first of their leaves. */
AVX512_INLINE void
store_exits(const ForestLanes *lanes, const ForestSlots *row, uint32_t tree,
            const uint64_t *decisions, uint64_t *exits)
{
	const __m512i starts = _mm512_setr_epi64(0, 64, 128, 192, 256, 320, 384, 448);

	_mm512_store_si512(exits,
	                   _mm512_add_epi64(starts, exits_of_eight(lanes, row, tree, decisions)));
}

AVX512_INLINE float
add_eight(const float *leaves, const uint64_t *exits, float margin)
{
#pragma GCC unroll 8
	for (uint32_t i = 0; i < 8; i++)
		margin += leaves[exits[i]];
	return margin;
}

/* How many groups of eight trees are decided ahead of those whose leaves are added. */
#define GROUPS_AHEAD 4

/*
 * Of trees that are tops only, a chain of sums takes as long as all else together.
 * So eight trees at a time go through three stages side by side: decided four
 * groups ahead, when their decisions have left the store queue brought to their
 * exits one group ahead, and added.
 */
AVX512_INLINE float
sum_row_of_tops(const Forest *forest, bool wide, const float *values)
{
	const ForestLanes *lanes = &forest->lanes;
	const float *leaves = lanes->leaves;
	uint32_t n_groups = lanes->n_trees_padded / 8;
	uint32_t n_ahead = n_groups < GROUPS_AHEAD ? n_groups : GROUPS_AHEAD;
	uint64_t decisions[2 * GROUPS_AHEAD][8] __attribute__((aligned(64)));
	uint64_t exits[2][8] __attribute__((aligned(64)));
	float margin = forest->base_margin;
	ForestSlots row;
	SlotRegisters slots;

	forest_reduce_avx512(lanes, values, 0, 1, &row);
	slots = load_slots(&row, wide);
	for (uint32_t g = 0; g < n_ahead; g++)
		decide_eight(&lanes->tops[8 * g], slots, wide, decisions[g]);
	for (uint32_t g = 0; g < n_groups; g++)
	{
		uint32_t next = g + GROUPS_AHEAD;

		if (next < n_groups)
			decide_eight(&lanes->tops[8 * next], slots, wide, decisions[next % (2 * GROUPS_AHEAD)]);
		store_exits(lanes, &row, 8 * g, decisions[g % (2 * GROUPS_AHEAD)], exits[g & 1]);
		if (g == 0)
			continue;
		margin = add_eight(leaves, exits[(g - 1) & 1], margin);
		leaves += 8 * FOREST_TOP_EXITS;
	}
	for (uint32_t i = 0; i < forest->n_trees - 8 * (n_groups - 1); i++)
		margin += leaves[exits[(n_groups - 1) & 1][i]];
	return margin;
}

/* Rows of a block; 64 of them, even if the last are not used. */
typedef struct BlockRows
{
	ForestSlots rows[FOREST_BLOCK_ROWS];
	SlotRegisters slots[FOREST_BLOCK_ROWS];
} BlockRows;

AVX512_INLINE void
reduce_block(const ForestLanes *lanes, bool wide, const float *values, size_t stride,
             uint32_t n_rows, BlockRows *block)
{
	forest_reduce_avx512(lanes, values, stride, n_rows, block->rows);
	for (uint32_t r = 0; r < FOREST_BLOCK_ROWS; r++)
		block->slots[r] = r < n_rows ? load_slots(&block->rows[r], wide) : block->slots[0];
	for (uint32_t r = n_rows; r < FOREST_BLOCK_ROWS; r++)
		block->rows[r].n_mask_rows = 0;
}

AVX512_INLINE void
sum_block(const Forest *forest, ForestShape shape, bool wide, const float *values, size_t stride,
          uint32_t n_rows, float *margins)
{
	const ForestLanes *lanes = &forest->lanes;
	uint64_t decisions[FOREST_BLOCK_ROWS][FOREST_BLOCK_TILE] __attribute__((aligned(64)));
	BlockRows block;

	memset(decisions, 0, sizeof(decisions));
	reduce_block(lanes, wide, values, stride, n_rows, &block);
	for (uint32_t r = 0; r < n_rows; r++)
		margins[r] = forest->base_margin;
	for (uint32_t first = 0; first < forest->n_trees; first += FOREST_BLOCK_TILE)
	{
		uint32_t n = forest->n_trees - first;

		n = n < FOREST_BLOCK_TILE ? n : FOREST_BLOCK_TILE;
		for (uint32_t i = 0; i < n; i++)
#pragma GCC unroll 8
			for (uint32_t r = 0; r < n_rows; r++)
				decisions[r][i] = decide_top(&lanes->tops[first + i], block.slots[r], wide);
		for (uint32_t r = 0; r < n_rows; r++)
			margins[r] = add_leaves(lanes, shape, wide, &block.rows[r], block.slots[r], first, n,
			                        decisions[r], margins[r]);
	}
}

/* The categories' decisions of all rows in eight trees. */
AVX512_INLINE void
unite_block_masks(const ForestLanes *lanes, const BlockRows *block, uint32_t tree,
                  uint64_t masks[FOREST_BLOCK_ROWS][8])
{
	for (uint32_t r = 0; r < FOREST_BLOCK_ROWS; r++)
		_mm512_store_si512(masks[r],
		                   unite_masks(lanes, &block->rows[r], tree, _mm512_setzero_si512()));
}

/* The leaves of 16 rows at their exits, by permutation. */
AVX512_INLINE __m512
leaves_of_rows(const float *leaves, const uint64_t *decisions)
{
	const __m512i even =
	    _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
	__m512i exits = _mm512_permutex2var_epi32(exits_of_tops(_mm512_load_si512(decisions)), even,
	                                          exits_of_tops(_mm512_load_si512(decisions + 8)));
	__m512 low = _mm512_permutex2var_ps(_mm512_load_ps(leaves), exits, _mm512_load_ps(leaves + 16));
	__m512 high =
	    _mm512_permutex2var_ps(_mm512_load_ps(leaves + 32), exits, _mm512_load_ps(leaves + 48));

	return _mm512_mask_blend_ps(_mm512_test_epi32_mask(exits, _mm512_set1_epi32(32)), low, high);
}

/*
 * Of trees that are tops only, all 64 leaves fit four registers: there rows
 * instead of trees lie side by side, and leaves are added without leaving them.
 */
AVX512_INLINE void
sum_block_of_tops(const Forest *forest, bool wide, const float *values, size_t stride,
                  uint32_t n_rows, float *margins)
{
	const ForestLanes *lanes = &forest->lanes;
	uint64_t decisions[2][FOREST_BLOCK_ROWS] __attribute__((aligned(64)));
	uint64_t masks[FOREST_BLOCK_ROWS][8] __attribute__((aligned(64)));
	float sums[FOREST_BLOCK_ROWS] __attribute__((aligned(64)));
	__m512 sum[4];
	BlockRows block;

	reduce_block(lanes, wide, values, stride, n_rows, &block);
	for (int i = 0; i < 4; i++)
		sum[i] = _mm512_set1_ps(forest->base_margin);
	for (uint32_t tree = 0; tree < forest->n_trees; tree++)
	{
		const ForestTop *top = &lanes->tops[tree];
		const float *leaves = lanes->leaves + (size_t) tree * FOREST_TOP_EXITS;
		uint64_t *decided = decisions[tree & 1];

#pragma GCC unroll 8
		for (uint32_t r = 0; r < FOREST_BLOCK_ROWS; r++)
			decided[r] = decide_top(top, block.slots[r], wide);
		if (lanes->n_category_features > 0)
		{
			if (tree % 8 == 0)
				unite_block_masks(lanes, &block, tree, masks);
			for (uint32_t r = 0; r < FOREST_BLOCK_ROWS; r++)
				decided[r] |= masks[r][tree % 8];
		}
#pragma GCC unroll 4
		for (int i = 0; i < 4; i++)
			sum[i] = _mm512_add_ps(sum[i], leaves_of_rows(leaves, decided + 16 * i));
	}
	for (int i = 0; i < 4; i++)
		_mm512_store_ps(sums + 16 * i, sum[i]);
	memcpy(margins, sums, n_rows * sizeof(float));
}

/*
 * Blocks with categories. (Blocks of chunks go row by row: a longer tile is worth
 * more than tops that are loaded once.)
 */
#define DEFINE_SUMS(name, shape, wide)                                                             \
	static AVX512 float sum_row_##name(const Forest *forest, const float *values)                  \
	{                                                                                              \
		if (shape == FOREST_SHAPE_TOPS)                                                            \
			return sum_row_of_tops(forest, wide, values);                                          \
		return sum_row(forest, shape, wide, values);                                               \
	}                                                                                              \
	static AVX512 void sum_block_##name(const Forest *forest, const float *values, size_t stride,  \
	                                    uint32_t n_rows, float *margins)                           \
	{                                                                                              \
		if (shape == FOREST_SHAPE_TOPS)                                                            \
			sum_block_of_tops(forest, wide, values, stride, n_rows, margins);                      \
		else                                                                                       \
			sum_block(forest, shape, wide, values, stride, n_rows, margins);                       \
	}

DEFINE_SUMS(tops, FOREST_SHAPE_TOPS, false)
DEFINE_SUMS(tops_wide, FOREST_SHAPE_TOPS, true)
DEFINE_SUMS(tails, FOREST_SHAPE_TAILS, false)
DEFINE_SUMS(tails_wide, FOREST_SHAPE_TAILS, true)
DEFINE_SUMS(chunks, FOREST_SHAPE_CHUNKS, false)
DEFINE_SUMS(chunks_wide, FOREST_SHAPE_CHUNKS, true)

typedef struct Sums
{
	float (*row)(const Forest *forest, const float *values);
	void (*block)(const Forest *forest, const float *values, size_t stride, uint32_t n_rows,
	              float *margins);
} Sums;

static const Sums *
sums_of(const ForestLanes *lanes)
{
	static const Sums sums[][2] = {
	    [FOREST_SHAPE_TOPS] = {{sum_row_tops, sum_block_tops},
	                           {sum_row_tops_wide, sum_block_tops_wide}},
	    [FOREST_SHAPE_TAILS] = {{sum_row_tails, sum_block_tails},
	                            {sum_row_tails_wide, sum_block_tails_wide}},
	    [FOREST_SHAPE_CHUNKS] = {{sum_row_chunks, sum_block_chunks},
	                             {sum_row_chunks_wide, sum_block_chunks_wide}}};

	return &sums[lanes->shape][lanes->n_slots > 64];
}

float
forest_margin_avx512(const Forest *forest, const float *row)
{
	return sums_of(&forest->lanes)->row(forest, row);
}

void
forest_margins_avx512(const Forest *forest, const float *rows, size_t stride, size_t n,
                      float *margins)
{
	const ForestLanes *lanes = &forest->lanes;
	const Sums *sums = sums_of(lanes);
	uint32_t n_rows;

	for (size_t r = 0; r < n; r += n_rows)
	{
		n_rows = n - r < FOREST_BLOCK_ROWS ? (uint32_t) (n - r) : FOREST_BLOCK_ROWS;
		if (lanes->shape == FOREST_SHAPE_CHUNKS || n_rows < FEWEST_IN_BLOCK || stride > MAX_STRIDE)
			for (uint32_t i = 0; i < n_rows; i++)
				margins[r + i] = sums->row(forest, rows + (r + i) * stride);
		else if (lanes->n_category_features == 0)
			forest_sum_block_avx512(forest, rows + r * stride, stride, n_rows, margins + r);
		else
			sums->block(forest, rows + r * stride, stride, n_rows, margins + r);
	}
}

#endif

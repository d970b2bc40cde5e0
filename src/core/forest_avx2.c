/*
 * forest_avx2.c
 *		Evaluates the layout for vectors with AVX2.
 *
 * As forest_avx512.c, with what is there: a byte permutation reaches 16 bytes
 * only, so the slots of a row are four or eight tables, and the right one is
 * blended in by the upper bits of the slot. Exits are looked up one by one.
 */
#include "core/forest_slots.h"

#if FOREST_HAS_X86_PATHS

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2,bmi2,popcnt")))
#define AVX2_INLINE static inline AVX2 __attribute__((always_inline))

static const uint8_t exit_of_8[128] = {FOREST_TABLE_64(FOREST_EXIT_OF_8, 0),
                                       FOREST_TABLE_64(FOREST_EXIT_OF_8, 64)};
static const uint8_t shift_of_8[128] = {FOREST_TABLE_64(FOREST_SHIFT_OF_8, 0),
                                        FOREST_TABLE_64(FOREST_SHIFT_OF_8, 64)};
static const uint8_t base_of_8[128] = {FOREST_TABLE_64(FOREST_BASE_OF_8, 0),
                                       FOREST_TABLE_64(FOREST_BASE_OF_8, 64)};
static const uint8_t exit_of_4[64] = {FOREST_TABLE_64(FOREST_EXIT_OF_4, 0)};
static const uint8_t shift_of_4[64] = {FOREST_TABLE_64(FOREST_SHIFT_OF_4, 0)};
static const uint8_t base_of_4[64] = {FOREST_TABLE_64(FOREST_BASE_OF_4, 0)};
static const uint8_t exit_of_tail[64] = {FOREST_TABLE_64(FOREST_EXIT_OF_TAIL, 0)};

/*
 * Slots 16 i to 16 i + 15 of a row, in both halves of a register; but for the first
 * ones not they themselves, but what distinguishes them from the sixteen before.
 */
typedef struct SlotTables
{
	__m256i of[8];
} SlotTables;

AVX2_INLINE SlotTables
load_tables(const ForestSlots *row, uint32_t n)
{
	SlotTables tables;

	for (uint32_t i = 0; i < n; i++)
	{
		const __m128i *sixteen = (const __m128i *) (const void *) (row->slots + 16 * i);
		__m128i slots = _mm_load_si128(sixteen);

		if (i > 0)
			slots = _mm_xor_si128(slots, _mm_load_si128(sixteen - 1));
		tables.of[i] = _mm256_broadcastsi128_si256(slots);
	}
	return tables;
}

/*
 * The slots that lanes ask for, from n tables. A shuffle reaches 16 bytes and gives
 * 0 where the upper bit of its index is set, as it is where an index less than 16 i
 * has 16 i subtracted. So a lane unites all tables up to its own, and differences
 * of neighbours add up to it.
 */
AVX2_INLINE __m256i
pick_slots(const SlotTables *tables, __m256i lanes, uint32_t n)
{
	__m256i picked = _mm256_shuffle_epi8(tables->of[0], lanes);

#pragma GCC unroll 8
	for (uint32_t i = 1; i < n; i++)
	{
		__m256i index = _mm256_sub_epi8(lanes, _mm256_set1_epi8((char) (16 * i)));

		picked = _mm256_xor_si256(picked, _mm256_shuffle_epi8(tables->of[i], index));
	}
	return picked;
}

/* 32 decisions: which lanes go left. */
AVX2_INLINE uint32_t
decide(const SlotTables *tables, __m256i lanes, __m256i thresholds, uint32_t n_tables)
{
	__m256i above = _mm256_subs_epu8(pick_slots(tables, lanes, n_tables), thresholds);

	return (uint32_t) _mm256_movemask_epi8(_mm256_cmpeq_epi8(above, _mm256_setzero_si256()));
}

AVX2_INLINE uint64_t
decide_top(const SlotTables *tables, const ForestTop *top, uint32_t n_tables)
{
	const __m256i *lanes = (const __m256i *) (const void *) top->slots;
	const __m256i *thresholds = (const __m256i *) (const void *) top->thresholds;
	uint32_t low =
	    decide(tables, _mm256_load_si256(lanes), _mm256_load_si256(thresholds), n_tables);
	uint32_t high =
	    decide(tables, _mm256_load_si256(lanes + 1), _mm256_load_si256(thresholds + 1), n_tables);

	return ~(low | (uint64_t) high << 32);
}

/* A chunk is one register: 16 lanes, 16 thresholds. */
AVX2_INLINE uint32_t
decide_chunk(const SlotTables *tables, const ForestChunk *chunk, uint32_t n_tables)
{
	__m256i both = _mm256_load_si256((const __m256i *) (const void *) chunk->slots);

	return ~decide(tables, both, _mm256_permute2x128_si256(both, both, 0x11), n_tables) & 0x7fff;
}

/* Ranks */

/* Twice as many as are at most x: their masks are packed to 16 words of two bytes. */
AVX2_INLINE uint32_t
count_at_most_twice(const float *floats, __m256 x)
{
	__m256i low = _mm256_castps_si256(_mm256_cmp_ps(x, _mm256_load_ps(floats), _CMP_GE_OQ));
	__m256i high = _mm256_castps_si256(_mm256_cmp_ps(x, _mm256_load_ps(floats + 8), _CMP_GE_OQ));

	return (uint32_t) _mm_popcnt_u32(
	    (unsigned) _mm256_movemask_epi8(_mm256_packs_epi32(low, high)));
}

AVX2_INLINE void
reduce_row(const ForestLanes *lanes, const float *values, ForestSlots *row)
{
	const ForestRanked *ranked = lanes->ranked;
	const float *separators = lanes->separators;
	ForestRanks ranks;

	memset(row->slots, 0, FOREST_MAX_SLOTS);
	for (uint32_t i = 0; i < lanes->n_ranked; i++, ranked++)
	{
		float value = values[ranked->feature];
		__m256 x = _mm256_set1_ps(value);
		const float *thresholds = lanes->thresholds + (size_t) ranked->first_block * FOREST_BLOCK;
		uint32_t rank = FOREST_BLOCK / 2 * count_at_most_twice(separators, x);

		separators += FOREST_BLOCK;
		for (uint32_t v = forest_separator_vectors(ranked->n_thresholds); v > 1; v--)
		{
			rank += FOREST_BLOCK / 2 * count_at_most_twice(separators, x);
			separators += FOREST_BLOCK;
		}
		rank += count_at_most_twice(thresholds + rank, x) / 2;
		forest_set_slots(ranked, rank, value != value, row);
		forest_set_ranks(ranked, i, rank, value != value, &ranks);
	}
	forest_set_pages(lanes, &ranks, row);
	forest_set_categories(lanes, values, row);
}

/* Leaves: each takes the decisions of the tops of a tile for one row and adds n leaves in order. */

AVX2_INLINE uint32_t
exit_of_top(uint64_t decisions)
{
	unsigned upper = decisions & 127;

	return base_of_8[upper] + exit_of_8[decisions >> shift_of_8[upper] & 127];
}

AVX2_INLINE uint32_t
exit_of_chunk(uint32_t decisions)
{
	unsigned upper = decisions & 63;

	return base_of_4[upper] + exit_of_4[decisions >> shift_of_4[upper] & 63];
}

AVX2_INLINE float
add_leaves_of_tops(const ForestLanes *lanes, uint32_t first, uint32_t n, const uint64_t *decisions,
                   float margin)
{
	const float *leaves = lanes->leaves + (size_t) first * FOREST_TOP_EXITS;

#pragma GCC unroll 4
	for (uint32_t i = 0; i < n; i++, leaves += FOREST_TOP_EXITS)
		margin += leaves[exit_of_top(decisions[i])];
	return margin;
}

/* What the tails of a tile decide, a byte for each tree: see exit_of_tail. */
AVX2_INLINE void
decide_tails(const SlotTables *tables, uint32_t n_tables, const uint64_t *tails, uint32_t n,
             uint8_t *right)
{
	for (uint32_t i = 0; i < n; i += 4)
	{
		__m256i four = _mm256_load_si256((const __m256i *) (const void *) (tails + i));
		uint32_t bits = ~decide(tables, four, _mm256_srli_epi16(four, 8), n_tables);

		memcpy(right + i, &bits, sizeof(bits));
	}
}

AVX2_INLINE float
add_leaves_of_tails(const ForestLanes *lanes, const ForestSlots *row, const SlotTables *tables,
                    uint32_t n_tables, uint32_t first, uint32_t n, const uint64_t *decisions,
                    float margin)
{
	const float *leaves = lanes->leaves + (size_t) first * FOREST_TAIL_EXITS;
	const ForestTail *tails = lanes->tails + (size_t) first * FOREST_TOP_EXITS;
	uint32_t exits[FOREST_TILE];
	uint64_t reached[FOREST_TILE] __attribute__((aligned(32)));
	uint8_t right[FOREST_TILE];

	for (uint32_t i = 0; i < n; i++, tails += FOREST_TOP_EXITS)
	{
		exits[i] = exit_of_top(decisions[i]);
		memcpy(&reached[i], &tails[exits[i]], sizeof(uint64_t));
	}
	for (uint32_t i = n; i % 4 != 0; i++)
		reached[i] = 0;
	decide_tails(tables, n_tables, reached, n, right);
	if (row->n_mask_rows > 0)
		for (uint32_t i = 0; i < n; i++)
			right[i] |= forest_tail_mask(lanes, row, first + i, exits[i]);
	for (uint32_t i = 0; i < n; i++, leaves += FOREST_TAIL_EXITS)
		margin += leaves[4 * exits[i] + exit_of_tail[right[i] & 63]];
	return margin;
}

/* All trees of the tile go down together, so that one does not wait for the other. */
AVX2_INLINE float
add_leaves_of_chunks(const ForestLanes *lanes, const ForestSlots *row, const SlotTables *tables,
                     uint32_t n_tables, uint32_t first, uint32_t n, const uint64_t *decisions,
                     float margin)
{
	const ForestChunkTree *trees = lanes->chunk_trees + first;
	ForestFront front;

	front.n_active = 0;
	for (uint32_t i = 0; i < n; i++)
		forest_front_take(&front, trees, i, trees[i].exits[exit_of_top(decisions[i])]);
	while (front.n_active > 0)
	{
		uint32_t n_active = front.n_active;

		front.n_active = 0;
		for (uint32_t i = 0; i < n_active; i++)
		{
			uint32_t chunk = front.chunks[i];
			uint32_t right = decide_chunk(tables, &lanes->chunks[chunk], n_tables);

			if (row->n_mask_rows > 0)
				right |= forest_chunk_mask(lanes, row, chunk);
			forest_front_take(&front, trees, front.trees[i],
			                  lanes->chunks[chunk].exits[exit_of_chunk(right)]);
		}
	}
	for (uint32_t i = 0; i < n; i++)
		margin += lanes->leaves[front.leaves[i]];
	return margin;
}

/* A tile of trees for one row. */
AVX2_INLINE float
add_tile(const ForestLanes *lanes, ForestShape shape, uint32_t n_tables, const ForestSlots *row,
         const SlotTables *tables, uint32_t first, uint32_t n, float margin)
{
	uint64_t decisions[FOREST_TILE];

#pragma GCC unroll 2
	for (uint32_t i = 0; i < n; i++)
		decisions[i] = decide_top(tables, &lanes->tops[first + i], n_tables);
	for (uint32_t m = 0; m < row->n_mask_rows; m++)
	{
		const uint64_t *mask = forest_mask(lanes, row, m, first);

		for (uint32_t i = 0; i < n; i++)
			decisions[i] |= mask[i];
	}
	switch (shape)
	{
		case FOREST_SHAPE_TAILS:
			return add_leaves_of_tails(lanes, row, tables, n_tables, first, n, decisions, margin);
		case FOREST_SHAPE_CHUNKS:
			return add_leaves_of_chunks(lanes, row, tables, n_tables, first, n, decisions, margin);
		default:
			return add_leaves_of_tops(lanes, first, n, decisions, margin);
	}
}

/* Rows; compiled once for each shape and width. */

AVX2_INLINE float
sum_row(const Forest *forest, ForestShape shape, uint32_t n_tables, const float *values)
{
	const ForestLanes *lanes = &forest->lanes;
	float margin = forest->base_margin;
	ForestSlots row;
	SlotTables tables;

	reduce_row(lanes, values, &row);
	tables = load_tables(&row, n_tables);
	for (uint32_t first = 0; first < forest->n_trees; first += FOREST_TILE)
	{
		uint32_t n = forest->n_trees - first;

		margin = add_tile(lanes, shape, n_tables, &row, &tables, first,
		                  n < FOREST_TILE ? n : FOREST_TILE, margin);
	}
	return margin;
}

AVX2_INLINE void
sum_block(const Forest *forest, ForestShape shape, uint32_t n_tables, const float *values,
          size_t stride, uint32_t n_rows, float *margins)
{
	const ForestLanes *lanes = &forest->lanes;
	ForestSlots rows[FOREST_BLOCK_ROWS];

	for (uint32_t r = 0; r < n_rows; r++)
	{
		reduce_row(lanes, values + r * stride, &rows[r]);
		margins[r] = forest->base_margin;
	}
	for (uint32_t first = 0; first < forest->n_trees; first += FOREST_BLOCK_TILE)
	{
		uint32_t n = forest->n_trees - first;

		n = n < FOREST_BLOCK_TILE ? n : FOREST_BLOCK_TILE;
		for (uint32_t r = 0; r < n_rows; r++)
		{
			SlotTables tables = load_tables(&rows[r], n_tables);

			margins[r] = add_tile(lanes, shape, n_tables, &rows[r], &tables, first, n, margins[r]);
		}
	}
}

#define DEFINE_SUMS(name, shape, n_tables)                                                         \
	static AVX2 float sum_row_##name(const Forest *forest, const float *values)                    \
	{                                                                                              \
		return sum_row(forest, shape, n_tables, values);                                           \
	}                                                                                              \
	static AVX2 void sum_block_##name(const Forest *forest, const float *values, size_t stride,    \
	                                  uint32_t n_rows, float *margins)                             \
	{                                                                                              \
		sum_block(forest, shape, n_tables, values, stride, n_rows, margins);                       \
	}

DEFINE_SUMS(tops_32, FOREST_SHAPE_TOPS, 2)
DEFINE_SUMS(tops_48, FOREST_SHAPE_TOPS, 3)
DEFINE_SUMS(tops_64, FOREST_SHAPE_TOPS, 4)
DEFINE_SUMS(tops_128, FOREST_SHAPE_TOPS, 8)
DEFINE_SUMS(tails_32, FOREST_SHAPE_TAILS, 2)
DEFINE_SUMS(tails_48, FOREST_SHAPE_TAILS, 3)
DEFINE_SUMS(tails_64, FOREST_SHAPE_TAILS, 4)
DEFINE_SUMS(tails_128, FOREST_SHAPE_TAILS, 8)
DEFINE_SUMS(chunks_32, FOREST_SHAPE_CHUNKS, 2)
DEFINE_SUMS(chunks_48, FOREST_SHAPE_CHUNKS, 3)
DEFINE_SUMS(chunks_64, FOREST_SHAPE_CHUNKS, 4)
DEFINE_SUMS(chunks_128, FOREST_SHAPE_CHUNKS, 8)

typedef struct Sums
{
	float (*row)(const Forest *forest, const float *values);
	void (*block)(const Forest *forest, const float *values, size_t stride, uint32_t n_rows,
	              float *margins);
} Sums;

#define SUMS_OF(shape)                                                                             \
	{                                                                                              \
		{sum_row_##shape##_32, sum_block_##shape##_32},                                            \
		    {sum_row_##shape##_48, sum_block_##shape##_48},                                        \
		    {sum_row_##shape##_64, sum_block_##shape##_64},                                        \
		    {sum_row_##shape##_128, sum_block_##shape##_128},                                      \
	}

/* By the number of slots: to 32, 48, 64 or 128. */
static const Sums *
sums_of(const ForestLanes *lanes)
{
	static const Sums sums[][4] = {[FOREST_SHAPE_TOPS] = SUMS_OF(tops),
	                               [FOREST_SHAPE_TAILS] = SUMS_OF(tails),
	                               [FOREST_SHAPE_CHUNKS] = SUMS_OF(chunks)};

	return &sums[lanes->shape]
	            [(lanes->n_slots > 32) + (lanes->n_slots > 48) + (lanes->n_slots > 64)];
}

float
forest_margin_avx2(const Forest *forest, const float *row)
{
	return sums_of(&forest->lanes)->row(forest, row);
}

void
forest_margins_avx2(const Forest *forest, const float *rows, size_t stride, size_t n,
                    float *margins)
{
	const Sums *sums = sums_of(&forest->lanes);

	for (size_t r = 0; r < n; r += FOREST_BLOCK_ROWS)
	{
		size_t left = n - r;

		sums->block(forest, rows + r * stride, stride,
		            (uint32_t) (left < FOREST_BLOCK_ROWS ? left : FOREST_BLOCK_ROWS), margins + r);
	}
}

#endif

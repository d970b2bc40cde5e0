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

#define AVX2 __attribute__((target("avx2,popcnt")))
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

/* Slots 16 i to 16 i + 15 of a row, in both halves of a register. */
typedef struct SlotTables
{
	__m256i of[8];
} SlotTables;

AVX2_INLINE SlotTables
load_tables(const ForestSlots *row, bool wide)
{
	SlotTables tables;

	for (int i = 0; i < 8; i++)
		tables.of[i] = i < 4 || wide ? _mm256_broadcastsi128_si256(_mm_load_si128(
		                                   (const __m128i *) (const void *) (row->slots + 16 * i)))
		                             : _mm256_setzero_si256();
	return tables;
}

/* From four tables, by bits 0 to 5 of the slot. */
AVX2_INLINE __m256i
pick_of_four(const __m256i *tables, __m256i lanes)
{
	__m256i bit_4 = _mm256_slli_epi16(lanes, 3);
	__m256i bit_5 = _mm256_slli_epi16(lanes, 2);
	__m256i low = _mm256_blendv_epi8(_mm256_shuffle_epi8(tables[0], lanes),
	                                 _mm256_shuffle_epi8(tables[1], lanes), bit_4);
	__m256i high = _mm256_blendv_epi8(_mm256_shuffle_epi8(tables[2], lanes),
	                                  _mm256_shuffle_epi8(tables[3], lanes), bit_4);

	return _mm256_blendv_epi8(low, high, bit_5);
}

AVX2_INLINE __m256i
pick_slots(const SlotTables *tables, __m256i lanes, bool wide)
{
	__m256i picked = pick_of_four(tables->of, lanes);

	if (wide)
		picked = _mm256_blendv_epi8(picked, pick_of_four(tables->of + 4, lanes),
		                            _mm256_slli_epi16(lanes, 1));
	return picked;
}

/* 32 decisions. */
AVX2_INLINE uint32_t
decide(const SlotTables *tables, __m256i lanes, __m256i thresholds, bool wide)
{
	__m256i above = _mm256_subs_epu8(pick_slots(tables, lanes, wide), thresholds);

	return ~(uint32_t) _mm256_movemask_epi8(_mm256_cmpeq_epi8(above, _mm256_setzero_si256()));
}

AVX2_INLINE uint64_t
decide_top(const SlotTables *tables, const ForestTop *top, bool wide)
{
	const __m256i *lanes = (const __m256i *) (const void *) top->slots;
	const __m256i *thresholds = (const __m256i *) (const void *) top->thresholds;
	uint32_t low = decide(tables, _mm256_load_si256(lanes), _mm256_load_si256(thresholds), wide);
	uint32_t high =
	    decide(tables, _mm256_load_si256(lanes + 1), _mm256_load_si256(thresholds + 1), wide);

	return low | (uint64_t) high << 32;
}

/* A chunk is one register: 16 lanes, 16 thresholds. */
AVX2_INLINE uint32_t
decide_chunk(const SlotTables *tables, const ForestChunk *chunk, bool wide)
{
	__m256i both = _mm256_load_si256((const __m256i *) (const void *) chunk->slots);

	return decide(tables, both, _mm256_permute2x128_si256(both, both, 0x11), wide) & 0x7fff;
}

/* Ranks */

AVX2_INLINE uint32_t
count_at_most(const float *floats, __m256 x)
{
	int low = _mm256_movemask_ps(_mm256_cmp_ps(_mm256_load_ps(floats), x, _CMP_LE_OQ));
	int high = _mm256_movemask_ps(_mm256_cmp_ps(_mm256_load_ps(floats + 8), x, _CMP_LE_OQ));

	return (uint32_t) __builtin_popcount((unsigned) (low | high << 8));
}

AVX2_INLINE void
rank_values(const ForestLanes *lanes, const float *values, ForestRanks *ranks)
{
	const ForestRanked *ranked = lanes->ranked;
	const float *separators = lanes->separators;
	const float *thresholds = lanes->thresholds;
	uint32_t n = lanes->n_ranked;

	for (uint32_t i = 0; i < n; i++, ranked++)
	{
		float value = values[ranked->feature];
		__m256 x = _mm256_set1_ps(value);
		const float *block = thresholds + (size_t) ranked->first_block * FOREST_BLOCK;
		uint32_t rank = 0;

		for (uint32_t v = forest_separator_vectors(ranked->n_thresholds); v > 0;
		     v--, separators += FOREST_BLOCK)
			rank += FOREST_BLOCK * count_at_most(separators, x);
		rank += count_at_most(block + rank, x);
		ranks->of[i] = (uint16_t) rank;
		ranks->of[FOREST_RIGHT_RANKS + i] = (uint16_t) (value != value ? UINT16_MAX : rank);
	}
}

AVX2_INLINE void
reduce_row(const ForestLanes *lanes, const float *values, ForestSlots *row)
{
	uint32_t n_slots = lanes->n_slots - lanes->n_pages;
	ForestRanks ranks;

	rank_values(lanes, values, &ranks);
	memset(row->slots, 0, FOREST_MAX_SLOTS);
	for (uint32_t i = 0; i < n_slots; i++)
	{
		uint32_t rank = ranks.of[lanes->slot_sources[i]];

		row->slots[i] = (uint8_t) (rank < FOREST_PAGE ? rank : FOREST_PAGE);
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

	for (uint32_t i = 0; i < n; i++)
		margin += leaves[i * FOREST_TOP_EXITS + exit_of_top(decisions[i])];
	return margin;
}

AVX2_INLINE float
add_leaves_of_tails(const ForestLanes *lanes, const ForestSlots *row, uint32_t first, uint32_t n,
                    const uint64_t *decisions, float margin)
{
	const float *leaves = lanes->leaves + (size_t) first * FOREST_TAIL_EXITS;

	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t exit = exit_of_top(decisions[i]);

		margin += leaves[i * FOREST_TAIL_EXITS + exit * 4 +
		                 forest_tail_exit(lanes, row, first + i, exit)];
	}
	return margin;
}

/* All trees of the tile go down together, so that one does not wait for the other. */
AVX2_INLINE float
add_leaves_of_chunks(const ForestLanes *lanes, const ForestSlots *row, const SlotTables *tables,
                     bool wide, uint32_t first, uint32_t n, const uint64_t *decisions, float margin)
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
			uint32_t right = decide_chunk(tables, &lanes->chunks[chunk], wide);

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
add_tile(const ForestLanes *lanes, ForestShape shape, bool wide, const ForestSlots *row,
         const SlotTables *tables, uint32_t first, uint32_t n, float margin)
{
	uint64_t decisions[FOREST_TILE];

	for (uint32_t i = 0; i < n; i++)
		decisions[i] = decide_top(tables, &lanes->tops[first + i], wide);
	for (uint32_t m = 0; m < row->n_mask_rows; m++)
	{
		const uint64_t *mask = forest_mask(lanes, row, m, first);

		for (uint32_t i = 0; i < n; i++)
			decisions[i] |= mask[i];
	}
	switch (shape)
	{
		case FOREST_SHAPE_TAILS:
			return add_leaves_of_tails(lanes, row, first, n, decisions, margin);
		case FOREST_SHAPE_CHUNKS:
			return add_leaves_of_chunks(lanes, row, tables, wide, first, n, decisions, margin);
		default:
			return add_leaves_of_tops(lanes, first, n, decisions, margin);
	}
}

/* Rows; compiled once for each shape and width. */

AVX2_INLINE float
sum_row(const Forest *forest, ForestShape shape, bool wide, const float *values)
{
	const ForestLanes *lanes = &forest->lanes;
	float margin = forest->base_margin;
	ForestSlots row;
	SlotTables tables;

	reduce_row(lanes, values, &row);
	tables = load_tables(&row, wide);
	for (uint32_t first = 0; first < forest->n_trees; first += FOREST_TILE)
	{
		uint32_t n = forest->n_trees - first;

		margin = add_tile(lanes, shape, wide, &row, &tables, first,
		                  n < FOREST_TILE ? n : FOREST_TILE, margin);
	}
	return margin;
}

AVX2_INLINE void
sum_block(const Forest *forest, ForestShape shape, bool wide, const float *values, size_t stride,
          uint32_t n_rows, float *margins)
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
			SlotTables tables = load_tables(&rows[r], wide);

			margins[r] = add_tile(lanes, shape, wide, &rows[r], &tables, first, n, margins[r]);
		}
	}
}

#define DEFINE_SUMS(name, shape, wide)                                                             \
	static AVX2 float sum_row_##name(const Forest *forest, const float *values)                    \
	{                                                                                              \
		return sum_row(forest, shape, wide, values);                                               \
	}                                                                                              \
	static AVX2 void sum_block_##name(const Forest *forest, const float *values, size_t stride,    \
	                                  uint32_t n_rows, float *margins)                             \
	{                                                                                              \
		sum_block(forest, shape, wide, values, stride, n_rows, margins);                           \
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

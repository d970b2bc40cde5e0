/*
 * forest_scalar.c
 *		Evaluates the layout for vectors without vectors, on any machine.
 *
 * What makes the layout good for registers makes it small, too: a tree of depth
 * 6 has two cache lines of splits instead of sixteen, and as all trees are
 * perfect, walks need no test for their end. Eight trees are walked in step, so
 * that their chains of loads overlap; no step branches on data.
 */
#include "core/forest_slots.h"

#include <string.h>

#define TREES_IN_STEP 8

#define FOREST_INLINE static inline __attribute__((always_inline))

/* Lanes by place in heap order: forest_lane() in a table. */
#define LANE_8(place) LANE_OF(place, 3)
#define LANE_4(place) LANE_OF(place, 2)
#define LANE_OF(place, half)                                                                       \
	((place) < 1 << (half) ? ((place) > 0 ? (place) -1 : 0)                                        \
	                       : LANE_BELOW(place, half, LEVELS_BELOW(place, half)))
#define LEVELS_BELOW(place, half)                                                                  \
	(((place) >= 2 << (half)) + ((place) >= 4 << (half)) + ((place) >= 8 << (half)))
#define LANE_BELOW(place, half, below)                                                             \
	(((1 << (half)) - 1) * (1 + ((place) >> (below)) - (1 << (half))) + (1 << (below)) - 1 +       \
	 (place) - ((place) >> (below) << (below)))

static const uint8_t lanes_of_top[64] = {FOREST_TABLE_64(LANE_8, 0)};
static const uint8_t lanes_of_chunk[16] = {FOREST_TABLE_16(LANE_4, 0)};

/* Four at a time, where the compiler knows how: SSE2 and NEON are part of their machines. */
typedef float Floats __attribute__((vector_size(16), may_alias));
typedef int32_t Counts __attribute__((vector_size(16)));

/* How many of 16 floats are at most x; none for NaN. */
FOREST_INLINE uint32_t
count_at_most(const float *sixteen, float x)
{
	const Floats *floats = (const Floats *) (const void *) sixteen;
	Floats xs = {x, x, x, x};
	Counts counts = (floats[0] <= xs) + (floats[1] <= xs) + (floats[2] <= xs) + (floats[3] <= xs);

	return (uint32_t) - (counts[0] + counts[1] + counts[2] + counts[3]);
}

static void
reduce_row(const ForestLanes *lanes, const float *values, ForestSlots *row)
{
	const float *separators = lanes->separators;
	ForestRanks ranks;

	memset(row->slots, 0, FOREST_MAX_SLOTS);
	for (uint32_t i = 0; i < lanes->n_ranked; i++)
	{
		const ForestRanked *ranked = &lanes->ranked[i];
		float x = values[ranked->feature];
		const float *thresholds = lanes->thresholds + (size_t) ranked->first_block * FOREST_BLOCK;
		uint32_t rank = 0;

		for (uint32_t v = forest_separator_vectors(ranked->n_thresholds); v > 0; v--)
		{
			rank += FOREST_BLOCK * count_at_most(separators, x);
			separators += FOREST_BLOCK;
		}
		rank += count_at_most(thresholds + rank, x);
		forest_set_slots(ranked, rank, x != x, row);
		forest_set_ranks(ranked, i, rank, x != x, &ranks);
	}
	forest_set_pages(lanes, &ranks, row);
	forest_set_categories(lanes, values, row);
}

/* One step down from a place; the lanes of a top or chunk, and what categories decide. */
FOREST_INLINE uint32_t
next_place(const uint8_t *slots, const uint8_t *lane_slots, const uint8_t *lane_thresholds,
           uint64_t mask, uint32_t lane, uint32_t place)
{
	return 2 * place + ((slots[lane_slots[lane]] > lane_thresholds[lane]) | (mask >> lane & 1));
}

FOREST_INLINE void
exits_of_step(const ForestTop *tops, const uint8_t *slots, const uint64_t *masks, uint32_t n,
              uint32_t *exits)
{
	uint32_t places[TREES_IN_STEP];

#pragma GCC unroll 8
	for (uint32_t i = 0; i < n; i++)
		places[i] = 1;
#pragma GCC unroll 6
	for (int level = 0; level < FOREST_TOP_LEVELS; level++)
#pragma GCC unroll 8
		for (uint32_t i = 0; i < n; i++)
			places[i] =
			    next_place(slots, tops[i].slots, tops[i].thresholds, masks != NULL ? masks[i] : 0,
			               lanes_of_top[places[i]], places[i]);
#pragma GCC unroll 8
	for (uint32_t i = 0; i < n; i++)
		exits[i] = places[i] - FOREST_TOP_EXITS;
}

/* Exits of the tops of a tile of n trees, eight at a time; masks: NULL for none. */
FOREST_INLINE void
exits_of_tops(const ForestTop *tops, const uint8_t *slots, const uint64_t *masks, uint32_t n,
              uint32_t *exits)
{
	uint32_t i = 0;

	for (; i + TREES_IN_STEP <= n; i += TREES_IN_STEP)
		exits_of_step(tops + i, slots, masks != NULL ? masks + i : NULL, TREES_IN_STEP, exits + i);
	for (; i < n; i++)
		exits_of_step(tops + i, slots, masks != NULL ? masks + i : NULL, 1, exits + i);
}

static void
find_exits(const ForestLanes *lanes, const ForestSlots *row, uint32_t first, uint32_t n,
           uint32_t *exits)
{
	uint64_t masks[FOREST_TILE];

	if (row->n_mask_rows == 0)
	{
		exits_of_tops(lanes->tops + first, row->slots, NULL, n, exits);
		return;
	}
	memset(masks, 0, n * sizeof(masks[0]));
	for (uint32_t m = 0; m < row->n_mask_rows; m++)
	{
		const uint64_t *mask = forest_mask(lanes, row, m, first);

		for (uint32_t i = 0; i < n; i++)
			masks[i] |= mask[i];
	}
	exits_of_tops(lanes->tops + first, row->slots, masks, n, exits);
}

/* Leaves: each adds those of n trees in order. */

static float
add_leaves_of_tails(const ForestLanes *lanes, const ForestSlots *row, uint32_t first, uint32_t n,
                    const uint32_t *exits, float margin)
{
	for (uint32_t i = 0; i < n; i++)
	{
		size_t at = (size_t) (first + i) * FOREST_TOP_EXITS + exits[i];

		margin += lanes->leaves[at * 4 + forest_tail_exit(lanes, row, first + i, exits[i])];
	}
	return margin;
}

static uint32_t
exit_of_chunk(const ForestChunk *chunk, const uint8_t *slots, uint32_t mask)
{
	uint32_t place = 1;

	for (int level = 0; level < FOREST_CHUNK_LEVELS; level++)
		place =
		    next_place(slots, chunk->slots, chunk->thresholds, mask, lanes_of_chunk[place], place);
	return chunk->exits[place - FOREST_CHUNK_EXITS];
}

/* All trees of the tile go down together, so that one does not wait for the other. */
static float
add_leaves_of_chunks(const ForestLanes *lanes, const ForestSlots *row, uint32_t first, uint32_t n,
                     const uint32_t *exits, float margin)
{
	const ForestChunkTree *trees = lanes->chunk_trees + first;
	ForestFront front;

	front.n_active = 0;
	for (uint32_t i = 0; i < n; i++)
		forest_front_take(&front, trees, i, trees[i].exits[exits[i]]);
	while (front.n_active > 0)
	{
		uint32_t n_active = front.n_active;

		front.n_active = 0;
		for (uint32_t i = 0; i < n_active; i++)
		{
			uint32_t chunk = front.chunks[i];
			uint32_t mask = row->n_mask_rows > 0 ? forest_chunk_mask(lanes, row, chunk) : 0;

			forest_front_take(&front, trees, front.trees[i],
			                  exit_of_chunk(&lanes->chunks[chunk], row->slots, mask));
		}
	}
	for (uint32_t i = 0; i < n; i++)
		margin += lanes->leaves[front.leaves[i]];
	return margin;
}

static float
add_tile(const ForestLanes *lanes, const ForestSlots *row, uint32_t first, uint32_t n, float margin)
{
	uint32_t exits[FOREST_TILE];

	find_exits(lanes, row, first, n, exits);
	switch (lanes->shape)
	{
		case FOREST_SHAPE_TAILS:
			return add_leaves_of_tails(lanes, row, first, n, exits, margin);
		case FOREST_SHAPE_CHUNKS:
			return add_leaves_of_chunks(lanes, row, first, n, exits, margin);
		default:
			for (uint32_t i = 0; i < n; i++)
				margin += lanes->leaves[(size_t) (first + i) * FOREST_TOP_EXITS + exits[i]];
			return margin;
	}
}

float
forest_margin_scalar(const Forest *forest, const float *row)
{
	float margin;

	forest_margins_scalar(forest, row, 0, 1, &margin);
	return margin;
}

/* Row by row through a tile of trees, which then is in cache for all of them. */
static void
sum_block(const Forest *forest, const float *values, size_t stride, uint32_t n_rows, float *margins)
{
	ForestSlots rows[FOREST_BLOCK_ROWS];

	for (uint32_t r = 0; r < n_rows; r++)
	{
		reduce_row(&forest->lanes, values + r * stride, &rows[r]);
		margins[r] = forest->base_margin;
	}
	for (uint32_t first = 0; first < forest->n_trees; first += FOREST_TILE)
	{
		uint32_t n = forest->n_trees - first;

		n = n < FOREST_TILE ? n : FOREST_TILE;
		for (uint32_t r = 0; r < n_rows; r++)
			margins[r] = add_tile(&forest->lanes, &rows[r], first, n, margins[r]);
	}
}

void
forest_margins_scalar(const Forest *forest, const float *rows, size_t stride, size_t n,
                      float *margins)
{
	for (size_t r = 0; r < n; r += FOREST_BLOCK_ROWS)
	{
		size_t left = n - r;

		sum_block(forest, rows + r * stride, stride,
		          (uint32_t) (left < FOREST_BLOCK_ROWS ? left : FOREST_BLOCK_ROWS), margins + r);
	}
}

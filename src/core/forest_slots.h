/*
 * forest_slots.h
 *		A row reduced to bytes: what all vector paths share. Private to the files
 *		forest_*.c that evaluate.
 *
 * Exactness rests on this: x < threshold[k] if and only if rank(x) <= k, where
 * rank(x) is the number of distinct thresholds t of the feature with t <= x, in
 * any order of floats that knows neither NaN nor rounding. A missing value has
 * rank 0 where it goes left and the highest where it goes right.
 */
#ifndef FRAUD_DETECT_FOREST_SLOTS_H
#define FRAUD_DETECT_FOREST_SLOTS_H

#include "core/forest_layout.h"

/*
 * Trees whose decisions are taken before their leaves are looked up; multiples of
 * 8. Many for one row, whose decisions can only be read once they have left the
 * processor's store queue; fewer for a block, whose decisions shall stay in cache.
 */
#define FOREST_TILE 128
#define FOREST_BLOCK_TILE 32
/* Rows of a block. */
#define FOREST_BLOCK_ROWS 64

typedef struct ForestSlots
{
	uint8_t slots[FOREST_MAX_SLOTS + 1] __attribute__((aligned(64))); /* and FOREST_NO_SLOT */
	uint32_t n_mask_rows;
	uint32_t mask_rows[FOREST_MAX_CATEGORY_FEATURES]; /* those of the row's categories */
} ForestSlots;

/*
 * Ranks of the features of a row: those for splits where missing goes left, then,
 * from FOREST_RIGHT_RANKS on, where it goes right. A rank is at most
 * FOREST_MAX_THRESHOLDS, so missing is above the last threshold of any page.
 */
typedef struct ForestRanks
{
	uint16_t of[2 * FOREST_RIGHT_RANKS] __attribute__((aligned(64)));
} ForestRanks;

/* The slots of a feature's first page. */
static inline void
forest_set_slots(const ForestRanked *ranked, uint32_t rank, bool missing, ForestSlots *row)
{
	uint8_t slot = (uint8_t) (rank < FOREST_PAGE ? rank : FOREST_PAGE);

	row->slots[ranked->left_slot] = slot;
	row->slots[ranked->right_slot] = missing ? FOREST_PAGE : slot;
}

/* The ranks that forest_set_pages() asks for. */
static inline void
forest_set_ranks(const ForestRanked *ranked, uint32_t i, uint32_t rank, bool missing,
                 ForestRanks *ranks)
{
	if (ranked->n_thresholds <= FOREST_PAGE)
		return;
	ranks->of[i] = (uint16_t) rank;
	ranks->of[FOREST_RIGHT_RANKS + i] = (uint16_t) (missing ? UINT16_MAX : rank);
}

static inline void
forest_set_pages(const ForestLanes *lanes, const ForestRanks *ranks, ForestSlots *row)
{
	for (uint32_t i = 0; i < lanes->n_pages; i++)
	{
		const ForestPage *page = &lanes->pages[i];
		uint32_t rank = ranks->of[page->ranked + (page->right ? FOREST_RIGHT_RANKS : 0)];

		rank = rank > page->base ? rank - page->base : 0;
		row->slots[page->slot] = (uint8_t) (rank < FOREST_PAGE ? rank : FOREST_PAGE);
	}
}

static inline void
forest_set_categories(const ForestLanes *lanes, const float *values, ForestSlots *row)
{
	row->n_mask_rows = 0;
	for (uint32_t i = 0; i < lanes->n_category_features; i++)
	{
		const ForestCategoryFeature *feature = &lanes->category_features[i];
		float x = values[feature->feature];
		uint32_t mask_row = FOREST_NO_ROW;

		if (x != x)
			mask_row = feature->missing_row;
		else if (x >= 0 && x < (float) FOREST_MAX_CATEGORY && (uint32_t) x < feature->n_codes)
			mask_row = lanes->category_rows[feature->first_code + (uint32_t) x];
		if (mask_row != FOREST_NO_ROW)
			row->mask_rows[row->n_mask_rows++] = mask_row;
	}
}

/* One of the masks of a row, from a word on. */
static inline const uint64_t *
forest_mask(const ForestLanes *lanes, const ForestSlots *row, uint32_t i, uint64_t word)
{
	return lanes->masks + (uint64_t) row->mask_rows[i] * lanes->mask_words + word;
}

/* The bits that categories set among the 16 of a chunk. */
static inline uint32_t
forest_chunk_mask(const ForestLanes *lanes, const ForestSlots *row, uint32_t chunk)
{
	uint64_t bits = 0;

	for (uint32_t i = 0; i < row->n_mask_rows; i++)
		bits |= *forest_mask(lanes, row, i, lanes->n_trees_padded + chunk / 4) >> chunk % 4 * 16;
	return (uint32_t) (bits & 0xffff);
}

/* What categories decide in the tail at an exit: bits 0, 2 and 4, for its three splits. */
static inline unsigned
forest_tail_mask(const ForestLanes *lanes, const ForestSlots *row, uint32_t tree, uint32_t exit)
{
	unsigned bits = 0;

	for (uint32_t i = 0; i < row->n_mask_rows; i++)
		for (uint32_t split = 0; split < 3; split++)
			bits |=
			    (unsigned) (*forest_mask(lanes, row, i,
			                             (uint64_t) (split + 1) * lanes->n_trees_padded + tree) >>
			                    exit &
			                1)
			    << 2 * split;
	return bits;
}

/* 0 to 3: the leaf that the tail at an exit leads to. Without a branch on its decisions. */
static inline uint32_t
forest_tail_exit(const ForestLanes *lanes, const ForestSlots *row, uint32_t tree, uint32_t exit)
{
	const uint8_t *upper = lanes->tails[(size_t) tree * FOREST_TOP_EXITS + exit].lanes;
	unsigned mask = row->n_mask_rows > 0 ? forest_tail_mask(lanes, row, tree, exit) : 0;
	unsigned right = (row->slots[upper[0]] > upper[1]) | (mask & 1);
	const uint8_t *lower = upper + 2 + 2 * right;

	return 2 * right + ((row->slots[lower[0]] > lower[1]) | (mask >> (2 + 2 * right) & 1));
}

/* The trees of a tile on their way down: where those stand that have not reached a leaf. */
typedef struct ForestFront
{
	uint32_t n_active;
	uint32_t chunks[FOREST_TILE]; /* of the active trees */
	uint8_t trees[FOREST_TILE];   /* the same: which they are */
	uint32_t leaves[FOREST_TILE]; /* by tree, once it has got there */
} ForestFront;

/* A tree took this exit. Without a branch: which way a tree goes cannot be predicted. */
static inline void
forest_front_take(ForestFront *front, const ForestChunkTree *trees, uint32_t tree, uint32_t exit)
{
	front->leaves[tree] = trees[tree].first_leaf + (exit & FOREST_MAX_EXIT);
	front->chunks[front->n_active] = trees[tree].first_chunk + exit;
	front->trees[front->n_active] = (uint8_t) tree;
	front->n_active += !(exit & FOREST_EXIT_LEAF);
}

/*
 * Exits by decisions: seven bits of a tree of three levels in heap order lead to
 * one of 8 exits, three bits of two levels to one of 4.
 */
#define FOREST_BIT(bits, i) ((bits) >> (i) &1)
#define FOREST_PLACE_1(bits) (2 + FOREST_BIT(bits, 0))
#define FOREST_PLACE_2(bits) (2 * FOREST_PLACE_1(bits) + FOREST_BIT(bits, FOREST_PLACE_1(bits) - 1))
#define FOREST_PLACE_3(bits) (2 * FOREST_PLACE_2(bits) + FOREST_BIT(bits, FOREST_PLACE_2(bits) - 1))
#define FOREST_EXIT_OF_8(bits) (FOREST_PLACE_3(bits) - 8)
#define FOREST_EXIT_OF_4(bits) (FOREST_PLACE_2(bits) - 4)
/* How far to shift for the decisions below such an exit, and the first exit below it. */
#define FOREST_SHIFT_OF_8(bits) (7 + 7 * FOREST_EXIT_OF_8(bits))
#define FOREST_BASE_OF_8(bits) (8 * FOREST_EXIT_OF_8(bits))
#define FOREST_SHIFT_OF_4(bits) (3 + 3 * FOREST_EXIT_OF_4(bits))
#define FOREST_BASE_OF_4(bits) (4 * FOREST_EXIT_OF_4(bits))

/* Exits by the three splits of a tail: bits 0, 2 and 4, since each has two bytes. */
#define FOREST_EXIT_OF_TAIL(bits)                                                                  \
	(FOREST_BIT(bits, 0) ? 2 + FOREST_BIT(bits, 4) : FOREST_BIT(bits, 2))

/* Tables over all values of the bits. */
#define FOREST_TABLE_4(f, b) f((b)), f((b) + 1), f((b) + 2), f((b) + 3)
#define FOREST_TABLE_16(f, b)                                                                      \
	FOREST_TABLE_4(f, b), FOREST_TABLE_4(f, (b) + 4), FOREST_TABLE_4(f, (b) + 8),                  \
	    FOREST_TABLE_4(f, (b) + 12)
#define FOREST_TABLE_64(f, b)                                                                      \
	FOREST_TABLE_16(f, b), FOREST_TABLE_16(f, (b) + 16), FOREST_TABLE_16(f, (b) + 32),             \
	    FOREST_TABLE_16(f, (b) + 48)

/* The paths. All of them give the same bits. */
extern float forest_margin_nodes(const Forest *forest, const float *row);
extern void forest_margins_nodes(const Forest *forest, const float *rows, size_t stride, size_t n,
                                 float *margins);
extern float forest_margin_scalar(const Forest *forest, const float *row);
extern void forest_margins_scalar(const Forest *forest, const float *rows, size_t stride, size_t n,
                                  float *margins);
extern float forest_margin_avx2(const Forest *forest, const float *row);
extern void forest_margins_avx2(const Forest *forest, const float *rows, size_t stride, size_t n,
                                float *margins);
extern float forest_margin_avx512(const Forest *forest, const float *row);
extern void forest_margins_avx512(const Forest *forest, const float *rows, size_t stride, size_t n,
                                  float *margins);

#endif

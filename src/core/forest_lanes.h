/*
 * forest_lanes.h
 *		The layout of a forest for vector registers (docs/engine.md). Private to the
 *		files forest*.c; part of the image (docs/image-format.md).
 *
 * A row is first reduced to bytes, its slots: the rank of a value among the
 * thresholds of its feature. Every split is then "slot > threshold goes right",
 * one lane of a register, and all splits of the top of a tree are decided at
 * once. The resulting bits lead to an exit: a leaf, or what lies below.
 */
#ifndef FRAUD_DETECT_FOREST_LANES_H
#define FRAUD_DETECT_FOREST_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"

/* FOREST_PORTABLE: as on another architecture, so that what is built there is tested here. */
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__)) && !defined(FOREST_PORTABLE)
#define FOREST_HAS_X86_PATHS 1
#else
#define FOREST_HAS_X86_PATHS 0
#endif

#define FOREST_TOP_LEVELS 6
#define FOREST_TOP_EXITS 64
#define FOREST_TAIL_LEVELS 8 /* of the whole tree */
#define FOREST_TAIL_EXITS 256
#define FOREST_CHUNK_LEVELS 4
#define FOREST_CHUNK_EXITS 16
#define FOREST_MAX_DEPTH_IN_CHUNKS 262 /* bounds the recursion into chunks */

#define FOREST_MAX_SLOTS 128
#define FOREST_NO_SLOT 128 /* written, never read */
#define FOREST_RIGHT_RANKS 128
#define FOREST_PAGE 255 /* thresholds that one slot can tell apart */
#define FOREST_BLOCK 16 /* floats compared at a time when a value is ranked */
#define FOREST_MAX_THRESHOLDS 65000

#define FOREST_NEVER_RIGHT 255  /* as threshold: no byte is greater */
#define FOREST_EXIT_LEAF 0x8000 /* else the exit is a chunk */
#define FOREST_MAX_EXIT 0x7fff

#define FOREST_MAX_CATEGORY_FEATURES 64
#define FOREST_MAX_CATEGORY_MASKS (1u << 20)  /* words of all rows of masks: 8 MB */
#define FOREST_MAX_CATEGORY_CHECKS (1u << 22) /* bits compared when an image is opened */
#define FOREST_NO_ROW UINT32_MAX

/* What lies below the top of the trees, by the deepest of them. */
typedef enum ForestShape
{
	FOREST_SHAPE_NONE,  /* no layout: only FOREST_PATH_NODES */
	FOREST_SHAPE_TOPS,  /* depth to 6: 64 leaves */
	FOREST_SHAPE_TAILS, /* depth to 8: three more splits at each exit, 256 leaves */
	FOREST_SHAPE_CHUNKS /* any: chunks of four levels */
} ForestShape;

/*
 * A feature with numerical splits. Its thresholds, strictly increasing, lie in
 * blocks of 16 that are filled up with NaN, at least one NaN at the end; its
 * separators are the last threshold of each full block, in vectors of 16, filled
 * up in the same way, at least one vector.
 */
typedef struct ForestRanked
{
	uint32_t feature;
	uint32_t n_thresholds;
	uint32_t first_separator; /* in vectors */
	uint32_t first_block;     /* in blocks */
	uint8_t left_slot;        /* of the first page where missing goes left; or FOREST_NO_SLOT */
	uint8_t right_slot;
	uint8_t reserved[2];
} ForestRanked;

/* A slot for thresholds base .. base + 254 of a ranked feature, base > 0. */
typedef struct ForestPage
{
	uint32_t base;
	uint16_t ranked;
	uint8_t slot;
	uint8_t right; /* 1: missing goes right */
} ForestPage;

/* The 63 splits of six levels; their lanes: forest_lane(). Lane 63 is not used. */
typedef struct ForestTop
{
	uint8_t slots[64];
	uint8_t thresholds[64];
} ForestTop;

/* Slot and threshold of a split of level 6 and of its left and right child; two zeros. */
typedef struct ForestTail
{
	uint8_t lanes[8];
} ForestTail;

/* 15 splits of four levels; lane 15 is not used. */
typedef struct ForestChunk
{
	uint8_t slots[16];
	uint8_t thresholds[16];
	uint16_t exits[FOREST_CHUNK_EXITS];
} ForestChunk;

/* Exits count the chunks and leaves of their tree. */
typedef struct ForestChunkTree
{
	uint32_t first_chunk;
	uint32_t first_leaf;
	uint16_t exits[FOREST_TOP_EXITS];
} ForestChunkTree;

/*
 * A feature with categorical splits. For each of its codes, category_rows has
 * the row of masks to be united with the decisions of the lanes, or FOREST_NO_ROW
 * where no split sends the code right; missing has a row of its own.
 */
typedef struct ForestCategoryFeature
{
	uint32_t feature;
	uint32_t first_code; /* in category_rows */
	uint32_t n_codes;
	uint32_t missing_row;
} ForestCategoryFeature;

_Static_assert(sizeof(ForestRanked) == 20, "layout of ForestRanked");
_Static_assert(sizeof(ForestPage) == 8, "layout of ForestPage");
_Static_assert(sizeof(ForestTop) == 128, "layout of ForestTop");
_Static_assert(sizeof(ForestTail) == 8, "layout of ForestTail");
_Static_assert(sizeof(ForestChunk) == 64, "layout of ForestChunk");
_Static_assert(sizeof(ForestChunkTree) == 136, "layout of ForestChunkTree");
_Static_assert(sizeof(ForestCategoryFeature) == 16, "layout of ForestCategoryFeature");

/* The sections of a layout; everything points into the image. */
typedef struct ForestLanes
{
	ForestShape shape;
	uint32_t n_trees_padded; /* to a multiple of 8; lanes of padding are zero */
	uint32_t n_slots;
	uint32_t n_ranked;
	uint32_t n_pages;
	uint32_t n_chunks;
	uint32_t n_leaves;
	uint32_t n_category_features;
	uint32_t n_codes;
	uint32_t n_mask_rows;
	uint32_t mask_words; /* of a row: a multiple of 8 */
	/* Index of the ranked feature of each slot of a first page, FOREST_RIGHT_RANKS more for right. */
	uint8_t slot_sources[FOREST_MAX_SLOTS];
	const ForestRanked *ranked;
	const float *separators;
	const float *thresholds;
	const ForestPage *pages;
	const ForestTop *tops;
	const ForestTail *tails;
	const ForestChunkTree *chunk_trees;
	const ForestChunk *chunks;
	const float *leaves;
	const ForestCategoryFeature *category_features;
	const uint32_t *category_rows;
	const uint64_t *masks;
} ForestLanes;

/*
 * The lane of a split, by its place in heap order (root 1, children 2p and
 * 2p + 1) in a tree of 2 * half levels: the upper half first, then one block of
 * lanes for each subtree of the lower half, in heap order each. So a shift
 * brings the decisions of any of these small trees to the bottom of a word.
 */
static inline unsigned
forest_lane(unsigned place, unsigned half)
{
	unsigned below = 0;
	unsigned block = (1u << half) - 1;
	unsigned root = place;

	while (root >= 2u << half)
	{
		root /= 2;
		below++;
	}
	if (root < 1u << half)
		return place - 1;
	return block + block * (root - (1u << half)) + (1u << below) - 1 + place - (root << below);
}

/* Vectors of separators of a feature. */
static inline uint32_t
forest_separator_vectors(uint32_t n_thresholds)
{
	uint32_t n_separators = n_thresholds / FOREST_BLOCK;

	return n_separators <= FOREST_BLOCK ? 1 : (n_separators + FOREST_BLOCK - 1) / FOREST_BLOCK;
}

/* The deepest tree that a layout of this shape can hold. */
static inline uint32_t
forest_shape_levels(ForestShape shape)
{
	switch (shape)
	{
		case FOREST_SHAPE_TOPS:
			return FOREST_TOP_LEVELS;
		case FOREST_SHAPE_TAILS:
			return FOREST_TAIL_LEVELS;
		default:
			return FOREST_MAX_DEPTH_IN_CHUNKS;
	}
}

/* Words of a row of masks: one for each top, then those of what lies below. */
static inline uint64_t
forest_mask_words(ForestShape shape, uint64_t n_trees_padded, uint64_t n_chunks)
{
	switch (shape)
	{
		case FOREST_SHAPE_TAILS:
			return 4 * n_trees_padded;
		case FOREST_SHAPE_CHUNKS:
			return n_trees_padded + (n_chunks / 4 + 8) / 8 * 8;
		default:
			return n_trees_padded;
	}
}

#endif

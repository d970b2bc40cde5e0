/*
 * forest_lanes_alone.c
 *		Proves that a layout without nodes beside it is that of trees.
 *
 * A lane is a split if its threshold is not FOREST_NEVER_RIGHT. What the writer makes
 * of a tree has one form, and only that is accepted: no split below a place that is
 * none, and all exits below such a place lead to one leaf. So the trees can be read
 * back (forest_make_nodes.c), and every path decides the same, as it would with nodes.
 * One pass, and hardly a branch: a session waits for it.
 */
#include <string.h>

#include "core/forest_layout.h"
#include "core/forest_places.h"

#define FLOAT_EXPONENT 0x7f800000u /* all ones: infinite or NaN */

typedef struct AloneVerifier
{
	const Forest *forest;
	const uint8_t *n_thresholds; /* by slot */
	ForestPlaceLanes places;
	uint64_t n_splits;
	uint32_t next_chunk; /* of the tree at hand, as they are numbered there */
	uint32_t next_leaf;
} AloneVerifier;

/* A threshold that the slot has, or the lane of no split. */
static inline bool
lane_is_wrong(const AloneVerifier *verifier, uint8_t slot, uint8_t threshold)
{
	return (threshold >= verifier->n_thresholds[slot]) &
	       ((threshold != FOREST_NEVER_RIGHT) | (slot != 0));
}

/* The lanes of a top or a chunk; splits[place] says which are splits. The last lane is not used. */
static bool
verify_lanes(const AloneVerifier *verifier, const uint8_t *slots, const uint8_t *thresholds,
             const uint8_t *lane_of_place, unsigned n_exits, uint8_t *splits)
{
	unsigned wrong = slots[n_exits - 1] | thresholds[n_exits - 1];

	for (unsigned lane = 0; lane < n_exits - 1; lane++)
		wrong |= lane_is_wrong(verifier, slots[lane], thresholds[lane]);
	for (unsigned place = 1; place < n_exits; place++)
		splits[place] = thresholds[lane_of_place[place]] != FOREST_NEVER_RIGHT;
	return wrong == 0;
}

static bool
verify_tails(const AloneVerifier *verifier, const ForestTail *tails, uint8_t *splits)
{
	unsigned wrong = 0;

	for (unsigned exit = 0; exit < FOREST_TOP_EXITS; exit++)
	{
		const uint8_t *lanes = tails[exit].lanes;

		for (unsigned i = 0; i < 3; i++)
			wrong |= lane_is_wrong(verifier, lanes[2 * i], lanes[2 * i + 1]);
		wrong |= lanes[6] | lanes[7];
		splits[FOREST_TOP_EXITS + exit] = lanes[1] != FOREST_NEVER_RIGHT;
		splits[2 * FOREST_TOP_EXITS + 2 * exit] = lanes[3] != FOREST_NEVER_RIGHT;
		splits[2 * FOREST_TOP_EXITS + 2 * exit + 1] = lanes[5] != FOREST_NEVER_RIGHT;
	}
	return wrong == 0;
}

/* No split below a place that is none. */
static bool
verify_splits(AloneVerifier *verifier, const uint8_t *splits, unsigned n_exits)
{
	unsigned wrong = 0;
	unsigned n = splits[1];

	for (unsigned place = 2; place < n_exits; place++)
	{
		wrong |= splits[place] & ~splits[place / 2];
		n += splits[place];
	}
	verifier->n_splits += n;
	return wrong == 0;
}

/* Finite, and one leaf wherever no split tells two exits apart. */
static bool
verify_leaves(const float *leaves, const uint8_t *splits, unsigned n_exits)
{
	uint32_t bits[FOREST_TAIL_EXITS];
	unsigned wrong = 0;
	unsigned half = n_exits / 2;

	memcpy(bits, leaves, n_exits * sizeof(float));
	for (unsigned exit = 0; exit < n_exits; exit++)
		wrong |= (bits[exit] & FLOAT_EXPONENT) == FLOAT_EXPONENT;
	for (unsigned level = 1; level < n_exits; level *= 2, half /= 2)
		for (unsigned i = 0; i < level; i++)
			wrong |= (bits[2 * i * half] != bits[(2 * i + 1) * half]) & !splits[level + i];
	return wrong == 0;
}

/* Trees of depth to 6 or to 8. */
static bool
verify_perfect_tree(AloneVerifier *verifier, uint32_t tree, unsigned n_exits)
{
	const ForestLanes *lanes = &verifier->forest->lanes;
	const ForestTop *top = &lanes->tops[tree];
	uint8_t splits[FOREST_TAIL_EXITS];

	return verify_lanes(verifier, top->slots, top->thresholds, verifier->places.top,
	                    FOREST_TOP_EXITS, splits) &&
	       (n_exits == FOREST_TOP_EXITS ||
	        verify_tails(verifier, &lanes->tails[(size_t) tree * FOREST_TOP_EXITS], splits)) &&
	       verify_splits(verifier, splits, n_exits) &&
	       verify_leaves(lanes->leaves + (size_t) tree * n_exits, splits, n_exits);
}

static bool verify_chunk(AloneVerifier *verifier, uint32_t tree, unsigned levels_above);

/* The highest place that is no split on the way to an exit, or the exit itself. */
static unsigned
owner_of_exit(const uint8_t *splits, unsigned exit_place)
{
	unsigned owner = exit_place;

	for (unsigned place = exit_place / 2; place > 0; place /= 2)
		owner = splits[place] ? owner : place;
	return owner;
}

static bool
verify_leaf(AloneVerifier *verifier, const ForestChunkTree *tree)
{
	const ForestLanes *lanes = &verifier->forest->lanes;
	uint64_t leaf = (uint64_t) tree->first_leaf + verifier->next_leaf;
	uint32_t bits;

	if (leaf >= lanes->n_leaves)
		return false;
	memcpy(&bits, &lanes->leaves[leaf], sizeof(bits));
	verifier->next_leaf++;
	return (bits & FLOAT_EXPONENT) != FLOAT_EXPONENT;
}

/* Leaves and chunks are numbered in the order in which exits come to them, depth first. */
static bool
verify_exits(AloneVerifier *verifier, uint32_t tree, const uint16_t *exits, const uint8_t *splits,
             unsigned n_exits, unsigned levels)
{
	unsigned last_owner = 0;

	for (unsigned exit = 0; exit < n_exits; exit++)
	{
		unsigned owner = owner_of_exit(splits, n_exits + exit);
		bool is_new = owner != last_owner;
		bool is_leaf = exits[exit] >= FOREST_EXIT_LEAF;
		uint32_t number = is_leaf ? verifier->next_leaf - (is_new ? 0 : 1) + FOREST_EXIT_LEAF
		                          : verifier->next_chunk;

		last_owner = owner;
		if (exits[exit] != number)
			return false;
		if (!is_leaf && (owner != n_exits + exit || !verify_chunk(verifier, tree, levels)))
			return false;
		if (is_leaf && is_new && !verify_leaf(verifier, &verifier->forest->lanes.chunk_trees[tree]))
			return false;
	}
	return true;
}

/* Begins with a split: else the exit above would be a leaf. */
static bool
verify_chunk(AloneVerifier *verifier, uint32_t tree, unsigned levels_above)
{
	const ForestLanes *lanes = &verifier->forest->lanes;
	uint64_t number = (uint64_t) lanes->chunk_trees[tree].first_chunk + verifier->next_chunk++;
	unsigned levels = levels_above + FOREST_CHUNK_LEVELS;
	uint8_t splits[FOREST_CHUNK_EXITS];
	const ForestChunk *chunk;

	if (number >= lanes->n_chunks || levels > FOREST_MAX_DEPTH_IN_CHUNKS)
		return false;
	chunk = &lanes->chunks[number];
	return verify_lanes(verifier, chunk->slots, chunk->thresholds, verifier->places.chunk,
	                    FOREST_CHUNK_EXITS, splits) &&
	       splits[1] && verify_splits(verifier, splits, FOREST_CHUNK_EXITS) &&
	       verify_exits(verifier, tree, chunk->exits, splits, FOREST_CHUNK_EXITS, levels);
}

/* Any shape; *first_chunk and *first_leaf are where the tree before it ended. */
static bool
verify_tree_with_chunks(AloneVerifier *verifier, uint32_t tree, uint32_t *first_chunk,
                        uint32_t *first_leaf)
{
	const ForestLanes *lanes = &verifier->forest->lanes;
	const ForestChunkTree *stored = &lanes->chunk_trees[tree];
	const ForestTop *top = &lanes->tops[tree];
	uint8_t splits[FOREST_TOP_EXITS];

	verifier->next_chunk = verifier->next_leaf = 0;
	if (stored->first_chunk != *first_chunk || stored->first_leaf != *first_leaf ||
	    !verify_lanes(verifier, top->slots, top->thresholds, verifier->places.top, FOREST_TOP_EXITS,
	                  splits) ||
	    !verify_splits(verifier, splits, FOREST_TOP_EXITS) ||
	    !verify_exits(verifier, tree, stored->exits, splits, FOREST_TOP_EXITS, FOREST_TOP_LEVELS))
		return false;
	*first_chunk += verifier->next_chunk;
	*first_leaf += verifier->next_leaf;
	return true;
}

/* Tops and tails behind the last tree are zero. */
static bool
verify_padding(const Forest *forest)
{
	const ForestLanes *lanes = &forest->lanes;
	size_t n = lanes->n_trees_padded - forest->n_trees;
	const uint8_t *tops = (const uint8_t *) &lanes->tops[forest->n_trees];
	const uint8_t *tails =
	    (const uint8_t *) &lanes->tails[(size_t) forest->n_trees * FOREST_TOP_EXITS];
	size_t n_of_tails =
	    lanes->shape == FOREST_SHAPE_TAILS ? n * FOREST_TOP_EXITS * sizeof(ForestTail) : 0;
	unsigned wrong = 0;

	for (size_t i = 0; i < n * sizeof(ForestTop); i++)
		wrong |= tops[i];
	for (size_t i = 0; i < n_of_tails; i++)
		wrong |= tails[i];
	return wrong == 0;
}

static bool
verify_trees(AloneVerifier *verifier)
{
	const Forest *forest = verifier->forest;
	const ForestLanes *lanes = &forest->lanes;
	uint32_t first_chunk = 0;
	uint32_t first_leaf = 0;

	for (uint32_t tree = 0; tree < forest->n_trees; tree++)
	{
		bool ok = lanes->shape == FOREST_SHAPE_CHUNKS
		              ? verify_tree_with_chunks(verifier, tree, &first_chunk, &first_leaf)
		          : lanes->shape == FOREST_SHAPE_TAILS
		              ? verify_perfect_tree(verifier, tree, FOREST_TAIL_EXITS)
		              : verify_perfect_tree(verifier, tree, FOREST_TOP_EXITS);

		if (!ok)
			return false;
	}
	return lanes->shape != FOREST_SHAPE_CHUNKS ||
	       (first_chunk == lanes->n_chunks && first_leaf == lanes->n_leaves);
}

bool
forest_lanes_verify_alone(Forest *forest, const ForestSlotLimits *limits)
{
	AloneVerifier verifier = {.forest = forest, .n_thresholds = limits->n_thresholds};

	forest_place_lanes(&verifier.places);
	if (!verify_trees(&verifier) || !verify_padding(forest) ||
	    2 * verifier.n_splits + forest->n_trees > FOREST_MAX_NODES)
		return false;
	forest->n_nodes = (uint32_t) (2 * verifier.n_splits + forest->n_trees);
	return true;
}

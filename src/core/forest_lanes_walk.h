/*
 * forest_lanes_walk.h
 *		Goes through a layout and its trees side by side: the one description of where
 *		a split or leaf lies in a layout. The writer and the verifier both go through
 *		it, so they cannot disagree.
 *
 * A header, because what a visitor does with a lane is less than a call of it
 * takes: each of forest_lanes_write.c and forest_lanes_open.c includes it, defines
 * visit_lane and visit_bytes, and gets a walk with these two inside.
 */
#ifndef FRAUD_DETECT_FOREST_LANES_WALK_H
#define FRAUD_DETECT_FOREST_LANES_WALK_H

#include "core/forest_places.h"
#include "core/forest_tree.h"

typedef struct LaneVisitor
{
	const Forest *forest;    /* with a layout whose sections have their sizes */
	ForestPlaceLanes places; /* filled in by the walk */
} LaneVisitor;

/*
 * A lane and the node it decides: a split, or the leaf above in whose place
 * it stands. bit is the lane's place in a row of masks. False ends the walk.
 */
static inline bool visit_lane(LaneVisitor *visitor, const ForestNode *node, const uint8_t *slot,
                              const uint8_t *threshold, uint64_t bit);

/* Bytes of the layout and what they are. */
static bool visit_bytes(LaneVisitor *visitor, const void *place, const void *content, size_t size);

static bool
visit_top(LaneVisitor *visitor, const ForestNode *const *at, uint32_t tree)
{
	const ForestTop *top = &visitor->forest->lanes.tops[tree];
	static const uint8_t zero = 0;

	for (unsigned place = 1; place < FOREST_TOP_EXITS; place++)
	{
		unsigned lane = visitor->places.top[place];

		if (!visit_lane(visitor, at[place], &top->slots[lane], &top->thresholds[lane],
		                (uint64_t) tree * 64 + lane))
			return false;
	}
	return visit_bytes(visitor, &top->slots[63], &zero, 1) &&
	       visit_bytes(visitor, &top->thresholds[63], &zero, 1);
}

/* Depth to 6: the exits are the leaves. */
static bool
visit_tree_of_top(LaneVisitor *visitor, const ForestNode *root, uint32_t tree)
{
	const float *leaves = visitor->forest->lanes.leaves + (size_t) tree * FOREST_TOP_EXITS;
	const ForestNode *at[2 * FOREST_TOP_EXITS];

	forest_spread(root, FOREST_TOP_LEVELS, at);
	if (!visit_top(visitor, at, tree))
		return false;
	for (unsigned exit = 0; exit < FOREST_TOP_EXITS; exit++)
		if (!visit_bytes(visitor, &leaves[exit], &at[FOREST_TOP_EXITS + exit]->value,
		                 sizeof(float)))
			return false;
	return true;
}

/*
 * Depth to 8: below each exit of the top a split of level 6 and two of level 7.
 * Their masks follow those of the tops: a word of 64 exits for the upper split
 * of each tree, then for the left, then for the right ones.
 */
static bool
visit_tree_with_tails(LaneVisitor *visitor, const ForestNode *root, uint32_t tree)
{
	const ForestLanes *lanes = &visitor->forest->lanes;
	const float *leaves = lanes->leaves + (size_t) tree * FOREST_TAIL_EXITS;
	const ForestNode *at[2 * FOREST_TAIL_EXITS];

	forest_spread(root, FOREST_TAIL_LEVELS, at);
	if (!visit_top(visitor, at, tree))
		return false;
	for (unsigned exit = 0; exit < FOREST_TOP_EXITS; exit++)
	{
		const uint8_t *tail = lanes->tails[(size_t) tree * FOREST_TOP_EXITS + exit].lanes;
		static const uint8_t zeros[2] = {0};
		unsigned upper = FOREST_TOP_EXITS + exit;
		const unsigned places[3] = {upper, 2 * upper, 2 * upper + 1};

		for (unsigned i = 0; i < 3; i++)
			if (!visit_lane(visitor, at[places[i]], &tail[2 * i], &tail[2 * i + 1],
			                ((uint64_t) (i + 1) * lanes->n_trees_padded + tree) * 64 + exit))
				return false;
		if (!visit_bytes(visitor, &tail[6], zeros, sizeof(zeros)))
			return false;
	}
	for (unsigned exit = 0; exit < FOREST_TAIL_EXITS; exit++)
		if (!visit_bytes(visitor, &leaves[exit], &at[FOREST_TAIL_EXITS + exit]->value,
		                 sizeof(float)))
			return false;
	return true;
}

/* How far the chunks and leaves of a tree have been visited; numbers within the tree. */
typedef struct ChunkWalk
{
	LaneVisitor *visitor;
	const ForestChunkTree *tree;
	uint32_t next_chunk;
	uint32_t next_leaf;
} ChunkWalk;

static bool visit_chunk(ChunkWalk *walk, const ForestNode *root);

/*
 * The exits of a top or chunk: a leaf that stands at several of them, next to
 * each other, is one leaf; a split begins a chunk.
 */
static bool
visit_exits(ChunkWalk *walk, const ForestNode *const *at, const uint16_t *exits, unsigned n_exits)
{
	LaneVisitor *visitor = walk->visitor;
	const ForestLanes *lanes = &visitor->forest->lanes;

	for (unsigned exit = 0; exit < n_exits; exit++)
	{
		bool is_leaf = at[exit]->left == 0;
		bool is_new = exit == 0 || at[exit] != at[exit - 1];
		uint32_t leaf = walk->next_leaf - (is_leaf && !is_new);
		uint32_t number = is_leaf ? leaf : walk->next_chunk;
		uint16_t code = (uint16_t) (is_leaf ? FOREST_EXIT_LEAF | number : number);

		if (number > FOREST_MAX_EXIT || !visit_bytes(visitor, &exits[exit], &code, sizeof(code)))
			return false;
		if (!is_leaf && !visit_chunk(walk, at[exit]))
			return false;
		if (!is_leaf || !is_new)
			continue;
		if (walk->tree->first_leaf + leaf >= lanes->n_leaves ||
		    !visit_bytes(visitor, &lanes->leaves[walk->tree->first_leaf + leaf], &at[exit]->value,
		                 sizeof(float)))
			return false;
		walk->next_leaf++;
	}
	return true;
}

/* The depth of the tree, at most FOREST_MAX_DEPTH_IN_CHUNKS, bounds the recursion. */
static bool
visit_chunk(ChunkWalk *walk, const ForestNode *root)
{
	LaneVisitor *visitor = walk->visitor;
	const ForestLanes *lanes = &visitor->forest->lanes;
	uint64_t number = (uint64_t) walk->tree->first_chunk + walk->next_chunk++;
	const ForestNode *at[2 * FOREST_CHUNK_EXITS];
	const ForestChunk *chunk;
	static const uint8_t zero = 0;

	if (number >= lanes->n_chunks)
		return false;
	chunk = &lanes->chunks[number];
	forest_spread(root, FOREST_CHUNK_LEVELS, at);
	for (unsigned place = 1; place < FOREST_CHUNK_EXITS; place++)
	{
		unsigned lane = visitor->places.chunk[place];

		if (!visit_lane(visitor, at[place], &chunk->slots[lane], &chunk->thresholds[lane],
		                (uint64_t) lanes->n_trees_padded * 64 + number * 16 + lane))
			return false;
	}
	return visit_bytes(visitor, &chunk->slots[15], &zero, 1) &&
	       visit_bytes(visitor, &chunk->thresholds[15], &zero, 1) &&
	       visit_exits(walk, at + FOREST_CHUNK_EXITS, chunk->exits, FOREST_CHUNK_EXITS);
}

/* Any shape; *next_chunk and *next_leaf are where the tree before it ended. */
static bool
visit_tree_with_chunks(LaneVisitor *visitor, const ForestNode *root, uint32_t tree,
                       uint32_t *next_chunk, uint32_t *next_leaf)
{
	const ForestChunkTree *stored = &visitor->forest->lanes.chunk_trees[tree];
	const ForestNode *at[2 * FOREST_TOP_EXITS];
	ChunkWalk walk = {visitor, stored, 0, 0};

	if (!visit_bytes(visitor, &stored->first_chunk, next_chunk, sizeof(uint32_t)) ||
	    !visit_bytes(visitor, &stored->first_leaf, next_leaf, sizeof(uint32_t)))
		return false;
	forest_spread(root, FOREST_TOP_LEVELS, at);
	if (!visit_top(visitor, at, tree) ||
	    !visit_exits(&walk, at + FOREST_TOP_EXITS, stored->exits, FOREST_TOP_EXITS))
		return false;
	*next_chunk += walk.next_chunk;
	*next_leaf += walk.next_leaf;
	return true;
}

static bool
visit_padding(LaneVisitor *visitor)
{
	const ForestLanes *lanes = &visitor->forest->lanes;
	static const ForestTop no_top = {{0}, {0}};
	static const ForestTail no_tail = {{0}};

	for (uint32_t tree = visitor->forest->n_trees; tree < lanes->n_trees_padded; tree++)
	{
		if (!visit_bytes(visitor, &lanes->tops[tree], &no_top, sizeof(no_top)))
			return false;
		for (unsigned exit = 0; lanes->shape == FOREST_SHAPE_TAILS && exit < FOREST_TOP_EXITS;
		     exit++)
			if (!visit_bytes(visitor, &lanes->tails[(size_t) tree * FOREST_TOP_EXITS + exit],
			                 &no_tail, sizeof(no_tail)))
				return false;
	}
	return true;
}

/*
 * Visits tops, tails, chunks and leaves in full, in their order, and nothing
 * outside of their sections. False if the visitor said so, or if the trees do
 * not fit or do not fill the sections.
 */
static bool
forest_lanes_walk(LaneVisitor *visitor)
{
	const Forest *forest = visitor->forest;
	ForestShape shape = forest->lanes.shape;
	uint32_t next_chunk = 0;
	uint32_t next_leaf = 0;

	forest_place_lanes(&visitor->places);
	for (uint32_t tree = 0; tree < forest->n_trees; tree++)
	{
		const ForestNode *root = &forest->nodes[forest->roots[tree]];
		bool ok = shape == FOREST_SHAPE_TOPS ? visit_tree_of_top(visitor, root, tree)
		          : shape == FOREST_SHAPE_TAILS
		              ? visit_tree_with_tails(visitor, root, tree)
		              : visit_tree_with_chunks(visitor, root, tree, &next_chunk, &next_leaf);

		if (!ok)
			return false;
	}
	if (shape == FOREST_SHAPE_CHUNKS &&
	    (next_chunk != forest->lanes.n_chunks || next_leaf != forest->lanes.n_leaves))
		return false;
	return visit_padding(visitor);
}

#endif

/*
 * forest_lanes_walk.h
 *		The one description of where a split or leaf lies in a layout: the writer and
 *		the verifier both go through it, so they cannot disagree. Private to the
 *		files forest_lanes*.c.
 */
#ifndef FRAUD_DETECT_FOREST_LANES_WALK_H
#define FRAUD_DETECT_FOREST_LANES_WALK_H

#include "core/forest_layout.h"

typedef struct LaneVisitor LaneVisitor;

struct LaneVisitor
{
	const Forest *forest; /* with a layout whose sections have their sizes */

	/*
	 * A lane and the node it decides: a split, or the leaf above in whose place
	 * it stands. bit is the lane's place in a row of masks. False ends the walk.
	 */
	bool (*lane)(LaneVisitor *visitor, const ForestNode *node, const uint8_t *slot,
	             const uint8_t *threshold, uint64_t bit);

	/* Bytes of the layout and what they are. */
	bool (*bytes)(LaneVisitor *visitor, const void *place, const void *content, size_t size);
};

/*
 * Visits tops, tails, chunks and leaves in full, in their order, and nothing
 * outside of their sections. False if the visitor said so, or if the trees do
 * not fit or do not fill the sections.
 */
extern bool forest_lanes_walk(LaneVisitor *visitor);

/* Levels of splits of the deepest tree. */
extern uint32_t forest_depth(const Forest *forest);

/* Chunks below the tops of all trees, for trees of at most FOREST_MAX_DEPTH_IN_CHUNKS levels. */
extern uint64_t forest_count_chunks(const Forest *forest);

/* Index behind the last node of a tree. */
static inline uint32_t
forest_tree_end(const Forest *forest, uint32_t tree)
{
	return tree + 1 < forest->n_trees ? forest->roots[tree + 1] : forest->n_nodes;
}

#endif

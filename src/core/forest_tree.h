/*
 * forest_tree.h
 *		The shape of trees. Private to the files forest*.c.
 */
#ifndef FRAUD_DETECT_FOREST_TREE_H
#define FRAUD_DETECT_FOREST_TREE_H

#include "core/forest_layout.h"

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

/*
 * A tree spread over a perfect tree of so many levels: nodes in heap order, from 1; the last
 * 2^levels are its exits. A leaf that comes early stands in all places below its own, where no
 * split is, and every exit below it leads to it.
 */
static inline void
forest_spread(const ForestNode *root, unsigned levels, const ForestNode **at)
{
	at[1] = root;
	for (unsigned place = 1; place < 1u << levels; place++)
	{
		const ForestNode *node = at[place];

		at[2 * place] = node + node->left;
		at[2 * place + 1] = node + node->left + (node->left != 0);
	}
}

#endif

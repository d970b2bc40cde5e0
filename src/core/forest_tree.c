/*
 * forest_tree.c
 *		The shape of trees: how deep they are, and how many chunks they would take.
 */
#include "core/forest_tree.h"

/* In breadth-first order a level is as long as the splits of the one before it say. */
static uint32_t
tree_depth(const Forest *forest, uint32_t tree)
{
	uint32_t end = forest_tree_end(forest, tree);
	uint32_t i = forest->roots[tree];
	uint32_t level_end = i + 1;
	uint32_t next_end = i + 1;
	uint32_t depth = 0;

	for (; i < end; i++)
	{
		if (i == level_end)
		{
			depth++;
			level_end = next_end;
		}
		next_end += forest->nodes[i].left != 0 ? 2 : 0;
	}
	return depth;
}

uint32_t
forest_depth(const Forest *forest)
{
	uint32_t deepest = 0;

	for (uint32_t tree = 0; tree < forest->n_trees; tree++)
	{
		uint32_t depth = tree_depth(forest, tree);

		deepest = depth > deepest ? depth : deepest;
	}
	return deepest;
}

static uint64_t
count_chunks(const ForestNode *root, unsigned levels)
{
	const ForestNode *at[2 * FOREST_TOP_EXITS];
	uint64_t n = 0;

	forest_spread(root, levels, at);
	for (unsigned place = 1u << levels; place < 2u << levels; place++)
		if (at[place]->left != 0)
			n += 1 + count_chunks(at[place], FOREST_CHUNK_LEVELS);
	return n;
}

uint64_t
forest_count_chunks(const Forest *forest)
{
	uint64_t n = 0;

	for (uint32_t tree = 0; tree < forest->n_trees; tree++)
		n += count_chunks(&forest->nodes[forest->roots[tree]], FOREST_TOP_LEVELS);
	return n;
}

/*
 * row_block.h
 *		Rows of one model that are evaluated together: the engine's blocks are
 *		faster than one row at a time, and give the same bits.
 */
#ifndef FRAUD_DETECT_ROW_BLOCK_H
#define FRAUD_DETECT_ROW_BLOCK_H

#include "core/forest.h"

#define ROW_BLOCK_ROWS 64

typedef struct RowBlock
{
	const Forest *forest;
	int n;                         /* rows in it */
	float margins[ROW_BLOCK_ROWS]; /* of its rows, once evaluated */
	float features[FLEXIBLE_ARRAY_MEMBER];
} RowBlock;

/* An empty block in CurrentMemoryContext. The forest must outlive it. */
extern RowBlock *row_block_create(const Forest *forest);

/* Takes a row into a block that is not full: where its features are to be written. */
static inline float *
row_block_add(RowBlock *block)
{
	return block->features + (Size) block->n++ * block->forest->n_features;
}

static inline bool
row_block_is_full(const RowBlock *block)
{
	return block->n == ROW_BLOCK_ROWS;
}

static inline void
row_block_evaluate(RowBlock *block)
{
	forest_margins(block->forest, block->features, block->forest->n_features, block->n,
	               block->margins);
}

/* The probability of fraud of an evaluated row. FD005, with the model's label, where there is none. */
extern double row_block_score(const RowBlock *block, int row, const char *model);

#endif

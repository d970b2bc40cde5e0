/*
 * row_block.c
 *		Makes blocks of rows.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "scoring/row_block.h"

RowBlock *
row_block_create(const Forest *forest)
{
	Size n_floats = (Size) ROW_BLOCK_ROWS * forest->n_features;
	RowBlock *block = palloc(offsetof(RowBlock, features) + n_floats * sizeof(float));

	block->forest = forest;
	block->n = 0;
	return block;
}

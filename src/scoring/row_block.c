/*
 * row_block.c
 *		Makes blocks of rows, and scores of their margins.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "pg/errors.h"
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

double
row_block_score(const RowBlock *block, int row, const char *model)
{
	double score = forest_probability(block->forest, block->margins[row]);

	if (isnan(score))
		ereport(ERROR,
		        (errcode(ERRCODE_FRAUD_MODEL_DAMAGED),
		         errmsg("model gives a row no probability of fraud"), errdetail("%s.", model)));
	return score;
}

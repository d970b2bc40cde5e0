/*
 * scored_rows.h
 *		Scores and labels of many rows in memory, within fraud_detect.max_training_memory.
 */
#ifndef FRAUD_DETECT_SCORED_ROWS_H
#define FRAUD_DETECT_SCORED_ROWS_H

#include "core/ranking.h"
#include "utils/palloc.h"

/* Zero but for context and bytes_per_row in the beginning. */
typedef struct ScoredRows
{
	MemoryContext context;
	Size bytes_per_row; /* that count against the limit, what is computed from a row included */
	ScoredRow *rows;
	Size n;
	Size capacity;
} ScoredRows;

/* 53400 beyond the limit; FD005, with the model's label, where the score is NaN. */
extern void scored_rows_add(ScoredRows *rows, double score, uint8 label, const char *model);

#endif

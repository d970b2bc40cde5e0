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

/*
 * Room for more than n rows, of which each counts so many bytes against the limit: twice the capacity,
 * or as many as are allowed. 53400 where no more are.
 */
extern Size scored_rows_room(Size n, Size capacity, Size bytes_per_row);

/* The score must not be NaN. 53400 beyond the limit. */
extern void scored_rows_add(ScoredRows *rows, double score, uint8 label);

#endif

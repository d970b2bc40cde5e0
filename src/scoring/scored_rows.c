/*
 * scored_rows.c
 *		Scores and labels of many rows in memory, up to a limit.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "pg/errors.h"
#include "pg/settings.h"
#include "scoring/scored_rows.h"
#include "utils/memutils.h"

#define FIRST_ROWS 1024

/* Doubles the room for rows, up to the limit; refuses beyond. */
static void
make_room(ScoredRows *rows)
{
	Size limit = (Size) setting_max_training_memory_kb() * 1024;
	Size most = Min(limit / rows->bytes_per_row, (Size) PG_UINT32_MAX);
	Size capacity = rows->capacity == 0 ? FIRST_ROWS : rows->capacity * 2;

	if (capacity > most)
		capacity = Max(most, rows->n);
	if (capacity == rows->n)
		ereport(ERROR,
		        (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
		         errmsg("evaluating the source needs more memory than allowed"),
		         errdetail(
		             "%zu rows or more need %zu kB, and fraud_detect.max_training_memory is %d kB.",
		             rows->n + 1, ((rows->n + 1) * rows->bytes_per_row + 1023) / 1024,
		             setting_max_training_memory_kb()),
		         errhint("Raise the setting, or let the source be a query with TABLESAMPLE.")));
	if (rows->rows == NULL)
		rows->rows = MemoryContextAllocHuge(rows->context, capacity * sizeof(ScoredRow));
	else
		rows->rows = repalloc_huge(rows->rows, capacity * sizeof(ScoredRow));
	rows->capacity = capacity;
}

void
scored_rows_add(ScoredRows *rows, double score, uint8 label, const char *model)
{
	if (isnan(score))
		ereport(ERROR,
		        (errcode(ERRCODE_FRAUD_MODEL_DAMAGED),
		         errmsg("model gives a row no probability of fraud"), errdetail("%s.", model)));
	if (rows->n == rows->capacity)
		make_room(rows);
	rows->rows[rows->n++] = (ScoredRow){.score = score, .label = label};
}

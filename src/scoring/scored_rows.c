/*
 * scored_rows.c
 *		Scores and labels of many rows in memory, up to a limit.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "pg/settings.h"
#include "scoring/scored_rows.h"
#include "utils/memutils.h"

#define FIRST_ROWS 1024

Size
scored_rows_room(Size n, Size capacity, Size bytes_per_row)
{
	Size limit = (Size) setting_max_training_memory_kb() * 1024;
	Size most = Min(limit / bytes_per_row, (Size) PG_UINT32_MAX);
	Size more = capacity == 0 ? FIRST_ROWS : capacity * 2;

	if (more > most)
		more = Max(most, n);
	if (more == n)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
		     errmsg("evaluating the source needs more memory than allowed"),
		     errdetail(
		         "%zu rows or more need %zu kB, and fraud_detect.max_training_memory is %d kB.",
		         n + 1, ((n + 1) * bytes_per_row + 1023) / 1024, setting_max_training_memory_kb()),
		     errhint("Raise the setting, or let the source be a query with TABLESAMPLE.")));
	return more;
}

static void
make_room(ScoredRows *rows)
{
	Size capacity = scored_rows_room(rows->n, rows->capacity, rows->bytes_per_row);

	if (rows->rows == NULL)
		rows->rows = MemoryContextAllocHuge(rows->context, capacity * sizeof(ScoredRow));
	else
		rows->rows = repalloc_huge(rows->rows, capacity * sizeof(ScoredRow));
	rows->capacity = capacity;
}

void
scored_rows_add(ScoredRows *rows, double score, uint8 label)
{
	if (rows->n == rows->capacity)
		make_room(rows);
	rows->rows[rows->n++] = (ScoredRow){.score = score, .label = label};
}

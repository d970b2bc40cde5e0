/*
 * evaluate_by.c
 *		fraud_evaluate_by: how good a version is on the groups that a column makes of
 *		labelled rows.
 *
 * A group is the rows of a value. A column that says what kind of fraud a fraud is
 * has none for legitimate rows: there, a group is the frauds of a value and all
 * legitimate rows. Both are the same to what follows: rows lie in slices, one for
 * each group and one of legitimate rows that belong to all of them.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "scoring/evaluation.h"
#include "scoring/held_model.h"
#include "scoring/labelled_source.h"
#include "scoring/scored_rows.h"
#include "scoring/statement.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define N_COLUMNS 5
/* A row and its group as they come, the row in its slice, and again while its group is measured. */
#define BYTES_PER_ROW (3 * sizeof(ScoredRow) + sizeof(uint32))

PG_FUNCTION_INFO_V1(fraud_evaluate_by);
PGDLLEXPORT Datum fraud_evaluate_by(PG_FUNCTION_ARGS);

/* Which legitimate rows the frauds of a group are measured against. */
typedef enum Legitimate
{
	LEGITIMATE_AUTO, /* all where the column is NULL in each of them, else their own */
	LEGITIMATE_OWN,
	LEGITIMATE_ALL
} Legitimate;

typedef struct GroupedRows
{
	MemoryContext context;
	Size bytes_per_row;
	ScoredRow *rows;
	uint32 *groups; /* by row */
	Size n;
	Size capacity;
} GroupedRows;

typedef struct Slice
{
	uint32 group;
	Size start;
	Size n;
	Size frauds;
} Slice;

typedef struct Slices
{
	const RowGroups *groups;
	ScoredRow *rows;
	Slice *slices; /* by group, and one more: legitimate rows that belong to all groups */
	uint32 n;      /* groups */
} Slices;

static Legitimate
legitimate_argument(FunctionCallInfo fcinfo, int number)
{
	char *word = evaluation_text_argument(fcinfo, number, "legitimate");

	if (strcmp(word, "auto") == 0)
		return LEGITIMATE_AUTO;
	if (strcmp(word, "own") == 0)
		return LEGITIMATE_OWN;
	if (strcmp(word, "all") == 0)
		return LEGITIMATE_ALL;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("unknown value of legitimate: \"%s\"", word),
	                errhint("It is \"auto\", \"own\" or \"all\".")));
	pg_unreachable();
}

static void
keep_row(const LabelledRow *row, void *argument)
{
	GroupedRows *rows = argument;

	if (rows->n == rows->capacity)
	{
		Size capacity = scored_rows_room(rows->n, rows->capacity, rows->bytes_per_row);
		MemoryContext caller = MemoryContextSwitchTo(rows->context);

		rows->rows = rows->rows == NULL
		                 ? palloc_extended(capacity * sizeof(ScoredRow), MCXT_ALLOC_HUGE)
		                 : repalloc_huge(rows->rows, capacity * sizeof(ScoredRow));
		rows->groups = rows->groups == NULL
		                   ? palloc_extended(capacity * sizeof(uint32), MCXT_ALLOC_HUGE)
		                   : repalloc_huge(rows->groups, capacity * sizeof(uint32));
		rows->capacity = capacity;
		MemoryContextSwitchTo(caller);
	}
	rows->rows[rows->n] = (ScoredRow){.score = row->scores[0], .label = row->label};
	rows->groups[rows->n++] = row->group;
}

static bool
groups_are_of_frauds(const GroupedRows *rows, const RowGroups *groups)
{
	bool *is_null = palloc(ROW_GROUPS_MOST * sizeof(bool));

	for (uint32 group = 0; group < row_groups_count(groups); group++)
		is_null[group] = row_groups_value(groups, group) == NULL;
	for (Size i = 0; i < rows->n; i++)
		if (rows->rows[i].label == 0 && !is_null[rows->groups[i]])
			return false;
	return true;
}

/* Rows by slice; of_frauds: legitimate rows belong to all groups. */
static Slices
make_slices(const GroupedRows *rows, const RowGroups *groups, bool of_frauds)
{
	Slices slices = {.groups = groups, .n = row_groups_count(groups)};
	Size *next = palloc0((slices.n + 1) * sizeof(Size));
	Size start = 0;

	slices.rows = palloc_extended(Max(rows->n, 1) * sizeof(ScoredRow), MCXT_ALLOC_HUGE);
	slices.slices = palloc0((slices.n + 1) * sizeof(Slice));
	for (int pass = 0; pass < 2; pass++)
	{
		for (Size i = 0; i < rows->n; i++)
		{
			bool shared = of_frauds && rows->rows[i].label == 0;
			uint32 slice = shared ? slices.n : rows->groups[i];

			if (pass == 1)
				slices.rows[next[slice]++] = rows->rows[i];
			else
			{
				slices.slices[slice].n++;
				slices.slices[slice].frauds += rows->rows[i].label;
			}
		}
		for (uint32 slice = 0; pass == 0 && slice <= slices.n; slice++)
		{
			slices.slices[slice].group = slice;
			slices.slices[slice].start = next[slice] = start;
			start += slices.slices[slice].n;
		}
	}
	return slices;
}

/* Most frauds first, then by value. */
static int
compare_slices(const void *a, const void *b, void *argument)
{
	const Slice *x = a;
	const Slice *y = b;

	if (x->frauds != y->frauds)
		return x->frauds > y->frauds ? -1 : 1;
	return row_groups_compare(argument, x->group, y->group);
}

/* NaN, for not defined, becomes NULL. */
static void
put_metric(ReturnSetInfo *result, const char *group, const char *name, double value, double low,
           double high)
{
	Datum values[N_COLUMNS] = {group != NULL ? CStringGetTextDatum(group) : (Datum) 0,
	                           CStringGetTextDatum(name), Float8GetDatum(value),
	                           Float8GetDatum(low), Float8GetDatum(high)};
	bool nulls[N_COLUMNS] = {group == NULL, false, isnan(value), isnan(low), isnan(high)};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
put_group(ReturnSetInfo *result, const Slices *slices, const Slice *slice, ScoredRow *scratch,
          const BootstrapPlan *plan)
{
	const Slice *shared = &slices->slices[slices->n];
	const char *value = row_groups_value(slices->groups, slice->group);
	Size n = slice->n + shared->n;
	Evaluation evaluation;

	memcpy(scratch, slices->rows + slice->start, slice->n * sizeof(ScoredRow));
	memcpy(scratch + slice->n, slices->rows + shared->start, shared->n * sizeof(ScoredRow));
	evaluation = evaluation_measure(scratch, n, plan);
	put_metric(result, value, "rows", (double) n, NAN, NAN);
	put_metric(result, value, "frauds", (double) slice->frauds, NAN, NAN);
	for (int m = 0; m < RANKING_N_METRICS; m++)
		put_metric(result, value, ranking_metric_name(m), evaluation.metrics[m],
		           evaluation.intervals[m].low, evaluation.intervals[m].high);
}

static void
put_groups(ReturnSetInfo *result, Slices *slices, const BootstrapPlan *plan)
{
	const Slice *shared = &slices->slices[slices->n];
	Size most = 0;
	ScoredRow *scratch;

	qsort_arg(slices->slices, slices->n, sizeof(Slice), compare_slices,
	          unconstify(RowGroups *, slices->groups));
	for (uint32 i = 0; i < slices->n; i++)
		most = Max(most, slices->slices[i].n);
	scratch = palloc_extended(Max(most + shared->n, 1) * sizeof(ScoredRow), MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < slices->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (slices->slices[i].n > 0)
			put_group(result, slices, &slices->slices[i], scratch, plan);
	}
}

/* (model, source, by, label, version, bootstrap, confidence, seed, legitimate) */
Datum
fraud_evaluate_by(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;
	LabelledSource source = {.consumer = keep_row};
	GroupedRows rows = {0};
	BootstrapPlan plan;
	Legitimate legitimate;
	Slices slices;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(caller, "fraud_detect evaluation", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	source.text = evaluation_text_argument(fcinfo, 1, "source");
	source.group = evaluation_text_argument(fcinfo, 2, "by");
	source.label = evaluation_text_argument(fcinfo, 3, "label");
	plan = evaluation_plan(fcinfo, 5);
	legitimate = legitimate_argument(fcinfo, 8);
	source.models[0] = held_model(fcinfo->args[0], fcinfo->args[4], statement_snapshot(), context);
	source.argument = &rows;
	rows.context = context;
	rows.bytes_per_row = BYTES_PER_ROW + evaluation_bytes_per_row(&plan);
	if (labelled_source_read(&source))
		for (Size i = 0; i < rows.n; i++)
			rows.rows[i].label ^= 1;
	slices =
	    make_slices(&rows, source.groups,
	                legitimate == LEGITIMATE_ALL || (legitimate == LEGITIMATE_AUTO &&
	                                                 groups_are_of_frauds(&rows, source.groups)));
	put_groups((ReturnSetInfo *) fcinfo->resultinfo, &slices, &plan);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	PG_RETURN_NULL();
}

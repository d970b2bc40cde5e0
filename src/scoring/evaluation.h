/*
 * evaluation.h
 *		What the functions share that say how good a version is on labelled rows:
 *		fraud_evaluate, fraud_evaluate_by, fraud_compare.
 */
#ifndef FRAUD_DETECT_EVALUATION_H
#define FRAUD_DETECT_EVALUATION_H

#include "core/bootstrap.h"
#include "fmgr.h"

typedef struct Evaluation
{
	double metrics[RANKING_N_METRICS]; /* NaN where not defined */
	BootstrapInterval intervals[RANKING_N_METRICS];
} Evaluation;

/* 22004, naming the argument and the function, where an argument is NULL. */
extern void evaluation_check_not_null(FunctionCallInfo fcinfo, int number, const char *name);
extern char *evaluation_text_argument(FunctionCallInfo fcinfo, int number, const char *name);

/* The arguments bootstrap, confidence and seed, the first of which has this number. 22023, 22004. */
extern BootstrapPlan evaluation_plan(FunctionCallInfo fcinfo, int first);

/* Bytes a row that evaluation_measure takes beside the rows themselves. */
extern Size evaluation_bytes_per_row(const BootstrapPlan *plan);

/* Sorts the rows. Takes memory of CurrentMemoryContext; checks for interrupts. */
extern Evaluation evaluation_measure(ScoredRow *rows, Size n, const BootstrapPlan *plan);

#endif

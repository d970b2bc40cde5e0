/*
 * evaluate.c
 *		fraud_evaluate: how good a version is on rows whose labels are known.
 *
 * Every row of the source is scored as fraud_score scores it (same binding, same
 * cached model), in blocks, and kept as a score and a label; the metrics are those
 * of core/ranking.h, their intervals those of core/bootstrap.h.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "core/bootstrap.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pg/label.h"
#include "pg/memory.h"
#include "pg/source.h"
#include "scoring/held_model.h"
#include "scoring/row_block.h"
#include "scoring/row_encoder.h"
#include "scoring/scored_rows.h"
#include "scoring/statement.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define MOST_REPLICATES 10000
#define N_COLUMNS 4

PG_FUNCTION_INFO_V1(fraud_evaluate);
PGDLLEXPORT Datum fraud_evaluate(PG_FUNCTION_ARGS);

typedef struct EvaluateRequest
{
	NullableDatum model;   /* NULL: the default one */
	NullableDatum version; /* NULL: the champion */
	char *source;
	char *label;
	int32 replicates;
	float8 confidence;
	int64 seed;
} EvaluateRequest;

typedef struct Evaluation
{
	MemoryContext context; /* of everything here; it releases the model */
	LoadedModel *model;
	RowEncoder *encoder;
	LabelDecoder *label;
	RowBlock *block;
	uint8 labels[ROW_BLOCK_ROWS]; /* of the block's rows */
	ScoredRows rows;
	Size frauds;
	uint64 unlabelled;
} Evaluation;

static void
check_not_null(FunctionCallInfo fcinfo, int number, const char *name)
{
	if (PG_ARGISNULL(number))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("%s of fraud_evaluate must not be NULL", name)));
}

static char *
text_argument(FunctionCallInfo fcinfo, int number, const char *name)
{
	check_not_null(fcinfo, number, name);
	return text_to_cstring(PG_GETARG_TEXT_PP(number));
}

static EvaluateRequest
read_request(FunctionCallInfo fcinfo)
{
	EvaluateRequest request = {0};

	request.model = fcinfo->args[0];
	request.source = text_argument(fcinfo, 1, "source");
	request.label = text_argument(fcinfo, 2, "label");
	check_not_null(fcinfo, 4, "bootstrap");
	check_not_null(fcinfo, 5, "confidence");
	check_not_null(fcinfo, 6, "seed");
	request.version = fcinfo->args[3];
	request.replicates = PG_GETARG_INT32(4);
	request.confidence = PG_GETARG_FLOAT8(5);
	request.seed = PG_GETARG_INT64(6);
	if (request.replicates < 0 || request.replicates > MOST_REPLICATES)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("bootstrap must be between 0 and %d", MOST_REPLICATES)));
	if (!(request.confidence > 0.0 && request.confidence < 1.0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("confidence must be between 0 and 1, both excluded")));
	return request;
}

static void
bind_source(Evaluation *evaluation, TupleDesc tupdesc, const char *label)
{
	LoadedModel *model = evaluation->model;

	evaluation->label = label_decoder_create(tupdesc, label);
	evaluation->encoder = row_encoder_create(model, tupdesc);
	evaluation->block = row_block_create(&model->forest);
}

static void
score_block(Evaluation *evaluation)
{
	RowBlock *block = evaluation->block;

	row_block_evaluate(block);
	for (int i = 0; i < block->n; i++)
		scored_rows_add(&evaluation->rows, forest_probability(block->forest, block->margins[i]),
		                evaluation->labels[i], evaluation->model->label);
	block->n = 0;
}

static bool
take_row(TupleTableSlot *slot, void *argument)
{
	Evaluation *evaluation = argument;
	RowBlock *block = evaluation->block;
	bool is_null;
	Datum label = slot_getattr(slot, label_decoder_attribute(evaluation->label), &is_null);

	if (is_null)
	{
		evaluation->unlabelled++;
		return true;
	}
	evaluation->labels[block->n] = label_decode(evaluation->label, label);
	row_encoder_encode_slot(evaluation->encoder, slot, row_block_add(block));
	if (row_block_is_full(block))
		score_block(evaluation);
	return true;
}

/* Which of two texts means fraud is known only now. */
static void
settle_labels(Evaluation *evaluation)
{
	bool swap = label_decoder_settle(evaluation->label);

	for (Size i = 0; i < evaluation->rows.n; i++)
	{
		evaluation->rows.rows[i].label ^= swap;
		evaluation->frauds += evaluation->rows.rows[i].label;
	}
	if (evaluation->unlabelled > 0)
		ereport(NOTICE, (errmsg_plural("%llu row without a label is left out",
		                               "%llu rows without a label are left out",
		                               (unsigned long) evaluation->unlabelled,
		                               (unsigned long long) evaluation->unlabelled)));
}

static void
score_source(Evaluation *evaluation, const EvaluateRequest *request)
{
	Source source;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	MemoryContextSwitchTo(evaluation->context);
	source_open(&source, request->source);
	bind_source(evaluation, source.tupdesc, request->label);
	source_read(&source, take_row, evaluation);
	score_block(evaluation);
	settle_labels(evaluation);
	source_close(&source);
	SPI_finish();
}

static void
check_for_interrupts(void *context)
{
	CHECK_FOR_INTERRUPTS();
}

static void
find_intervals(const Evaluation *evaluation, const EvaluateRequest *request,
               BootstrapInterval *intervals)
{
	BootstrapPlan plan = {.replicates = (uint32) request->replicates,
	                      .confidence = request->confidence,
	                      .seed = (uint64) request->seed,
	                      .before_replicate = check_for_interrupts};
	CoreAllocator allocator = memory_context_allocator(evaluation->context);
	CoreError error;

	if (!ranking_bootstrap(evaluation->rows.rows, evaluation->rows.n, &plan, &allocator, intervals,
	                       &error))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("%s", error.message)));
}

/* NaN, for not defined, becomes NULL. */
static void
put_metric(ReturnSetInfo *result, const char *name, double value, double low, double high)
{
	Datum values[N_COLUMNS] = {CStringGetTextDatum(name), Float8GetDatum(value),
	                           Float8GetDatum(low), Float8GetDatum(high)};
	bool nulls[N_COLUMNS] = {false, isnan(value), isnan(low), isnan(high)};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
put_metrics(ReturnSetInfo *result, const Evaluation *evaluation, const EvaluateRequest *request)
{
	double metrics[RANKING_N_METRICS];
	BootstrapInterval intervals[RANKING_N_METRICS];

	for (int m = 0; m < RANKING_N_METRICS; m++)
		intervals[m] = (BootstrapInterval){NAN, NAN};
	if (evaluation->rows.n > 0)
		ranking_sort(evaluation->rows.rows, evaluation->rows.n);
	CHECK_FOR_INTERRUPTS();
	ranking_measure(evaluation->rows.rows, NULL, evaluation->rows.n, metrics);
	if (request->replicates > 0 && evaluation->rows.n > 0)
		find_intervals(evaluation, request, intervals);
	put_metric(result, "rows", (double) evaluation->rows.n, NAN, NAN);
	put_metric(result, "frauds", (double) evaluation->frauds, NAN, NAN);
	for (int m = 0; m < RANKING_N_METRICS; m++)
		put_metric(result, ranking_metric_name(m), metrics[m], intervals[m].low, intervals[m].high);
}

Datum
fraud_evaluate(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	Evaluation evaluation = {0};
	EvaluateRequest request;

	InitMaterializedSRF(fcinfo, 0);
	evaluation.context =
	    AllocSetContextCreate(caller, "fraud_detect evaluation", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(evaluation.context);
	request = read_request(fcinfo);
	evaluation.rows.context = evaluation.context;
	evaluation.rows.bytes_per_row =
	    sizeof(ScoredRow) + (request.replicates > 0 ? BOOTSTRAP_BYTES_PER_ROW : 0);
	evaluation.model =
	    held_model(request.model, request.version, statement_snapshot(), evaluation.context);
	score_source(&evaluation, &request);
	MemoryContextSwitchTo(evaluation.context);
	put_metrics((ReturnSetInfo *) fcinfo->resultinfo, &evaluation, &request);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(evaluation.context);
	PG_RETURN_NULL();
}

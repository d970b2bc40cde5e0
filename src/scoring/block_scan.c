/*
 * block_scan.c
 *		Runs the node that scores the rows of a scan in blocks.
 *
 * It reads some rows ahead, has the engine evaluate them together, and hands them on
 * one by one. The version is resolved once for each execution, under the snapshot of
 * the statement: what the calls would do, without asking at each row. The first block is
 * one row and the next ones double: LIMIT 1 and EXISTS read what they would read without
 * blocks, however rare a row is, and no LIMIT pays for twice the rows that it wants.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "scoring/block_scan.h"
#include "scoring/held_model.h"
#include "scoring/row_block.h"
#include "scoring/row_encoder.h"
#include "scoring/score_call.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#define FIRST_BLOCK_ROWS 1

/* A block ends early where its rows take more: whole rows have their large values in them. */
#define MOST_BLOCK_BYTES ((Size) 1024 * 1024)

/* A model that calls name by the same arguments. */
typedef struct BlockModel
{
	ScoreCall call; /* the first of them */
	LoadedModel *model;
	RowEncoder *encoder;
	RowBlock *block;
} BlockModel;

/* A call, and the column that takes its result. */
typedef struct BlockCall
{
	ScoreKind kind;
	BlockModel *model;
} BlockCall;

typedef struct BlockScanState
{
	CustomScanState custom; /* first */
	int n_needed;           /* columns of the scan that are used above */
	int n_columns;          /* of the scan; the results come behind them */
	int n_calls;
	BlockCall *calls;
	int n_models;
	BlockModel *models;
	MemoryContext row_context;
	TupleTableSlot *rows[ROW_BLOCK_ROWS]; /* the block's, where columns are needed */
	int n_wanted;                         /* rows of the next block */
	int n_rows;
	Size n_bytes; /* of large copies among them */
	int next;
	bool exhausted;
} BlockScanState;

/* Begin */

/* The calls are not executed as functions, so nobody else looks at their privilege. */
static void
check_execute_privilege(FuncExpr *function)
{
	AclResult result = FUNCTION_ACLCHECK(function->funcid, GetUserId(), ACL_EXECUTE);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FUNCTION, get_func_name(function->funcid));
	InvokeFunctionExecuteHook(function->funcid);
}

static BlockModel *
model_of_call(BlockScanState *state, const ScoreCall *call)
{
	BlockModel *model;

	for (int m = 0; m < state->n_models; m++)
	{
		model = &state->models[m];
		if (equal(model->call.model, call->model) && equal(model->call.version, call->version))
			return model;
	}
	model = &state->models[state->n_models++];
	model->call = *call;
	return model;
}

static void
begin_calls(BlockScanState *state, List *calls)
{
	ListCell *cell;

	state->calls = palloc0(sizeof(BlockCall) * list_length(calls));
	state->models = palloc0(sizeof(BlockModel) * list_length(calls));
	foreach (cell, calls)
	{
		ScoreCall call;

		if (!score_call_recognize(lfirst(cell), &call))
			elog(ERROR, "a scan in blocks has something else than calls of fraud_score");
		check_execute_privilege(lfirst(cell));
		state->calls[state->n_calls].kind = call.kind;
		state->calls[state->n_calls++].model = model_of_call(state, &call);
	}
}

/* Rows are copied out of the scan's slot: it may hold pins, and needs to go on. */
static void
begin_rows(BlockScanState *state, EState *estate, PlanState *scan)
{
	bool fixed;
	const TupleTableSlotOps *ops = ExecGetResultSlotOps(scan, &fixed);

	ops = fixed && ops == &TTSOpsBufferHeapTuple ? &TTSOpsHeapTuple : &TTSOpsVirtual;
	for (int i = 0; i < ROW_BLOCK_ROWS && state->n_needed > 0; i++)
		state->rows[i] = ExecInitExtraTupleSlot(estate, ExecGetResultType(scan), ops);
}

static void
begin_block_scan(CustomScanState *node, EState *estate, int eflags)
{
	BlockScanState *state = (BlockScanState *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	PlanState *scan = ExecInitNode(linitial(plan->custom_plans), estate, eflags);

	node->custom_ps = list_make1(scan);
	state->n_columns = list_length(((Plan *) linitial(plan->custom_plans))->targetlist);
	state->n_needed = intVal(lsecond(plan->custom_private));
	begin_calls(state, linitial(plan->custom_private));
	begin_rows(state, estate, scan);
	state->row_context = AllocSetContextCreate(CurrentMemoryContext, "fraud_detect block scan row",
	                                           ALLOCSET_SMALL_SIZES);
	state->n_wanted = FIRST_BLOCK_ROWS;
}

/* Models */

static NullableDatum
evaluate_argument(BlockScanState *state, Expr *argument)
{
	ExprState *expression = ExecInitExpr(argument, &state->custom.ss.ps);
	NullableDatum result;

	result.value =
	    ExecEvalExprSwitchContext(expression, state->custom.ss.ps.ps_ExprContext, &result.isnull);
	return result;
}

static void
hold_model(BlockScanState *state, BlockModel *model)
{
	EState *estate = state->custom.ss.ps.state;
	NullableDatum name = evaluate_argument(state, model->call.model);
	NullableDatum version = evaluate_argument(state, model->call.version);

	model->model = held_model(name, version, estate->es_snapshot, estate->es_query_cxt);
}

/* At the first row, as a call would: a statement that reads no row needs no model. */
static void
open_models(BlockScanState *state, TupleDesc tupdesc)
{
	MemoryContext caller = MemoryContextSwitchTo(state->custom.ss.ps.state->es_query_cxt);

	for (int m = 0; m < state->n_models; m++)
	{
		BlockModel *model = &state->models[m];

		if (model->block != NULL)
			continue;
		if (model->model == NULL)
			hold_model(state, model);
		model->encoder = row_encoder_create(model->model, tupdesc);
		model->block = row_block_create(&model->model->forest);
	}
	MemoryContextSwitchTo(caller);
}

/* Rows */

/* Of a copied row: 0 for a table's own, which is smaller than a page. */
static Size
copied_bytes(const TupleTableSlot *row)
{
	const VirtualTupleTableSlot *slot = (const VirtualTupleTableSlot *) row;

	return TTS_IS_VIRTUAL(row) && slot->data != NULL ? GetMemoryChunkSpace(slot->data) : 0;
}

static void
forget_rows(BlockScanState *state)
{
	for (int i = 0; i < state->n_rows && state->n_needed > 0; i++)
		ExecClearTuple(state->rows[i]);
	state->n_rows = 0;
	state->n_bytes = 0;
	state->next = 0;
}

static void
take_row(BlockScanState *state, TupleTableSlot *row)
{
	MemoryContext caller = MemoryContextSwitchTo(state->row_context);

	for (int m = 0; m < state->n_models; m++)
		row_encoder_encode_slot(state->models[m].encoder, row,
		                        row_block_add(state->models[m].block));
	MemoryContextSwitchTo(caller);
	MemoryContextReset(state->row_context);
	if (state->n_needed > 0)
	{
		ExecCopySlot(state->rows[state->n_rows], row);
		state->n_bytes += copied_bytes(state->rows[state->n_rows]);
	}
	state->n_rows++;
}

/* False where there are no more rows. */
static bool
fill_block(BlockScanState *state)
{
	PlanState *scan = linitial(state->custom.custom_ps);

	forget_rows(state);
	for (int m = 0; m < state->n_models && state->models[m].block != NULL; m++)
		state->models[m].block->n = 0;
	while (!state->exhausted && state->n_rows < state->n_wanted &&
	       state->n_bytes < MOST_BLOCK_BYTES)
	{
		TupleTableSlot *row = ExecProcNode(scan);

		if (TupIsNull(row))
		{
			state->exhausted = true;
			break;
		}
		if (state->n_rows == 0)
			open_models(state, row->tts_tupleDescriptor);
		take_row(state, row);
	}
	if (state->n_rows == 0)
		return false;
	for (int m = 0; m < state->n_models; m++)
		row_block_evaluate(state->models[m].block);
	state->n_wanted = Min(2 * state->n_wanted, ROW_BLOCK_ROWS);
	return true;
}

static Datum
result_of(const BlockCall *call, int row)
{
	const RowBlock *block = call->model->block;

	if (call->kind == SCORE_MARGIN)
		return Float4GetDatum(block->margins[row]);
	return Float8GetDatum(forest_probability(block->forest, block->margins[row]));
}

/* The scan's columns that are needed, and the results. */
static TupleTableSlot *
store_row(BlockScanState *state, int row)
{
	TupleTableSlot *slot = state->custom.ss.ss_ScanTupleSlot;

	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, state->n_columns);
	if (state->n_needed > 0)
	{
		TupleTableSlot *columns = state->rows[row];

		slot_getsomeattrs(columns, state->n_needed);
		memcpy(slot->tts_values, columns->tts_values, sizeof(Datum) * state->n_needed);
		memcpy(slot->tts_isnull, columns->tts_isnull, sizeof(bool) * state->n_needed);
	}
	for (int c = 0; c < state->n_calls; c++)
	{
		slot->tts_values[state->n_columns + c] = result_of(&state->calls[c], row);
		slot->tts_isnull[state->n_columns + c] = false;
	}
	return ExecStoreVirtualTuple(slot);
}

static TupleTableSlot *
exec_block_scan(CustomScanState *node)
{
	BlockScanState *state = (BlockScanState *) node;
	ExprContext *econtext = node->ss.ps.ps_ExprContext;

	for (;;)
	{
		if (state->next == state->n_rows && !fill_block(state))
			return ExecClearTuple(node->ss.ps.ps_ResultTupleSlot);
		ResetExprContext(econtext);
		econtext->ecxt_scantuple = store_row(state, state->next++);
		if (ExecQual(node->ss.ps.qual, econtext))
			return node->ss.ps.ps_ProjInfo != NULL ? ExecProject(node->ss.ps.ps_ProjInfo)
			                                       : econtext->ecxt_scantuple;
		InstrCountFiltered1(node, 1);
	}
}

static void
end_block_scan(CustomScanState *node)
{
	ExecEndNode(linitial(node->custom_ps));
}

static void
rescan_block_scan(CustomScanState *node)
{
	BlockScanState *state = (BlockScanState *) node;
	PlanState *scan = linitial(node->custom_ps);

	forget_rows(state);
	state->exhausted = false;
	state->n_wanted = FIRST_BLOCK_ROWS;
	if (node->ss.ps.chgParam != NULL)
		UpdateChangedParamSet(scan, node->ss.ps.chgParam);
	/* With changed parameters the scan rescans itself when it is asked for a row. */
	if (scan->chgParam == NULL)
		ExecReScan(scan);
}

/* Methods */

static const CustomExecMethods exec_methods = {.CustomName = "FraudScore",
                                               .BeginCustomScan = begin_block_scan,
                                               .ExecCustomScan = exec_block_scan,
                                               .EndCustomScan = end_block_scan,
                                               .ReScanCustomScan = rescan_block_scan};

static Node *
create_block_scan_state(CustomScan *plan)
{
	BlockScanState *state = palloc0(sizeof(BlockScanState));

	NodeSetTag(state, T_CustomScanState);
	state->custom.methods = &exec_methods;
	return (Node *) state;
}

const CustomScanMethods block_scan_methods = {.CustomName = "FraudScore",
                                              .CreateCustomScanState = create_block_scan_state};

void
block_scan_define(void)
{
	RegisterCustomScanMethods(&block_scan_methods);
}

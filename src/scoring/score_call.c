/*
 * score_call.c
 *		Recognising calls of fraud_score and fraud_margin, and what they mean.
 *
 * A function is ours if its code is: names and schemas can be anybody's.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "scoring/score.h"
#include "scoring/score_call.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#define N_ARGUMENTS 3

bool
score_call_recognize(Node *node, ScoreCall *call)
{
	FuncExpr *function = (FuncExpr *) node;
	FmgrInfo info;

	if (node == NULL || !IsA(node, FuncExpr) || list_length(function->args) != N_ARGUMENTS)
		return false;
	if (function->funcresulttype != FLOAT8OID && function->funcresulttype != FLOAT4OID)
		return false;
	fmgr_info(function->funcid, &info);
	if (info.fn_addr == fraud_score)
		call->kind = SCORE_PROBABILITY;
	else if (info.fn_addr == fraud_margin)
		call->kind = SCORE_MARGIN;
	else
		return false;
	call->record = linitial(function->args);
	call->model = lsecond(function->args);
	call->version = lthird(function->args);
	return true;
}

int
score_call_relation(const ScoreCall *call)
{
	Expr *record = call->record;

	while (IsA(record, ConvertRowtypeExpr))
		record = ((ConvertRowtypeExpr *) record)->arg;
	if (IsA(record, Var) && ((Var *) record)->varattno == InvalidAttrNumber &&
	    ((Var *) record)->varlevelsup == 0)
		return ((Var *) record)->varno;
	return 0;
}

void
score_call_check_version(int32 version)
{
	if (version < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("version must be at least 1, not %d", version),
		                errhint("Leave it out for the champion.")));
}

bool
score_call_find_version(const ScoreCall *call, VersionId *id, Snapshot *snapshot)
{
	Const *model = (Const *) call->model;
	Const *version = (Const *) call->version;

	if (!IsA(model, Const) || !IsA(version, Const) || !ActiveSnapshotSet())
		return false;
	if (!version->constisnull && DatumGetInt32(version->constvalue) < 1)
		return false;
	*snapshot = GetActiveSnapshot();
	return registry_find(model->constisnull ? NULL : TextDatumGetCString(model->constvalue),
	                     version->constisnull ? 0 : DatumGetInt32(version->constvalue), *snapshot,
	                     id);
}

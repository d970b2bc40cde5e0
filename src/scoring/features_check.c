/*
 * features_check.c
 *		fraud.check_feature_view: before SQL functions of ours read the view of a set,
 *		is it still one that the current user can read without running others' code?
 */
#include "postgres.h"
#include "pg/compat.h"

#include "catalog/namespace.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "pg/feature_set.h"
#include "scoring/features_set.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(fraud_check_feature_view);
PGDLLEXPORT Datum fraud_check_feature_view(PG_FUNCTION_ARGS);

/*
 * fraud.check_feature_view(name text) -> void. The view stays locked, so that nobody
 * replaces it between the check and the reading.
 */
PGDLLEXPORT Datum
fraud_check_feature_view(PG_FUNCTION_ARGS)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	RangeVar *view = makeRangeVar(pstrdup(FEATURE_SCHEMA), name, -1);

	(void) RangeVarGetRelid(view, AccessShareLock, true);
	(void) features_set_get(name, NULL, NULL);
	PG_RETURN_VOID();
}

/*
 * module.c
 *		fraud_detect.so: what runs in every backend that scores.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "fmgr.h"
#include "pg/leader_file.h"
#include "pg/settings.h"
#include "scoring/block_scan.h"
#include "scoring/features_set.h"
#include "scoring/guard_policy.h"
#include "scoring/model_cache.h"
#include "scoring/score_estimate.h"
#include "scoring/statement.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	settings_define();
	leader_file_define();
	statement_define();
	model_cache_define();
	score_estimate_define();
	block_scan_define();
	block_plan_define();
	features_set_define();
	guard_policy_define();
}

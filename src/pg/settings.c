/*
 * settings.c
 *		The GUCs of the extension, fraud_detect.* (docs/settings.md).
 *
 * Only fraud_detect.so defines them. Whoever reads one makes sure that this
 * library is loaded first: until then a setting is a placeholder whose text
 * nobody has checked.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <limits.h>

#include "fmgr.h"
#include "pg/settings.h"
#include "utils/guc.h"

#define SETTING(name) "fraud_detect." name

#define DEFAULT_MODEL_CACHE_KB (64 * 1024)
#define DEFAULT_MAX_TRAINING_MEMORY_KB (2 * 1024 * 1024)
#define DEFAULT_MAX_CATEGORIES 128
#define DEFAULT_MAX_ENCODED_VALUES 50000

/* Written by guc.c where this library has defined them; elsewhere read back by name. */
static bool defined_here = false;
static bool block_scan = true;
static int engine_path = FOREST_PATHS;
static char *model = NULL;
static int model_cache_kb = DEFAULT_MODEL_CACHE_KB;
static int max_training_memory_kb = DEFAULT_MAX_TRAINING_MEMORY_KB;
static int max_categories = DEFAULT_MAX_CATEGORIES;
static int max_encoded_values = DEFAULT_MAX_ENCODED_VALUES;
static bool progress = false;

/* Named as core/forest_path.c names them; FOREST_PATHS stands for the best one. */
static const struct config_enum_entry engine_paths[] = {
    {"auto", FOREST_PATHS, false},       {"avx512", FOREST_PATH_AVX512, false},
    {"avx2", FOREST_PATH_AVX2, false},   {"scalar", FOREST_PATH_SCALAR, false},
    {"nodes", FOREST_PATH_NODES, false}, {NULL, 0, false}};

static uint64 scoring_assignments = 0;

static void
assign_model(const char *value, void *extra)
{
	scoring_assignments++;
}

static void
assign_engine_path(int value, void *extra)
{
	scoring_assignments++;
}

static bool
check_engine_path(int *value, void **extra, GucSource source)
{
	if (*value == FOREST_PATHS || forest_path_available((ForestPath) *value))
		return true;
	GUC_check_errdetail("This machine cannot run the path \"%s\".",
	                    forest_path_name((ForestPath) *value));
	GUC_check_errhint("fraud_engine() lists the paths that it can run.");
	return false;
}

void
settings_define(void)
{
	DefineCustomBoolVariable(
	    SETTING("block_scan"), "Statements that score all rows of a scan do so in blocks.",
	    "Plans then have a node FraudScore above the scan. Scores are the same.", &block_scan, true,
	    PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable(SETTING("engine_path"),
	                         "Instructions of the processor that forests are evaluated with.",
	                         "All give the same bits: auto, the fastest one, is for everything but "
	                         "tests and measurements.",
	                         &engine_path, FOREST_PATHS, engine_paths, PGC_USERSET, 0,
	                         check_engine_path, assign_engine_path, NULL);
	DefineCustomIntVariable(SETTING("max_categories"),
	                        "Most distinct values of a column that become categories of their own.",
	                        "Columns with more are encoded by the frequency of their values.",
	                        &max_categories, DEFAULT_MAX_CATEGORIES, SETTING_LEAST_CATEGORIES,
	                        SETTING_MOST_CATEGORIES, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable(SETTING("max_encoded_values"),
	                        "Most values whose frequency is kept for one column of a model.",
	                        "The most frequent ones are kept; the others count as never seen.",
	                        &max_encoded_values, DEFAULT_MAX_ENCODED_VALUES, 0,
	                        SETTING_MOST_ENCODED_VALUES, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable(SETTING("max_training_memory"),
	                        "Training that would need more memory than this is refused.", NULL,
	                        &max_training_memory_kb, DEFAULT_MAX_TRAINING_MEMORY_KB, 1024, INT_MAX,
	                        PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomStringVariable(SETTING("model"), "Model of calls that name none.",
	                           "Empty: the only model there is.", &model, "", PGC_USERSET, 0, NULL,
	                           assign_model, NULL);
	DefineCustomIntVariable(
	    SETTING("model_cache_size"), "Memory that a session keeps for models between statements.",
	    "Models in use are not counted out: they stay until their statement ends.", &model_cache_kb,
	    DEFAULT_MODEL_CACHE_KB, 0, INT_MAX, PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomBoolVariable(SETTING("progress"), "Training reports its progress as notices.", NULL,
	                         &progress, false, PGC_USERSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("fraud_detect");
	defined_here = true;
}

static const char *
setting_text(const char *name)
{
	static bool defined = false;

	if (!defined)
	{
		(void) load_external_function("$libdir/fraud_detect", "fraud_score", false, NULL);
		defined = true;
	}
	return GetConfigOption(name, false, false);
}

const char *
setting_model(void)
{
	const char *text = defined_here ? model : setting_text(SETTING("model"));

	return text[0] != '\0' ? text : NULL;
}

bool
setting_block_scan(void)
{
	return defined_here ? block_scan : strcmp(setting_text(SETTING("block_scan")), "on") == 0;
}

ForestPath
setting_engine_path(void)
{
	ForestPath path;

	if (defined_here)
		return engine_path == FOREST_PATHS ? forest_path_best() : (ForestPath) engine_path;
	if (!forest_path_from_name(setting_text(SETTING("engine_path")), &path))
		return forest_path_best();
	return path;
}

uint64
setting_scoring_assignments(void)
{
	return scoring_assignments;
}

int
setting_model_cache_kb(void)
{
	return defined_here ? model_cache_kb : atoi(setting_text(SETTING("model_cache_size")));
}

int
setting_max_training_memory_kb(void)
{
	return atoi(setting_text(SETTING("max_training_memory")));
}

int
setting_max_categories(void)
{
	return atoi(setting_text(SETTING("max_categories")));
}

int
setting_max_encoded_values(void)
{
	return atoi(setting_text(SETTING("max_encoded_values")));
}

bool
setting_progress(void)
{
	return strcmp(setting_text(SETTING("progress")), "on") == 0;
}

void
setting_for_now(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
	                         false);
}

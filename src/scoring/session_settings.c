/*
 * session_settings.c
 *		Pins what a session can set.
 *
 * What a value means or looks like must be the same in all sessions: such settings have
 * PostgreSQL's own default, whatever the configuration says. How a query is planned may be
 * for the administrator to say, in postgresql.conf, for a database or for all roles. What comes
 * from the role itself (ALTER ROLE, which needs no right but to be it), from the connection or from SET
 * does not count: a plan that reads a whole history runs into the time budget, and then
 * on_error decides.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "pg/settings.h"
#include "scoring/session_settings.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

/* The last of the sources that a role has no hand in. */
#define ADMINISTRATOR PGC_S_DATABASE

static const char *const meanings[] = {
    "array_nulls",
    "backslash_quote",
    "bytea_output",
    "DateStyle",
    "extra_float_digits",
    "gin_fuzzy_search_limit",
    "IntervalStyle",
    "row_security",
    "standard_conforming_strings",
    "transform_null_equals",
    "xmlbinary",
    "xmloption",
};

/* Not all of them are in each version. The last ones are of functions that follow the locale. */
static const char *const plans[] = {
    "constraint_exclusion",
    "cpu_index_tuple_cost",
    "cpu_operator_cost",
    "cpu_tuple_cost",
    "cursor_tuple_fraction",
    "debug_parallel_query",
    "effective_cache_size",
    "enable_bitmapscan",
    "enable_gathermerge",
    "enable_group_by_reordering",
    "enable_hashagg",
    "enable_hashjoin",
    "enable_incremental_sort",
    "enable_indexonlyscan",
    "enable_indexscan",
    "enable_material",
    "enable_memoize",
    "enable_mergejoin",
    "enable_nestloop",
    "enable_partition_pruning",
    "enable_presorted_aggregate",
    "enable_seqscan",
    "enable_sort",
    "enable_tidscan",
    "force_parallel_mode",
    "from_collapse_limit",
    "geqo",
    "geqo_threshold",
    "hash_mem_multiplier",
    "jit",
    "jit_above_cost",
    "jit_inline_above_cost",
    "jit_optimize_above_cost",
    "join_collapse_limit",
    "min_parallel_index_scan_size",
    "min_parallel_table_scan_size",
    "parallel_setup_cost",
    "parallel_tuple_cost",
    "plan_cache_mode",
    "random_page_cost",
    "seq_page_cost",
    "work_mem",
    "default_text_search_config",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
};

static struct config_generic *pinned_meanings[lengthof(meanings)];
static struct config_generic *pinned_plans[lengthof(plans)];

/* NULL for those that this server does not have. */
static void
look_up(const char *const *names, int n, struct config_generic **found)
{
	int n_all;
	struct config_generic **all = GUC_VARIABLES(&n_all);

	for (int i = 0; i < n; i++)
		for (int j = 0; j < n_all; j++)
			if (strcmp(names[i], all[j]->name) == 0)
				found[i] = all[j];
}

static void
look_up_all(void)
{
	static bool done = false;

	if (done)
		return;
	look_up(meanings, lengthof(meanings), pinned_meanings);
	look_up(plans, lengthof(plans), pinned_plans);
	done = true;
}

/* Is the value the built-in one, or the one that RESET would give? */
static bool
has_value(const struct config_generic *setting, bool built_in)
{
	switch (setting->vartype)
	{
		case PGC_BOOL:
		{
			const struct config_bool *s = (const struct config_bool *) setting;

			return *s->variable == (built_in ? s->boot_val : s->reset_val);
		}
		case PGC_INT:
		{
			const struct config_int *s = (const struct config_int *) setting;

			return *s->variable == (built_in ? s->boot_val : s->reset_val);
		}
		case PGC_REAL:
		{
			const struct config_real *s = (const struct config_real *) setting;

			return *s->variable == (built_in ? s->boot_val : s->reset_val);
		}
		case PGC_ENUM:
		{
			const struct config_enum *s = (const struct config_enum *) setting;

			return *s->variable == (built_in ? s->boot_val : s->reset_val);
		}
		case PGC_STRING:
		{
			const struct config_string *s = (const struct config_string *) setting;
			const char *wanted = built_in ? s->boot_val : s->reset_val;

			return wanted == NULL || (*s->variable != NULL && strcmp(*s->variable, wanted) == 0);
		}
	}
	return true;
}

static const char *
value_text(struct config_generic *setting, bool built_in)
{
	switch (setting->vartype)
	{
		case PGC_BOOL:
		{
			const struct config_bool *s = (const struct config_bool *) setting;

			return (built_in ? s->boot_val : s->reset_val) ? "on" : "off";
		}
		case PGC_INT:
		{
			const struct config_int *s = (const struct config_int *) setting;

			return psprintf("%d", built_in ? s->boot_val : s->reset_val);
		}
		case PGC_REAL:
		{
			const struct config_real *s = (const struct config_real *) setting;

			return psprintf("%.17g", built_in ? s->boot_val : s->reset_val);
		}
		case PGC_ENUM:
		{
			struct config_enum *s = (struct config_enum *) setting;

			return config_enum_lookup_by_value(s, built_in ? s->boot_val : s->reset_val);
		}
		case PGC_STRING:
		{
			const struct config_string *s = (const struct config_string *) setting;

			return built_in ? s->boot_val : s->reset_val;
		}
	}
	pg_unreachable();
}

void
session_settings_pin_meaning(void)
{
	look_up_all();
	for (int i = 0; i < lengthof(pinned_meanings); i++)
	{
		struct config_generic *setting = pinned_meanings[i];

		if (setting != NULL && !has_value(setting, true))
			setting_for_now(setting->name, value_text(setting, true));
	}
}

void
session_settings_pin_plans(void)
{
	look_up_all();
	for (int i = 0; i < lengthof(pinned_plans); i++)
	{
		struct config_generic *setting = pinned_plans[i];
		bool built_in;

		if (setting == NULL || setting->source <= ADMINISTRATOR)
			continue;
		built_in = setting->reset_source > ADMINISTRATOR;
		if (!has_value(setting, built_in))
			setting_for_now(setting->name, value_text(setting, built_in));
	}
}

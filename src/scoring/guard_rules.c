/*
 * guard_rules.c
 *		Compiles the rules of a policy, and asks them of rows.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/sysattr.h"
#include "executor/executor.h"
#include "optimizer/optimizer.h"
#include "pg/json_member.h"
#include "scoring/guard_condition.h"
#include "scoring/guard_rules.h"
#include "utils/guc.h"
#include "utils/memutils.h"

typedef struct Rule
{
	char *name;
	char *text;
	Decision decision;
	CachedExpression *planned;
	ExprState *condition;
} Rule;

struct GuardRules
{
	int n_rules;
	Rule *rules;
	TupleTableSlot *row; /* the columns, and the score after them */
	int n_used;
	int *used;           /* places of the columns that conditions use */
	bool needs_settings; /* some condition is not immutable, or calls code of others */
	bool busy;
	ExprContext *context;
};

/* Context of errors. */
static void
name_rule(void *rule)
{
	errcontext("rule \"%s\"", ((const Rule *) rule)->name);
}

/* Reading */

static char *
text_member(JsonbContainer *object, const char *key, int place)
{
	JsonbValue *member = json_member(object, key);

	if (member == NULL || member->type != jbvString)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("rule %d of the policy has no text \"%s\"", place + 1, key)));
	return pnstrdup(member->val.string.val, member->val.string.len);
}

static void
read_rule(JsonbContainer *rules, int place, Rule *rule)
{
	JsonbValue *element = getIthJsonbValueFromContainer(rules, place);
	JsonbContainer *object;
	char *decision;

	if (element->type != jbvBinary || !JsonContainerIsObject(element->val.binary.data))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("rule %d of the policy is not an object", place + 1)));
	object = element->val.binary.data;
	rule->name = text_member(object, "name", place);
	rule->text = text_member(object, "condition", place);
	decision = text_member(object, "decision", place);
	if (!decision_of_name(decision, &rule->decision))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("rule \"%s\" has the unknown decision \"%s\"", rule->name, decision)));
}

/* Compiling */

static void
release_conditions(void *argument)
{
	GuardRules *rules = argument;

	for (int i = 0; i < rules->n_rules; i++)
		if (rules->rules[i].planned != NULL)
			FreeCachedExpression(rules->rules[i].planned);
}

/* What the parser leaves behind goes with a context of its own. */
static void
plan_condition(Rule *rule, TupleDesc columns)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext parsing =
	    AllocSetContextCreate(caller, "fraud_detect condition", ALLOCSET_SMALL_SIZES);

	MemoryContextSwitchTo(parsing);
	rule->planned = guard_condition_plan(rule->text, columns);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(parsing);
}

static void
note_what_is_used(GuardRules *rules)
{
	int n_columns = rules->row->tts_tupleDescriptor->natts - 1;
	Bitmapset *attributes = NULL;
	int member = -1;

	rules->used = palloc(Max(n_columns, 1) * sizeof(int));
	for (int i = 0; i < rules->n_rules; i++)
	{
		Node *condition = rules->rules[i].planned->expr;

		pull_varattnos(condition, 1, &attributes);
		rules->needs_settings |=
		    contain_mutable_functions(condition) || guard_condition_has_foreign_code(condition);
	}
	while ((member = bms_next_member(attributes, member)) >= 0)
	{
		int place = member + FirstLowInvalidHeapAttributeNumber - 1;

		if (place < n_columns)
			rules->used[rules->n_used++] = place;
	}
	bms_free(attributes);
}

static void
compile(Rule *rule, TupleDesc columns)
{
	ErrorContextCallback errors = {error_context_stack, name_rule, rule};

	error_context_stack = &errors;
	plan_condition(rule, columns);
	/* Checks the right to call each function. */
	rule->condition = ExecInitExpr((Expr *) rule->planned->expr, NULL);
	error_context_stack = errors.previous;
}

GuardRules *
guard_rules_compile(const Jsonb *document, TupleDesc columns)
{
	GuardRules *rules = palloc0(sizeof(GuardRules));
	JsonbContainer *array = unconstify(JsonbContainer *, &document->root);
	MemoryContextCallback *release = palloc0(sizeof(MemoryContextCallback));
	int nest_level = NewGUCNestLevel();

	if (!JsonContainerIsArray(array) || JsonContainerIsScalar(array))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the rules of the policy are not an array")));
	guard_condition_settings();
	rules->n_rules = (int) JsonContainerSize(array);
	rules->rules = palloc0(Max(rules->n_rules, 1) * sizeof(Rule));
	release->func = release_conditions;
	release->arg = rules;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, release);
	for (int i = 0; i < rules->n_rules; i++)
	{
		read_rule(array, i, &rules->rules[i]);
		compile(&rules->rules[i], columns);
	}
	rules->row = MakeSingleTupleTableSlot(guard_condition_row(columns), &TTSOpsVirtual);
	note_what_is_used(rules);
	rules->context = CreateStandaloneExprContext();
	rules->context->ecxt_scantuple = rules->row;
	AtEOXact_GUC(true, nest_level);
	return rules;
}

int
guard_rules_count(const GuardRules *rules)
{
	return rules->n_rules;
}

const char *
guard_rules_name(const GuardRules *rules, int rule)
{
	return rules->rules[rule].name;
}

Decision
guard_rules_decision(const GuardRules *rules, int rule)
{
	return rules->rules[rule].decision;
}

bool
guard_rules_are_current(const GuardRules *rules)
{
	for (int i = 0; i < rules->n_rules; i++)
		if (!rules->rules[i].planned->is_valid)
			return false;
	return true;
}

/* Asking */

static void
fill_row(GuardRules *rules, const Datum *values, const bool *nulls, double score)
{
	TupleTableSlot *row = rules->row;
	int n_columns = row->tts_tupleDescriptor->natts - 1;

	ExecClearTuple(row);
	for (int i = 0; i < rules->n_used; i++)
	{
		int place = rules->used[i];

		row->tts_values[place] = values[place];
		row->tts_isnull[place] = nulls[place];
	}
	row->tts_values[n_columns] = Float8GetDatum(score);
	row->tts_isnull[n_columns] = isnan(score);
	ExecStoreVirtualTuple(row);
}

static void
ask(const GuardRules *rules, bool *fires)
{
	ErrorContextCallback errors = {error_context_stack, name_rule, NULL};

	error_context_stack = &errors;
	for (int i = 0; i < rules->n_rules; i++)
	{
		bool is_null;

		errors.arg = &rules->rules[i];
		fires[i] = DatumGetBool(
		    ExecEvalExprSwitchContext(rules->rules[i].condition, rules->context, &is_null));
		fires[i] = fires[i] && !is_null;
	}
	error_context_stack = errors.previous;
}

void
guard_rules_evaluate(GuardRules *rules, const Datum *values, const bool *nulls, double score,
                     bool *fires)
{
	int nest_level;

	if (rules->n_rules == 0)
		return;
	/* By a function that decides about a row of the same table. */
	if (rules->busy)
		ereport(ERROR, (errcode(ERRCODE_INVALID_RECURSION),
		                errmsg("the rules of a policy ask themselves")));
	ResetExprContext(rules->context);
	fill_row(rules, values, nulls, score);
	rules->busy = true;
	PG_TRY();
	{
		nest_level = rules->needs_settings ? NewGUCNestLevel() : 0;
		if (rules->needs_settings)
			guard_condition_settings();
		ask(rules, fires);
		if (rules->needs_settings)
			AtEOXact_GUC(true, nest_level);
	}
	PG_FINALLY();
	{
		rules->busy = false;
	}
	PG_END_TRY();
}

/*
 * guard_decide.c
 *		How a row is decided about.
 *
 * Three steps, each in an attempt of its own. The first one collects what the decision is made
 * from, and what it has found before it fails counts; core/decision.h makes the
 * decision; the other two, reasons and the challenger's score, cannot change it.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/xact.h"
#include "common/pg_prng.h"
#include "pg/errors.h"
#include "scoring/guard_decide.h"
#include "scoring/guard_scorer.h"
#include "scoring/guard_thresholds.h"
#include "scoring/model_explainer.h"
#include "scoring/session_settings.h"
#include "scoring/statement.h"
#include "utils/datum.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

typedef struct Step
{
	GuardStatement *statement;
	GuardDecision *decision;
	Snapshot snapshot;   /* of the statement: names are resolved under it */
	GuardScorer *scorer; /* of the first step */
	const Datum *values; /* by the scorer's columns */
	const bool *nulls;
} Step;

/* Values */

/* Computed values live until the set computes its next row, which a rule may bring about. */
static void
keep_values(Step *step, int n_own)
{
	TupleDesc columns = step->scorer->columns;
	Datum *values;
	bool *nulls;

	if (columns->natts == n_own)
		return;
	values = palloc(columns->natts * sizeof(Datum));
	nulls = palloc(columns->natts * sizeof(bool));
	memcpy(values, step->values, columns->natts * sizeof(Datum));
	memcpy(nulls, step->nulls, columns->natts * sizeof(bool));
	for (int i = n_own; i < columns->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(columns, i);

		if (!nulls[i] && !attribute->attbyval)
			values[i] = datumCopy(values[i], false, attribute->attlen);
	}
	step->values = values;
	step->nulls = nulls;
}

/* The first step */

/*
 * Lists are definitions, as policies are: in a transaction that keeps its first snapshot, and may be
 * kept open for that, what has been put on a list since then counts all the same.
 */
static void
match_lists(Step *step)
{
	GuardDecision *decision = step->decision;
	Snapshot snapshot =
	    IsolationUsesXactSnapshot() ? RegisterSnapshot(GetLatestSnapshot()) : GetActiveSnapshot();

	decision->n_lists = guard_lists_match(step->statement->policy->lists, decision->values,
	                                      decision->nulls, snapshot, &decision->lists);
	if (snapshot != GetActiveSnapshot())
		UnregisterSnapshot(snapshot);
}

static void
score(Step *step, const LoadedModel *model)
{
	GuardDecision *decision = step->decision;
	GuardScorer *scorer = step->scorer;
	const Forest *forest = &model->forest;
	float *features = palloc(forest->n_features * sizeof(float));

	if (scorer->card_numbers != NULL)
		guard_card_numbers_check(scorer->card_numbers, step->values, step->nulls);
	row_encoder_encode(scorer->encoder, &step->values, &step->nulls, features);
	keep_values(step, guard_columns_tupdesc(step->statement->policy->columns)->natts);
	decision->features = features;
	decision->model = model;
	decision->margin = forest_margin(forest, features);
	decision->score = forest_probability(forest, decision->margin);
}

static void
evaluate_rules(Step *step)
{
	GuardDecision *decision = step->decision;
	GuardRules *rules = step->scorer->rules;
	int n = rules == NULL ? 0 : guard_rules_count(rules);
	bool *fires;

	if (n == 0)
		return;
	fires = palloc0(n * sizeof(bool));
	guard_rules_evaluate(rules, step->values, step->nulls, decision->score, fires);
	decision->rules = palloc(n * sizeof(RuleHit));
	for (int i = 0; i < n; i++)
	{
		if (fires[i])
			decision->rules[decision->n_rules++] =
			    (RuleHit){pstrdup(guard_rules_name(rules, i)), guard_rules_decision(rules, i)};
	}
}

/*
 * NaN is above all numbers, as PostgreSQL orders them: it passes CHECK (amount > 0), and must not
 * pass for no amount. NULL is none.
 */
static double
amount_at_risk(const GuardPolicy *policy, const GuardDecision *decision)
{
	bool is_null = policy->amount == 0 || decision->nulls[policy->amount - 1];

	return isnan(decision->amount) && !is_null ? INFINITY : decision->amount;
}

static void
take_thresholds(Step *step)
{
	const GuardPolicy *policy = step->statement->policy;
	GuardDecision *decision = step->decision;

	switch (policy->thresholds)
	{
		case THRESHOLDS_GIVEN:
			decision->review_at = policy->review_at;
			decision->block_at = policy->block_at;
			break;
		case THRESHOLDS_ALERT_BUDGET:
			decision->review_at = step->scorer->review_at;
			decision->block_at = step->scorer->block_at;
			break;
		case THRESHOLDS_COST:
			decision->block_at =
			    guard_threshold_by_cost(policy->handling_cost, amount_at_risk(policy, decision));
			break;
	}
}

/* Lists first: they count even where the rest fails. */
static void
collect(void *argument)
{
	Step *step = argument;
	GuardStatement *statement = step->statement;
	GuardPolicy *policy = statement->policy;
	GuardDecision *decision = step->decision;
	LoadedModel *model;

	match_lists(step);
	guard_attempt_as(guard_statement_owner(statement));
	model = guard_statement_champion(statement, step->snapshot);
	step->scorer = guard_scorer_get(policy, &policy->champion, model, true, step->snapshot);
	step->values = decision->values;
	step->nulls = decision->nulls;
	if (model != NULL)
		score(step, model);
	take_thresholds(step);
	evaluate_rules(step);
}

/* The decision */

static void
make_decision(const GuardPolicy *policy, GuardDecision *decision)
{
	Decision *lists = palloc(Max(decision->n_lists, 1) * sizeof(Decision));
	Decision *rules = palloc(Max(decision->n_rules, 1) * sizeof(Decision));

	for (int i = 0; i < decision->n_lists; i++)
		lists[i] = decision->lists[i].decision;
	for (int i = 0; i < decision->n_rules; i++)
		rules[i] = decision->rules[i].decision;
	decision->made = decision_make(&(DecisionInputs){
	    .n_lists = decision->n_lists,
	    .lists = lists,
	    .failed = decision->failed,
	    .on_error = policy->on_error,
	    .n_rules = decision->n_rules,
	    .rules = rules,
	    .score = decision->score,
	    .review_at = decision->review_at,
	    .block_at = decision->block_at,
	});
}

/* Never for what a list or a failure blocks: a stolen card stays blocked. */
static void
draw_random_pass(const GuardPolicy *policy, bool as_insert, GuardDecision *decision)
{
	DecisionGround ground = decision->made.ground;

	if (decision->made.decision != DECISION_BLOCK)
	{
		decision->propensity = 1;
		return;
	}
	decision->propensity =
	    ground == GROUND_RULE || ground == GROUND_SCORE ? policy->random_pass : 0;
	/* The generator that no SQL can seed. */
	decision->random_pass = as_insert && decision->propensity > 0 &&
	                        pg_prng_double(&pg_global_prng_state) < decision->propensity;
}

/* The other steps */

static void
explain(void *argument)
{
	Step *step = argument;
	GuardDecision *decision = step->decision;
	const GuardPolicy *policy = step->statement->policy;
	LoadedModel *model = step->statement->champion;
	RecordColumns columns = {step->scorer->columns, step->values, step->nulls};
	int n = Min(policy->n_reasons, model->signature->n_features);
	Reason *reasons = palloc(Max(n, 1) * sizeof(Reason));

	guard_attempt_as(guard_statement_owner(step->statement));
	n = reasons_for_row(model_explainer(model, step->snapshot), model->signature,
	                    decision->features, &columns, n, reasons);
	decision->signature = model->signature;
	decision->reasons = reasons;
	decision->n_reasons = n;
}

static void
score_in_shadow(void *argument)
{
	Step *step = argument;
	GuardStatement *statement = step->statement;
	GuardPolicy *policy = statement->policy;
	GuardDecision *decision = step->decision;
	const Datum *values = decision->values;
	const bool *nulls = decision->nulls;
	LoadedModel *model;
	GuardScorer *scorer;

	decision->shadow_version = statement->shadow.version;
	guard_attempt_as(guard_statement_owner(statement));
	model = guard_statement_challenger(statement, step->snapshot);
	scorer = guard_scorer_get(policy, &policy->challenger, model, false, step->snapshot);
	row_encoder_encode(scorer->encoder, &values, &nulls, scorer->features);
	decision->shadow_score =
	    forest_probability(&model->forest, forest_margin(&model->forest, scorer->features));
}

static bool
wants_reasons(const GuardPolicy *policy, const GuardDecision *decision)
{
	return decision->made.decision != DECISION_APPROVE && !decision->failed &&
	       decision->features != NULL && policy->n_reasons > 0;
}

/* The decision stands; that something of its record is missing is for the server's log. */
static void
try_beside(void (*beside)(void *), Step *step, TimestampTz deadline, const char *what)
{
	GuardFailure failure;

	if (!guard_attempt(STEP_ADDS, beside, step, deadline, &failure))
		ereport(LOG_SERVER_ONLY,
		        (errcode(failure.sqlstate),
		         errmsg("a guard's decision has no %s: %s", what, failure.message)));
}

static void
run_steps(Step *step, bool as_insert, TimestampTz deadline)
{
	GuardDecision *decision = step->decision;
	const GuardPolicy *policy = step->statement->policy;

	decision->failed = !guard_attempt(STEP_DECIDES, collect, step, deadline, &decision->failure);
	make_decision(policy, decision);
	draw_random_pass(policy, as_insert, decision);
	if (wants_reasons(policy, decision))
		try_beside(explain, step, deadline, "reasons");
	if (!decision->failed && step->statement->is_shadowed)
		try_beside(score_in_shadow, step, deadline, "score of the challenger");
}

/* The row */

static void
describe_row(const GuardPolicy *policy, GuardDecision *decision)
{
	const Datum *values = decision->values;
	const bool *nulls = decision->nulls;

	decision->key = guard_columns_text(policy->columns, policy->key, values, nulls);
	decision->amount = guard_columns_number(policy->columns, policy->amount, values, nulls);
	decision->has_event_time = guard_columns_time(policy->columns, policy->event_time, values,
	                                              nulls, &decision->event_time);
}

/*
 * Pushes the snapshot for what was inserted before, this statement's own earlier rows included:
 * then rows that come in one statement, in the order of time, have the features that
 * rows inserted one by one have.
 */
static void
push_history(bool renewed)
{
	PushCopiedSnapshot(renewed ? GetTransactionSnapshot() : GetActiveSnapshot());
	GetActiveSnapshot()->curcid = GetCurrentCommandId(false) + 1;
}

static void
begin_decision(GuardPolicy *policy, TupleTableSlot *slot, GuardDecision *decision)
{
	*decision = (GuardDecision){
	    .decided_at = GetCurrentTimestamp(),
	    .score = NAN,
	    .review_at = NAN,
	    .block_at = NAN,
	    .shadow_score = NAN,
	};
	if (policy->busy)
		ereport(ERROR, (errcode(ERRCODE_INVALID_RECURSION),
		                errmsg("a guard's decision asks for a decision of the same guard")));
	/* As the server does itself a moment later: as the current user. */
	guard_columns_complete(policy->columns, slot, &decision->values, &decision->nulls);
	/* From here on nothing depends on what the role that inserts has set. */
	session_settings_pin_meaning();
	session_settings_pin_plans();
	if (policy->card_numbers != NULL)
		guard_card_numbers_check(policy->card_numbers, decision->values, decision->nulls);
	describe_row(policy, decision);
}

void
guard_decide(GuardStatement *statement, TupleTableSlot *slot, bool as_insert,
             GuardDecision *decision)
{
	GuardPolicy *policy = statement->policy;
	bool serialized = as_insert && policy->serialize != NULL;
	Step step = {.statement = statement, .decision = decision, .snapshot = statement_snapshot()};
	TimestampTz begun;

	begin_decision(policy, slot, decision);
	/* To wait for another transaction is not to decide: lock_timeout limits that. */
	if (serialized)
		guard_serialize_lock(policy->serialize, policy->columns, decision->values, decision->nulls);
	begun = serialized ? GetCurrentTimestamp() : decision->decided_at;
	if (as_insert)
		push_history(serialized);
	policy->busy = true;
	PG_TRY();
	{
		run_steps(
		    &step, as_insert,
		    policy->time_budget == 0 ? 0 : TimestampTzPlusMilliseconds(begun, policy->time_budget));
	}
	PG_FINALLY();
	{
		policy->busy = false;
	}
	PG_END_TRY();
	if (as_insert)
		PopActiveSnapshot();
}

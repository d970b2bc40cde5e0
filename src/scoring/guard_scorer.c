/*
 * guard_scorer.c
 *		Scorers of policies.
 *
 * A scorer refers to its model's memory, and the model may be evicted between two
 * statements. So it remembers the number of the loaded model, and is not looked into
 * unless that model is held.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "scoring/guard_scorer.h"
#include "scoring/guard_thresholds.h"
#include "utils/memutils.h"

static GuardScorer *
make(const GuardPolicy *policy, const LoadedModel *model, bool with_rules, Snapshot snapshot)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "fraud_detect guard scorer",
	                                              ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	GuardScorer *scorer = palloc0(sizeof(GuardScorer));
	List *entities;

	scorer->context = context;
	scorer->columns = guard_columns_tupdesc(policy->columns);
	scorer->review_at = scorer->block_at = NAN;
	if (model != NULL)
	{
		scorer->model = model->number;
		scorer->encoder = row_encoder_create(model, scorer->columns);
		scorer->columns = row_encoder_columns(scorer->encoder);
		scorer->features = palloc(model->forest.n_features * sizeof(float));
		entities = row_encoder_entities(scorer->encoder);
		if (entities != NIL)
			scorer->card_numbers =
			    guard_card_numbers_bind(policy->options, NULL, entities, scorer->columns);
		if (policy->thresholds == THRESHOLDS_ALERT_BUDGET)
			guard_thresholds_by_budget(&model->id, snapshot, policy->alert_budget,
			                           policy->block_budget, &scorer->review_at, &scorer->block_at);
	}
	if (with_rules)
		scorer->rules = guard_rules_compile(policy->rules, scorer->columns);
	MemoryContextSwitchTo(caller);
	return scorer;
}

GuardScorer *
guard_scorer_get(GuardPolicy *policy, GuardScorer **place, const LoadedModel *model,
                 bool with_rules, Snapshot snapshot)
{
	GuardScorer *kept = *place;

	if (kept != NULL && kept->model == (model == NULL ? 0 : model->number) &&
	    (kept->rules == NULL || guard_rules_are_current(kept->rules)))
		return kept;
	*place = NULL;
	if (kept != NULL)
		MemoryContextDelete(kept->context);
	kept = make(policy, model, with_rules, snapshot);
	MemoryContextSetParent(kept->context, policy->context);
	*place = kept;
	return kept;
}

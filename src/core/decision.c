/*
 * decision.c
 *		The precedence of lists, failures, rules and the score.
 */
#include "core/decision.h"

#include <string.h>

static const char *const decision_names[] = {"approve", "review", "block"};
static const char *const ground_names[] = {"list", "error", "rule", "score", "none"};

static DecisionMade
made(Decision decision, DecisionGround ground, int place)
{
	return (DecisionMade){.decision = decision, .ground = ground, .place = place};
}

DecisionMade
decision_make(const DecisionInputs *inputs)
{
	int most_severe = 0;

	for (int i = 1; i < inputs->n_lists; i++)
		if (inputs->lists[i] > inputs->lists[most_severe])
			most_severe = i;
	if (inputs->n_lists > 0)
		return made(inputs->lists[most_severe], GROUND_LIST, most_severe);
	if (inputs->failed)
		return made(inputs->on_error, GROUND_ERROR, -1);
	if (inputs->n_rules > 0)
		return made(inputs->rules[0], GROUND_RULE, 0);
	/* Comparisons with NaN are false. */
	if (inputs->score >= inputs->block_at)
		return made(DECISION_BLOCK, GROUND_SCORE, -1);
	if (inputs->score >= inputs->review_at)
		return made(DECISION_REVIEW, GROUND_SCORE, -1);
	return made(DECISION_APPROVE, GROUND_NONE, -1);
}

const char *
decision_name(Decision decision)
{
	return decision_names[decision];
}

bool
decision_of_name(const char *name, Decision *decision)
{
	for (int i = 0; i < sizeof(decision_names) / sizeof(decision_names[0]); i++)
	{
		if (strcmp(name, decision_names[i]) == 0)
		{
			*decision = (Decision) i;
			return true;
		}
	}
	return false;
}

const char *
decision_ground_name(DecisionGround ground)
{
	return ground_names[ground];
}

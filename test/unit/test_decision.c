/*
 * test_decision.c
 *		The precedence: lists, failures, rules, the score.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/decision.h"

static DecisionInputs
nothing(void)
{
	return (DecisionInputs){
	    .on_error = DECISION_APPROVE, .score = NAN, .review_at = NAN, .block_at = NAN};
}

static void
expect(const DecisionInputs *inputs, Decision decision, DecisionGround ground, int place)
{
	DecisionMade made = decision_make(inputs);

	assert_int_equal(made.decision, decision);
	assert_int_equal(made.ground, ground);
	assert_int_equal(made.place, place);
}

static void
what_nothing_speaks_against_is_approved(void **state)
{
	DecisionInputs inputs = nothing();

	expect(&inputs, DECISION_APPROVE, GROUND_NONE, -1);
	inputs.score = 1;
	expect(&inputs, DECISION_APPROVE, GROUND_NONE, -1);
	inputs.review_at = inputs.block_at = 1;
	inputs.score = nextafter(1, 0);
	expect(&inputs, DECISION_APPROVE, GROUND_NONE, -1);
}

static void
thresholds_belong_to_what_is_above_them(void **state)
{
	DecisionInputs inputs = nothing();

	inputs.review_at = .5;
	inputs.block_at = .9;
	inputs.score = .5;
	expect(&inputs, DECISION_REVIEW, GROUND_SCORE, -1);
	inputs.score = .9;
	expect(&inputs, DECISION_BLOCK, GROUND_SCORE, -1);
	inputs.review_at = NAN;
	expect(&inputs, DECISION_BLOCK, GROUND_SCORE, -1);
	inputs.block_at = NAN;
	expect(&inputs, DECISION_APPROVE, GROUND_NONE, -1);
	/* Blocking is severer, whichever threshold is lower. */
	inputs.review_at = .9;
	inputs.block_at = .5;
	expect(&inputs, DECISION_BLOCK, GROUND_SCORE, -1);
	/* Without a model nothing is above a threshold. */
	inputs.score = NAN;
	inputs.review_at = inputs.block_at = 0;
	expect(&inputs, DECISION_APPROVE, GROUND_NONE, -1);
}

static void
the_first_rule_decides_before_the_score(void **state)
{
	Decision rules[] = {DECISION_REVIEW, DECISION_BLOCK, DECISION_APPROVE};
	DecisionInputs inputs = nothing();

	inputs.rules = rules;
	inputs.n_rules = 3;
	inputs.score = 1;
	inputs.review_at = inputs.block_at = .5;
	expect(&inputs, DECISION_REVIEW, GROUND_RULE, 0);
}

static void
a_failure_decides_before_rules(void **state)
{
	Decision rules[] = {DECISION_BLOCK};
	DecisionInputs inputs = nothing();

	inputs.failed = true;
	inputs.on_error = DECISION_REVIEW;
	inputs.rules = rules;
	inputs.n_rules = 1;
	expect(&inputs, DECISION_REVIEW, GROUND_ERROR, -1);
}

static void
the_most_severe_entry_decides_before_all(void **state)
{
	Decision lists[] = {DECISION_APPROVE, DECISION_BLOCK, DECISION_REVIEW, DECISION_BLOCK};
	Decision rules[] = {DECISION_REVIEW};
	DecisionInputs inputs = nothing();

	inputs.failed = true;
	inputs.rules = rules;
	inputs.n_rules = 1;
	inputs.lists = lists;
	inputs.n_lists = 4;
	expect(&inputs, DECISION_BLOCK, GROUND_LIST, 1);
	inputs.n_lists = 1;
	expect(&inputs, DECISION_APPROVE, GROUND_LIST, 0);
}

static void
names_are_those_that_are_recorded(void **state)
{
	Decision decision;

	for (int i = DECISION_APPROVE; i <= DECISION_BLOCK; i++)
	{
		assert_true(decision_of_name(decision_name((Decision) i), &decision));
		assert_int_equal(decision, i);
	}
	assert_false(decision_of_name("allow", &decision));
	assert_false(decision_of_name("", &decision));
	assert_string_equal(decision_ground_name(GROUND_LIST), "list");
	assert_string_equal(decision_ground_name(GROUND_NONE), "none");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_nothing_speaks_against_is_approved),
	    cmocka_unit_test(thresholds_belong_to_what_is_above_them),
	    cmocka_unit_test(the_first_rule_decides_before_the_score),
	    cmocka_unit_test(a_failure_decides_before_rules),
	    cmocka_unit_test(the_most_severe_entry_decides_before_all),
	    cmocka_unit_test(names_are_those_that_are_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * world_legitimate.c
 *		What honest people do.
 */
#include "core/world_legitimate.h"

#include "core/world_draw.h"
#include "core/world_purchase.h"
#include "core/world_state.h"

#define GOLDEN_RATIO UINT64_C(0x9e3779b97f4a7c15)

/* Shares of purchases. */
#define EXPLORING 0.03
#define DAY_TRIP 0.02
#define BIG_PURCHASE 0.004
#define SHOPPING_ROUND 0.02
#define RETRY_AFTER_DECLINE 0.4
#define STRANGE_DEVICE 0.002
/* A follow-up that no arrival has picked up within this time is forgotten. */
#define FOLLOW_UP_PATIENCE (30 * MS_IN_MINUTE)
#define MAX_CLOSED_DOORS 3

static bool
is_open(int category, int hour)
{
	return hour >= category_traits[category].opens && hour < category_traits[category].closes;
}

/* What, where and at which price level; bits that repeat for a habit give the same merchant. */
static Purchase
plan_habit(World *world, const Person *person, int64_t time_ms, uint64_t bits, int place)
{
	int category = world->market.habit_lot[bits & 255];
	const CategoryTraits *traits = &category_traits[category];
	bool online = (float) ((bits >> 8) & 0xffff) * 0x1.0p-16f < traits->online_share;
	Purchase plan =
	    purchase_plan(person, time_ms, SCENARIO_LEGITIMATE, category, online ? CITY_ONLINE : place);

	plan.merchant_bits = random_mix(bits + GOLDEN_RATIO);
	return plan;
}

/* A habit: the person's own merchant, and about the amount that is paid there. */
static Purchase
follow_habit(World *world, const Person *person, int64_t time_ms, int whereabouts)
{
	RandomState *random = &world->random;
	uint64_t draw = random_next(random);
	uint64_t u = draw >> 32;
	/* the square: the first habits are the frequent ones */
	uint64_t habit = ((u * u >> 32) * HABITS) >> 32;
	uint64_t bits = random_mix(person->hash + (habit + 64) * GOLDEN_RATIO);
	Purchase plan = plan_habit(world, person, time_ms, bits, person->city);
	double sigma = category_traits[plan.category].sigma;

	plan.level = draw_exp2(0.6 * sigma * draw_normal_from_bits(random_mix(bits)));
	if (plan.category != CATEGORY_SUBSCRIPTION)
		plan.level *= draw_exp2(0.35 * sigma * draw_normal(random));
	if (plan.place != CITY_ONLINE)
	{
		if (whereabouts != person->city)
		{
			plan.place = whereabouts;
			plan.merchant_bits = random_next(random);
		}
		else if (draw_chance(random, DAY_TRIP))
		{
			plan.place = world->geography.cities[person->city].nearest;
			plan.merchant_bits = random_next(random);
		}
	}
	return plan;
}

static Purchase
explore(World *world, const Person *person, int64_t time_ms, int whereabouts)
{
	Purchase plan = plan_habit(world, person, time_ms, random_next(&world->random), whereabouts);

	plan.level = draw_exp2(category_traits[plan.category].sigma * draw_normal(&world->random));
	return plan;
}

/* Shops close: who finds the door shut turns to another habit, in the end to the net. */
static Purchase
plan_purchase(World *world, const Person *person, int64_t time_ms, int whereabouts)
{
	int offset = country_utc_offset(world->geography.cities[whereabouts].country);
	int hour = rhythm_hour_of_week(&world->rhythm, time_ms, offset) % 24;
	Purchase plan;

	for (int trial = 0; trial < MAX_CLOSED_DOORS; trial++)
	{
		plan = draw_chance(&world->random, EXPLORING)
		           ? explore(world, person, time_ms, whereabouts)
		           : follow_habit(world, person, time_ms, whereabouts);
		if (plan.place == CITY_ONLINE || is_open(plan.category, hour))
			return plan;
	}
	plan = purchase_plan(person, time_ms, SCENARIO_LEGITIMATE, CATEGORY_DIGITAL_GOODS, CITY_ONLINE);
	plan.merchant_bits = random_mix(person->hash + 63 * GOLDEN_RATIO);
	plan.level = draw_exp2(0.8 * draw_normal(&world->random));
	return plan;
}

static uint64_t
choose_device(World *world, const Person *person, int64_t time_ms)
{
	if (draw_chance(&world->random, STRANGE_DEVICE))
		return people_fresh_device(&world->people, world->legitimate.n_fresh_devices++);
	return people_device(&world->people, person, (int) (random_next(&world->random) >> 60),
	                     time_ms);
}

/* Stored cards are not asked for their code; whether they are follows from merchant and card. */
static void
check_card(World *world, const Person *person, Transaction *transaction)
{
	const WorldOptions *options = &world->options;
	double decline = options->decline_rate * (person->careless ? 5 : 0.75);
	uint64_t pair = random_mix(transaction->card + (uint64_t) transaction->merchant_id);

	transaction->cvv_match = -1;
	if (transaction->channel == CHANNEL_ONLINE && transaction->category != CATEGORY_SUBSCRIPTION &&
	    (pair & 15) < 9)
	{
		transaction->cvv_match = !draw_chance(&world->random, options->cvv_failure_rate);
		if (transaction->cvv_match == 0)
			decline = 0.8;
	}
	transaction->declined = draw_chance(&world->random, decline);
}

static void
add_follow_up(World *world, const Person *person, const Transaction *transaction)
{
	Legitimate *state = &world->legitimate;
	RandomState *random = &world->random;
	bool retry = transaction->declined && draw_chance(random, RETRY_AFTER_DECLINE);
	FollowUp *follow_up;

	if (!retry && (transaction->channel == CHANNEL_ATM || !draw_chance(random, SHOPPING_ROUND)))
		return;
	if (state->n_follow_ups == MAX_FOLLOW_UPS)
		return;
	follow_up = &state->follow_ups[state->n_follow_ups++];
	follow_up->is_retry = retry;
	follow_up->customer = person->index;
	follow_up->declined = *transaction;
	follow_up->due_ms =
	    transaction->time_ms +
	    (int64_t) (draw_exponential(random, retry ? 1.5 : 12) * (double) MS_IN_MINUTE);
}

/* Takes one that is due out of the list; forgets what nobody has picked up in time. */
static bool
take_follow_up(Legitimate *state, int64_t time_ms, FollowUp *taken)
{
	for (int i = 0; i < state->n_follow_ups; i++)
	{
		FollowUp *follow_up = &state->follow_ups[i];
		bool lost;

		if (follow_up->due_ms > time_ms)
			continue;
		lost = time_ms > follow_up->due_ms + FOLLOW_UP_PATIENCE;
		*taken = *follow_up;
		*follow_up = state->follow_ups[--state->n_follow_ups];
		if (!lost)
			return true;
		i--;
	}
	return false;
}

static void
retry_purchase(World *world, const FollowUp *follow_up, int64_t time_ms, Transaction *transaction)
{
	*transaction = follow_up->declined;
	transaction->time_ms = time_ms;
	transaction->declined = draw_chance(&world->random, 0.3);
	if (transaction->cvv_match == 0 && !transaction->declined)
		transaction->cvv_match = 1;
}

/* Usually an ordinary customer; sometimes a synthetic identity that builds up its history. */
static int32_t
choose_customer(World *world, int64_t time_ms)
{
	int32_t synthetic = fraud_synthetic_shopper(world, time_ms);

	if (synthetic >= 0)
		return synthetic;
	return people_pick(&world->people, &world->random, &world->rhythm, time_ms);
}

void
legitimate_next(World *world, int64_t time_ms, Transaction *transaction)
{
	FollowUp follow_up;
	Person person;
	Purchase plan;
	int whereabouts;
	bool follows = take_follow_up(&world->legitimate, time_ms, &follow_up);

	if (follows && follow_up.is_retry)
	{
		retry_purchase(world, &follow_up, time_ms, transaction);
		return;
	}
	person = people_person(&world->people,
	                       follows ? follow_up.customer : choose_customer(world, time_ms));
	whereabouts = people_whereabouts(&world->people, &person, time_ms);
	plan = plan_purchase(world, &person, time_ms, whereabouts);
	if (plan.channel == CHANNEL_ONLINE)
	{
		plan.device = choose_device(world, &person, time_ms);
		plan.device_city = whereabouts;
		plan.device_at_home = whereabouts == person.city;
	}
	if (draw_chance(&world->random, BIG_PURCHASE))
		plan.level *= draw_exp2(draw_between(&world->random, 1, 2.5));
	purchase_make(world, &plan, transaction);
	check_card(world, &person, transaction);
	transaction->label_ms = TRANSACTION_NONE;
	add_follow_up(world, &person, transaction);
}

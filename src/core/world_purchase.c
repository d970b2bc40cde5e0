/*
 * world_purchase.c
 *		From a plan to a transaction: merchant, amount, channel, distance, tokens.
 */
#include "core/world_purchase.h"

#include <math.h>

#include "core/world_draw.h"
#include "core/world_state.h"

#define CONTACTLESS_LIMIT 50 /* in euros */
#define MIN_CENTS 50
#define MAX_CENTS 5000000

const char *const channel_names[N_CHANNELS] = {
    [CHANNEL_CHIP] = "chip",
    [CHANNEL_CONTACTLESS] = "contactless",
    [CHANNEL_ONLINE] = "online",
    [CHANNEL_ATM] = "atm",
};

Purchase
purchase_plan(const Person *person, int64_t time_ms, Scenario scenario, int category, int place)
{
	Purchase plan = {.person = person,
	                 .time_ms = time_ms,
	                 .scenario = scenario,
	                 .category = category,
	                 .place = place,
	                 .channel = CHANNEL_BY_AMOUNT,
	                 .merchant = MERCHANT_BY_PLACE,
	                 .level = 1,
	                 .device_city = person->city,
	                 .device_at_home = true};

	if (place == CITY_ONLINE)
		plan.channel = CHANNEL_ONLINE;
	else if (category == CATEGORY_CASH)
		plan.channel = CHANNEL_ATM;
	return plan;
}

/* A part of the scenario's rows moves to another channel, and with it to where that is sold. */
static void
drift_channel(World *world, Purchase *plan)
{
	const Behaviour *behaviour = &world->behaviour[plan->scenario];

	if (behaviour->channel < 0 || !draw_chance(&world->random, behaviour->channel_share))
		return;
	plan->channel = behaviour->channel;
	plan->merchant = MERCHANT_BY_PLACE;
	plan->merchant_bits = random_next(&world->random);
	if (plan->channel == CHANNEL_ONLINE)
	{
		plan->place = CITY_ONLINE;
		if (category_traits[plan->category].online_share == 0)
			plan->category = CATEGORY_RETAIL;
		if (plan->device == 0)
			plan->device = people_device(&world->people, plan->person, 0, plan->time_ms);
		return;
	}
	if (plan->place == CITY_ONLINE)
		plan->place = plan->person->city;
	if (plan->channel == CHANNEL_ATM)
		plan->category = CATEGORY_CASH;
	else if (category_traits[plan->category].online_share == 1 || plan->category == CATEGORY_CASH)
		plan->category = CATEGORY_RETAIL;
}

/* Prices end as prices do; machines give notes. */
static int64_t
cents_of(double euros, int category, uint64_t bits)
{
	int64_t cents = (int64_t) (euros * 100 + 0.5);

	if (category == CATEGORY_CASH)
		return cents < 2000 ? 2000 : cents > 100000 ? 100000 : (cents + 500) / 1000 * 1000;
	if (cents >= 300)
	{
		int ending = (int) (bits & 15);

		if (ending < 4)
			cents = cents / 100 * 100 + 99;
		else if (ending < 7)
			cents = cents / 100 * 100;
		else if (ending < 9)
			cents = cents / 50 * 50;
	}
	return cents < MIN_CENTS ? MIN_CENTS : cents > MAX_CENTS ? MAX_CENTS : cents;
}

static double
distance(double dx, double dy)
{
	return sqrt(dx * dx + dy * dy);
}

/* Over the counter: to the merchant. Online: to where the network says that the buyer sits. */
static double
home_distance(World *world, const Purchase *plan, const Merchant *merchant)
{
	const Person *person = plan->person;
	const City *city = &world->geography.cities[plan->device_city];
	uint64_t bits;

	if (plan->channel != CHANNEL_ONLINE)
		return distance(merchant->x - person->x, merchant->y - person->y);
	bits = random_next(&world->random);
	if ((bits & 63) < 2)
		return NAN; /* nothing is known of the address */
	if ((bits & 63) < 4)
		/* a mobile network's gateway stands anywhere in the country */
		return (double) (bits >> 40) * 0x1.0p-24 * 400;
	if (plan->device_at_home)
		return fabs(draw_normal_from_bits(bits)) * 9;
	return distance(city->x - person->x + 12 * draw_normal_from_bits(bits),
	                city->y - person->y + 12 * draw_normal_from_bits(random_mix(bits)));
}

/* In hundredths of a kilometre; unknown stays unknown. */
static double
round_distance(double km)
{
	return isnan(km) ? km : (double) (int64_t) (km * 100 + 0.5) / 100;
}

void
purchase_make(World *world, Purchase *plan, Transaction *transaction)
{
	const Merchant *merchant;
	int32_t index = plan->merchant;
	double euros = plan->euros;
	bool online;

	drift_channel(world, plan);
	if (index == MERCHANT_BY_PLACE || plan->merchant == MERCHANT_BY_PLACE)
		index = market_pick(&world->market, &world->geography, plan->category, plan->place,
		                    plan->merchant_bits);
	merchant = &world->market.merchants[index];
	if (euros == 0)
		euros = category_traits[merchant->category].median * merchant->price_level *
		        plan->person->spending * plan->level;
	euros *= world->behaviour[plan->scenario].amount_factor;
	if (plan->channel == CHANNEL_BY_AMOUNT)
		plan->channel =
		    euros <= CONTACTLESS_LIMIT && draw_chance(&world->random, plan->person->contactless)
		        ? CHANNEL_CONTACTLESS
		        : CHANNEL_CHIP;
	online = plan->channel == CHANNEL_ONLINE;

	transaction->time_ms = plan->time_ms;
	transaction->customer_id = scramble(&world->customer_ids, plan->person->index);
	transaction->merchant_id = scramble(&world->merchant_ids, index);
	transaction->amount = cents_of(euros * country_exchange_rate(merchant->country),
	                               merchant->category, random_next(&world->random));
	transaction->card = people_card(&world->people, plan->person, online, plan->time_ms);
	transaction->device = online ? plan->device : 0;
	transaction->home_distance_km = round_distance(home_distance(world, plan, merchant));
	transaction->category = merchant->category;
	transaction->channel = (uint8_t) plan->channel;
	transaction->country = merchant->country;
	transaction->currency = (uint8_t) country_currency(merchant->country);
	transaction->scenario = (uint8_t) plan->scenario;
}

/*
 * world_scenarios.c
 *		What thieves do. Each scenario shows in behaviour over time (bursts, new
 *		devices, clusters at a merchant, amounts off the customer's own habit);
 *		each single row could be an honest one.
 */
#include "core/world_scenarios.h"

#include "core/world_draw.h"
#include "core/world_purchase.h"
#include "core/world_state.h"

const char *const scenario_names[N_SCENARIOS] = {
    [SCENARIO_LEGITIMATE] = "legitimate",
    [SCENARIO_CARD_TESTING] = "card_testing",
    [SCENARIO_STOLEN_CARD] = "stolen_card",
    [SCENARIO_ACCOUNT_TAKEOVER] = "account_takeover",
    [SCENARIO_COMPROMISED_TERMINAL] = "compromised_terminal",
    [SCENARIO_COLLUSIVE_MERCHANT] = "collusive_merchant",
    [SCENARIO_BUST_OUT] = "bust_out",
    [SCENARIO_FIRST_PARTY] = "first_party",
    [SCENARIO_SYNTHETIC_IDENTITY] = "synthetic_identity",
};

#define CLOSED_AFTER_FRAUD_DAYS 120

/* Parts that several scenarios are made of. */

static int32_t
pick_victim(World *world, int64_t time_ms)
{
	return people_pick(&world->people, &world->random, &world->rhythm, time_ms);
}

static uint64_t
fresh_device(World *world)
{
	return people_fresh_device(&world->people, world->legitimate.n_fresh_devices++);
}

static uint8_t
any_city(World *world)
{
	return world->geography.lot[random_next(&world->random) >> 56];
}

static int
one_of(World *world, const uint8_t *categories, int n)
{
	return categories[random_below(&world->random, (uint64_t) n)];
}

static int32_t
pick_merchant(World *world, int category, int place)
{
	return market_pick(&world->market, &world->geography, category, place,
	                   random_next(&world->random));
}

static void
check(World *world, Transaction *transaction, double asked, double matches, double declined)
{
	RandomState *random = &world->random;

	transaction->cvv_match = -1;
	if (transaction->channel == CHANNEL_ONLINE && draw_chance(random, asked))
		transaction->cvv_match = draw_chance(random, matches);
	if (transaction->cvv_match == 0)
		declined = 0.8;
	transaction->declined = draw_chance(random, declined);
}

/* A purchase on the net from a device in this city. */
static Purchase
plan_online(World *world, const Person *person, const Campaign *campaign, int category)
{
	Purchase plan =
	    purchase_plan(person, campaign->due_ms, campaign->scenario, category, CITY_ONLINE);

	plan.merchant_bits = random_next(&world->random);
	plan.device = campaign->device;
	plan.device_city = campaign->city;
	plan.device_at_home = false;
	return plan;
}

static Purchase
plan_counter(World *world, const Person *person, const Campaign *campaign, int category)
{
	Purchase plan =
	    purchase_plan(person, campaign->due_ms, campaign->scenario, category, campaign->city);

	plan.merchant_bits = random_next(&world->random);
	plan.device = campaign->device;
	plan.device_city = campaign->city;
	return plan;
}

/* A factor on the usual amount, lognormal with this median. */
static double
level(World *world, double median, double sigma)
{
	return median * draw_exp2(sigma * draw_normal(&world->random));
}

/* Card testing: a bot tries many stolen numbers at one weak shop, for pennies, within minutes. */

static const uint8_t testing_categories[] = {CATEGORY_DIGITAL_GOODS, CATEGORY_ENTERTAINMENT,
                                             CATEGORY_RETAIL, CATEGORY_TRANSPORT};

static void
begin_card_testing(World *world, Campaign *campaign, int64_t now_ms)
{
	campaign->device = fresh_device(world);
	campaign->city = any_city(world);
	campaign->merchant = pick_merchant(world, one_of(world, testing_categories, 4), CITY_ONLINE);
	campaign->customer = pick_victim(world, now_ms);
}

static void
strike_card_testing(World *world, Campaign *campaign, Transaction *transaction)
{
	Person person;
	Purchase plan;

	if (campaign->step > 0 && draw_chance(&world->random, 0.7))
		campaign->customer = pick_victim(world, campaign->due_ms);
	person = people_person(&world->people, campaign->customer);
	plan = plan_online(world, &person, campaign, CATEGORY_DIGITAL_GOODS);
	plan.merchant = campaign->merchant;
	plan.euros = level(world, 4, 1.3);
	purchase_make(world, &plan, transaction);
	check(world, transaction, 0.6, 0.75, 0.25);
}

/* Stolen card: a round through shops where the owner never goes, until it is blocked. */

static const uint8_t stolen_categories[] = {
    CATEGORY_ELECTRONICS, CATEGORY_FASHION, CATEGORY_FUEL,      CATEGORY_RETAIL,
    CATEGORY_HOME,        CATEGORY_RETAIL,  CATEGORY_JEWELLERY, CATEGORY_RESTAURANT,
    CATEGORY_ELECTRONICS, CATEGORY_GROCERY};

static void
begin_stolen_card(World *world, Campaign *campaign, int64_t now_ms)
{
	Person person;
	double u = random_uniform(&world->random);

	campaign->customer = pick_victim(world, now_ms);
	person = people_person(&world->people, campaign->customer);
	campaign->city = (uint8_t) people_whereabouts(&world->people, &person, now_ms);
	if (u < 0.25)
		campaign->city = world->geography.cities[campaign->city].nearest;
	else if (u < 0.5)
		campaign->city = any_city(world);
	campaign->device = fresh_device(world);
}

static void
strike_stolen_card(World *world, Campaign *campaign, Transaction *transaction)
{
	Person person = people_person(&world->people, campaign->customer);
	int category = one_of(world, stolen_categories, 10);
	bool online = category_traits[category].online_share > 0.3 && draw_chance(&world->random, 0.2);
	Purchase plan = online ? plan_online(world, &person, campaign, category)
	                       : plan_counter(world, &person, campaign, category);

	plan.level = level(world, 2.6, 0.65);
	purchase_make(world, &plan, transaction);
	check(world, transaction, 0.5, 0.85, 0.04 + 0.03 * campaign->step);
}

/* Account takeover: a new device, a small trial, then what can be sold again. */

static const uint8_t takeover_categories[] = {
    CATEGORY_ELECTRONICS, CATEGORY_GIFT_CARDS, CATEGORY_TRAVEL,      CATEGORY_FASHION,
    CATEGORY_JEWELLERY,   CATEGORY_RETAIL,     CATEGORY_ELECTRONICS, CATEGORY_HOME};

static void
begin_account_takeover(World *world, Campaign *campaign, int64_t now_ms)
{
	Person person;

	campaign->customer = pick_victim(world, now_ms);
	person = people_person(&world->people, campaign->customer);
	campaign->device = fresh_device(world);
	/* a proxy near the victim, as often as not */
	campaign->city = draw_chance(&world->random, 0.6) ? person.city : any_city(world);
}

static void
strike_account_takeover(World *world, Campaign *campaign, Transaction *transaction)
{
	Person person = people_person(&world->people, campaign->customer);
	bool trial = campaign->step == 0 && draw_chance(&world->random, 0.6);
	Purchase plan =
	    plan_online(world, &person, campaign,
	                trial ? CATEGORY_DIGITAL_GOODS : one_of(world, takeover_categories, 8));

	plan.level = trial ? level(world, 0.7, 0.8) : level(world, 2.4, 0.7);
	purchase_make(world, &plan, transaction);
	check(world, transaction, 0.5, 0.93, 0.03 + 0.02 * campaign->step);
}

/* Compromised terminal: cards that were copied at a till are charged again there, in bursts. */

static const uint8_t terminal_categories[] = {CATEGORY_FUEL, CATEGORY_RESTAURANT, CATEGORY_RETAIL,
                                              CATEGORY_GROCERY, CATEGORY_HEALTH};

static void
begin_compromised_terminal(World *world, Campaign *campaign, int64_t now_ms)
{
	bool fresh;
	Actor *terminal = scenario_actor(&world->fraud.terminals, now_ms, &fresh);

	if (fresh)
	{
		int category = one_of(world, terminal_categories, 5);

		/* a shop that few visit, so that nobody looks: the last of its range */
		terminal->subject =
		    market_pick(&world->market, &world->geography, category, any_city(world), UINT64_MAX);
		terminal->until_ms = now_ms + draw_integer(&world->random, 40, 90) * MS_IN_DAY;
		terminal->amount = level(world, 3, 0.4);
	}
	campaign->merchant = terminal->subject;
	campaign->amount = terminal->amount;
	campaign->city = world->market.merchants[terminal->subject].city;
	if (campaign->city == CITY_ONLINE)
		campaign->city = any_city(world);
}

static void
strike_compromised_terminal(World *world, Campaign *campaign, Transaction *transaction)
{
	const Merchant *merchant = &world->market.merchants[campaign->merchant];
	Person person;
	Purchase plan;

	campaign->customer = people_pick_in_city(&world->people, &world->random, &world->rhythm,
	                                         campaign->due_ms, campaign->city);
	person = people_person(&world->people, campaign->customer);
	plan = plan_counter(world, &person, campaign, merchant->category);
	plan.merchant = campaign->merchant;
	plan.channel = CHANNEL_CHIP;
	/* the thief charges alike, whoever's card it is */
	plan.euros = category_traits[merchant->category].median * merchant->price_level *
	             campaign->amount * level(world, 1, 0.6);
	purchase_make(world, &plan, transaction);
	check(world, transaction, 0, 1, 0.05);
}

/* Collusive merchant: invents sales, again and again on the cards of a few accomplices. */

#define ACCOMPLICES 6

static const uint8_t collusive_categories[] = {CATEGORY_HOME, CATEGORY_RETAIL, CATEGORY_FASHION,
                                               CATEGORY_ELECTRONICS, CATEGORY_ENTERTAINMENT};

static void
begin_collusive_merchant(World *world, Campaign *campaign, int64_t now_ms)
{
	bool fresh;
	Actor *colluder = scenario_actor(&world->fraud.colluders, now_ms, &fresh);

	if (fresh)
	{
		colluder->subject =
		    pick_merchant(world, one_of(world, collusive_categories, 5), CITY_ONLINE);
		colluder->until_ms = now_ms + draw_integer(&world->random, 60, 120) * MS_IN_DAY;
		colluder->amount = draw_between(&world->random, 60, 300);
		colluder->device = fresh_device(world);
	}
	campaign->merchant = colluder->subject;
	campaign->amount = colluder->amount;
	campaign->device = colluder->device;
	campaign->city = any_city(world);
}

static void
strike_collusive_merchant(World *world, Campaign *campaign, Transaction *transaction)
{
	const Merchant *merchant = &world->market.merchants[campaign->merchant];
	uint64_t accomplice = random_mix(campaign->device + random_below(&world->random, ACCOMPLICES));
	Person person;
	Purchase plan;

	campaign->customer = (int32_t) ((accomplice >> 32) * (uint64_t) world->people.n_regular >> 32);
	person = people_person(&world->people, campaign->customer);
	plan = plan_online(world, &person, campaign, merchant->category);
	plan.merchant = campaign->merchant;
	plan.device_city = person.city;
	plan.euros = campaign->amount * level(world, 1, 0.4);
	purchase_make(world, &plan, transaction);
	check(world, transaction, 0.2, 0.99, 0.02);
}

/* Bust-out: a good customer uses up every limit within days, and is gone. */

static const uint8_t bust_out_categories[] = {
    CATEGORY_ELECTRONICS, CATEGORY_CASH, CATEGORY_JEWELLERY, CATEGORY_GIFT_CARDS,
    CATEGORY_FASHION,     CATEGORY_HOME, CATEGORY_CASH,      CATEGORY_TRAVEL};

static void
begin_bust_out(World *world, Campaign *campaign, int64_t now_ms)
{
	Person person;

	campaign->customer = pick_victim(world, now_ms);
	person = people_person(&world->people, campaign->customer);
	campaign->city = person.city;
	campaign->device = people_device(&world->people, &person, 0, now_ms);
}

static void
strike_bust_out(World *world, Campaign *campaign, Transaction *transaction)
{
	Person person = people_person(&world->people, campaign->customer);
	int category = one_of(world, bust_out_categories, 8);
	bool online = draw_chance(&world->random, category_traits[category].online_share);
	Purchase plan = online ? plan_online(world, &person, campaign, category)
	                       : plan_counter(world, &person, campaign, category);

	plan.device_at_home = true;
	plan.level = level(world, 3.4, 0.6);
	purchase_make(world, &plan, transaction);
	check(world, transaction, 0.5, 0.99, campaign->step >= 6 ? 0.3 : 0.03);
	if (campaign->step + 1 == campaign->size)
		people_close_account(&world->people, campaign->customer, campaign->due_ms,
		                     CLOSED_AFTER_FRAUD_DAYS);
}

/* First party: buys for himself, then says that it was somebody else; and does it again. */

static const uint8_t disputed_categories[] = {CATEGORY_ELECTRONICS, CATEGORY_DIGITAL_GOODS,
                                              CATEGORY_FASHION, CATEGORY_TRAVEL,
                                              CATEGORY_GIFT_CARDS};

#define DISPUTES_PER_PERSON 3

static void
begin_first_party(World *world, Campaign *campaign, int64_t now_ms)
{
	bool fresh;
	Actor *disputer = scenario_actor(&world->fraud.disputers, now_ms, &fresh);
	Person person;

	if (fresh)
	{
		disputer->subject = pick_victim(world, now_ms);
		disputer->until_ms = INT64_MAX;
		disputer->amount = level(world, 2.7, 0.4);
	}
	if (disputer->campaigns == DISPUTES_PER_PERSON)
		disputer->until_ms = now_ms;
	campaign->customer = disputer->subject;
	campaign->amount = disputer->amount;
	person = people_person(&world->people, campaign->customer);
	campaign->city = person.city;
	campaign->device = people_device(&world->people, &person, 0, now_ms);
}

static void
strike_first_party(World *world, Campaign *campaign, Transaction *transaction)
{
	Person person = people_person(&world->people, campaign->customer);
	Purchase plan = plan_online(world, &person, campaign, one_of(world, disputed_categories, 5));

	plan.device_at_home = true;
	plan.level = campaign->amount * level(world, 1, 0.6);
	purchase_make(world, &plan, transaction);
	check(world, transaction, 0.4, 0.99, 0.03);
}

/*
 * Synthetic identity: people who do not exist share a device, pay honestly for
 * weeks (world_legitimate), then one after the other take what they can get.
 */

static const uint8_t synthetic_categories[] = {CATEGORY_ELECTRONICS, CATEGORY_GIFT_CARDS,
                                               CATEGORY_CASH,        CATEGORY_JEWELLERY,
                                               CATEGORY_FASHION,     CATEGORY_TRAVEL};

static void
found_ring(World *world, Actor *ring, int64_t now_ms)
{
	const People *people = &world->people;
	Fraud *fraud = &world->fraud;

	ring->since_ms = now_ms;
	ring->until_ms = INT64_MAX;
	if (people->n_regular == people->n_customers)
	{
		/* a world too small to keep any in reserve */
		ring->subject = pick_victim(world, now_ms);
		return;
	}
	if (fraud->next_identity + RING_SIZE > people->n_customers)
		fraud->next_identity = people->n_regular;
	ring->subject = fraud->next_identity;
	fraud->next_identity += RING_SIZE;
	for (int i = 0; i < RING_SIZE; i++)
		people_close_account(&world->people, ring->subject + i, now_ms, 0);
}

static void
begin_synthetic_identity(World *world, Campaign *campaign, int64_t now_ms)
{
	bool fresh;
	Actor *ring = scenario_actor(&world->fraud.rings, now_ms, &fresh);
	int member = ring->campaigns - 1;
	Person person;

	if (fresh)
	{
		found_ring(world, ring, now_ms);
		member = 0;
	}
	if (ring->campaigns == RING_SIZE)
		ring->until_ms = now_ms; /* the last member: next time a new ring */
	campaign->customer = ring->subject;
	if (ring->subject >= world->people.n_regular)
		campaign->customer += member % RING_SIZE;
	person = people_person(&world->people, campaign->customer);
	campaign->city = person.city;
	campaign->device = people_device(&world->people, &person, 0, now_ms);
}

static void
strike_synthetic_identity(World *world, Campaign *campaign, Transaction *transaction)
{
	Person person = people_person(&world->people, campaign->customer);
	int category = one_of(world, synthetic_categories, 6);
	Purchase plan = category == CATEGORY_CASH ? plan_counter(world, &person, campaign, category)
	                                          : plan_online(world, &person, campaign, category);

	plan.device_at_home = true;
	plan.level = level(world, 2.8, 0.6);
	purchase_make(world, &plan, transaction);
	check(world, transaction, 0.5, 0.99, 0.03 + 0.03 * campaign->step);
}

/* share, sizes, gap in minutes, at any hour, card replaced */
const ScenarioDefinition scenario_definitions[N_SCENARIOS] = {
    [SCENARIO_CARD_TESTING] = {0.15, 8, 20, 0.6, 1, true, begin_card_testing, strike_card_testing},
    [SCENARIO_STOLEN_CARD] = {0.20, 9, 16, 4, 0.2, true, begin_stolen_card, strike_stolen_card},
    [SCENARIO_ACCOUNT_TAKEOVER] = {0.20, 7, 13, 5, 0.4, true, begin_account_takeover,
                                   strike_account_takeover},
    [SCENARIO_COMPROMISED_TERMINAL] = {0.15, 12, 20, 1.2, 0.3, true, begin_compromised_terminal,
                                       strike_compromised_terminal},
    [SCENARIO_COLLUSIVE_MERCHANT] = {0.09, 8, 13, 3, 0.3, false, begin_collusive_merchant,
                                     strike_collusive_merchant},
    [SCENARIO_BUST_OUT] = {0.09, 11, 20, 10, 0.2, false, begin_bust_out, strike_bust_out},
    [SCENARIO_FIRST_PARTY] = {0.04, 8, 13, 4, 0.2, false, begin_first_party, strike_first_party},
    [SCENARIO_SYNTHETIC_IDENTITY] = {0.08, 8, 14, 8, 0.3, false, begin_synthetic_identity,
                                     strike_synthetic_identity},
};

/* Actors. */

Actor *
scenario_actor(ActorTable *table, int64_t now_ms, bool *fresh)
{
	Actor *actor = &table->actors[table->next];

	table->next = (table->next + 1) % table->n;
	*fresh = actor->subject < 0 || actor->until_ms <= now_ms;
	if (*fresh)
	{
		actor->since_ms = now_ms;
		actor->campaigns = 0;
	}
	actor->campaigns++;
	return actor;
}

/* As many actors as keep each busy with about this many frauds a day. */
static void
make_table(World *world, ActorTable *table, Scenario scenario, double frauds_a_day)
{
	double share = world->options.shares[scenario];
	double total = 0;
	double busy;

	for (int s = 1; s < N_SCENARIOS; s++)
		total += world->options.shares[s];
	busy = (double) world->n_frauds * share / total / world->options.days / frauds_a_day;
	table->n = busy < 1 ? 1 : busy > MAX_ACTORS ? MAX_ACTORS : (int) busy;
	table->next = 0;
	for (int i = 0; i < table->n; i++)
		table->actors[i] = (Actor){.subject = -1};
}

#define RINGS_SHOP_A_DAY 0.5

void
scenario_make_actors(World *world)
{
	Fraud *fraud = &world->fraud;
	double rows_a_day = (double) world->options.transactions / world->options.days;

	make_table(world, &fraud->terminals, SCENARIO_COMPROMISED_TERMINAL, 0.7);
	make_table(world, &fraud->colluders, SCENARIO_COLLUSIVE_MERCHANT, 0.35);
	make_table(world, &fraud->disputers, SCENARIO_FIRST_PARTY, 0.1);
	make_table(world, &fraud->rings, SCENARIO_SYNTHETIC_IDENTITY, 0.7);
	fraud->next_identity = world->people.n_regular;
	for (int i = 0; i < fraud->rings.n; i++)
		found_ring(world, &fraud->rings.actors[i], 0);
	fraud->synthetic_rate = fraud->rings.n * RING_SIZE * RINGS_SHOP_A_DAY / (rows_a_day + 1);
	if (fraud->synthetic_rate > 0.02)
		fraud->synthetic_rate = 0.02;
}

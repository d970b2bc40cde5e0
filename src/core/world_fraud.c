/*
 * world_fraud.c
 *		The controller of campaigns and the heap of those under way.
 */
#include "core/world_fraud.h"

#include "core/world_draw.h"
#include "core/world_scenarios.h"
#include "core/world_state.h"

#define MIN_CAPACITY 4096
/* Frauds that a scenario may run ahead of its share: lets campaigns come in random order. */
#define LOOK_AHEAD 24
/* A campaign begins within this time of the decision, at an hour its thieves like. */
#define MAX_LEAD_MS (24 * MS_IN_HOUR)
#define MAX_BEGIN_TRIALS 12
/* At least about so many campaigns, even if they have to be smaller. */
#define MIN_CAMPAIGNS 32
#define SMALLEST_CAMPAIGN 2
/* Label delays within a campaign resemble each other: 0.8^2 + 0.6^2 = 1. */
#define COMMON_DELAY 0.8
#define OWN_DELAY 0.6
/* Per known fraud; after several of them the card is nearly always replaced. */
#define CARD_REPLACED 0.1

/* The heap. */

static bool
is_before(const Campaign *a, const Campaign *b)
{
	return a->due_ms < b->due_ms || (a->due_ms == b->due_ms && a->number < b->number);
}

static void
sift_down(Fraud *fraud, int position, const Campaign *campaign)
{
	Campaign moved = *campaign;

	for (;;)
	{
		int child = 2 * position + 1;

		if (child >= fraud->n_active)
			break;
		if (child + 1 < fraud->n_active &&
		    is_before(&fraud->active[child + 1], &fraud->active[child]))
			child++;
		if (!is_before(&fraud->active[child], &moved))
			break;
		fraud->active[position] = fraud->active[child];
		position = child;
	}
	fraud->active[position] = moved;
}

static void
push(Fraud *fraud, const Campaign *campaign)
{
	int position = fraud->n_active++;

	while (position > 0 && is_before(campaign, &fraud->active[(position - 1) / 2]))
	{
		fraud->active[position] = fraud->active[(position - 1) / 2];
		position = (position - 1) / 2;
	}
	fraud->active[position] = *campaign;
}

static void
pop(Fraud *fraud)
{
	Campaign last = fraud->active[--fraud->n_active];

	if (fraud->n_active > 0)
		sift_down(fraud, 0, &last);
}

/* The controller. */

static double
share_total(const World *world)
{
	double total = 0;

	for (int s = 1; s < N_SCENARIOS; s++)
		total += world->behaviour[s].share;
	return total;
}

/* In a small world thieves are small too, so that its few frauds are not all one campaign's. */
static int
draw_size(World *world, const ScenarioDefinition *definition)
{
	int64_t most = world->n_frauds / MIN_CAMPAIGNS;
	int size = draw_integer(&world->random, definition->min_size, definition->max_size);

	if (most < SMALLEST_CAMPAIGN)
		most = SMALLEST_CAMPAIGN;
	return size < most ? size : (int) most;
}

/*
 * Draws the next campaign: a scenario by what its share has coming, per
 * transaction of a typical campaign, and a size.
 */
static void
draw_next_campaign(World *world)
{
	Fraud *fraud = &world->fraud;
	double weights[N_SCENARIOS] = {0};
	double total_share = share_total(world);
	double total = 0;
	double u;

	for (int s = 1; s < N_SCENARIOS; s++)
	{
		const ScenarioDefinition *definition = &scenario_definitions[s];
		double due = fraud->debt[s] + LOOK_AHEAD * world->behaviour[s].share / total_share;

		if (due > 0 && world->behaviour[s].share > 0)
			weights[s] = 2 * due / (definition->min_size + definition->max_size);
		total += weights[s];
	}
	u = random_uniform(&world->random) * total;
	fraud->next_scenario = 0;
	for (int s = 1; s < N_SCENARIOS; s++)
	{
		if (weights[s] == 0)
			continue;
		fraud->next_scenario = s;
		if (u < weights[s])
			break;
		u -= weights[s];
	}
	fraud->next_size = draw_size(world, &scenario_definitions[fraud->next_scenario]);
	fraud->next_threshold = fraud->next_size * random_uniform(&world->random);
}

/* Books the campaign: every scenario is owed its share of it, and one has been paid. */
static void
commit(World *world, int scenario, int size)
{
	double total_share = share_total(world);

	for (int s = 1; s < N_SCENARIOS; s++)
		world->fraud.debt[s] += size * world->behaviour[s].share / total_share;
	world->fraud.debt[scenario] -= size;
	world->fraud.committed += size;
}

/* A time within the lead, in the hours in which people pay unless the thieves care little. */
static int64_t
draw_begin(World *world, const ScenarioDefinition *definition, int64_t now_ms)
{
	int64_t room = world->end_ms - 1 - now_ms;
	int64_t lead = room / 4 < MAX_LEAD_MS ? room / 4 : MAX_LEAD_MS;
	bool any_hour = draw_chance(&world->random, definition->any_hour);
	int64_t begin = now_ms;

	for (int trial = 0; trial < MAX_BEGIN_TRIALS; trial++)
	{
		int hour;

		begin = now_ms + (int64_t) (random_uniform(&world->random) * (double) lead);
		hour = rhythm_hour_of_week(&world->rhythm, begin, 0);
		if (any_hour ||
		    random_uniform(&world->random) * world->busiest_hour < world->rhythm.intensity[hour])
			break;
	}
	return begin;
}

static void
begin_campaign(World *world, int64_t now_ms)
{
	Fraud *fraud = &world->fraud;
	Campaign campaign = {.scenario = (uint8_t) fraud->next_scenario,
	                     .size = (uint16_t) fraud->next_size,
	                     .number = fraud->campaigns_begun++,
	                     .customer = -1,
	                     .merchant = -1};
	const ScenarioDefinition *definition = &scenario_definitions[campaign.scenario];

	if (fraud->committed + campaign.size > world->n_frauds)
		campaign.size = (uint16_t) (world->n_frauds - fraud->committed);
	campaign.due_ms = draw_begin(world, definition, now_ms);
	campaign.report_normal = (float) draw_normal(&world->random);
	definition->begin(world, &campaign, campaign.due_ms);
	push(fraud, &campaign);
	commit(world, campaign.scenario, campaign.size);
}

void
fraud_plan(World *world, double progress, int64_t now_ms)
{
	Fraud *fraud = &world->fraud;
	double planned = progress * (double) world->n_frauds;

	while (fraud->committed < world->n_frauds && fraud->n_active < fraud->capacity &&
	       (progress >= 1 || planned >= (double) fraud->committed + fraud->next_threshold))
	{
		begin_campaign(world, now_ms);
		draw_next_campaign(world);
	}
}

/* Emission. */

/* When the fraud becomes known: a lognormal delay, or never. */
static void
draw_label(World *world, const Campaign *campaign, Transaction *transaction)
{
	const WorldOptions *options = &world->options;
	double normal =
	    COMMON_DELAY * campaign->report_normal + OWN_DELAY * draw_normal(&world->random);
	double days =
	    options->label_delay_days * draw_exp2(options->label_delay_sigma / DRAW_LN_2 * normal);

	transaction->label_ms = TRANSACTION_NONE;
	if (draw_chance(&world->random, options->never_reported))
		return;
	if (days > WORLD_MAX_LABEL_DELAY_DAYS)
		days = WORLD_MAX_LABEL_DELAY_DAYS;
	transaction->label_ms = transaction->time_ms + 1 + (int64_t) (days * (double) MS_IN_DAY);
	if (scenario_definitions[campaign->scenario].card_is_stolen && campaign->customer >= 0 &&
	    draw_chance(&world->random, CARD_REPLACED))
		people_plan_reissue(&world->people, campaign->customer, transaction->label_ms);
}

/* The next time of a campaign; what remains of it still fits before the end of the world. */
static int64_t
next_due(World *world, const Campaign *campaign)
{
	double gap =
	    draw_exponential(&world->random, scenario_definitions[campaign->scenario].gap_minutes) *
	    (double) MS_IN_MINUTE;
	double room = (double) (world->end_ms - 1 - campaign->due_ms) /
	              (double) (campaign->size - campaign->step + 1);

	/* a crowded world is a hurried one: the heap must not overflow */
	if (world->fraud.n_active > world->fraud.capacity / 2)
		gap /= 16;
	return campaign->due_ms + (int64_t) (gap < room ? gap : room);
}

int64_t
fraud_due(const World *world)
{
	return world->fraud.n_active > 0 ? world->fraud.active[0].due_ms : INT64_MAX;
}

void
fraud_next(World *world, Transaction *transaction)
{
	Fraud *fraud = &world->fraud;
	Campaign campaign = fraud->active[0];

	scenario_definitions[campaign.scenario].strike(world, &campaign, transaction);
	campaign.step++;
	draw_label(world, &campaign, transaction);
	if (campaign.step == campaign.size)
	{
		pop(fraud);
		return;
	}
	campaign.due_ms = next_due(world, &campaign);
	sift_down(fraud, 0, &campaign);
}

int32_t
fraud_synthetic_shopper(World *world, int64_t time_ms)
{
	Fraud *fraud = &world->fraud;
	uint64_t bits;
	const Actor *ring;

	if (fraud->rings.n == 0 || !draw_chance(&world->random, fraud->synthetic_rate))
		return -1;
	bits = random_next(&world->random);
	ring = &fraud->rings.actors[(bits & 0xffffffff) * (uint64_t) fraud->rings.n >> 32];
	if (ring->subject < 0 || ring->since_ms > time_ms || ring->subject < world->people.n_regular)
		return -1;
	return ring->subject + (int32_t) (bits >> 62) % RING_SIZE;
}

bool
fraud_make(World *world)
{
	Fraud *fraud = &world->fraud;
	int64_t capacity = world->options.customers;

	if (capacity < MIN_CAPACITY)
		capacity = MIN_CAPACITY;
	if (capacity > MAX_CAMPAIGNS)
		capacity = MAX_CAMPAIGNS;
	fraud->capacity = (int) capacity;
	fraud->active =
	    world->allocator.allocate(world->allocator.context, sizeof(Campaign) * (size_t) capacity);
	if (fraud->active == NULL)
		return false;
	scenario_make_actors(world);
	draw_next_campaign(world);
	return true;
}

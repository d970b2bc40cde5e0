/*
 * world.c
 *		The stream: honest arrivals and frauds, merged in the order of time.
 *
 * Honest arrivals are a stratified sample of the cumulative intensity: the
 * k-th of n lies at (k + u) / n of it. That is sorted by construction, needs
 * no memory, and to a single customer, who gets a random few of them, it looks
 * like a Poisson process.
 */
#include "core/world.h"

#include "core/world_draw.h"
#include "core/world_state.h"

/* Keeps the hashes of identities apart from the seed of the stream. */
#define KEY_OF_PLACES UINT64_C(0x5851f42d4c957f2d)

Scramble
scramble_make(uint64_t n, uint64_t key)
{
	Scramble made = {
	    .n = n, .factor = (random_mix(key) % n) | 1, .offset = random_mix(key + 1) % n};

	for (;;)
	{
		uint64_t a = made.factor, b = n;

		while (b != 0)
		{
			uint64_t rest = a % b;

			a = b;
			b = rest;
		}
		if (a == 1)
			return made;
		made.factor++;
	}
}

/* Applies the drifts whose time has come. */
static void
follow_drift(World *world, int64_t now_ms)
{
	while (world->next_drift < world->options.n_drifts &&
	       world->options.drifts[world->next_drift].from_ms <= now_ms)
	{
		const WorldDrift *drift = &world->options.drifts[world->next_drift++];
		Behaviour *behaviour = &world->behaviour[drift->scenario];

		if (drift->share >= 0)
			behaviour->share = drift->share;
		behaviour->amount_factor = drift->amount_factor;
		behaviour->channel = drift->channel;
		behaviour->channel_share = drift->channel_share;
	}
}

/* Draws the time of the next honest arrival, and lets the thieves plan up to there. */
static void
advance(World *world)
{
	int64_t now_ms = world->next_legitimate_ms;
	double n = (double) world->n_legitimate;

	if (world->legitimate_so_far == world->n_legitimate)
	{
		world->next_legitimate_ms = INT64_MAX;
		fraud_plan(world, 1, now_ms);
		return;
	}
	world->next_legitimate_ms = rhythm_time(
	    &world->rhythm, ((double) world->legitimate_so_far + random_uniform(&world->random)) / n);
	world->legitimate_so_far++;
	follow_drift(world, now_ms);
	fraud_plan(world, (double) world->legitimate_so_far / n * (1 - 1e-9), now_ms);
}

static void
set_up(World *world)
{
	WorldOptions *options = &world->options;

	for (int s = 0; s < N_SCENARIOS; s++)
		world->behaviour[s] =
		    (Behaviour){.share = options->shares[s], .amount_factor = 1, .channel = -1};
	world->n_frauds = (int64_t) ((double) options->transactions * options->fraud_rate + 0.5);
	world->n_legitimate = options->transactions - world->n_frauds;
	world->end_ms = options->days * MS_IN_DAY;
	random_seed(&world->random, options->seed, 1);
	world->customer_ids =
	    scramble_make((uint64_t) options->customers, random_mix(options->seed) + 3);
	world->merchant_ids =
	    scramble_make((uint64_t) options->merchants, random_mix(options->seed) + 5);
}

World *
world_create(const WorldOptions *options, const CoreAllocator *allocator, CoreError *error)
{
	World *world;
	float intensity[HOURS_IN_WEEK];
	uint64_t key = random_mix(options->seed ^ KEY_OF_PLACES);

	if (!world_check_options(options, error))
		return NULL;
	world = allocator->allocate(allocator->context, sizeof(World));
	if (world == NULL)
	{
		core_fail(error, "out of memory");
		return NULL;
	}
	memset(world, 0, sizeof(World));
	world->allocator = *allocator;
	world->options = *options;
	if (world->options.customers == 0)
		world->options.customers = world_default_customers(options->transactions, options->days);
	if (world->options.merchants == 0)
		world->options.merchants = world_default_merchants(world->options.customers);
	set_up(world);
	geography_make(&world->geography, world->options.merchants);
	if (!market_make(&world->market, &world->geography, world->options.merchants, key + 1,
	                 allocator) ||
	    !people_make(&world->people, &world->geography, world->options.customers, options->days,
	                 options->travel_share, random_mix(key + 2), allocator))
	{
		world_destroy(world);
		core_fail(error, "out of memory");
		return NULL;
	}
	people_intensity(&world->people, intensity);
	rhythm_start(&world->rhythm, intensity, options->start_us, options->days);
	for (int hour = 0; hour < HOURS_IN_WEEK; hour++)
		if (intensity[hour] > world->busiest_hour)
			world->busiest_hour = intensity[hour];
	if (!fraud_make(world))
	{
		world_destroy(world);
		core_fail(error, "out of memory");
		return NULL;
	}
	advance(world);
	return world;
}

bool
world_next(World *world, Transaction *transaction)
{
	if (world->emitted == world->options.transactions)
		return false;
	if (fraud_due(world) <= world->next_legitimate_ms)
		fraud_next(world, transaction);
	else
	{
		legitimate_next(world, world->next_legitimate_ms, transaction);
		advance(world);
	}
	transaction->id = ++world->emitted;
	return true;
}

void
world_destroy(World *world)
{
	CoreAllocator allocator = world->allocator;

	allocator.release(allocator.context, world->fraud.active);
	allocator.release(allocator.context, world->people.states);
	allocator.release(allocator.context, world->market.merchants);
	allocator.release(allocator.context, world);
}

/*
 * test_world.c
 *		Promises of the simulated world: exact counts, order, the same stream from
 *		the same seed, shares, late labels, drift, memory that does not grow.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/world.h"
#include "core/world_draw.h"

#define MS_IN_DAY INT64_C(86400000)
/* 2026-01-01 00:00 UTC in microseconds since 2000-01-01; a Thursday. */
#define NEW_YEAR_2026 INT64_C(820540800000000)
/* Of 50,000 rows with seed 42: the value this code gave when it was written, on x86-64. */
#define GOLDEN_FINGERPRINT UINT64_C(0xe061207a0ca632a3)

static WorldOptions
options_for(int64_t transactions, uint64_t seed)
{
	WorldOptions options = world_default_options();

	options.transactions = transactions;
	options.seed = seed;
	options.start_us = NEW_YEAR_2026;
	return options;
}

static World *
world_of(const WorldOptions *options)
{
	CoreError error;
	World *world = world_create(options, &core_malloc_allocator, &error);

	if (world == NULL)
		fail_msg("%s", error.message);
	return world;
}

/* Every field of every row, in order. */
static uint64_t
fingerprint(const WorldOptions *options)
{
	World *world = world_of(options);
	Transaction t;
	uint64_t hash = 0;

	while (world_next(world, &t))
	{
		uint64_t distance;
		uint64_t fields[14];

		memcpy(&distance, &t.home_distance_km, sizeof(distance));
		if (isnan(t.home_distance_km))
			distance = 1;
		fields[0] = (uint64_t) t.id;
		fields[1] = (uint64_t) t.time_ms;
		fields[2] = (uint64_t) t.customer_id;
		fields[3] = (uint64_t) t.merchant_id;
		fields[4] = (uint64_t) t.label_ms;
		fields[5] = (uint64_t) t.amount;
		fields[6] = t.card;
		fields[7] = t.device;
		fields[8] = distance;
		fields[9] = t.category;
		fields[10] = t.channel;
		fields[11] = (uint64_t) t.currency << 8 | t.country;
		fields[12] = t.scenario;
		fields[13] = (uint64_t) (t.cvv_match + 1) << 1 | t.declined;
		for (int i = 0; i < 14; i++)
			hash = random_mix(hash + fields[i] + UINT64_C(0x9e3779b97f4a7c15));
	}
	world_destroy(world);
	return hash;
}

static void
check_stream(const WorldOptions *options)
{
	World *world = world_of(options);
	int64_t n = 0;
	int64_t frauds = 0;
	int64_t last_ms = 0;
	Transaction t;

	while (world_next(world, &t))
	{
		n++;
		assert_int_equal(t.id, n);
		assert_true(t.time_ms >= last_ms);
		last_ms = t.time_ms;
		frauds += t.scenario != SCENARIO_LEGITIMATE;
		assert_true(t.scenario < N_SCENARIOS && t.category < N_CATEGORIES);
		assert_true(t.channel < N_CHANNELS && t.country < N_COUNTRIES && t.currency < N_CURRENCIES);
		assert_true(t.customer_id >= 1 && t.merchant_id >= 1 && t.amount >= 50);
		assert_true(isnan(t.home_distance_km) || t.home_distance_km >= 0);
		assert_true((t.device != 0) == (t.channel == CHANNEL_ONLINE));
		assert_true(t.cvv_match == -1 || t.channel == CHANNEL_ONLINE);
	}
	assert_false(world_next(world, &t));
	assert_int_equal(n, options->transactions);
	assert_true(last_ms < options->days * MS_IN_DAY);
	assert_true(fabs((double) frauds - (double) n * options->fraud_rate) <= 0.5);
	world_destroy(world);
}

static void
rows_are_exact_in_number_ordered_and_of_the_asked_fraud_rate(void **state)
{
	static const int64_t sizes[] = {0, 1, 2, 10, 63, 100, 1000, 20000};
	static const double rates[] = {0.005, 0.008, 0.0131, 0.02};

	for (int size = 0; size < 8; size++)
		for (int rate = 0; rate < 4; rate++)
			for (uint64_t seed = 1; seed <= 4; seed++)
			{
				WorldOptions options =
				    options_for(sizes[size], seed * UINT64_C(0x8000000000000001));

				options.fraud_rate = rates[rate];
				check_stream(&options);
			}
}

static void
strange_worlds_hold_the_same_promises(void **state)
{
	static const struct
	{
		int32_t customers;
		int32_t merchants;
		int32_t days;
	} worlds[] = {{1, 1, 1},   {1, 1, 180},    {2, 500, 3},        {5, 1, 400},
	              {17, 20, 1}, {50000, 3, 30}, {300, 40000, 36525}};

	for (int i = 0; i < 7; i++)
	{
		WorldOptions options = options_for(20000, 7);

		options.customers = worlds[i].customers;
		options.merchants = worlds[i].merchants;
		options.days = worlds[i].days;
		options.fraud_rate = 0.02;
		check_stream(&options);
		/* the year 4713 before our era */
		options.start_us = -INT64_C(211813488000000000);
		check_stream(&options);
	}
}

/* Frauds keep to the rate all along, not only at the end. */
static void
frauds_are_spread_over_time(void **state)
{
	WorldOptions options = options_for(200000, 3);
	World *world = world_of(&options);
	int64_t frauds[6] = {0};
	int64_t rows[6] = {0};
	Transaction t;

	while (world_next(world, &t))
	{
		int part = (int) (t.time_ms / (30 * MS_IN_DAY));

		rows[part]++;
		frauds[part] += t.scenario != SCENARIO_LEGITIMATE;
	}
	for (int part = 0; part < 6; part++)
	{
		double rate = (double) frauds[part] / (double) rows[part];

		assert_true(rate > 0.006 && rate < 0.010);
	}
	world_destroy(world);
}

/* A difference from the golden value: seeds no longer mean what they did, here or since a release. */
static void
the_same_seed_gives_the_same_stream_everywhere(void **state)
{
	WorldOptions options = options_for(50000, 42);
	WorldOptions other = options_for(50000, 43);
	uint64_t hash = fingerprint(&options);

	assert_int_equal(hash, GOLDEN_FINGERPRINT);
	assert_int_equal(fingerprint(&options), hash);
	assert_true(fingerprint(&other) != hash);
	options.customers = world_default_customers(50000, options.days);
	options.merchants = world_default_merchants(options.customers);
	assert_int_equal(fingerprint(&options), hash);
}

static void
count_scenarios(const WorldOptions *options, int64_t counts[N_SCENARIOS])
{
	World *world = world_of(options);
	Transaction t;

	memset(counts, 0, N_SCENARIOS * sizeof(int64_t));
	while (world_next(world, &t))
		counts[t.scenario]++;
	world_destroy(world);
}

static void
scenarios_get_their_shares(void **state)
{
	WorldOptions options = options_for(200000, 5);
	int64_t counts[N_SCENARIOS];
	double total = 0;

	count_scenarios(&options, counts);
	for (int s = 1; s < N_SCENARIOS; s++)
		total += options.shares[s];
	for (int s = 1; s < N_SCENARIOS; s++)
		assert_true(fabs((double) counts[s] / 1600 - options.shares[s] / total) < 0.02);

	for (int only = 1; only < N_SCENARIOS; only++)
	{
		for (int s = 1; s < N_SCENARIOS; s++)
			options.shares[s] = s == only ? 3 : 0;
		options.transactions = 20000;
		count_scenarios(&options, counts);
		assert_int_equal(counts[only], 160);
	}
}

static int
compare_integers(const void *a, const void *b)
{
	int64_t x = *(const int64_t *) a;
	int64_t y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

static void
labels_are_late_and_some_never_come(void **state)
{
	WorldOptions options = options_for(400000, 9);
	World *world;
	int64_t *delays = malloc(sizeof(int64_t) * 8000);
	int64_t never = 0;
	int n = 0;
	Transaction t;

	options.fraud_rate = 0.02;
	options.label_delay_days = 6;
	options.never_reported = 0.25;
	world = world_of(&options);
	while (world_next(world, &t))
	{
		if (t.scenario == SCENARIO_LEGITIMATE)
			assert_true(t.label_ms == TRANSACTION_NONE);
		else if (t.label_ms == TRANSACTION_NONE)
			never++;
		else
		{
			assert_true(t.label_ms > t.time_ms);
			delays[n++] = t.label_ms - t.time_ms;
		}
	}
	assert_true(fabs((double) never / 8000 - 0.25) < 0.02);
	qsort(delays, (size_t) n, sizeof(int64_t), compare_integers);
	assert_true(fabs((double) delays[n / 2] / MS_IN_DAY - 6) < 1);
	/* one deviation above the median: e^0.8 = 2.23 times it */
	assert_true(fabs((double) delays[(int) (n * 0.8413)] / MS_IN_DAY - 13.4) < 2.5);
	free(delays);
	world_destroy(world);
}

typedef struct Half
{
	int64_t frauds;
	int64_t testing;
	int64_t takeovers;
	int64_t takeovers_at_atm;
	double legitimate;
	double legitimate_amount;
} Half;

static void
measure_halves(const WorldOptions *options, Half halves[2])
{
	World *world = world_of(options);
	Transaction t;

	memset(halves, 0, 2 * sizeof(Half));
	while (world_next(world, &t))
	{
		Half *half = &halves[t.time_ms >= 90 * MS_IN_DAY];

		half->frauds += t.scenario != SCENARIO_LEGITIMATE;
		half->testing += t.scenario == SCENARIO_CARD_TESTING;
		half->takeovers += t.scenario == SCENARIO_ACCOUNT_TAKEOVER;
		half->takeovers_at_atm +=
		    t.scenario == SCENARIO_ACCOUNT_TAKEOVER && t.channel == CHANNEL_ATM;
		if (t.scenario == SCENARIO_LEGITIMATE)
		{
			half->legitimate++;
			half->legitimate_amount += (double) t.amount;
		}
	}
	world_destroy(world);
}

static void
drift_takes_effect_from_its_date_on(void **state)
{
	WorldOptions options = options_for(200000, 4);
	Half halves[2];
	double before;
	double after;

	options.n_drifts = 3;
	options.drifts[0] = (WorldDrift){.from_ms = 90 * MS_IN_DAY,
	                                 .scenario = SCENARIO_CARD_TESTING,
	                                 .share = 1.5,
	                                 .amount_factor = 1,
	                                 .channel = -1};
	options.drifts[1] = (WorldDrift){.from_ms = 90 * MS_IN_DAY,
	                                 .scenario = SCENARIO_ACCOUNT_TAKEOVER,
	                                 .share = -1,
	                                 .amount_factor = 1,
	                                 .channel = CHANNEL_ATM,
	                                 .channel_share = 0.5};
	options.drifts[2] = (WorldDrift){.from_ms = 90 * MS_IN_DAY,
	                                 .scenario = SCENARIO_LEGITIMATE,
	                                 .share = -1,
	                                 .amount_factor = 3,
	                                 .channel = -1};
	measure_halves(&options, halves);
	before = (double) halves[0].testing / (double) halves[0].frauds;
	after = (double) halves[1].testing / (double) halves[1].frauds;
	assert_true(before < 0.25 && after > 0.5);
	assert_int_equal(halves[0].takeovers_at_atm, 0);
	assert_true(halves[1].takeovers_at_atm * 4 > halves[1].takeovers);
	before = halves[0].legitimate_amount / halves[0].legitimate;
	after = halves[1].legitimate_amount / halves[1].legitimate;
	assert_true(after / before > 2.7 && after / before < 3.3);
}

/* What a drift changes, it changes from its date on: the rows before are the same. */
static void
drift_leaves_the_past_alone(void **state)
{
	WorldOptions plain = options_for(30000, 8);
	WorldOptions drifted = plain;
	World *a;
	World *b;
	Transaction ta;
	Transaction tb;

	drifted.n_drifts = 1;
	drifted.drifts[0] = (WorldDrift){.from_ms = 120 * MS_IN_DAY,
	                                 .scenario = SCENARIO_STOLEN_CARD,
	                                 .share = 5,
	                                 .amount_factor = 2,
	                                 .channel = CHANNEL_ONLINE,
	                                 .channel_share = 1};
	a = world_of(&plain);
	b = world_of(&drifted);
	while (world_next(a, &ta) && world_next(b, &tb) && ta.time_ms < 120 * MS_IN_DAY)
		assert_true(ta.time_ms == tb.time_ms && ta.amount == tb.amount && ta.card == tb.card);
	world_destroy(a);
	world_destroy(b);
}

/* An allocator that counts, and gives nothing beyond its budget. */
typedef struct Budget
{
	size_t bytes;
	int calls;
	int allowed;
	int held;
} Budget;

static void *
allocate_from_budget(void *context, size_t size)
{
	Budget *budget = context;

	if (budget->calls == budget->allowed)
		return NULL;
	budget->calls++;
	budget->held++;
	budget->bytes += size;
	return malloc(size);
}

static void
release_to_budget(void *context, void *pointer)
{
	Budget *budget = context;

	if (pointer != NULL)
		budget->held--;
	free(pointer);
}

static void
memory_does_not_grow_with_the_rows(void **state)
{
	size_t bytes = 0;

	for (int64_t transactions = 1000; transactions <= 100000; transactions *= 10)
	{
		Budget budget = {.allowed = 100};
		CoreAllocator allocator = {allocate_from_budget, release_to_budget, &budget};
		WorldOptions options = options_for(transactions, 1);
		CoreError error;
		World *world;
		Transaction t;
		int calls;

		options.customers = 500;
		options.merchants = 100;
		world = world_create(&options, &allocator, &error);
		assert_non_null(world);
		assert_true(bytes == 0 || budget.bytes == bytes);
		bytes = budget.bytes;
		calls = budget.calls;
		while (world_next(world, &t))
			;
		assert_int_equal(budget.calls, calls);
		world_destroy(world);
		assert_int_equal(budget.held, 0);
	}
}

static void
shortage_of_memory_is_an_error_and_leaks_nothing(void **state)
{
	for (int allowed = 0; allowed < 4; allowed++)
	{
		Budget budget = {.allowed = allowed};
		CoreAllocator allocator = {allocate_from_budget, release_to_budget, &budget};
		WorldOptions options = options_for(1000, 1);
		CoreError error;

		assert_null(world_create(&options, &allocator, &error));
		assert_string_equal(error.message, "out of memory");
		assert_int_equal(budget.held, 0);
	}
}

static void
tokens_start_with_a_letter_and_belong_to_one_customer(void **state)
{
	WorldOptions options = options_for(20000, 2);
	World *world = world_of(&options);
	uint64_t *cards = malloc(sizeof(uint64_t) * 20000);
	int64_t *owners = malloc(sizeof(int64_t) * 20000);
	Transaction t;
	int n = 0;

	while (world_next(world, &t))
	{
		int i = 0;

		assert_in_range(t.card >> 44, 10, 15);
		assert_true(t.device == 0 || (t.device >> 44 >= 10 && t.device >> 44 <= 15));
		while (i < n && cards[i] != t.card)
			i++;
		if (i == n)
		{
			cards[n] = t.card;
			owners[n++] = t.customer_id;
		}
		assert_int_equal(owners[i], t.customer_id);
	}
	/* some have two, or a new one after a fraud */
	assert_true(n > world_default_customers(20000, 180) / 2);
	free(cards);
	free(owners);
	world_destroy(world);
}

/* New year 2026 was a Thursday; hours are UTC, most customers live an hour ahead. */
static void
days_and_weeks_have_a_rhythm(void **state)
{
	WorldOptions options = options_for(100000, 6);
	World *world;
	int hours[24] = {0};
	int weekdays[7] = {0};
	Transaction t;

	options.days = 182;
	world = world_of(&options);
	while (world_next(world, &t))
	{
		hours[t.time_ms / 3600000 % 24]++;
		weekdays[(t.time_ms / MS_IN_DAY + 3) % 7]++;
	}
	assert_true(hours[2] * 5 < hours[11]);
	assert_true(hours[17] > hours[22]);
	assert_true(weekdays[6] * 1.2 < weekdays[4]);
	world_destroy(world);
}

static void
options_out_of_range_are_refused_by_name(void **state)
{
	static const struct
	{
		size_t offset;
		double value;
		const char *message;
	} cases[] = {
	    {offsetof(WorldOptions, fraud_rate), 0.0049, "fraud_rate must be between 0.005 and 0.02"},
	    {offsetof(WorldOptions, fraud_rate), NAN, "fraud_rate must be between 0.005 and 0.02"},
	    {offsetof(WorldOptions, label_delay_days), -1, "label_delay_days must be between 0 and 90"},
	    {offsetof(WorldOptions, label_delay_sigma), INFINITY,
	     "label_delay_sigma must be between 0 and 3"},
	    {offsetof(WorldOptions, never_reported), 1.1, "never_reported must be between 0 and 1"},
	    {offsetof(WorldOptions, travel_share), 0.3, "travel_share must be between 0 and 0.2"},
	    {offsetof(WorldOptions, shares[SCENARIO_BUST_OUT]), -1,
	     "bust_out must be between 0 and 1000000"},
	};
	CoreError error;

	for (int i = 0; i < 7; i++)
	{
		WorldOptions options = options_for(10, 1);

		memcpy((char *) &options + cases[i].offset, &cases[i].value, sizeof(double));
		assert_null(world_create(&options, &core_malloc_allocator, &error));
		assert_string_equal(error.message, cases[i].message);
	}
}

static void
draws_are_accurate(void **state)
{
	RandomState random;
	double sum = 0;
	double squares = 0;
	double exponential = 0;
	int n = 200000;

	for (double x = -40; x < 40; x += 0.037)
	{
		assert_true(fabs(draw_exp2(x) / exp2(x) - 1) < 1e-8);
		assert_true(fabs(draw_log2(exp2(x)) - x) < 1e-7);
	}
	random_seed(&random, 1, 1);
	for (int i = 0; i < n; i++)
	{
		double z = draw_normal(&random);

		sum += z;
		squares += z * z;
		exponential += draw_exponential(&random, 3);
	}
	assert_true(fabs(sum / n) < 0.01 && fabs(squares / n - 1) < 0.01);
	assert_true(fabs(exponential / n - 3) < 0.03);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_are_exact_in_number_ordered_and_of_the_asked_fraud_rate),
	    cmocka_unit_test(strange_worlds_hold_the_same_promises),
	    cmocka_unit_test(frauds_are_spread_over_time),
	    cmocka_unit_test(the_same_seed_gives_the_same_stream_everywhere),
	    cmocka_unit_test(scenarios_get_their_shares),
	    cmocka_unit_test(labels_are_late_and_some_never_come),
	    cmocka_unit_test(drift_takes_effect_from_its_date_on),
	    cmocka_unit_test(drift_leaves_the_past_alone),
	    cmocka_unit_test(memory_does_not_grow_with_the_rows),
	    cmocka_unit_test(shortage_of_memory_is_an_error_and_leaks_nothing),
	    cmocka_unit_test(tokens_start_with_a_letter_and_belong_to_one_customer),
	    cmocka_unit_test(days_and_weeks_have_a_rhythm),
	    cmocka_unit_test(options_out_of_range_are_refused_by_name),
	    cmocka_unit_test(draws_are_accurate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

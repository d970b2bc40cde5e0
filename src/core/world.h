/*
 * world.h
 *		A seeded world of customers, cards, merchants, devices and thieves, seen
 *		as a stream of card transactions in the order of time.
 *
 * The same options give the same stream on every machine: all arithmetic is on
 * integers and on IEEE additions, multiplications, divisions and square roots
 * (world_draw.h), never on libm. Memory is taken once, in world_create, and
 * depends on the number of customers and merchants, not on that of rows.
 *
 * Exactly options.transactions rows come, of which the nearest integer to
 * transactions * fraud_rate are frauds.
 */
#ifndef FRAUD_DETECT_WORLD_H
#define FRAUD_DETECT_WORLD_H

#include "core/core.h"

/* Order is part of what a seed means: append only. */
typedef enum Scenario
{
	SCENARIO_LEGITIMATE,
	SCENARIO_CARD_TESTING,
	SCENARIO_STOLEN_CARD,
	SCENARIO_ACCOUNT_TAKEOVER,
	SCENARIO_COMPROMISED_TERMINAL,
	SCENARIO_COLLUSIVE_MERCHANT,
	SCENARIO_BUST_OUT,
	SCENARIO_FIRST_PARTY,
	SCENARIO_SYNTHETIC_IDENTITY,
	N_SCENARIOS
} Scenario;

typedef enum Channel
{
	CHANNEL_CHIP,
	CHANNEL_CONTACTLESS,
	CHANNEL_ONLINE,
	CHANNEL_ATM,
	N_CHANNELS
} Channel;

typedef enum Category
{
	CATEGORY_GROCERY,
	CATEGORY_RESTAURANT,
	CATEGORY_FUEL,
	CATEGORY_TRANSPORT,
	CATEGORY_RETAIL,
	CATEGORY_FASHION,
	CATEGORY_HEALTH,
	CATEGORY_ENTERTAINMENT,
	CATEGORY_HOME,
	CATEGORY_ELECTRONICS,
	CATEGORY_TRAVEL,
	CATEGORY_SUBSCRIPTION,
	CATEGORY_DIGITAL_GOODS,
	CATEGORY_GIFT_CARDS,
	CATEGORY_JEWELLERY,
	CATEGORY_CASH,
	N_CATEGORIES
} Category;

#define N_COUNTRIES 12
#define N_CURRENCIES 4

extern const char *const scenario_names[N_SCENARIOS]; /* "legitimate" first */
extern const char *const channel_names[N_CHANNELS];
extern const char *const category_names[N_CATEGORIES];
extern const char *const country_names[N_COUNTRIES];
extern const char *const currency_names[N_CURRENCIES];

#define WORLD_MAX_TRANSACTIONS INT64_C(1000000000000)
#define WORLD_MAX_DAYS 36525
#define WORLD_MAX_CUSTOMERS 10000000
#define WORLD_MAX_MERCHANTS 1000000
#define WORLD_MIN_FRAUD_RATE 0.005
#define WORLD_MAX_FRAUD_RATE 0.02
#define WORLD_MAX_DRIFTS 16
/* No label arrives later than this after its transaction. */
#define WORLD_MAX_LABEL_DELAY_DAYS 365

/* From a time on, a scenario (or legitimate behaviour) is no longer what it was. */
typedef struct WorldDrift
{
	int64_t from_ms; /* since the start */
	Scenario scenario;
	double share;         /* new weight among the scenarios; negative: unchanged */
	double amount_factor; /* on every amount of the scenario */
	int channel;          /* a Channel, or -1: unchanged */
	double channel_share; /* this part of its rows moves to channel */
} WorldDrift;

typedef struct WorldOptions
{
	int64_t transactions;
	uint64_t seed;
	int64_t start_us; /* microseconds since 2000-01-01 00:00 UTC */
	int32_t days;
	int32_t customers; /* 0: world_default_customers */
	int32_t merchants; /* 0: world_default_merchants */
	double fraud_rate;
	double shares[N_SCENARIOS]; /* weights of the frauds' rows; [0] is not used */
	double label_delay_days;    /* median */
	double label_delay_sigma;   /* of its logarithm */
	double never_reported;      /* share of frauds without a label time */
	double decline_rate;        /* of legitimate rows, about */
	double cvv_failure_rate;    /* of legitimate online rows where it is asked */
	double travel_share;        /* of a customer's days, about */
	int n_drifts;
	WorldDrift drifts[WORLD_MAX_DRIFTS];
} WorldOptions;

#define TRANSACTION_NONE INT64_MIN /* label_ms of what is never reported */

typedef struct Transaction
{
	int64_t id;      /* 1 .. transactions */
	int64_t time_ms; /* since the start; non-decreasing; below days */
	int64_t customer_id;
	int64_t merchant_id;
	int64_t label_ms;        /* since the start, or TRANSACTION_NONE */
	int64_t amount;          /* in hundredths */
	uint64_t card;           /* 48 bits, the highest hexadecimal digit is a letter */
	uint64_t device;         /* likewise; 0: none was seen */
	double home_distance_km; /* NaN where unknown */
	uint8_t category;
	uint8_t channel;
	uint8_t currency;
	uint8_t country;
	uint8_t scenario;
	int8_t cvv_match; /* 0, 1, or -1: not asked */
	bool declined;
} Transaction;

typedef struct World World;

/* Every option at its default, the counts of customers and merchants left to the world. */
extern WorldOptions world_default_options(void);

/* Defaults that keep about 0.6 transactions a day and customer, and two customers a merchant. */
extern int32_t world_default_customers(int64_t transactions, int32_t days);
extern int32_t world_default_merchants(int32_t customers);

/* False with a message that names the option and its range. */
extern bool world_check_options(const WorldOptions *options, CoreError *error);

/* NULL with a message where options are out of range or memory is short. */
extern World *world_create(const WorldOptions *options, const CoreAllocator *allocator,
                           CoreError *error);
/* The next transaction, or false after the last. Allocates nothing. */
extern bool world_next(World *world, Transaction *transaction);
extern void world_destroy(World *world);

#endif

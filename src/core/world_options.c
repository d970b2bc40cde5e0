/*
 * world_options.c
 *		The options of a world: defaults and ranges. One definition of each.
 */
#include "core/world.h"
#include "core/world_scenarios.h"

#define MAX_DEFAULT_CUSTOMERS 1000000
#define TRANSACTIONS_A_DAY 0.6
#define MIN_TRANSACTIONS_PER_CUSTOMER 20
#define CUSTOMERS_PER_MERCHANT 2

WorldOptions
world_default_options(void)
{
	WorldOptions options = {.transactions = 100000,
	                        .seed = 42,
	                        .days = 180,
	                        .fraud_rate = 0.008,
	                        .label_delay_days = 4,
	                        .label_delay_sigma = 0.8,
	                        .never_reported = 0.1,
	                        .decline_rate = 0.025,
	                        .cvv_failure_rate = 0.015,
	                        .travel_share = 0.015};

	for (int s = 1; s < N_SCENARIOS; s++)
		options.shares[s] = scenario_definitions[s].default_share;
	return options;
}

int32_t
world_default_customers(int64_t transactions, int32_t days)
{
	double each = TRANSACTIONS_A_DAY * days;
	double customers;

	if (each < MIN_TRANSACTIONS_PER_CUSTOMER)
		each = MIN_TRANSACTIONS_PER_CUSTOMER;
	customers = (double) transactions / each;
	return customers < 20                      ? 20
	       : customers > MAX_DEFAULT_CUSTOMERS ? MAX_DEFAULT_CUSTOMERS
	                                           : (int32_t) customers;
}

int32_t
world_default_merchants(int32_t customers)
{
	int32_t merchants = customers / CUSTOMERS_PER_MERCHANT;

	return merchants < 20 ? 20 : merchants > WORLD_MAX_MERCHANTS ? WORLD_MAX_MERCHANTS : merchants;
}

/* Written so that NaN fails. */
static bool
check_range(const char *name, double value, double low, double high, CoreError *error)
{
	if (value >= low && value <= high)
		return true;
	return core_fail(error, "%s must be between %.15g and %.15g", name, low, high);
}

static bool
check_shares(const WorldOptions *options, CoreError *error)
{
	double total = 0;

	for (int s = 1; s < N_SCENARIOS; s++)
	{
		if (!check_range(scenario_names[s], options->shares[s], 0, 1000000, error))
			return false;
		total += options->shares[s];
	}
	if (total <= 0)
		return core_fail(error, "the shares of the scenarios must not all be zero");
	return true;
}

/* The sum of shares may not become zero at any time: thieves have to do something. */
static bool
check_drifts(const WorldOptions *options, CoreError *error)
{
	double shares[N_SCENARIOS];

	if (options->n_drifts < 0 || options->n_drifts > WORLD_MAX_DRIFTS)
		return core_fail(error, "there may be at most %d drifts", WORLD_MAX_DRIFTS);
	for (int s = 0; s < N_SCENARIOS; s++)
		shares[s] = options->shares[s];
	for (int i = 0; i < options->n_drifts; i++)
	{
		const WorldDrift *drift = &options->drifts[i];
		double total = 0;

		if (drift->scenario >= N_SCENARIOS || drift->channel >= N_CHANNELS)
			return core_fail(error, "drift names an unknown scenario or channel");
		if (drift->scenario == SCENARIO_LEGITIMATE && drift->share >= 0)
			return core_fail(error, "legitimate transactions have no share: fraud_rate sets it");
		if (i > 0 && drift->from_ms < options->drifts[i - 1].from_ms)
			return core_fail(error, "drifts must be in the order of their dates");
		if (drift->share >= 0)
			shares[drift->scenario] = drift->share;
		if ((drift->share >= 0 && !check_range("share", drift->share, 0, 1000000, error)) ||
		    !check_range("amount_factor", drift->amount_factor, 0.01, 100, error) ||
		    !check_range("channel_share", drift->channel_share, 0, 1, error))
			return false;
		for (int s = 1; s < N_SCENARIOS; s++)
			total += shares[s];
		if (total <= 0)
			return core_fail(error, "the shares of the scenarios must not all be zero");
	}
	return true;
}

bool
world_check_options(const WorldOptions *options, CoreError *error)
{
	return check_range("transactions", (double) options->transactions, 0,
	                   (double) WORLD_MAX_TRANSACTIONS, error) &&
	       check_range("days", options->days, 1, WORLD_MAX_DAYS, error) &&
	       (options->customers == 0 ||
	        check_range("customers", options->customers, 1, WORLD_MAX_CUSTOMERS, error)) &&
	       (options->merchants == 0 ||
	        check_range("merchants", options->merchants, 1, WORLD_MAX_MERCHANTS, error)) &&
	       check_range("fraud_rate", options->fraud_rate, WORLD_MIN_FRAUD_RATE,
	                   WORLD_MAX_FRAUD_RATE, error) &&
	       check_range("label_delay_days", options->label_delay_days, 0, 90, error) &&
	       check_range("label_delay_sigma", options->label_delay_sigma, 0, 3, error) &&
	       check_range("never_reported", options->never_reported, 0, 1, error) &&
	       check_range("decline_rate", options->decline_rate, 0, 0.2, error) &&
	       check_range("cvv_failure_rate", options->cvv_failure_rate, 0, 0.2, error) &&
	       check_range("travel_share", options->travel_share, 0, 0.2, error) &&
	       check_shares(options, error) && check_drifts(options, error);
}

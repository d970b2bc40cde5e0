/*
 * test_label_delay.c
 *		Promises of the estimate of label delays: agreement with the formula done by
 *		hand, no bias from truncation, independence of row order, no jump on little
 *		evidence, refusal of bad input.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/label_delay.h"
#include "core/random.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static LabelDelays
fit(const KnownFraud *frauds, size_t n)
{
	LabelDelays delays;
	CoreError error;

	if (!label_delays_fit(frauds, n, &core_malloc_allocator, &delays, &error))
		fail_msg("%s", error.message);
	return delays;
}

static void
assert_close(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance))
		fail_msg("%.17g is not %.17g", value, expected);
}

/* Old frauds all known: the plain shares. */
static void
without_truncation_shares_are_plain(void **state)
{
	KnownFraud frauds[100];
	LabelDelays delays;

	for (int i = 0; i < 100; i++)
		frauds[i] = (KnownFraud){.delay = i % 4, .age = 1000};
	delays = fit(frauds, 100);
	assert_int_equal(delays.n, 4);
	for (int age = 0; age < 4; age++)
		assert_close(label_delays_known(&delays, age + 0.5), (age + 1) / 4.0, 1e-12);
	assert_true(label_delays_known(&delays, -1) == 0.0);
	assert_true(label_delays_known(&delays, 2) == label_delays_known(&delays, 2.5));
	free(delays.steps);
}

/*
 * By hand: delays 1 and 2. 60 of age 5 have delay 1, 40 of them delay 2; 30 of
 * age 1.5 are known, with delay 1. At risk for 2: 100, of which 40 have it. So
 * .6 are known by 1.5, and the 30 stand for 50.
 */
static void
truncated_shares_by_hand(void **state)
{
	KnownFraud frauds[130];
	LabelDelays delays;

	for (int i = 0; i < 130; i++)
		frauds[i] = (KnownFraud){.delay = i < 60 || i >= 100 ? 1 : 2, .age = i < 100 ? 5 : 1.5};
	delays = fit(frauds, 130);
	assert_close(label_delays_known(&delays, 1.5), 0.6, 1e-12);
	assert_close(label_delays_known(&delays, 2), 1, 0);
	assert_close(label_delays_known(&delays, 0.5), 0, 0);
	free(delays.steps);
}

/* Exponential delays seen through a window of few of their means. */
static size_t
simulate(KnownFraud *frauds, size_t n)
{
	RandomState random;
	size_t seen = 0;

	random_seed(&random, 5, 0);
	for (size_t i = 0; i < n; i++)
	{
		double delay = -log(1.0 - random_uniform(&random));
		double age = 8.0 * random_uniform(&random);

		if (delay <= age)
			frauds[seen++] = (KnownFraud){.delay = delay, .age = age};
	}
	return seen;
}

static void
truncation_makes_no_bias(void **state)
{
	enum
	{
		N = 20000
	};
	static KnownFraud frauds[N];
	size_t n = simulate(frauds, N);
	LabelDelays delays = fit(frauds, n);
	double short_ones = 0;

	for (double age = 0.25; age < 6; age += 0.25)
		assert_close(label_delays_known(&delays, age), 1 - exp(-age), 0.015);
	/* The plain share of the delays that are seen is not that. */
	for (size_t i = 0; i < n; i++)
		short_ones += frauds[i].delay <= 1;
	assert_true(short_ones / (double) n > 1 - exp(-1) + 0.04);
	free(delays.steps);
}

static void
order_changes_no_bit(void **state)
{
	enum
	{
		N = 1000
	};
	static KnownFraud frauds[N], reversed[N];
	size_t n = simulate(frauds, N);
	LabelDelays before, after;

	for (size_t i = 0; i < n; i++)
		reversed[i] = frauds[n - 1 - i];
	before = fit(frauds, n);
	after = fit(reversed, n);
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.steps, after.steps, before.n * sizeof(before.steps[0]));
	free(before.steps);
	free(after.steps);
}

/* One old fraud with a long delay, many young ones: nobody else could have shown it. */
static void
a_single_fraud_decides_nothing(void **state)
{
	KnownFraud frauds[200];
	LabelDelays delays;

	for (int i = 0; i < 200; i++)
		frauds[i] = (KnownFraud){.delay = 1, .age = 2};
	frauds[0] = (KnownFraud){.delay = 50, .age = 60};
	delays = fit(frauds, 200);
	assert_close(label_delays_known(&delays, 2), 1, 0);
	free(delays.steps);
}

static void
odd_input(void **state)
{
	const KnownFraud early = {.delay = -5, .age = 3};
	const KnownFraud bad[] = {{.delay = 2, .age = 1},
	                          {.delay = NAN, .age = 1},
	                          {.delay = 0, .age = INFINITY},
	                          {.delay = -1, .age = -1}};
	LabelDelays delays = fit(&early, 1);
	CoreError error;

	/* known before it happened: clocks differ */
	assert_close(label_delays_known(&delays, 0), 1, 0);
	free(delays.steps);
	delays = fit(NULL, 0);
	assert_close(label_delays_known(&delays, 0), 1, 0);
	free(delays.steps);
	for (size_t i = 0; i < LENGTH(bad); i++)
	{
		assert_false(label_delays_fit(&bad[i], 1, &core_malloc_allocator, &delays, &error));
		assert_string_equal(error.message, "a label delay is longer than the age of its fraud");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_truncation_shares_are_plain),
	    cmocka_unit_test(truncated_shares_by_hand),
	    cmocka_unit_test(truncation_makes_no_bias),
	    cmocka_unit_test(order_changes_no_bit),
	    cmocka_unit_test(a_single_fraud_decides_nothing),
	    cmocka_unit_test(odd_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

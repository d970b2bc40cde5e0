/*
 * test_window.c
 *		Promises of windows: the values of a naive look at all events, the same bits
 *		whatever history was pushed before, nothing lost when memory is short.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/window_sum.h"
#include "core/random.h"
#include "core/window.h"

#define N_EVENTS 400
#define N_FEATURES 33
#define MOST_CHANGES 4

enum
{
	NUMBER,
	FILTER,
	CODE,
	LABEL,
	LABEL_TIME,
	CHANGES,
	N_ARGUMENTS
};

typedef struct Event
{
	int64_t time;
	WindowArgument arguments[N_ARGUMENTS];
} Event;

/* Room for the changes of each event. */
typedef union ChangesRoom
{
	WindowChanges changes;
	int64_t room[1 + MOST_CHANGES];
} ChangesRoom;

static ChangesRoom change_rooms[N_EVENTS];

static int64_t rate_times[] = {100, 500, 1500};
static double rates[] = {0.5, 0.25, 0.125};
static const WindowRates overall = {3, rate_times, rates};

/* Of most events nothing, of some what was reported and taken back, at once or later. */
static const WindowChanges *
draw_changes(RandomState *random, int64_t time, ChangesRoom *room)
{
	if (random_below(random, 3) > 0)
		return NULL;
	room->changes.n = (int) random_below(random, MOST_CHANGES + 1);
	for (int i = 0; i < room->changes.n; i++)
	{
		time += (int64_t) random_below(random, 80);
		room->changes.times[i] = time;
	}
	return &room->changes;
}

/* Times with ties and gaps; missing values; a few numbers beyond ordinary size. */
static void
draw_events(RandomState *random, Event *events, bool extreme)
{
	int64_t time = -300;

	for (int i = 0; i < N_EVENTS; i++)
	{
		WindowArgument *arguments = events[i].arguments;

		time += random_below(random, 3) == 0 ? 0 : (int64_t) random_below(random, 12);
		if (random_below(random, 50) == 0)
			time += 300;
		events[i].time = time;
		arguments[NUMBER].number = random_below(random, 8) == 0
		                               ? NAN
		                               : (double) random_below(random, 100000) / 100.0 - 100.0;
		if (extreme && random_below(random, 30) == 0)
			arguments[NUMBER].number *= 1e30;
		arguments[FILTER].number = (double) random_below(random, 2);
		arguments[CODE].integer =
		    random_below(random, 8) == 0 ? WINDOW_MISSING : (int64_t) random_below(random, 200);
		arguments[LABEL].number =
		    random_below(random, 10) == 0 ? NAN : (double) random_below(random, 2);
		arguments[LABEL_TIME].integer = random_below(random, 5) == 0
		                                    ? WINDOW_MISSING
		                                    : time + (int64_t) random_below(random, 200);
		arguments[CHANGES].changes = draw_changes(random, time, &change_rooms[i]);
	}
}

static void
draw_features(RandomState *random, WindowFeature *features)
{
	for (int i = 0; i < N_FEATURES; i++)
	{
		WindowFeature *feature = &features[i];
		bool only_latest;

		memset(feature, 0, sizeof(*feature));
		feature->aggregate = (WindowAggregate) (i % WINDOW_N_AGGREGATES);
		only_latest =
		    feature->aggregate == WINDOW_SINCE_LAST || feature->aggregate == WINDOW_FIRST_SEEN;
		/* Often the same, so that sums and the like have one state. */
		feature->window =
		    random_below(random, 2) == 0 ? 70 : 1 + (int64_t) random_below(random, 150);
		if (only_latest && random_below(random, 2) == 0)
			feature->window = 0;
		if (!only_latest && random_below(random, 3) == 0)
			feature->delay =
			    random_below(random, 2) == 0 ? 30 : 1 + (int64_t) random_below(random, 60);
		feature->include_current =
		    !only_latest && feature->delay == 0 && random_below(random, 2) == 0;
		feature->value = feature->label = WINDOW_NO_ARGUMENT;
		feature->label_time = feature->changes = WINDOW_NO_ARGUMENT;
		feature->filter = random_below(random, 2) == 0 ? FILTER : WINDOW_NO_ARGUMENT;
		if (feature->aggregate == WINDOW_DISTINCT)
			feature->value = CODE;
		else if (feature->aggregate >= WINDOW_SUM && feature->aggregate <= WINDOW_RATIO_TO_AVG)
			feature->value = random_below(random, 3) == 0 ? FILTER : NUMBER;
		if (feature->aggregate != WINDOW_FRAUD_RATE)
			continue;
		feature->include_current = false;
		/* By labels, by changes, by both. */
		feature->label = i / WINDOW_N_AGGREGATES != 1 ? LABEL : WINDOW_NO_ARGUMENT;
		feature->changes = i / WINDOW_N_AGGREGATES != 0 ? CHANGES : WINDOW_NO_ARGUMENT;
		if (feature->label == LABEL &&
		    (feature->changes == CHANGES || random_below(random, 2) == 0))
			feature->label_time = LABEL_TIME;
		feature->prior = random_below(random, 2) == 0 ? 0.0 : 7.5;
		feature->overall = &overall;
	}
}

/* The reference: looks at all events for each row. */

static bool
counts(const WindowFeature *feature, const WindowArgument *arguments)
{
	if (feature->filter >= 0 && arguments[feature->filter].number != 1.0)
		return false;
	if (feature->label >= 0 && feature->changes < 0 && isnan(arguments[feature->label].number))
		return false;
	if (feature->aggregate == WINDOW_DISTINCT)
		return arguments[CODE].integer != WINDOW_MISSING;
	return feature->value < 0 || !isnan(arguments[feature->value].number);
}

static bool
is_fraud(const WindowFeature *feature, const WindowArgument *arguments, int64_t time)
{
	const WindowChanges *changes = feature->changes < 0 ? NULL : arguments[CHANGES].changes;
	bool fraud = false;

	for (int i = 0; changes != NULL && i < changes->n; i++)
		fraud = changes->times[i] < time ? i % 2 == 0 : fraud;
	return fraud || (feature->label >= 0 && arguments[LABEL].number == 1.0 &&
	                 (feature->label_time < 0 || arguments[LABEL_TIME].integer < time));
}

static bool
is_inside(const WindowFeature *feature, const Event *event, const Event *row)
{
	int64_t age = row->time - event->time;

	if (feature->delay == 0 ? age <= 0 : age < feature->delay)
		return false;
	return (feature->window == 0 || age < feature->delay + feature->window) &&
	       counts(feature, event->arguments);
}

static double
naive(const WindowFeature *feature, const Event *events, const Event *row)
{
	WindowMoments moments;
	const Event *inside[N_EVENTS + 1];
	bool seen[256] = {false};
	int n = 0, n_distinct = 0, n_frauds = 0;
	double least = INFINITY, most = -INFINITY, average;
	int64_t last = INT64_MIN;

	for (const Event *event = events; event < row; event++)
	{
		if (is_inside(feature, event, row))
			inside[n++] = event;
	}
	if (feature->include_current && counts(feature, row->arguments))
		inside[n++] = row;
	window_moments_clear(&moments);
	for (int i = 0; i < n; i++)
	{
		const WindowArgument *arguments = inside[i]->arguments;

		last = inside[i]->time;
		if (feature->value == NUMBER || feature->value == FILTER)
		{
			double number = arguments[feature->value].number;

			window_moments_add(&moments, number);
			least = fmin(least, number);
			most = fmax(most, number);
		}
		if (feature->value == CODE && !seen[arguments[CODE].integer])
		{
			seen[arguments[CODE].integer] = true;
			n_distinct++;
		}
		n_frauds += is_fraud(feature, arguments, row->time);
	}
	average = n == 0 ? NAN : window_sum_value(&moments.sum) / n;
	switch (feature->aggregate)
	{
		case WINDOW_COUNT:
			return n;
		case WINDOW_SUM:
			return window_sum_value(&moments.sum);
		case WINDOW_AVG:
			return average;
		case WINDOW_MIN:
			return n == 0 ? NAN : least;
		case WINDOW_MAX:
			return n == 0 ? NAN : most;
		case WINDOW_STDDEV:
			return window_moments_deviation(&moments);
		case WINDOW_RATIO_TO_AVG:
			return average == 0.0 ? NAN : row->arguments[feature->value].number / average;
		case WINDOW_DISTINCT:
			return n_distinct;
		case WINDOW_SINCE_LAST:
			return n == 0 ? NAN : (double) (row->time - last) / 1e6;
		case WINDOW_FIRST_SEEN:
			return n == 0;
		default:
			break;
	}
	if (feature->prior == 0.0)
		return n == 0 ? 0.0 : (double) n_frauds / n;
	return (n_frauds + feature->prior * (row->time < 100    ? 0.0
	                                     : row->time < 500  ? 0.5
	                                     : row->time < 1500 ? 0.25
	                                                        : 0.125)) /
	       (n + feature->prior);
}

static bool
same(double a, double b)
{
	return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof(double)) == 0;
}

static void
check_round(RandomState *random, bool extreme)
{
	static Event events[N_EVENTS];
	WindowFeature features[N_FEATURES];
	WindowGroup *whole, *recent;
	double results[N_FEATURES], again[N_FEATURES];

	draw_events(random, events, extreme);
	draw_features(random, features);
	whole = window_group_create(features, N_FEATURES, N_ARGUMENTS, &core_malloc_allocator);
	recent = window_group_create(features, N_FEATURES, N_ARGUMENTS, &core_malloc_allocator);
	for (int i = 0; i < N_EVENTS; i++)
	{
		/* What no window of limited length holds; those without a limit need all. */
		int64_t oldest = events[i].time - 150 - 60;

		assert_true(window_group_evaluate(whole, events[i].time, events[i].arguments, results));
		window_group_reset(recent);
		for (int e = 0; e < N_EVENTS && events[e].time < events[i].time; e++)
		{
			if (events[e].time > oldest)
				assert_true(window_group_push(recent, events[e].time, events[e].arguments));
		}
		assert_true(window_group_evaluate(recent, events[i].time, events[i].arguments, again));
		for (int f = 0; f < N_FEATURES; f++)
		{
			assert_true(same(results[f], naive(&features[f], events, &events[i])));
			assert_true(features[f].window == 0 || same(results[f], again[f]));
		}
		assert_true(window_group_push(whole, events[i].time, events[i].arguments));
	}
	window_group_free(whole);
	window_group_free(recent);
}

static void
values_are_those_of_the_events_inside(void **state)
{
	RandomState random;

	random_seed(&random, 5, 0);
	for (int round = 0; round < 20; round++)
		check_round(&random, round % 2 == 1);
}

static void
another_entity_begins_from_nothing(void **state)
{
	WindowFeature feature = {.aggregate = WINDOW_SUM,
	                         .window = 10,
	                         .value = 0,
	                         .filter = -1,
	                         .label = -1,
	                         .label_time = -1,
	                         .changes = -1,
	                         .include_current = true};
	WindowGroup *group = window_group_create(&feature, 1, 1, &core_malloc_allocator);
	WindowArgument one = {.number = 1.0};
	double result;

	for (int entity = 0; entity < 3; entity++)
	{
		window_group_reset(group);
		for (int i = 0; i < 300; i++)
		{
			assert_true(window_group_evaluate(group, i, &one, &result));
			assert_true(result == (i < 9 ? i + 1 : 10));
			assert_true(window_group_push(group, i, &one));
		}
	}
	window_group_free(group);
}

/* Fails from a given allocation on. */
typedef struct Budget
{
	int left;
} Budget;

static void *
allocate_within(void *context, size_t size)
{
	return ((Budget *) context)->left-- > 0 ? malloc(size) : NULL;
}

static void
release_any(void *context, void *pointer)
{
	free(pointer);
}

static void
short_memory_is_reported(void **state)
{
	WindowFeature features[2] = {{.aggregate = WINDOW_MAX,
	                              .window = 1000,
	                              .value = 0,
	                              .filter = -1,
	                              .label = -1,
	                              .label_time = -1,
	                              .changes = -1},
	                             {.aggregate = WINDOW_DISTINCT,
	                              .window = 1000,
	                              .value = 1,
	                              .filter = -1,
	                              .label = -1,
	                              .label_time = -1,
	                              .changes = -1}};

	for (int allocations = 0; allocations < 12; allocations++)
	{
		Budget budget = {allocations};
		CoreAllocator allocator = {allocate_within, release_any, &budget};
		WindowGroup *group = window_group_create(features, 2, 2, &allocator);
		bool done = group != NULL;
		double results[2];

		for (int i = 0; i < 200 && done; i++)
		{
			WindowArgument event[2] = {{.number = -i}, {.integer = i}};

			done = window_group_evaluate(group, i, event, results) &&
			       window_group_push(group, i, event);
		}
		assert_int_equal(done, budget.left >= 0);
		window_group_free(group);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_are_those_of_the_events_inside),
	    cmocka_unit_test(another_entity_begins_from_nothing),
	    cmocka_unit_test(short_memory_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

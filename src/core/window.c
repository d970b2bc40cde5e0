/*
 * window.c
 *		Sliding windows over the events of one entity.
 *
 * Events are kept by column, from the oldest one that any window still holds.
 * Each window has its own two ends: tail, the oldest event inside, and head, the
 * first one that has not come in yet; both only move forward. Indices count all
 * events since the last reset, whatever has been forgotten.
 */
#include "core/window.h"

#include <math.h>
#include <string.h>

#include "core/window_feature.h"

#define FIRST_CAPACITY 64

static const char *const aggregate_names[WINDOW_N_AGGREGATES] = {
    "count",        "sum",      "avg",        "min",        "max",       "stddev",
    "ratio_to_avg", "distinct", "since_last", "first_seen", "fraud_rate"};

const char *
window_aggregate_name(WindowAggregate aggregate)
{
	return aggregate_names[aggregate];
}

struct WindowGroup
{
	CoreAllocator allocator;
	WindowEvents events;
	int n_features;
	const WindowFeature *features;
	int *state_of; /* by feature */
	int n_states;
	WindowState states[]; /* room for one a feature */
};

static void *
allocate(const CoreAllocator *allocator, size_t size)
{
	return allocator->allocate(allocator->context, size);
}

static void
release(const CoreAllocator *allocator, void *memory)
{
	allocator->release(allocator->context, memory);
}

/* The state that serves a feature, a new one where there is none. */
static int
find_state(WindowGroup *group, const WindowFeature *feature)
{
	WindowState *state = &group->states[group->n_states];

	for (int i = 0; i < group->n_states; i++)
	{
		if (window_state_serves(&group->states[i], feature))
			return i;
	}
	state->feature = feature;
	state->allocator = &group->allocator;
	return group->n_states++;
}

WindowGroup *
window_group_create(const WindowFeature *features, int n_features, int n_arguments,
                    const CoreAllocator *allocator)
{
	size_t size = sizeof(WindowGroup) + (size_t) n_features * sizeof(WindowState);
	WindowGroup *group = allocate(allocator, size + (size_t) n_features * sizeof(int));

	if (group == NULL)
		return NULL;
	memset(group, 0, size);
	group->allocator = *allocator;
	group->n_features = n_features;
	group->features = features;
	group->state_of = (int *) ((char *) group + size);
	group->events.n_arguments = n_arguments;
	for (int i = 0; i < n_features; i++)
		group->state_of[i] = find_state(group, &features[i]);
	window_group_reset(group);
	return group;
}

void
window_group_free(WindowGroup *group)
{
	CoreAllocator allocator;

	if (group == NULL)
		return;
	allocator = group->allocator;
	for (int i = 0; i < group->n_states; i++)
		window_state_free(&group->states[i]);
	release(&allocator, group->events.times);
	release(&allocator, group->events.arguments);
	release(&allocator, group);
}

void
window_group_reset(WindowGroup *group)
{
	group->events.first = 0;
	group->events.end = 0;
	for (int i = 0; i < group->n_states; i++)
		window_state_reset(&group->states[i]);
}

/* Events */

/* The oldest event that a window holds, or one that has not come in yet. */
static int64_t
oldest_needed(const WindowGroup *group)
{
	int64_t oldest = group->events.end;

	for (int i = 0; i < group->n_states; i++)
	{
		if (group->states[i].tail < oldest)
			oldest = group->states[i].tail;
	}
	return oldest;
}

static void
forget_before(WindowEvents *events, int64_t index)
{
	size_t gone = (size_t) (index - events->first);
	size_t kept = (size_t) (events->end - index);

	memmove(events->times, events->times + gone, kept * sizeof(int64_t));
	if (events->n_arguments > 0)
		memmove(events->arguments, events->arguments + gone * (size_t) events->n_arguments,
		        kept * (size_t) events->n_arguments * sizeof(WindowArgument));
	events->first = index;
}

static bool
grow(WindowGroup *group)
{
	WindowEvents *events = &group->events;
	size_t capacity = events->capacity == 0 ? FIRST_CAPACITY : 2 * events->capacity;
	size_t kept = (size_t) (events->end - events->first);
	int64_t *times = allocate(&group->allocator, capacity * sizeof(int64_t));
	WindowArgument *arguments =
	    times == NULL ? NULL
	                  : allocate(&group->allocator, (capacity * (size_t) events->n_arguments + 1) *
	                                                    sizeof(WindowArgument));

	if (arguments == NULL)
	{
		release(&group->allocator, times);
		return false;
	}
	if (kept > 0)
	{
		memcpy(times, events->times, kept * sizeof(int64_t));
		memcpy(arguments, events->arguments,
		       kept * (size_t) events->n_arguments * sizeof(WindowArgument));
	}
	release(&group->allocator, events->times);
	release(&group->allocator, events->arguments);
	events->times = times;
	events->arguments = arguments;
	events->capacity = capacity;
	return true;
}

bool
window_group_push(WindowGroup *group, int64_t time, const WindowArgument *event)
{
	WindowEvents *events = &group->events;
	size_t used = (size_t) (events->end - events->first);

	if (used == events->capacity)
	{
		int64_t oldest = oldest_needed(group);

		/* Moving half of the events at least, an event is moved once on average. */
		if ((size_t) (oldest - events->first) * 2 > used)
			forget_before(events, oldest);
		else if (!grow(group))
			return false;
		used = (size_t) (events->end - events->first);
	}
	events->times[used] = time;
	if (events->n_arguments > 0)
		memcpy(events->arguments + used * (size_t) events->n_arguments, event,
		       (size_t) events->n_arguments * sizeof(WindowArgument));
	events->end++;
	return true;
}

bool
window_group_evaluate(WindowGroup *group, int64_t time, const WindowArgument *row, double *results)
{
	for (int i = 0; i < group->n_states; i++)
	{
		if (!window_state_advance(&group->states[i], &group->events, time))
			return false;
	}
	for (int i = 0; i < group->n_features; i++)
		results[i] = window_state_value(&group->states[group->state_of[i]], &group->features[i],
		                                &group->events, time, row);
	return true;
}

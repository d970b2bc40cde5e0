/*
 * window_feature.c
 *		One feature's window: events come in, events go out, and a value comes of
 *		what is inside.
 */
#include "core/window_feature.h"

#include <math.h>
#include <string.h>

#define MICROSECONDS_PER_SECOND 1e6
#define FIRST_QUEUE 16
#define FIRST_CODES 64

/* Queue of indices */

static inline int64_t
queue_at(const IndexQueue *queue, size_t position)
{
	return queue->indices[(queue->first + position) & (queue->capacity - 1)];
}

static bool
queue_append(WindowState *state, int64_t index)
{
	IndexQueue *queue = &state->queue;

	if (queue->n == queue->capacity)
	{
		size_t capacity = queue->capacity == 0 ? FIRST_QUEUE : 2 * queue->capacity;
		int64_t *indices =
		    state->allocator->allocate(state->allocator->context, capacity * sizeof(int64_t));

		if (indices == NULL)
			return false;
		for (size_t i = 0; i < queue->n; i++)
			indices[i] = queue_at(queue, i);
		state->allocator->release(state->allocator->context, queue->indices);
		queue->indices = indices;
		queue->capacity = capacity;
		queue->first = 0;
	}
	queue->indices[(queue->first + queue->n) & (queue->capacity - 1)] = index;
	queue->n++;
	return true;
}

static inline void
queue_drop_first(IndexQueue *queue)
{
	queue->first = (queue->first + 1) & (queue->capacity - 1);
	queue->n--;
}

/* Arguments */

static inline const WindowArgument *
arguments_of(const WindowEvents *events, int64_t index)
{
	return events->arguments + (size_t) (index - events->first) * (size_t) events->n_arguments;
}

static inline int64_t
time_of(const WindowEvents *events, int64_t index)
{
	return events->times[index - events->first];
}

/* Does this event, or row, count for the feature? */
static inline bool
counts(const WindowFeature *feature, const WindowArgument *arguments)
{
	if (feature->filter != WINDOW_NO_ARGUMENT && arguments[feature->filter].number != 1.0)
		return false;
	if (feature->label != WINDOW_NO_ARGUMENT && feature->changes == WINDOW_NO_ARGUMENT &&
	    isnan(arguments[feature->label].number))
		return false;
	if (feature->value == WINDOW_NO_ARGUMENT)
		return true;
	if (feature->aggregate == WINDOW_DISTINCT)
		return arguments[feature->value].integer != WINDOW_MISSING;
	return !isnan(arguments[feature->value].number);
}

/* When the label tells of a fraud, WINDOW_MISSING for never; the window's delay comes on top. */
static inline int64_t
labelled_at(const WindowFeature *feature, const WindowArgument *arguments)
{
	if (feature->label == WINDOW_NO_ARGUMENT || arguments[feature->label].number != 1.0)
		return WINDOW_MISSING;
	return feature->label_time == WINDOW_NO_ARGUMENT ? INT64_MIN
	                                                 : arguments[feature->label_time].integer;
}

static inline const WindowChanges *
changes_of(const WindowFeature *feature, const WindowArgument *arguments)
{
	return feature->changes == WINDOW_NO_ARGUMENT ? NULL : arguments[feature->changes].changes;
}

/* Is an event a fraud, by what was known before this time? */
static bool
is_fraud(const WindowFeature *feature, const WindowArgument *arguments, int64_t time)
{
	const WindowChanges *changes = changes_of(feature, arguments);
	int n_before = 0;

	if (labelled_at(feature, arguments) < time)
		return true;
	while (changes != NULL && n_before < changes->n && changes->times[n_before] < time)
		n_before++;
	return n_before % 2 == 1;
}

/* May that be another answer at a later time? */
static bool
may_change(const WindowFeature *feature, const WindowArgument *arguments, int64_t time)
{
	const WindowChanges *changes = changes_of(feature, arguments);
	int64_t labelled = labelled_at(feature, arguments);

	if (labelled < time)
		return false;
	return labelled != WINDOW_MISSING ||
	       (changes != NULL && changes->n > 0 && changes->times[changes->n - 1] >= time);
}

/* State */

static inline bool
keeps_moments(WindowAggregate aggregate)
{
	return aggregate == WINDOW_SUM || aggregate == WINDOW_AVG || aggregate == WINDOW_RATIO_TO_AVG ||
	       aggregate == WINDOW_STDDEV;
}

bool
window_state_serves(WindowState *state, const WindowFeature *feature)
{
	const WindowFeature *own = state->feature;

	if (!keeps_moments(own->aggregate) || !keeps_moments(feature->aggregate) ||
	    own->window != feature->window || own->delay != feature->delay ||
	    own->value != feature->value || own->filter != feature->filter)
		return false;
	if (feature->aggregate == WINDOW_STDDEV)
		state->feature = feature;
	return true;
}

void
window_state_reset(WindowState *state)
{
	state->tail = 0;
	state->head = 0;
	state->n = 0;
	window_moments_clear(&state->moments);
	state->queue.first = 0;
	state->queue.n = 0;
	if (state->n_codes > 0)
		memset(state->code_counts, 0, state->n_codes * sizeof(uint32_t));
	state->n_distinct = 0;
	state->n_frauds = 0;
	state->as_of = INT64_MIN;
	state->last = WINDOW_MISSING;
}

void
window_state_free(WindowState *state)
{
	state->allocator->release(state->allocator->context, state->queue.indices);
	state->allocator->release(state->allocator->context, state->code_counts);
}

static bool
ensure_code(WindowState *state, int64_t code)
{
	size_t n_codes = state->n_codes == 0 ? FIRST_CODES : state->n_codes;
	uint32_t *grown;

	if ((size_t) code < state->n_codes)
		return true;
	while (n_codes <= (size_t) code)
		n_codes *= 2;
	grown = state->allocator->allocate(state->allocator->context, n_codes * sizeof(uint32_t));
	if (grown == NULL)
		return false;
	memset(grown, 0, n_codes * sizeof(uint32_t));
	if (state->n_codes > 0)
		memcpy(grown, state->code_counts, state->n_codes * sizeof(uint32_t));
	state->allocator->release(state->allocator->context, state->code_counts);
	state->code_counts = grown;
	state->n_codes = n_codes;
	return true;
}

/* Of two values, is the first one at least as good for min or max? */
static inline bool
as_good(WindowAggregate aggregate, double a, double b)
{
	return aggregate == WINDOW_MIN ? a <= b : a >= b;
}

static bool
extreme_enters(WindowState *state, const WindowEvents *events, int64_t index, double value)
{
	int argument = state->feature->value;

	while (state->queue.n > 0)
	{
		int64_t latest = queue_at(&state->queue, state->queue.n - 1);

		if (!as_good(state->feature->aggregate, value,
		             arguments_of(events, latest)[argument].number))
			break;
		state->queue.n--;
	}
	return queue_append(state, index);
}

static bool
enters(WindowState *state, const WindowEvents *events, int64_t index, int64_t time)
{
	const WindowFeature *feature = state->feature;
	const WindowArgument *arguments = arguments_of(events, index);

	if (!counts(feature, arguments))
		return true;
	state->n++;
	switch (feature->aggregate)
	{
		case WINDOW_SUM:
		case WINDOW_AVG:
		case WINDOW_RATIO_TO_AVG:
			window_sum_add(&state->moments.sum, arguments[feature->value].number);
			return true;
		case WINDOW_STDDEV:
			window_moments_add(&state->moments, arguments[feature->value].number);
			return true;
		case WINDOW_MIN:
		case WINDOW_MAX:
			return extreme_enters(state, events, index, arguments[feature->value].number);
		case WINDOW_DISTINCT:
			if (!ensure_code(state, arguments[feature->value].integer))
				return false;
			if (state->code_counts[arguments[feature->value].integer]++ == 0)
				state->n_distinct++;
			return true;
		case WINDOW_FRAUD_RATE:
			state->n_frauds += is_fraud(feature, arguments, time);
			return !may_change(feature, arguments, time) || queue_append(state, index);
		default:
			return true;
	}
}

static void
leaves(WindowState *state, const WindowEvents *events, int64_t index, int64_t time)
{
	const WindowFeature *feature = state->feature;
	const WindowArgument *arguments = arguments_of(events, index);

	if (!counts(feature, arguments))
		return;
	state->n--;
	switch (feature->aggregate)
	{
		case WINDOW_SUM:
		case WINDOW_AVG:
		case WINDOW_RATIO_TO_AVG:
			window_sum_subtract(&state->moments.sum, arguments[feature->value].number);
			break;
		case WINDOW_STDDEV:
			window_moments_subtract(&state->moments, arguments[feature->value].number);
			break;
		case WINDOW_MIN:
		case WINDOW_MAX:
			if (queue_at(&state->queue, 0) == index)
				queue_drop_first(&state->queue);
			break;
		case WINDOW_DISTINCT:
			if (--state->code_counts[arguments[feature->value].integer] == 0)
				state->n_distinct--;
			break;
		case WINDOW_FRAUD_RATE:
			/* Those that may change are in the queue still, and are passed over there. */
			state->n_frauds -= is_fraud(feature, arguments, time);
			break;
		default:
			break;
	}
}

/* What has become known since the last row of events inside. */
static void
learn(WindowState *state, const WindowEvents *events, int64_t time)
{
	const WindowFeature *feature = state->feature;
	IndexQueue *queue = &state->queue;
	size_t kept = 0;

	for (size_t i = 0; i < queue->n; i++)
	{
		int64_t index = queue_at(queue, i);
		const WindowArgument *arguments;

		if (index < state->tail)
			continue;
		arguments = arguments_of(events, index);
		state->n_frauds += is_fraud(feature, arguments, time);
		state->n_frauds -= is_fraud(feature, arguments, state->as_of);
		if (may_change(feature, arguments, time))
			queue->indices[(queue->first + kept++) & (queue->capacity - 1)] = index;
	}
	queue->n = kept;
}

/* Does each event count for a feature that only counts them? */
static inline bool
counts_all(const WindowFeature *feature)
{
	return feature->aggregate == WINDOW_COUNT && feature->filter == WINDOW_NO_ARGUMENT &&
	       feature->value == WINDOW_NO_ARGUMENT && feature->label == WINDOW_NO_ARGUMENT;
}

/*
 * The first event later than a time, of those from an index on: in steps that double, then by halves. For
 * the rows of a table it is one of the next; for a single row, it is anywhere in the history.
 */
static int64_t
first_after(const WindowEvents *events, int64_t index, int64_t time)
{
	size_t low = (size_t) (index - events->first);
	size_t high = (size_t) (events->end - events->first);
	size_t step = 1;

	for (; low + step <= high && events->times[low + step - 1] <= time; step *= 2)
		low += step;
	if (low + step <= high)
		high = low + step - 1;
	while (low < high)
	{
		size_t middle = low + (high - low) / 2;

		if (events->times[middle] <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return events->first + (int64_t) low;
}

/* Of the events before an index that have not come in, the latest one that counts. */
static void
see_latest(WindowState *state, const WindowEvents *events, int64_t end)
{
	for (int64_t index = end; index > state->head;)
	{
		if (counts(state->feature, arguments_of(events, --index)))
		{
			state->last = time_of(events, index);
			return;
		}
	}
}

/* From begin up to before end are inside. */
static bool
move_window(WindowState *state, const WindowEvents *events, int64_t begin, int64_t end,
            int64_t time)
{
	int64_t gone = begin < state->head ? begin : state->head;
	int64_t come = begin > state->head ? begin : state->head;

	if (counts_all(state->feature))
	{
		state->n = end - begin;
		return true;
	}
	for (int64_t index = state->tail; index < gone; index++)
		leaves(state, events, index, time);
	for (int64_t index = come; index < end; index++)
	{
		if (!enters(state, events, index, time))
			return false;
	}
	return true;
}

bool
window_state_advance(WindowState *state, const WindowEvents *events, int64_t time)
{
	const WindowFeature *feature = state->feature;
	/* Without a delay, events before time: that is up to the microsecond before it. */
	int64_t latest = feature->delay == 0 ? time - 1 : time - feature->delay;
	int64_t end = first_after(events, state->head, latest);
	int64_t begin = end;

	if (feature->aggregate == WINDOW_SINCE_LAST || feature->aggregate == WINDOW_FIRST_SEEN)
		see_latest(state, events, end);
	else
	{
		begin = first_after(events, state->tail, time - feature->delay - feature->window);
		if (feature->aggregate == WINDOW_FRAUD_RATE)
		{
			learn(state, events, time);
			state->as_of = time;
		}
		if (!move_window(state, events, begin, end, time))
			return false;
	}
	state->tail = begin;
	state->head = end;
	return true;
}

/* Values */

static double
deviation(WindowState *state, const double *own)
{
	double result;

	if (own == NULL)
		return window_moments_deviation(&state->moments);
	window_moments_add(&state->moments, *own);
	result = window_moments_deviation(&state->moments);
	window_moments_subtract(&state->moments, *own);
	return result;
}

static double
sum_with(WindowState *state, const double *own)
{
	double result;

	if (own == NULL)
		return window_sum_value(&state->moments.sum);
	window_sum_add(&state->moments.sum, *own);
	result = window_sum_value(&state->moments.sum);
	window_sum_subtract(&state->moments.sum, *own);
	return result;
}

static double
extreme(const WindowState *state, const WindowEvents *events, const double *own)
{
	const WindowFeature *feature = state->feature;
	double best;

	if (state->queue.n == 0)
		return own != NULL ? *own : NAN;
	best = arguments_of(events, queue_at(&state->queue, 0))[feature->value].number;
	return own != NULL && as_good(feature->aggregate, *own, best) ? *own : best;
}

static int64_t
distinct(const WindowState *state, const WindowArgument *row, bool with_row)
{
	int64_t code = row[state->feature->value].integer;

	if (!with_row)
		return state->n_distinct;
	return state->n_distinct +
	       ((size_t) code >= state->n_codes || state->code_counts[code] == 0 ? 1 : 0);
}

static double
ratio_to_average(WindowState *state, const WindowArgument *row, const double *own)
{
	double value = row[state->feature->value].number;
	int64_t n = state->n + (own != NULL);
	double average = n == 0 ? NAN : sum_with(state, own) / (double) n;

	if (isnan(value) || isnan(average) || average == 0.0)
		return NAN;
	return value / average;
}

/* Share of frauds among all, as known at this time; 0 before anything is. */
static double
overall_rate(const WindowRates *rates, int64_t time)
{
	int low = 0;
	int high = rates == NULL ? 0 : rates->n;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (rates->known_from[middle] <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? 0.0 : rates->rates[low - 1];
}

static double
fraud_rate(const WindowState *state, int64_t time)
{
	double prior = state->feature->prior;
	double n = (double) state->n + prior;

	if (n == 0.0)
		return 0.0;
	if (prior == 0.0)
		return (double) state->n_frauds / n;
	return ((double) state->n_frauds + prior * overall_rate(state->feature->overall, time)) / n;
}

double
window_state_value(WindowState *state, const WindowFeature *feature, const WindowEvents *events,
                   int64_t time, const WindowArgument *row)
{
	bool with_row = feature->include_current && counts(feature, row);
	const double *own =
	    with_row && feature->value != WINDOW_NO_ARGUMENT ? &row[feature->value].number : NULL;
	int64_t n = state->n + (with_row ? 1 : 0);
	bool seen;

	switch (feature->aggregate)
	{
		case WINDOW_COUNT:
			return (double) n;
		case WINDOW_SUM:
			return sum_with(state, own);
		case WINDOW_AVG:
			return n == 0 ? NAN : sum_with(state, own) / (double) n;
		case WINDOW_MIN:
		case WINDOW_MAX:
			return extreme(state, events, own);
		case WINDOW_STDDEV:
			return deviation(state, own);
		case WINDOW_RATIO_TO_AVG:
			return ratio_to_average(state, row, own);
		case WINDOW_DISTINCT:
			return (double) distinct(state, row, with_row);
		case WINDOW_SINCE_LAST:
		case WINDOW_FIRST_SEEN:
			seen = state->last != WINDOW_MISSING &&
			       (feature->window == 0 || state->last > time - feature->window);
			if (feature->aggregate == WINDOW_FIRST_SEEN)
				return seen ? 0.0 : 1.0;
			return seen ? (double) (time - state->last) / MICROSECONDS_PER_SECOND : NAN;
		case WINDOW_FRAUD_RATE:
			return fraud_rate(state, time);
		case WINDOW_N_AGGREGATES:
			break;
	}
	return NAN;
}

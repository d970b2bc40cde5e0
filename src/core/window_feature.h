/*
 * window_feature.h
 *		What is in one window of a WindowGroup, for a feature or some. Of window.c only.
 */
#ifndef FRAUD_DETECT_WINDOW_FEATURE_H
#define FRAUD_DETECT_WINDOW_FEATURE_H

#include "core/window_sum.h"
#include "core/window.h"

typedef struct WindowEvents
{
	int64_t first; /* index of the oldest event that is kept */
	int64_t end;   /* index of the next one */
	size_t capacity;
	int n_arguments;
	int64_t *times;
	WindowArgument *arguments; /* n_arguments of each event */
} WindowEvents;

/* Indices, in a ring that grows. */
typedef struct IndexQueue
{
	int64_t *indices;
	size_t capacity; /* a power of two */
	size_t first;
	size_t n;
} IndexQueue;

typedef struct WindowState
{
	const WindowFeature *feature; /* what of an event is kept, for all features that it serves */
	const CoreAllocator *allocator;
	int64_t tail; /* the oldest event inside; those before it are gone */
	int64_t head; /* the first event that has not come in */
	int64_t n;    /* events inside that count */

	WindowMoments moments; /* sum, avg, ratio_to_avg: the sum only; stddev */
	IndexQueue queue; /* min, max: candidates, the best one first; fraud_rate: may change yet */
	uint32_t *code_counts; /* distinct: events inside, by code */
	size_t n_codes;
	int64_t n_distinct;
	int64_t n_frauds; /* fraud_rate: those inside, as known at the latest row */
	int64_t as_of;    /* fraud_rate: its time */
	int64_t last;     /* since_last, first_seen: time of the latest event; WINDOW_MISSING without */
} WindowState;

/*
 * Sums, averages and deviations of the same values in the same window have one state. Before any event: true
 * where this one serves another feature, too; for a deviation it keeps more than it did.
 */
extern bool window_state_serves(WindowState *state, const WindowFeature *feature);

extern void window_state_reset(WindowState *state);
extern void window_state_free(WindowState *state);

/* Lets events in and out for a row at this time. False when memory is short. */
extern bool window_state_advance(WindowState *state, const WindowEvents *events, int64_t time);

/* Of a feature that the state serves, after advance; row: the row's own arguments. */
extern double window_state_value(WindowState *state, const WindowFeature *feature,
                                 const WindowEvents *events, int64_t time,
                                 const WindowArgument *row);

#endif

/*
 * window.h
 *		What a card, a merchant or a device did before an event: aggregates over
 *		windows of time, for the rows of one entity in the order of time.
 *
 * A row at time t sees the events of its entity
 *	 in (t - window, t)					without a delay: strictly before the row,
 *	 in (t - delay - window, t - delay]	with a delay,
 * and, where include_current says so, itself. Events of the row's own time are
 * never seen by it, so the order of rows of one time does not matter, and a row
 * that is stored already gets what it got before it was stored.
 *
 * A value depends on the set of events in the window only: sums are exact
 * (window_sum.h). So it does not matter how much history was pushed before, and a
 * whole table read once gives the same bits as the few events that an index finds.
 *
 * Times are microseconds. Arguments of an event are numbers, codes or times, as
 * each feature uses them; missing is NaN or WINDOW_MISSING.
 */
#ifndef FRAUD_DETECT_WINDOW_H
#define FRAUD_DETECT_WINDOW_H

#include "core/core.h"

typedef enum WindowAggregate
{
	WINDOW_COUNT, /* events */
	WINDOW_SUM,   /* 0 of none */
	WINDOW_AVG,   /* missing of none, as the following four */
	WINDOW_MIN,
	WINDOW_MAX,
	WINDOW_STDDEV,       /* of the sample; missing below two */
	WINDOW_RATIO_TO_AVG, /* the row's own value to the average; missing where that is 0 */
	WINDOW_DISTINCT,     /* different codes */
	WINDOW_SINCE_LAST,   /* seconds since the last event; missing without one */
	WINDOW_FIRST_SEEN,   /* 1 without an event, else 0 */
	WINDOW_FRAUD_RATE,   /* share of frauds among the events with a label */
	WINDOW_N_AGGREGATES
} WindowAggregate;

/* A code or a time that is not there. As a time at which a label becomes known: never. */
#define WINDOW_MISSING INT64_MAX

/* The longest window and delay: with it no difference of times overflows. */
#define WINDOW_LONGEST (INT64_C(1) << 60)

#define WINDOW_NO_ARGUMENT (-1)

/*
 * What was known of an event, over time: a fraud after the first instant, none after
 * the second one (a dispute was won), a fraud again after the third, and so on. At
 * an instant itself nobody knows yet. Ascending.
 */
typedef struct WindowChanges
{
	int n;
	int64_t times[];
} WindowChanges;

typedef union WindowArgument
{
	double number;                /* a value, a label (0, 1), a filter (0, 1) */
	int64_t integer;              /* a code from 0 on; a time */
	const WindowChanges *changes; /* NULL: never a fraud; outlives the event */
} WindowArgument;

/* Share of frauds over all entities, as it was known from some instants on; in order. */
typedef struct WindowRates
{
	int n;
	int64_t *known_from;
	double *rates;
} WindowRates;

typedef struct WindowFeature
{
	WindowAggregate aggregate;
	int64_t window; /* 0: all of history; since_last and first_seen only */
	int64_t delay;
	bool include_current;
	/* Which arguments; WINDOW_NO_ARGUMENT where there is none. */
	int value;  /* events and rows without it do not count */
	int filter; /* only events with 1 count, and the row itself only with 1 */
	int label;
	int label_time; /* known from then on; without it: when the delay is over */
	int changes;    /* a fraud also while these say so; then events without a label count */
	double prior;   /* so many events with the overall rate are added */
	const WindowRates *overall; /* for a prior above 0 */
} WindowFeature;

extern const char *window_aggregate_name(WindowAggregate aggregate);

typedef struct WindowGroup WindowGroup;

/* Features of one entity. Keeps pointers to features and their rates. NULL when memory is short. */
extern WindowGroup *window_group_create(const WindowFeature *features, int n_features,
                                        int n_arguments, const CoreAllocator *allocator);
extern void window_group_free(WindowGroup *group);

/* Another entity: forgets all events. */
extern void window_group_reset(WindowGroup *group);

/*
 * The features of a row. Times never decrease between calls of these two until
 * the next reset. An event is one of the history for rows later than it. False
 * only when memory is short.
 */
extern bool window_group_evaluate(WindowGroup *group, int64_t time, const WindowArgument *row,
                                  double *results);
extern bool window_group_push(WindowGroup *group, int64_t time, const WindowArgument *event);

#endif

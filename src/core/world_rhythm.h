/*
 * world_rhythm.h
 *		The rhythm of time: when people pay, by hour, weekday and season.
 */
#ifndef FRAUD_DETECT_WORLD_RHYTHM_H
#define FRAUD_DETECT_WORLD_RHYTHM_H

#include <stdbool.h>
#include <stdint.h>

#define HOURS_IN_WEEK 168
#define MS_IN_MINUTE INT64_C(60000)
#define MS_IN_HOUR INT64_C(3600000)
#define MS_IN_DAY INT64_C(86400000)

/* How a customer lives; each customer has one of these (world_people). */
typedef enum Lifestyle
{
	LIFESTYLE_WORKER,
	LIFESTYLE_HOMEMAKER,
	LIFESTYLE_RETIRED,
	LIFESTYLE_NIGHT_OWL,
	N_LIFESTYLES
} Lifestyle;

/* Relative activity, 0..1, by hour of week in local time, Monday 00:00 first. */
typedef float LifestyleCurves[N_LIFESTYLES][HOURS_IN_WEEK];
extern void rhythm_lifestyle_curves(LifestyleCurves curves);

/*
 * A walk through the time of the world along its cumulative intensity: bins of
 * one hour, the intensity constant in each.
 */
typedef struct Rhythm
{
	float intensity[HOURS_IN_WEEK]; /* of the whole population, UTC */
	int32_t first_hour_of_week;     /* of the start, 0..167 */
	int64_t first_day;              /* of the start, since 2000-01-01 */
	int32_t first_hour;             /* of the start, 0..23 */
	int64_t bins;
	double total; /* cumulative intensity at the end */
	/* the bin of the last call */
	int64_t bin;
	double bin_from;
	double bin_until;
} Rhythm;

/* start_us counts from 2000-01-01 UTC. */
extern void rhythm_start(Rhythm *rhythm, const float intensity[HOURS_IN_WEEK], int64_t start_us,
                         int32_t days);

/* Milliseconds since the start at which the cumulative intensity is fraction
 * of its total. Fractions must not decrease from call to call. */
extern int64_t rhythm_time(Rhythm *rhythm, double fraction);

/* Factor of a day, given since 2000-01-01: pay days, the season before Christmas, holidays. */
extern double rhythm_day_factor(int64_t day);

/* Hour of week, 0..167, in UTC plus an offset in hours. */
static inline int
rhythm_hour_of_week(const Rhythm *rhythm, int64_t time_ms, int utc_offset)
{
	/* 168 is added so that a negative offset stays positive */
	return (int) ((time_ms / MS_IN_HOUR + rhythm->first_hour_of_week + HOURS_IN_WEEK + utc_offset) %
	              HOURS_IN_WEEK);
}

#endif

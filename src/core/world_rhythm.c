/*
 * world_rhythm.c
 *		The rhythm of time: curves by lifestyle, the calendar, and the walk along
 *		the cumulative intensity.
 */
#include "core/world_rhythm.h"

#define US_IN_HOUR INT64_C(3600000000)

/* Per cent of the busiest hour, by hour of day. */
static const uint8_t weekday_hours[N_LIFESTYLES][24] = {
    [LIFESTYLE_WORKER] = {3,  1,  1,  1,  2,  6,  22,  42, 36, 26, 28, 42,
                          68, 52, 32, 34, 50, 86, 100, 88, 64, 44, 24, 9},
    [LIFESTYLE_HOMEMAKER] = {2,  1,  1,  1,  1,  3,  10, 30, 62, 84, 96, 92,
                             64, 56, 72, 84, 80, 64, 50, 42, 36, 26, 12, 5},
    [LIFESTYLE_RETIRED] = {1,  1,  1,  1,  2,  5,  16, 42, 78, 100, 98, 82,
                           56, 42, 52, 60, 54, 40, 28, 20, 12, 8,   4,  2},
    [LIFESTYLE_NIGHT_OWL] = {52, 38, 26, 16, 9,  5,  5,  8,  12,  18, 28, 40,
                             54, 56, 52, 52, 58, 68, 82, 92, 100, 98, 88, 70},
};
static const uint8_t weekend_hours[N_LIFESTYLES][24] = {
    [LIFESTYLE_WORKER] = {10, 6,  3,  2,  1,  2,  6,  16, 42, 74, 98, 100,
                          90, 82, 84, 84, 78, 72, 70, 62, 50, 38, 28, 17},
    [LIFESTYLE_HOMEMAKER] = {6,  3,  2,  1,  1,  2,  6,  18, 44, 72, 92, 96,
                             86, 76, 76, 74, 66, 56, 50, 44, 36, 26, 17, 9},
    [LIFESTYLE_RETIRED] = {2,  1,  1,  1,  1,  4,  10, 28, 58, 82, 86, 72,
                           54, 44, 46, 50, 44, 34, 24, 16, 10, 8,  4,  2},
    [LIFESTYLE_NIGHT_OWL] = {78, 64, 48, 32, 18, 10, 5,  5,  8,   14,  26, 40,
                             52, 58, 58, 58, 62, 72, 86, 96, 100, 100, 96, 88},
};
/* Monday first: Friday and Saturday are the busy days, Sunday is quiet. */
static const float weekday_factor[7] = {0.82f, 0.84f, 0.86f, 0.90f, 1.0f, 0.98f, 0.62f};

void
rhythm_lifestyle_curves(LifestyleCurves curves)
{
	for (int style = 0; style < N_LIFESTYLES; style++)
		for (int hour = 0; hour < HOURS_IN_WEEK; hour++)
		{
			int weekday = hour / 24;
			const uint8_t *hours = weekday < 5 ? weekday_hours[style] : weekend_hours[style];

			curves[style][hour] = (float) hours[hour % 24] * weekday_factor[weekday] / 100.0f;
		}
}

/* Month and day of month of a day since 2000-01-01 (Howard Hinnant's days algorithm). */
static void
calendar(int64_t day, int *month, int *day_of_month)
{
	int64_t shifted = day + 730425; /* since 0000-03-01 */
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t day_of_era = shifted - era * 146097;
	int64_t year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month_from_march = (5 * day_of_year + 2) / 153;

	*day_of_month = (int) (day_of_year - (153 * month_from_march + 2) / 5) + 1;
	*month = (int) (month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
}

static int64_t
floor_modulo(int64_t value, int64_t divisor)
{
	int64_t rest = value % divisor;

	return rest < 0 ? rest + divisor : rest;
}

static int64_t
floor_divide(int64_t value, int64_t divisor)
{
	return (value - floor_modulo(value, divisor)) / divisor;
}

double
rhythm_day_factor(int64_t day)
{
	int month, day_of_month;
	double factor = 1;

	calendar(day, &month, &day_of_month);
	if (day_of_month >= 25 || day_of_month <= 3)
		factor *= 1.15; /* salaries have arrived */
	if (month == 12 && day_of_month <= 23)
		factor *= 1.25;
	if ((month == 12 && (day_of_month == 25 || day_of_month == 26)) ||
	    (month == 1 && day_of_month == 1))
		factor *= 0.55;
	/* 2000-01-01 was a Saturday: the last Friday sales of November */
	if (month == 11 && day_of_month >= 23 && day_of_month <= 29 && floor_modulo(day + 1, 7) == 0)
		factor *= 1.5;
	return factor;
}

/* Cumulative intensity that a bin adds. */
static double
bin_weight(const Rhythm *rhythm, int64_t bin)
{
	int64_t day = rhythm->first_day + (rhythm->first_hour + bin) / 24;

	return rhythm->intensity[(rhythm->first_hour_of_week + bin) % HOURS_IN_WEEK] *
	       rhythm_day_factor(day);
}

void
rhythm_start(Rhythm *rhythm, const float intensity[HOURS_IN_WEEK], int64_t start_us, int32_t days)
{
	int64_t hour = floor_divide(start_us, US_IN_HOUR);

	for (int i = 0; i < HOURS_IN_WEEK; i++)
		rhythm->intensity[i] = intensity[i];
	/* hour 0 of 2000 lies five days after a Monday 00:00 */
	rhythm->first_hour_of_week = (int32_t) floor_modulo(hour + 5 * 24, HOURS_IN_WEEK);
	rhythm->first_day = floor_divide(hour, 24);
	rhythm->first_hour = (int32_t) floor_modulo(hour, 24);
	rhythm->bins = (int64_t) days * 24;
	rhythm->total = 0;
	for (int64_t bin = 0; bin < rhythm->bins; bin++)
		rhythm->total += bin_weight(rhythm, bin);
	rhythm->bin = 0;
	rhythm->bin_from = 0;
	rhythm->bin_until = bin_weight(rhythm, 0);
}

int64_t
rhythm_time(Rhythm *rhythm, double fraction)
{
	double target = fraction * rhythm->total;
	double within;

	while (rhythm->bin_until <= target && rhythm->bin < rhythm->bins - 1)
	{
		rhythm->bin++;
		rhythm->bin_from = rhythm->bin_until;
		rhythm->bin_until += bin_weight(rhythm, rhythm->bin);
	}
	within = (target - rhythm->bin_from) / (rhythm->bin_until - rhythm->bin_from);
	if (within > 1)
		within = 1;
	return rhythm->bin * MS_IN_HOUR + (int64_t) (within * (double) (MS_IN_HOUR - 1));
}

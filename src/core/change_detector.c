/*
 * change_detector.c
 *		Detectors of change in a stream of numbers.
 */
#include "core/change_detector.h"

#include <math.h>
#include <string.h>

#define ADWIN_CLOCK 32
#define ADWIN_LEAST_WINDOW 10
#define ADWIN_LEAST_SIDE 5

/* Sums of such values cannot overflow. */
#define MOST_VALUE 1e100

bool
change_detector_begin(ChangeDetector *detector, ChangeMethod method, double delta, double threshold,
                      CoreError *error)
{
	memset(detector, 0, sizeof(*detector));
	detector->method = method;
	detector->delta = delta;
	detector->threshold = threshold;
	detector->least_share = -1.0;
	switch (method)
	{
		case CHANGE_ADWIN:
			if (delta > 0.0 && delta < 1.0 && threshold == 0.0)
				return true;
			return core_fail(error, "adwin takes a delta between 0 and 1, and no threshold");
		case CHANGE_PAGE_HINKLEY:
			if (delta >= 0.0 && delta <= MOST_VALUE && threshold > 0.0 && isfinite(threshold))
				return true;
			return core_fail(error,
			                 "page_hinkley takes a delta of at least 0 and a threshold above 0");
		case CHANGE_DDM:
			if (delta == 0.0 && threshold > 0.0 && isfinite(threshold))
				return true;
			return core_fail(error, "ddm takes a threshold above 0, and no delta");
	}
	return core_fail(error, "unknown method of change detection");
}

/* Page-Hinkley */

static void
begin_page_hinkley(ChangeDetector *detector)
{
	detector->n = 0;
	detector->mean = 0.0;
	detector->up = detector->least_up = 0.0;
	detector->down = detector->most_down = 0.0;
}

static ChangeSignal
add_page_hinkley(ChangeDetector *detector, double value)
{
	double gap;

	detector->n++;
	detector->mean += (value - detector->mean) / (double) detector->n;
	gap = value - detector->mean;
	detector->up += gap - detector->delta;
	detector->down += gap + detector->delta;
	detector->least_up = fmin(detector->least_up, detector->up);
	detector->most_down = fmax(detector->most_down, detector->down);
	if (detector->n < CHANGE_LEAST_VALUES ||
	    (detector->up - detector->least_up <= detector->threshold &&
	     detector->most_down - detector->down <= detector->threshold))
		return CHANGE_NONE;
	begin_page_hinkley(detector);
	return CHANGE_FOUND;
}

/* DDM */

static void
begin_ddm(ChangeDetector *detector)
{
	detector->n = detector->ones = 0;
	detector->least_share = -1.0;
	detector->least_deviation = 0.0;
}

static ChangeSignal
add_ddm(ChangeDetector *detector, double value)
{
	double share, deviation;

	detector->n++;
	detector->ones += value == 1.0;
	if (detector->n < CHANGE_LEAST_VALUES || detector->ones < CHANGE_LEAST_ONES)
		return CHANGE_NONE;
	share = (double) detector->ones / (double) detector->n;
	deviation = sqrt(share * (1.0 - share) / (double) detector->n);
	if (detector->least_share < 0.0 ||
	    share + deviation < detector->least_share + detector->least_deviation)
	{
		detector->least_share = share;
		detector->least_deviation = deviation;
	}
	if (share + deviation > detector->least_share + detector->threshold * detector->least_deviation)
	{
		begin_ddm(detector);
		return CHANGE_FOUND;
	}
	if (share + deviation >
	    detector->least_share + detector->threshold * 2.0 / 3.0 * detector->least_deviation)
		return CHANGE_WARNING;
	return CHANGE_NONE;
}

/* ADWIN */

/* Of n values each, and of two buckets' values together. */
static ChangeBucket
join_buckets(const ChangeBucket *a, const ChangeBucket *b, double n)
{
	double gap = a->total / n - b->total / n;

	return (ChangeBucket){a->total + b->total, a->spread + b->spread + gap * gap * n / 2.0};
}

static void
drop_first(ChangeLevel *level, uint32_t n)
{
	level->n -= n;
	memmove(level->buckets, level->buckets + n, level->n * sizeof(ChangeBucket));
}

static void
insert_value(ChangeDetector *detector, double value)
{
	ChangeBucket bucket = {value, 0.0};
	double n = 1.0;

	for (uint32_t i = 0; i < CHANGE_LEVELS; i++, n *= 2.0)
	{
		ChangeLevel *level = &detector->levels[i];

		if (i == detector->n_levels)
			detector->n_levels++;
		level->buckets[level->n++] = bucket;
		if (level->n <= CHANGE_BUCKETS)
			break;
		bucket = join_buckets(&level->buckets[0], &level->buckets[1], n);
		drop_first(level, 2);
	}
	detector->n++;
}

static void
drop_oldest(ChangeDetector *detector)
{
	uint32_t top = detector->n_levels - 1;

	drop_first(&detector->levels[top], 1);
	detector->n -= UINT64_C(1) << top;
	while (detector->n_levels > 0 && detector->levels[detector->n_levels - 1].n == 0)
		detector->n_levels--;
}

/* All values of the window as one bucket, from the oldest on. */
static ChangeBucket
whole_window(const ChangeDetector *detector)
{
	ChangeBucket whole = {0.0, 0.0};
	double n = 0.0;

	for (uint32_t i = detector->n_levels; i-- > 0;)
		for (uint32_t k = 0; k < detector->levels[i].n; k++)
		{
			const ChangeBucket *bucket = &detector->levels[i].buckets[k];
			double more = (double) (UINT64_C(1) << i);
			double gap = n > 0.0 ? bucket->total / more - whole.total / n : 0.0;

			whole.spread += bucket->spread + gap * gap * n * more / (n + more);
			whole.total += bucket->total;
			n += more;
		}
	return whole;
}

static bool
means_differ(const ChangeDetector *detector, const ChangeBucket *whole, double n0, double total0)
{
	double n = (double) detector->n;
	double n1 = n - n0;
	double gap = fabs(total0 / n0 - (whole->total - total0) / n1);
	double rows = 1.0 / (1.0 / n0 + 1.0 / n1);
	double log_term = log(2.0 * log(n) / detector->delta);
	double variance = whole->spread / n;

	return gap > sqrt(2.0 / rows * variance * log_term) + 2.0 / (3.0 * rows) * log_term;
}

/* Whether some cut between buckets, the oldest first, divides the window into two that differ. */
static bool
has_cut(const ChangeDetector *detector)
{
	ChangeBucket whole = whole_window(detector);
	double n = 0.0, total = 0.0;

	for (uint32_t i = detector->n_levels; i-- > 0;)
		for (uint32_t k = 0; k < detector->levels[i].n; k++)
		{
			n += (double) (UINT64_C(1) << i);
			total += detector->levels[i].buckets[k].total;
			if ((double) detector->n - n < ADWIN_LEAST_SIDE)
				return false;
			if (n >= ADWIN_LEAST_SIDE && means_differ(detector, &whole, n, total))
				return true;
		}
	return false;
}

static ChangeSignal
add_adwin(ChangeDetector *detector, double value)
{
	ChangeSignal signal = CHANGE_NONE;

	insert_value(detector, value);
	if (detector->seen % ADWIN_CLOCK != 0)
		return CHANGE_NONE;
	while (detector->n > ADWIN_LEAST_WINDOW && has_cut(detector))
	{
		drop_oldest(detector);
		signal = CHANGE_FOUND;
	}
	return signal;
}

bool
change_detector_add(ChangeDetector *detector, double value, ChangeSignal *signal, CoreError *error)
{
	if (detector->method == CHANGE_ADWIN && !(value >= 0.0 && value <= 1.0))
		return core_fail(error, "adwin takes values between 0 and 1, not %g", value);
	if (detector->method == CHANGE_DDM && value != 0.0 && value != 1.0)
		return core_fail(error, "ddm takes the values 0 and 1, not %g", value);
	if (!(fabs(value) <= MOST_VALUE))
		return core_fail(error, "page_hinkley takes values of at most 1e100, not %g", value);
	detector->seen++;
	switch (detector->method)
	{
		case CHANGE_ADWIN:
			*signal = add_adwin(detector, value);
			break;
		case CHANGE_PAGE_HINKLEY:
			*signal = add_page_hinkley(detector, value);
			break;
		case CHANGE_DDM:
			*signal = add_ddm(detector, value);
			break;
	}
	return true;
}

double
change_detector_mean(const ChangeDetector *detector)
{
	if (detector->n == 0)
		return NAN;
	if (detector->method == CHANGE_PAGE_HINKLEY)
		return detector->mean;
	if (detector->method == CHANGE_DDM)
		return (double) detector->ones / (double) detector->n;
	return whole_window(detector).total / (double) detector->n;
}

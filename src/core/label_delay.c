/*
 * label_delay.c
 *		The product-limit estimate of label delays from a right-truncated sample.
 */
#include "core/label_delay.h"

#include <math.h>

#include "core/ranking.h"

static bool
sort_times(const KnownFraud *frauds, size_t n, ScoredRow *delays, ScoredRow *ages, CoreError *error)
{
	for (size_t i = 0; i < n; i++)
	{
		double delay = frauds[i].delay > 0.0 ? frauds[i].delay : 0.0;

		if (!isfinite(frauds[i].delay) || !isfinite(frauds[i].age) || delay > frauds[i].age)
			return core_fail(error, "a label delay is longer than the age of its fraud");
		delays[i] = (ScoredRow){.score = delay};
		ages[i] = (ScoredRow){.score = frauds[i].age};
	}
	ranking_sort(delays, n);
	ranking_sort(ages, n);
	return true;
}

/*
 * From the longest delay to the shortest: of the frauds old enough to show delay
 * x and not above it (those at risk), the share that has exactly x is what the
 * share of delays up to x loses on its way to the next shorter one.
 */
static size_t
descend(const ScoredRow *delays, const ScoredRow *ages, size_t n, struct LabelDelayStep *steps)
{
	size_t n_steps = 0;
	size_t old_enough = 0;
	double share = 1.0;

	for (size_t first = 0, end; first < n; first = end)
	{
		double delay = delays[first].score;
		size_t at_risk;

		for (end = first; end < n && delays[end].score == delay; end++)
			;
		while (old_enough < n && ages[old_enough].score >= delay)
			old_enough++;
		steps[n_steps++] = (struct LabelDelayStep){.delay = delay, .share = share};
		at_risk = old_enough - first;
		if (at_risk >= LABEL_DELAY_MIN_AT_RISK && end - first < at_risk)
			share *= 1.0 - (double) (end - first) / (double) at_risk;
	}
	return n_steps;
}

bool
label_delays_fit(const KnownFraud *frauds, size_t n, const CoreAllocator *allocator,
                 LabelDelays *result, CoreError *error)
{
	ScoredRow *delays = allocator->allocate(allocator->context, (n + 1) * sizeof(ScoredRow));
	ScoredRow *ages = allocator->allocate(allocator->context, (n + 1) * sizeof(ScoredRow));
	struct LabelDelayStep *steps =
	    allocator->allocate(allocator->context, (n + 1) * sizeof(struct LabelDelayStep));
	bool done = false;

	if (delays == NULL || ages == NULL || steps == NULL)
		(void) core_fail(error, "out of memory for label delays");
	else if (sort_times(frauds, n, delays, ages, error))
	{
		*result = (LabelDelays){.steps = steps, .n = descend(delays, ages, n, steps)};
		done = true;
	}
	allocator->release(allocator->context, delays);
	allocator->release(allocator->context, ages);
	if (!done)
		allocator->release(allocator->context, steps);
	return done;
}

double
label_delays_known(const LabelDelays *delays, double age)
{
	size_t low = 0;
	size_t high = delays->n;

	if (delays->n == 0)
		return 1.0;
	/* the first step, in descending order, that is not longer than the age */
	while (low < high)
	{
		size_t middle = low + (high - low) / 2;

		if (delays->steps[middle].delay > age)
			low = middle + 1;
		else
			high = middle;
	}
	return low < delays->n ? delays->steps[low].share : 0.0;
}

/*
 * bootstrap.c
 *		Percentile intervals of the ranking metrics from a stratified bootstrap.
 *
 * Draws of one class are counted in bytes, in the order of that class, and then
 * dealt to its rows: the random accesses stay within n bytes, which caches hold
 * for millions of rows. A count past 255 has a probability below 1e-500.
 * Replicate r uses its own stream of the seed, so it is the same whatever the
 * number of replicates.
 */
#include "core/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"

typedef struct Workspace
{
	uint32_t *weights; /* by row */
	uint8_t *draws;    /* by rank within a class */
	double *values;    /* RANKING_N_METRICS runs of plan->replicates */
} Workspace;

static void
draw_class(const ScoredRow *rows, size_t n, uint8_t label, size_t size, RandomState *random,
           const Workspace *work)
{
	size_t rank = 0;

	memset(work->draws, 0, size);
	for (size_t i = 0; i < size; i++)
	{
		uint8_t *count = &work->draws[random_below(random, size)];

		*count += *count < UINT8_MAX;
	}
	for (size_t i = 0; i < n; i++)
		if (rows[i].label == label)
			work->weights[i] = work->draws[rank++];
}

static void
run_replicates(const ScoredRow *rows, size_t n, const BootstrapPlan *plan, const Workspace *work)
{
	size_t frauds = 0;

	for (size_t i = 0; i < n; i++)
		frauds += rows[i].label;
	for (uint32_t r = 0; r < plan->replicates; r++)
	{
		RandomState random;
		double metrics[RANKING_N_METRICS];

		if (plan->before_replicate != NULL)
			plan->before_replicate(plan->context);
		random_seed(&random, plan->seed, r);
		draw_class(rows, n, 1, frauds, &random, work);
		draw_class(rows, n, 0, n - frauds, &random, work);
		ranking_measure(rows, work->weights, n, metrics);
		for (int m = 0; m < RANKING_N_METRICS; m++)
			work->values[(size_t) m * plan->replicates + r] = metrics[m];
	}
}

int
bootstrap_compare(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return (x > y) - (x < y);
}

double
bootstrap_quantile(const double *sorted, uint32_t n, double share)
{
	double position = share * (n - 1);
	uint32_t below = (uint32_t) position;

	if (below + 1 >= n)
		return sorted[n - 1];
	return sorted[below] + (position - below) * (sorted[below + 1] - sorted[below]);
}

BootstrapInterval
bootstrap_interval(double *values, const BootstrapPlan *plan)
{
	double tail = (1.0 - plan->confidence) / 2.0;

	if (isnan(values[0]))
		return (BootstrapInterval){NAN, NAN};
	qsort(values, plan->replicates, sizeof(double), bootstrap_compare);
	return (BootstrapInterval){bootstrap_quantile(values, plan->replicates, tail),
	                           bootstrap_quantile(values, plan->replicates, 1.0 - tail)};
}

bool
ranking_bootstrap(const ScoredRow *rows, size_t n, const BootstrapPlan *plan,
                  const CoreAllocator *allocator, BootstrapInterval intervals[RANKING_N_METRICS],
                  CoreError *error)
{
	void *context = allocator->context;
	Workspace work = {
	    .weights = allocator->allocate(context, n * sizeof(uint32_t)),
	    .draws = allocator->allocate(context, n),
	    .values = allocator->allocate(context, (size_t) plan->replicates * RANKING_N_METRICS *
	                                               sizeof(double)),
	};
	bool done = work.weights != NULL && work.draws != NULL && work.values != NULL;

	if (done)
	{
		run_replicates(rows, n, plan, &work);
		for (int m = 0; m < RANKING_N_METRICS; m++)
			intervals[m] = bootstrap_interval(work.values + (size_t) m * plan->replicates, plan);
	}
	else
		core_fail(error, "out of memory for the bootstrap");
	allocator->release(context, work.values);
	allocator->release(context, work.draws);
	allocator->release(context, work.weights);
	return done;
}

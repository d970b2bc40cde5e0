/*
 * performance_estimate.c
 *		How good scores will turn out to be, if they are true as probabilities.
 */
#include "core/performance_estimate.h"

#include <math.h>
#include <stdlib.h>

#include "core/random.h"

/* As ranking.h clips probabilities for log_loss. */
#define LEAST_PROBABILITY 1e-15

static double
draw_labels(ScoredRow *rows, size_t n, RandomState *random)
{
	size_t frauds = 0;

	for (size_t i = 0; i < n; i++)
	{
		rows[i].label = random_uniform(random) < rows[i].score;
		frauds += rows[i].label;
	}
	return (double) frauds;
}

/* values: RANKING_N_METRICS + 1 runs of plan->replicates, the last one of frauds. */
static void
run_draws(ScoredRow *rows, size_t n, const BootstrapPlan *plan, double *values)
{
	for (uint32_t r = 0; r < plan->replicates; r++)
	{
		RandomState random;
		double metrics[RANKING_N_METRICS];

		if (plan->before_replicate != NULL)
			plan->before_replicate(plan->context);
		random_seed(&random, plan->seed, r);
		values[(size_t) RANKING_N_METRICS * plan->replicates + r] = draw_labels(rows, n, &random);
		ranking_measure(rows, NULL, n, metrics);
		for (int m = 0; m < RANKING_N_METRICS; m++)
			values[(size_t) m * plan->replicates + r] = metrics[m];
	}
}

/* Values that are not NaN, moved to the front. */
static uint32_t
keep_defined(double *values, uint32_t n)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++)
		if (!isnan(values[i]))
			values[kept++] = values[i];
	return kept;
}

static PerformanceEstimate
estimate_of(double *values, const BootstrapPlan *plan)
{
	uint32_t n = keep_defined(values, plan->replicates);
	double tail = (1.0 - plan->confidence) / 2.0;
	double sum = 0.0;

	if (n == 0)
		return (PerformanceEstimate){NAN, NAN, NAN};
	qsort(values, n, sizeof(double), bootstrap_compare);
	for (uint32_t i = 0; i < n; i++)
		sum += values[i];
	return (PerformanceEstimate){sum / n, bootstrap_quantile(values, n, tail),
	                             bootstrap_quantile(values, n, 1.0 - tail)};
}

/* Expectations of what is a sum over rows. */
static void
expect_sums(const ScoredRow *rows, size_t n, double *frauds, double *log_loss, double *brier)
{
	*frauds = *log_loss = *brier = 0.0;
	for (size_t i = 0; i < n; i++)
	{
		double p = rows[i].score;
		double clipped = fmin(fmax(p, LEAST_PROBABILITY), 1.0 - LEAST_PROBABILITY);

		*frauds += p;
		*log_loss -= p * log(clipped) + (1.0 - p) * log(1.0 - clipped);
		*brier += p * (1.0 - p);
	}
	*log_loss /= (double) n;
	*brier /= (double) n;
}

bool
performance_estimate(ScoredRow *rows, size_t n, const BootstrapPlan *plan,
                     const CoreAllocator *allocator, PerformanceEstimate metrics[RANKING_N_METRICS],
                     PerformanceEstimate *frauds, CoreError *error)
{
	size_t size = (RANKING_N_METRICS + 1) * (size_t) plan->replicates * sizeof(double);
	double *values = allocator->allocate(allocator->context, size);

	if (values == NULL)
		return core_fail(error, "out of memory for the estimate");
	run_draws(rows, n, plan, values);
	for (int m = 0; m < RANKING_N_METRICS; m++)
		metrics[m] = estimate_of(values + (size_t) m * plan->replicates, plan);
	*frauds = estimate_of(values + (size_t) RANKING_N_METRICS * plan->replicates, plan);
	allocator->release(allocator->context, values);
	if (n > 0)
		expect_sums(rows, n, &frauds->value, &metrics[RANKING_LOG_LOSS].value,
		            &metrics[RANKING_BRIER].value);
	return true;
}

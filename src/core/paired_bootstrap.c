/*
 * paired_bootstrap.c
 *		Differences of metrics of two scores of the same rows.
 *
 * Each score has its own order of the rows, made once. A replicate is how often
 * each row was drawn, in bytes, dealt to both orders as weights. Frauds are the
 * first rows, so strata are ranges. A count past 255 has a probability below
 * 1e-500.
 */
#include "core/paired_bootstrap.h"

#include <math.h>
#include <string.h>

#include "core/random.h"

typedef struct Place
{
	double score;
	uint32_t row;
} Place;

/* Rows in the order of a score. */
typedef struct Order
{
	ScoredRow *rows;
	uint32_t *places; /* of these rows among those that were given */
} Order;

typedef struct Workspace
{
	Order orders[2];
	uint8_t *draws;    /* by row */
	uint32_t *weights; /* by place in an order */
	double *values;    /* PAIRED_N_METRICS runs of plan->replicates */
} Workspace;

static int
compare_places(const void *a, const void *b, void *context)
{
	const Place *x = a;
	const Place *y = b;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

static bool
make_order(const PairedRow *rows, size_t n, int score, CoreSort sort, Order *order,
           const CoreAllocator *allocator)
{
	Place *places = allocator->allocate(allocator->context, n * sizeof(Place));

	order->rows = allocator->allocate(allocator->context, n * sizeof(ScoredRow));
	order->places = allocator->allocate(allocator->context, n * sizeof(uint32_t));
	if (places == NULL || order->rows == NULL || order->places == NULL)
	{
		allocator->release(allocator->context, places);
		return false;
	}
	for (size_t i = 0; i < n; i++)
		places[i] = (Place){rows[i].scores[score], (uint32_t) i};
	sort(places, n, sizeof(Place), compare_places, NULL);
	for (size_t i = 0; i < n; i++)
	{
		order->rows[i] = (ScoredRow){places[i].score, rows[places[i].row].label};
		order->places[i] = places[i].row;
	}
	allocator->release(allocator->context, places);
	return true;
}

/* The metrics of one score; draws NULL: every row once. */
static void
measure(const PairedRow *rows, size_t n, int score, double threshold, const uint8_t *draws,
        const Workspace *work, double metrics[PAIRED_N_METRICS])
{
	const Order *order = &work->orders[score];
	uint64_t right = 0;

	for (size_t i = 0; i < n; i++)
		if ((rows[i].scores[score] >= threshold) == (rows[i].label == 1))
			right += draws != NULL ? draws[i] : 1;
	if (draws != NULL)
		for (size_t i = 0; i < n; i++)
			work->weights[i] = draws[order->places[i]];
	ranking_measure(order->rows, draws != NULL ? work->weights : NULL, n, metrics);
	metrics[PAIRED_ACCURACY] = n > 0 ? (double) right / (double) n : NAN;
}

static void
draw_rows(uint8_t *draws, size_t n, RandomState *random)
{
	for (size_t i = 0; i < n; i++)
	{
		uint8_t *count = &draws[random_below(random, n)];

		*count += *count < UINT8_MAX;
	}
}

static void
run_replicates(const PairedRow *rows, size_t n, double threshold, const BootstrapPlan *plan,
               const Workspace *work)
{
	size_t frauds = 0;

	while (frauds < n && rows[frauds].label == 1)
		frauds++;
	for (uint32_t r = 0; r < plan->replicates; r++)
	{
		RandomState random;
		double metrics[2][PAIRED_N_METRICS];

		if (plan->before_replicate != NULL)
			plan->before_replicate(plan->context);
		random_seed(&random, plan->seed, r);
		memset(work->draws, 0, n);
		draw_rows(work->draws, frauds, &random);
		draw_rows(work->draws + frauds, n - frauds, &random);
		for (int score = 0; score < 2; score++)
			measure(rows, n, score, threshold, work->draws, work, metrics[score]);
		for (int m = 0; m < PAIRED_N_METRICS; m++)
			work->values[(size_t) m * plan->replicates + r] = metrics[1][m] - metrics[0][m];
	}
}

static double
p_value_of(const double *differences, uint32_t n)
{
	uint32_t below = 0, above = 0;
	double p_value;

	for (uint32_t i = 0; i < n; i++)
	{
		below += differences[i] <= 0.0;
		above += differences[i] >= 0.0;
	}
	p_value = 2.0 * (1.0 + (below < above ? below : above)) / (n + 1.0);
	return p_value < 1.0 ? p_value : 1.0;
}

static void
summarise(const PairedRow *rows, size_t n, double threshold, const BootstrapPlan *plan,
          const Workspace *work, PairedMetric metrics[PAIRED_N_METRICS])
{
	double values[2][PAIRED_N_METRICS];

	for (int score = 0; score < 2; score++)
		measure(rows, n, score, threshold, NULL, work, values[score]);
	for (int m = 0; m < PAIRED_N_METRICS; m++)
	{
		double *differences = work->values + (size_t) m * plan->replicates;

		metrics[m] = (PairedMetric){{values[0][m], values[1][m]}, {NAN, NAN}, NAN};
		if (plan->replicates == 0 || isnan(values[0][m]) || isnan(values[1][m]))
			continue;
		metrics[m].interval = bootstrap_interval(differences, plan);
		metrics[m].p_value = p_value_of(differences, plan->replicates);
	}
}

static bool
make_workspace(const PairedRow *rows, size_t n, const BootstrapPlan *plan, CoreSort sort,
               Workspace *work, const CoreAllocator *allocator)
{
	void *context = allocator->context;

	for (int score = 0; score < 2; score++)
		if (!make_order(rows, n, score, sort, &work->orders[score], allocator))
			return false;
	work->draws = allocator->allocate(context, n);
	work->weights = allocator->allocate(context, n * sizeof(uint32_t));
	work->values = allocator->allocate(context, ((size_t) plan->replicates * PAIRED_N_METRICS + 1) *
	                                                sizeof(double));
	return work->draws != NULL && work->weights != NULL && work->values != NULL;
}

static void
release_workspace(Workspace *work, const CoreAllocator *allocator)
{
	void *context = allocator->context;

	allocator->release(context, work->values);
	allocator->release(context, work->weights);
	allocator->release(context, work->draws);
	for (int score = 1; score >= 0; score--)
	{
		allocator->release(context, work->orders[score].places);
		allocator->release(context, work->orders[score].rows);
	}
}

bool
paired_bootstrap(const PairedRow *rows, size_t n, double threshold, const BootstrapPlan *plan,
                 CoreSort sort, const CoreAllocator *allocator,
                 PairedMetric metrics[PAIRED_N_METRICS], CoreError *error)
{
	Workspace work = {0};
	bool done = make_workspace(rows, n, plan, sort, &work, allocator);

	if (done)
	{
		run_replicates(rows, n, threshold, plan, &work);
		summarise(rows, n, threshold, plan, &work, metrics);
	}
	else
		core_fail(error, "out of memory for the bootstrap");
	release_workspace(&work, allocator);
	return done;
}

/*
 * calibration_fit.c
 *		Fitting a calibration to margins with known labels.
 *
 * Both fits work on rows sorted by margin with equal margins pooled, so the
 * order in which rows arrive changes no bit of the result.
 *
 * Isotonic: pool-adjacent-violators (Ayer et al. 1955; Zadrozny and Elkan 2002).
 * A block keeps its first and last margin, as scikit-learn's IsotonicRegression
 * does. Comparisons of block means are exact (integers), and only + - * / and
 * sqrt are used: the same points on every machine.
 *
 * Platt: Newton's method with backtracking of Lin, Lin and Weng, "A note on
 * Platt's probabilistic outputs for support vector machines" (2007), algorithm
 * 1, with Platt's targets (N+ + 1) / (N+ + 2) and 1 / (N- + 2). Two deviations:
 * margins are standardised first, which keeps the 2 x 2 system well conditioned
 * at any scale, and it stops by the Newton decrement, which is in units of the
 * estimate's own standard error and so needs no scale either.
 */
#include "core/calibration.h"

#include <math.h>

#include "core/ranking.h"

/* Rows with one margin, or a block of adjacent margins that share a probability. */
typedef struct Block
{
	float first;
	float last;
	uint64_t rows;
	uint64_t frauds;
} Block;

/* Sorted rows: scores are margins, descending, as ranking_sort leaves them. */
typedef struct Sample
{
	ScoredRow *rows;
	size_t n;
	uint64_t frauds;
} Sample;

static bool
sample_check(const float *margins, const uint8_t *labels, size_t n, uint64_t *frauds,
             CoreError *error)
{
	*frauds = 0;
	for (size_t i = 0; i < n; i++)
	{
		if (!isfinite(margins[i]))
			return core_fail(error, "calibration cannot use a margin that is not finite");
		if (labels[i] > 1)
			return core_fail(error, "calibration cannot use a label other than 0 and 1");
		*frauds += labels[i];
	}
	if (*frauds == 0 || *frauds == n)
		return core_fail(error, "calibration needs rows of both classes");
	return true;
}

static bool
sample_create(const float *margins, const uint8_t *labels, size_t n, const CoreAllocator *allocator,
              Sample *sample, CoreError *error)
{
	if (!sample_check(margins, labels, n, &sample->frauds, error))
		return false;
	sample->n = n;
	sample->rows = allocator->allocate(allocator->context, n * sizeof(ScoredRow));
	if (sample->rows == NULL)
		return core_fail(error, "out of memory for calibration");
	for (size_t i = 0; i < n; i++)
		sample->rows[i] = (ScoredRow){.score = (double) margins[i], .label = labels[i]};
	ranking_sort(sample->rows, n);
	return true;
}

/* The rows that share the margin at position *next, counted down to zero: margins ascend. */
static Block
sample_next(const Sample *sample, size_t *next)
{
	double margin = sample->rows[*next - 1].score;
	Block block = {.first = (float) margin, .last = (float) margin};

	while (*next > 0 && sample->rows[*next - 1].score == margin)
	{
		*next -= 1;
		block.rows++;
		block.frauds += sample->rows[*next].label;
	}
	return block;
}

/* A growing stack of blocks with ascending margins. */
typedef struct Blocks
{
	const CoreAllocator *allocator;
	Block *items;
	size_t n;
	size_t capacity;
} Blocks;

static bool
blocks_push(Blocks *blocks, Block block, CoreError *error)
{
	if (blocks->n == blocks->capacity)
	{
		const CoreAllocator *allocator = blocks->allocator;
		size_t capacity = blocks->capacity > 0 ? blocks->capacity * 2 : 256;
		Block *items = allocator->allocate(allocator->context, capacity * sizeof(Block));

		if (items == NULL)
			return core_fail(error, "out of memory for calibration");
		for (size_t i = 0; i < blocks->n; i++)
			items[i] = blocks->items[i];
		allocator->release(allocator->context, blocks->items);
		blocks->items = items;
		blocks->capacity = capacity;
	}
	blocks->items[blocks->n++] = block;
	return true;
}

static Block
block_join(Block left, Block right)
{
	return (Block){.first = left.first,
	               .last = right.last,
	               .rows = left.rows + right.rows,
	               .frauds = left.frauds + right.frauds};
}

/* True unless the share of frauds rises strictly from left to right. Exact. */
static bool
block_violates(const Block *left, const Block *right)
{
	return (unsigned __int128) left->frauds * right->rows >=
	       (unsigned __int128) right->frauds * left->rows;
}

static bool
pool_adjacent_violators(const Sample *sample, Blocks *blocks, CoreError *error)
{
	size_t next = sample->n;

	while (next > 0)
	{
		if (!blocks_push(blocks, sample_next(sample, &next), error))
			return false;
		while (blocks->n > 1 &&
		       block_violates(&blocks->items[blocks->n - 2], &blocks->items[blocks->n - 1]))
		{
			blocks->n--;
			blocks->items[blocks->n - 1] =
			    block_join(blocks->items[blocks->n - 1], blocks->items[blocks->n]);
		}
	}
	return true;
}

/* Squared distance between the points (sqrt(p), sqrt(1 - p)) of two shares: Hellinger's, times 2. */
static double
hellinger_squared(const Block *a, const Block *b)
{
	double p = (double) a->frauds / (double) a->rows;
	double q = (double) b->frauds / (double) b->rows;
	double frauds = sqrt(p) - sqrt(q);
	double others = sqrt(1.0 - p) - sqrt(1.0 - q);

	return frauds * frauds + others * others;
}

/*
 * Keeps the number of blocks within CALIBRATION_MAX_POINTS / 2. All shares lie
 * on a quarter of a circle, of length pi / 2, in order: cutting it into arcs
 * whose chord is at least pi / 2 / (blocks - 1) leaves at most that many. An arc
 * this short is below the standard error of a block of 100,000 rows; means are
 * kept, so the calibration stays true on average.
 */
static void
limit_blocks(Blocks *blocks)
{
	double chord = 1.5707963267948966 / (CALIBRATION_MAX_POINTS / 2 - 1);
	size_t kept = 0;
	Block start;

	if (blocks->n <= CALIBRATION_MAX_POINTS / 2)
		return;
	start = blocks->items[0];
	for (size_t i = 1; i < blocks->n; i++)
	{
		Block block = blocks->items[i];

		if (hellinger_squared(&start, &block) < chord * chord)
			blocks->items[kept] = block_join(blocks->items[kept], block);
		else
		{
			blocks->items[++kept] = block;
			start = block;
		}
	}
	blocks->n = kept + 1;
}

/*
 * Shares of frauds rise strictly, so only the first block can be without frauds
 * and only the last without legitimate rows. n rows of one class are no proof
 * of certainty: these two get the mean of Jeffreys' posterior, (k + 1/2) / (n + 1)
 * (Brown, Cai and DasGupta 2001), but do not cross their neighbour. It moves
 * the sample's mean by at most 1/2 row each, and log loss stays finite. Measured
 * against clipping to 1 / (2 N): lower log loss and calibration error on fresh
 * rows (test/bench/calibration_ends.py).
 */
static double
block_probability(const Blocks *blocks, size_t i)
{
	const Block *block = &blocks->items[i];
	double share = (double) block->frauds / (double) block->rows;
	double smoothed = ((double) block->frauds + 0.5) / ((double) block->rows + 1.0);

	if (block->frauds == 0 && i + 1 < blocks->n)
	{
		const Block *next = &blocks->items[i + 1];
		double bound = (double) next->frauds / (double) next->rows;

		return smoothed < bound ? smoothed : bound;
	}
	if (block->frauds == block->rows && i > 0)
	{
		const Block *previous = &blocks->items[i - 1];
		double bound = (double) previous->frauds / (double) previous->rows;

		return smoothed > bound ? smoothed : bound;
	}
	return share;
}

static bool
points_from_blocks(const Blocks *blocks, const CoreAllocator *allocator, Calibration *result,
                   CoreError *error)
{
	float *margins = allocator->allocate(allocator->context, 2 * blocks->n * sizeof(float));
	double *probabilities = allocator->allocate(allocator->context, 2 * blocks->n * sizeof(double));
	uint32_t n = 0;

	if (margins == NULL || probabilities == NULL)
	{
		allocator->release(allocator->context, margins);
		allocator->release(allocator->context, probabilities);
		return core_fail(error, "out of memory for calibration");
	}
	for (size_t i = 0; i < blocks->n; i++)
	{
		const Block *block = &blocks->items[i];
		double probability = block_probability(blocks, i);

		margins[n] = block->first;
		probabilities[n++] = probability;
		if (block->last > block->first)
		{
			margins[n] = block->last;
			probabilities[n++] = probability;
		}
	}
	*result = (Calibration){.method = CALIBRATION_ISOTONIC,
	                        .n_points = n,
	                        .margins = margins,
	                        .probabilities = probabilities};
	return true;
}

bool
calibration_fit_isotonic(const float *margins, const uint8_t *labels, size_t n,
                         const CoreAllocator *allocator, Calibration *result, CoreError *error)
{
	Sample sample;
	Blocks blocks = {.allocator = allocator};
	bool done;

	if (!sample_create(margins, labels, n, allocator, &sample, error))
		return false;
	done = pool_adjacent_violators(&sample, &blocks, error);
	allocator->release(allocator->context, sample.rows);
	if (done)
	{
		limit_blocks(&blocks);
		done = points_from_blocks(&blocks, allocator, result, error);
	}
	allocator->release(allocator->context, blocks.items);
	return done;
}

/* Platt's problem in standardised margins. */
typedef struct PlattProblem
{
	const Sample *sample;
	double mean;
	double deviation;
	double fraud_target;
	double other_target;
} PlattProblem;

/* Value, gradient and Hessian of the negative log likelihood at (slope, intercept). */
typedef struct PlattPoint
{
	double slope;
	double intercept;
	double value;
	double gradient[2];
	double hessian[3]; /* slope-slope, slope-intercept, intercept-intercept */
} PlattPoint;

static PlattProblem
platt_problem(const Sample *sample)
{
	double others = (double) (sample->n - sample->frauds);
	double frauds = (double) sample->frauds;
	double sum = 0.0;
	double squares = 0.0;

	for (size_t i = 0; i < sample->n; i++)
		sum += sample->rows[i].score;
	sum /= (double) sample->n;
	for (size_t i = 0; i < sample->n; i++)
		squares += (sample->rows[i].score - sum) * (sample->rows[i].score - sum);
	return (PlattProblem){.sample = sample,
	                      .mean = sum,
	                      .deviation = sqrt(squares / (double) sample->n),
	                      .fraud_target = (frauds + 1.0) / (frauds + 2.0),
	                      .other_target = 1.0 / (others + 2.0)};
}

/* -t ln p - (1 - t) ln(1 - p) for p = logistic(z), without overflow. */
static double
platt_loss(double z, double target)
{
	return (z >= 0.0 ? (1.0 - target) * z : -target * z) + log1p(exp(-fabs(z)));
}

static void
platt_evaluate(const PlattProblem *problem, PlattPoint *point)
{
	size_t next = problem->sample->n;

	point->value = 0.0;
	point->gradient[0] = point->gradient[1] = 0.0;
	point->hessian[0] = point->hessian[1] = point->hessian[2] = 0.0;
	while (next > 0)
	{
		Block tie = sample_next(problem->sample, &next);
		double x = ((double) tie.first - problem->mean) / problem->deviation;
		double z = point->slope * x + point->intercept;
		double e = exp(-fabs(z));
		double p = (z >= 0.0 ? 1.0 : e) / (1.0 + e);
		double rows = (double) tie.rows;
		double frauds = (double) tie.frauds;
		double residual =
		    rows * p - frauds * problem->fraud_target - (rows - frauds) * problem->other_target;
		double curvature = rows * e / ((1.0 + e) * (1.0 + e));

		point->value += frauds * platt_loss(z, problem->fraud_target) +
		                (rows - frauds) * platt_loss(z, problem->other_target);
		point->gradient[0] += x * residual;
		point->gradient[1] += residual;
		point->hessian[0] += x * x * curvature;
		point->hessian[1] += x * curvature;
		point->hessian[2] += curvature;
	}
}

/* Halves the step until the value falls enough (Armijo). False when no step helps: the end. */
static bool
platt_descend(const PlattProblem *problem, PlattPoint *point, const double step[2], double descent)
{
	const double smallest = 1e-10;
	const double armijo = 1e-4;

	for (double size = 1.0; size >= smallest; size /= 2.0)
	{
		PlattPoint trial = {.slope = point->slope + size * step[0],
		                    .intercept = point->intercept + size * step[1]};

		platt_evaluate(problem, &trial);
		if (trial.value < point->value + armijo * size * descent)
		{
			*point = trial;
			return true;
		}
	}
	return false;
}

static void
platt_newton(const PlattProblem *problem, PlattPoint *point)
{
	const int max_rounds = 100;
	const double ridge = 1e-12;
	const double tolerance = 1e-9; /* of a standard error */

	platt_evaluate(problem, point);
	for (int round = 0; round < max_rounds; round++)
	{
		const double *g = point->gradient;
		double h00 = point->hessian[0] + ridge;
		double h01 = point->hessian[1];
		double h11 = point->hessian[2] + ridge;
		double determinant = h00 * h11 - h01 * h01;
		double step[2] = {-(h11 * g[0] - h01 * g[1]) / determinant,
		                  -(h00 * g[1] - h01 * g[0]) / determinant};
		double descent = g[0] * step[0] + g[1] * step[1];

		if (!(-descent > tolerance * tolerance) || !platt_descend(problem, point, step, descent))
			return;
	}
}

bool
calibration_fit_platt(const float *margins, const uint8_t *labels, size_t n,
                      const CoreAllocator *allocator, Calibration *result, CoreError *error)
{
	Sample sample;
	PlattProblem problem;
	PlattPoint point;

	if (!sample_create(margins, labels, n, allocator, &sample, error))
		return false;
	problem = platt_problem(&sample);
	/* The best constant, where Lin, Lin and Weng start too. */
	point = (PlattPoint){.intercept = log(((double) sample.frauds + 1.0) /
	                                      ((double) (sample.n - sample.frauds) + 1.0))};
	if (problem.deviation > 0.0)
	{
		platt_newton(&problem, &point);
		point.slope /= problem.deviation;
		point.intercept -= point.slope * problem.mean;
	}
	allocator->release(allocator->context, sample.rows);
	*result = (Calibration){
	    .method = CALIBRATION_PLATT, .slope = point.slope, .intercept = point.intercept};
	return calibration_verify(result, error);
}

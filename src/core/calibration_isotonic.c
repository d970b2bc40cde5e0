/*
 * calibration_isotonic.c
 *		Fitting an isotonic calibration.
 *
 * Pool-adjacent-violators (Ayer et al. 1955; Zadrozny and Elkan 2002), each block
 * placed at the mean of its margins and joined to the next by a line: centered
 * isotonic regression (Oron and Flournoy 2017). The usual flat blocks would make
 * ties of rows that the forest tells apart; this keeps its ranking, at no loss
 * of calibration (test/bench/calibration_isotonic.py). Comparisons of block
 * means are exact (integers), and only + - * / and sqrt are used: the same
 * points on every machine.
 */
#include "core/calibration.h"

#include <math.h>

#include "core/calibration_sample.h"

/* Points beside the blocks' centers: two at either end. */
#define END_POINTS 4
#define MOST_BLOCKS (CALIBRATION_MAX_POINTS - END_POINTS)

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
	               .frauds = left.frauds + right.frauds,
	               .sum = left.sum + right.sum};
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
 * Keeps the number of blocks within MOST_BLOCKS. All shares lie on a quarter of
 * a circle, of length pi / 2, in order: cutting it into arcs whose chord is at
 * least pi / 2 / (MOST_BLOCKS - 1) leaves at most that many. An arc this short is
 * below the standard error of a block of 100,000 rows; means are kept, so the
 * calibration stays true on average.
 */
static void
limit_blocks(Blocks *blocks)
{
	double chord = 1.5707963267948966 / (MOST_BLOCKS - 1);
	size_t kept = 0;
	Block start;

	if (blocks->n <= MOST_BLOCKS)
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

static double
block_share(const Block *block)
{
	return (double) block->frauds / (double) block->rows;
}

/*
 * Shares of frauds rise strictly, so only the first block can be without frauds
 * and only the last without legitimate rows. n rows of one class are no proof
 * of certainty: these two get the mean of Jeffreys' posterior, (k + 1/2) / (n + 1)
 * (Brown, Cai and DasGupta 2001), but come no nearer to their neighbour than
 * half of its distance from certainty. Log loss stays finite. Measured against
 * clipping to 1 / (2 N): test/bench/calibration_isotonic.py.
 */
static double
block_probability(const Blocks *blocks, size_t i)
{
	const Block *block = &blocks->items[i];
	double smoothed = ((double) block->frauds + 0.5) / ((double) block->rows + 1.0);

	if (block->frauds == 0 && i + 1 < blocks->n)
	{
		double bound = block_share(&blocks->items[i + 1]) / 2.0;

		return smoothed < bound ? smoothed : bound;
	}
	if (block->frauds == block->rows && i > 0)
	{
		double bound = (1.0 + block_share(&blocks->items[i - 1])) / 2.0;

		return smoothed > bound ? smoothed : bound;
	}
	return block_share(block);
}

/* The mean margin, which rounding must not move out of the block. */
static float
block_center(const Block *block)
{
	float center = (float) (block->sum / (double) block->rows);

	if (center < block->first)
		return block->first;
	return center > block->last ? block->last : center;
}

typedef struct Points
{
	uint32_t n;
	float *margins;
	double *probabilities;
} Points;

/* Leaves out a margin that is not above the one before it, or not finite. */
static void
points_add(Points *points, double margin, double probability)
{
	float rounded = (float) margin;

	if (!isfinite(rounded) || (points->n > 0 && !(rounded > points->margins[points->n - 1])))
		return;
	points->margins[points->n] = rounded;
	points->probabilities[points->n++] = probability;
}

/* A line through two points, at a third margin. */
static double
extend(double from, double from_value, double to, double to_value, double margin)
{
	return to_value + (to_value - from_value) / (to - from) * (margin - to);
}

/*
 * Left of the first block's center the line goes on to the block's first margin,
 * but no deeper than half of the center's probability; and from there, to half
 * of that, over as many margins again as the sample spans, so that rows
 * outside the sample's range still rank. The right end mirrors it.
 */
static void
points_add_left_end(Points *points, const Block *first, float last_margin, double probability,
                    float next_center, double next_probability)
{
	float center = block_center(first);
	double low = extend(next_center, next_probability, center, probability, (double) first->first);

	low = low > probability / 2.0 ? low : probability / 2.0;
	points_add(points, (double) first->first - ((double) last_margin - (double) first->first),
	           low / 2.0);
	if (first->first < center)
		points_add(points, first->first, low);
}

static void
points_add_right_end(Points *points, const Block *last, float first_margin, double probability,
                     float previous_center, double previous_probability)
{
	float center = block_center(last);
	double high =
	    extend(previous_center, previous_probability, center, probability, (double) last->last);

	high = high < (1.0 + probability) / 2.0 ? high : (1.0 + probability) / 2.0;
	points_add(points, last->last, high);
	points_add(points, (double) last->last + ((double) last->last - (double) first_margin),
	           (1.0 + high) / 2.0);
}

/* One block alone says that margins tell nothing: one point, the same for all. */
static void
points_add_blocks(Points *points, const Blocks *blocks)
{
	const Block *items = blocks->items;
	size_t n = blocks->n;

	if (n > 1)
		points_add_left_end(points, &items[0], items[n - 1].last, block_probability(blocks, 0),
		                    block_center(&items[1]), block_probability(blocks, 1));
	for (size_t i = 0; i < n; i++)
		points_add(points, block_center(&items[i]), block_probability(blocks, i));
	if (n > 1)
		points_add_right_end(points, &items[n - 1], items[0].first,
		                     block_probability(blocks, n - 1), block_center(&items[n - 2]),
		                     block_probability(blocks, n - 2));
}

static bool
points_from_blocks(const Blocks *blocks, const CoreAllocator *allocator, Calibration *result,
                   CoreError *error)
{
	size_t most = blocks->n + END_POINTS;
	Points points = {.margins = allocator->allocate(allocator->context, most * sizeof(float)),
	                 .probabilities =
	                     allocator->allocate(allocator->context, most * sizeof(double))};

	if (points.margins == NULL || points.probabilities == NULL)
	{
		allocator->release(allocator->context, points.margins);
		allocator->release(allocator->context, points.probabilities);
		return core_fail(error, "out of memory for calibration");
	}
	points_add_blocks(&points, blocks);
	*result = (Calibration){.method = CALIBRATION_ISOTONIC,
	                        .n_points = points.n,
	                        .margins = points.margins,
	                        .probabilities = points.probabilities};
	return calibration_verify(result, error);
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

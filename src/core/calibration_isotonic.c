/*
 * calibration_isotonic.c
 *		Fitting an isotonic calibration.
 *
 * Pool-adjacent-violators (Ayer et al. 1955; Zadrozny and Elkan 2002), each block
 * placed at the mean of its margins and joined to the next by a line: centered
 * isotonic regression (Oron and Flournoy 2017). The usual flat blocks would make
 * ties of rows that the forest tells apart; this keeps its ranking, at no loss
 * of calibration (test/bench/calibration_isotonic.py). Comparisons of block
 * means are exact (integers).
 *
 * The share of a block with a handful of frauds is mostly chance, and blocks are
 * chosen to be extreme. So each leans on platt's curve, the trend through all
 * rows: the more frauds a block has itself, the less.
 */
#include "core/calibration.h"

#include <math.h>

#include "core/calibration_sample.h"

/* Points beside the blocks' centers: two at either end. */
#define END_POINTS 4
#define MOST_BLOCKS (CALIBRATION_MAX_POINTS - END_POINTS)
/* Frauds that the trend weighs as: log loss is lowest about here (docs/calibration.md). */
#define TREND_FRAUDS 10.0

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

/*
 * The mean of the posterior whose prior, worth TREND_FRAUDS frauds, is the trend:
 * where frauds are rare, a gamma prior with this shape for the factor between
 * the true share and the trend's. Seen on the logistic scale it is as wide at
 * any trend (its deviation is 1 / sqrt(TREND_FRAUDS)), hence the variance.
 */
static double
leaning_share(const Block *block, double per_known, double trend)
{
	double rows = (double) block->rows;
	double frauds = (double) block->frauds * per_known;
	double variance = trend * (1.0 - trend);

	frauds = frauds < rows ? frauds : rows;
	return (frauds * variance + TREND_FRAUDS * trend) / (rows * variance + TREND_FRAUDS);
}

/* Platt's curve, but a constant where that falls; this one never does. */
static Calibration
fit_trend(const Sample *sample)
{
	Calibration trend = sample_fit_platt(sample);
	double frauds = (double) sample->frauds * sample->per_known;

	if (trend.slope < 0.0)
		trend = (Calibration){.method = CALIBRATION_PLATT,
		                      .intercept = log(frauds / ((double) sample->n - frauds))};
	return trend;
}

/*
 * Gives each block its share. The trend's is the mean over the block's rows, and no
 * more certain than half a row of the sample. One block alone says that margins
 * tell nothing: there is no trend.
 */
static void
share_out(const Sample *sample, Blocks *blocks)
{
	Calibration trend = fit_trend(sample);
	double least = 0.5 / ((double) sample->n + 1.0);
	size_t next = sample->n;

	for (size_t i = 0; i < blocks->n; i++)
	{
		Block *block = &blocks->items[i];
		double mean = 0.0;

		while (next > 0 && sample->rows[next - 1].score <= (double) block->last)
		{
			Block tie = sample_next(sample, &next);

			mean += (double) tie.rows * calibration_apply(&trend, tie.first);
		}
		mean /= (double) block->rows;
		mean = mean < least ? least : mean > 1.0 - least ? 1.0 - least : mean;
		block->share = leaning_share(block, sample->per_known, mean);
	}
	if (blocks->n == 1)
		blocks->items[0].share = (double) sample->frauds * sample->per_known / (double) sample->n;
}

/* Leaning may have undone the order. */
static void
pool_shares(Blocks *blocks)
{
	size_t kept = 0;

	for (size_t i = 0; i < blocks->n; i++)
	{
		Block block = blocks->items[i];

		while (kept > 0 && blocks->items[kept - 1].share >= block.share)
		{
			const Block *left = &blocks->items[--kept];
			double share = ((double) left->rows * left->share + (double) block.rows * block.share) /
			               (double) (left->rows + block.rows);

			block = block_join(*left, block);
			block.share = share;
		}
		blocks->items[kept++] = block;
	}
	blocks->n = kept;
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
		points_add_left_end(points, &items[0], items[n - 1].last, items[0].share,
		                    block_center(&items[1]), items[1].share);
	for (size_t i = 0; i < n; i++)
		points_add(points, block_center(&items[i]), items[i].share);
	if (n > 1)
		points_add_right_end(points, &items[n - 1], items[0].first, items[n - 1].share,
		                     block_center(&items[n - 2]), items[n - 2].share);
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
calibration_fit_isotonic(const float *margins, const uint8_t *labels, size_t n, double known,
                         const CoreAllocator *allocator, Calibration *result, CoreError *error)
{
	Sample sample;
	Blocks blocks = {.allocator = allocator};
	bool done;

	if (!sample_create(margins, labels, n, known, allocator, &sample, error))
		return false;
	done = pool_adjacent_violators(&sample, &blocks, error);
	if (done)
	{
		limit_blocks(&blocks);
		share_out(&sample, &blocks);
		pool_shares(&blocks);
	}
	allocator->release(allocator->context, sample.rows);
	done = done && points_from_blocks(&blocks, allocator, result, error);
	allocator->release(allocator->context, blocks.items);
	return done;
}

/*
 * calibration_sample.c
 *		Checking, sorting and pooling the rows that a calibration is fitted to.
 */
#include "core/calibration_sample.h"

#include <math.h>

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

/* Frauds may be no more than those known and half of the other rows. */
static double
frauds_per_known(double known, uint64_t frauds, size_t n)
{
	double most = ((double) n + (double) frauds) / 2.0 / (double) frauds;

	return 1.0 / known < most ? 1.0 / known : most;
}

bool
sample_create(const float *margins, const uint8_t *labels, size_t n, double known,
              const CoreAllocator *allocator, Sample *sample, CoreError *error)
{
	if (!sample_check(margins, labels, n, &sample->frauds, error))
		return false;
	if (!(known > 0.0 && known <= 1.0))
		return core_fail(error, "calibration needs a share of known frauds above 0 and up to 1");
	sample->n = n;
	sample->per_known = frauds_per_known(known, sample->frauds, n);
	sample->rows = allocator->allocate(allocator->context, n * sizeof(ScoredRow));
	if (sample->rows == NULL)
		return core_fail(error, "out of memory for calibration");
	for (size_t i = 0; i < n; i++)
		sample->rows[i] = (ScoredRow){.score = (double) margins[i], .label = labels[i]};
	ranking_sort(sample->rows, n);
	return true;
}

Block
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
	block.sum = margin * (double) block.rows;
	return block;
}

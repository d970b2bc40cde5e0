/*
 * calibration_sample.h
 *		Rows to fit a calibration to: sorted by margin, equal margins pooled, so that
 *		the order in which rows arrive changes no bit of a fit.
 */
#ifndef FRAUD_DETECT_CALIBRATION_SAMPLE_H
#define FRAUD_DETECT_CALIBRATION_SAMPLE_H

#include "core/calibration.h"
#include "core/ranking.h"

/* Rows with one margin, or a block of adjacent margins that share a probability. */
typedef struct Block
{
	float first;
	float last;
	uint64_t rows;
	uint64_t frauds;
	double sum;   /* of margins */
	double share; /* of frauds, unknown ones too, as the calibration has it; isotonic only */
} Block;

/* Scores are margins, descending, as ranking_sort leaves them. */
typedef struct Sample
{
	ScoredRow *rows; /* from the allocator, for the caller to release */
	size_t n;
	uint64_t frauds;
	double per_known; /* frauds that a known one stands for, itself included */
} Sample;

/* Fails as the fits do (calibration.h). */
extern bool sample_create(const float *margins, const uint8_t *labels, size_t n, double known,
                          const CoreAllocator *allocator, Sample *sample, CoreError *error);

/* The rows of the next margin, ascending. *next begins as n and ends as 0. */
extern Block sample_next(const Sample *sample, size_t *next);

/* Platt's curve through a sample. */
extern Calibration sample_fit_platt(const Sample *sample);

#endif

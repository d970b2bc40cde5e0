/*
 * change_detector.h
 *		Detectors of change in a stream of numbers, one value at a time, in memory that
 *		does not grow with the stream (ADWIN: with its logarithm). A state is written as
 *		bytes and read again, and goes on as if it had never stopped.
 *
 * ADWIN (Bifet and Gavalda, "Learning from time-changing data with adaptive windowing",
 *	 2007): values in [0, 1]; a window in an exponential histogram, cut where the means of
 *	 its two sides differ by more than chance at confidence delta explains (their bound of
 *	 section 4.1 with the variance, delta' = delta / ln n), looked for every 32 values.
 * Page-Hinkley (Page 1954, Mouss et al. 2004): any finite values; change of the mean, upwards or
 *	 downwards, by more than delta, once the sum of what exceeds it passes the threshold.
 *	 Values are compared with the mean that includes them.
 * DDM (Gama et al., "Learning with drift detection", 2004): 0 and 1, as in right and wrong;
 *	 the share of ones rises to threshold standard deviations above its minimum; a warning
 *	 comes at two thirds of that. Ours: the minimum counts from the 5th one on, since a stream
 *	 of rare ones would else have a minimum of 0, and its first one be a change.
 *
 * After a change Page-Hinkley and DDM begin anew; ADWIN forgets what lies before it.
 */
#ifndef FRAUD_DETECT_CHANGE_DETECTOR_H
#define FRAUD_DETECT_CHANGE_DETECTOR_H

#include "core/core.h"

#define CHANGE_LEAST_VALUES 30 /* Page-Hinkley and DDM say nothing before */
#define CHANGE_LEAST_ONES 5
#define CHANGE_LEVELS 48
#define CHANGE_BUCKETS 5 /* kept of each size */

typedef enum ChangeMethod
{
	CHANGE_ADWIN = 1,
	CHANGE_PAGE_HINKLEY = 2,
	CHANGE_DDM = 3
} ChangeMethod;

typedef enum ChangeSignal
{
	CHANGE_NONE,
	CHANGE_WARNING, /* DDM only */
	CHANGE_FOUND
} ChangeSignal;

/* Of 2^level values: their sum, and the sum of squares of their distances from the mean. */
typedef struct ChangeBucket
{
	double total;
	double spread;
} ChangeBucket;

typedef struct ChangeLevel
{
	uint32_t n;
	ChangeBucket buckets[CHANGE_BUCKETS + 1]; /* oldest first */
} ChangeLevel;

typedef struct ChangeDetector
{
	ChangeMethod method;
	double delta;     /* ADWIN: confidence; Page-Hinkley: tolerated change of the mean */
	double threshold; /* Page-Hinkley: of the sum; DDM: in standard deviations */
	uint64_t seen;    /* values in all */
	uint64_t n;       /* values since the last change; ADWIN: in the window */
	/* Page-Hinkley */
	double mean;
	double up, least_up;
	double down, most_down;
	/* DDM */
	uint64_t ones;
	double least_share, least_deviation; /* where their sum was least; negative: not yet */
	/* ADWIN */
	uint32_t n_levels;
	ChangeLevel levels[CHANGE_LEVELS];
} ChangeDetector;

/* A parameter that the method does not have is 0. */
extern bool change_detector_begin(ChangeDetector *detector, ChangeMethod method, double delta,
                                  double threshold, CoreError *error);

/* False, and nothing done, for a value that the method does not take. */
extern bool change_detector_add(ChangeDetector *detector, double value, ChangeSignal *signal,
                                CoreError *error);

/* The mean since the last change, of the window; NaN without values. */
extern double change_detector_mean(const ChangeDetector *detector);

#define CHANGE_STATE_MOST_BYTES (64 + CHANGE_LEVELS * (1 + CHANGE_BUCKETS * 16))

/* Returns the size; bytes has room for CHANGE_STATE_MOST_BYTES. */
extern size_t change_detector_write(const ChangeDetector *detector, uint8_t *bytes);
/* Reads any bytes. */
extern bool change_detector_read(const uint8_t *bytes, size_t size, ChangeDetector *detector,
                                 CoreError *error);

#endif

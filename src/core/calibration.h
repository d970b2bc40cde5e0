/*
 * calibration.h
 *		From a forest's margin to a probability of fraud.
 *
 * none: the logistic function of the margin, as the objective defines it.
 * platt: the logistic function of slope * margin + intercept
 *		(Platt 1999, with the targets of Lin, Lin and Weng 2007).
 * isotonic: linear interpolation between the centers of the blocks of a
 *		pool-adjacent-violators fit (centered isotonic regression, Oron and
 *		Flournoy 2017), each leaning on platt's curve as far as it has few
 *		frauds of its own; constant outside the points. Applying it uses only
 *		comparison and arithmetic, so it is the same on every machine.
 */
#ifndef FRAUD_DETECT_CALIBRATION_H
#define FRAUD_DETECT_CALIBRATION_H

#include "core/core.h"

typedef enum CalibrationMethod
{
	CALIBRATION_NONE = 0,
	CALIBRATION_PLATT = 1,
	CALIBRATION_ISOTONIC = 2
} CalibrationMethod;

/* Plain data; the arrays belong to whoever filled it in (an image, or an allocator). */
typedef struct Calibration
{
	CalibrationMethod method;
	double slope; /* platt */
	double intercept;
	uint32_t n_points;           /* isotonic: at least 1 */
	const float *margins;        /* strictly increasing, finite */
	const double *probabilities; /* not decreasing, within [0, 1] */
} Calibration;

/* Probability of fraud in [0, 1]. NaN margin gives NaN. O(log n_points). */
extern double calibration_apply(const Calibration *calibration, float margin);

/* Checks the invariants stated in the struct: for calibrations read from outside. */
extern bool calibration_verify(const Calibration *calibration, CoreError *error);

/* An isotonic fit has at most this many points; finer ones are joined (calibration_isotonic.c). */
#define CALIBRATION_MAX_POINTS 1024

/*
 * Fit on n margins with labels 0 or 1. known: share of the frauds whose labels
 * are known, above 0 and at most 1; the others are among the rows with label 0,
 * and probabilities count them. At most half of these rows are taken for such
 * frauds, whatever known says. Temporary memory is 16 bytes a row and 48 a block;
 * it and the arrays of the result come from the allocator (the arrays are the
 * caller's to release). Fails on a margin that is not finite, on rows of one
 * class and on a share that is none. Results do not depend on the order of the
 * rows. O(n) after the sort for isotonic's blocks, O(n) a Newton round for
 * platt's curve (about ten), which isotonic needs too.
 */
extern bool calibration_fit_platt(const float *margins, const uint8_t *labels, size_t n,
                                  double known, const CoreAllocator *allocator, Calibration *result,
                                  CoreError *error);
extern bool calibration_fit_isotonic(const float *margins, const uint8_t *labels, size_t n,
                                     double known, const CoreAllocator *allocator,
                                     Calibration *result, CoreError *error);

#endif

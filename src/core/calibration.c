/*
 * calibration.c
 *		Applying a calibration to a margin, and checking one that comes from
 *		outside. The fits are in calibration_isotonic.c and calibration_platt.c.
 */
#include "core/calibration.h"

#include <math.h>

static double
logistic(double x)
{
	return 1.0 / (1.0 + exp(-x));
}

/* A slope of zero says that the margin tells nothing; it must not become NaN for an infinite one. */
static double
apply_platt(const Calibration *calibration, float margin)
{
	if (calibration->slope == 0.0)
		return logistic(calibration->intercept);
	return logistic(calibration->slope * (double) margin + calibration->intercept);
}

/*
 * Rounding must not lift a value above its right neighbour's probability, or
 * the curve would not be monotone: hence the last comparison.
 */
static double
interpolate(const Calibration *calibration, uint32_t right, float margin)
{
	uint32_t left = right - 1;
	double from = calibration->margins[left];
	double to = calibration->margins[right];
	double low = calibration->probabilities[left];
	double high = calibration->probabilities[right];
	double value = low + (high - low) * (((double) margin - from) / (to - from));

	return value < high ? value : high;
}

static double
apply_isotonic(const Calibration *calibration, float margin)
{
	uint32_t low = 0;
	uint32_t high = calibration->n_points - 1;

	if (isnan(margin))
		return NAN;
	if (margin <= calibration->margins[0])
		return calibration->probabilities[0];
	if (margin >= calibration->margins[high])
		return calibration->probabilities[high];
	/* margins[low] < margin < margins[high] */
	while (high - low > 1)
	{
		uint32_t middle = low + (high - low) / 2;

		if (calibration->margins[middle] < margin)
			low = middle;
		else
			high = middle;
	}
	return interpolate(calibration, high, margin);
}

double
calibration_apply(const Calibration *calibration, float margin)
{
	switch (calibration->method)
	{
		case CALIBRATION_NONE:
			return logistic((double) margin);
		case CALIBRATION_PLATT:
			return isnan(margin) ? NAN : apply_platt(calibration, margin);
		case CALIBRATION_ISOTONIC:
			return apply_isotonic(calibration, margin);
	}
	return NAN;
}

static bool
verify_points(const Calibration *calibration, CoreError *error)
{
	if (calibration->n_points < 1)
		return core_fail(error, "calibration has no points");
	for (uint32_t i = 0; i < calibration->n_points; i++)
	{
		double probability = calibration->probabilities[i];

		if (!isfinite(calibration->margins[i]))
			return core_fail(error, "calibration point %u has a margin that is not finite", i);
		if (!(probability >= 0.0 && probability <= 1.0))
			return core_fail(error, "calibration point %u has a probability outside 0..1", i);
		if (i == 0)
			continue;
		if (!(calibration->margins[i] > calibration->margins[i - 1]))
			return core_fail(error, "calibration point %u has a margin that does not increase", i);
		if (!(probability >= calibration->probabilities[i - 1]))
			return core_fail(error, "calibration point %u has a probability that decreases", i);
	}
	return true;
}

bool
calibration_verify(const Calibration *calibration, CoreError *error)
{
	switch (calibration->method)
	{
		case CALIBRATION_NONE:
			return true;
		case CALIBRATION_PLATT:
			if (!isfinite(calibration->slope) || !isfinite(calibration->intercept))
				return core_fail(error, "calibration has a slope or intercept that is not finite");
			return true;
		case CALIBRATION_ISOTONIC:
			return verify_points(calibration, error);
	}
	return core_fail(error, "calibration has the unknown method %d", (int) calibration->method);
}

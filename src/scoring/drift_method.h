/*
 * drift_method.h
 *		The argument `method` of the drift aggregates: 'quantile', the default, or
 *		'evidently', the definitions of that library where it differs.
 */
#ifndef FRAUD_DETECT_DRIFT_METHOD_H
#define FRAUD_DETECT_DRIFT_METHOD_H

#include "core/divergence.h"
#include "scoring/two_samples.h"

typedef enum DriftMethod
{
	DRIFT_METHOD_QUANTILE,
	DRIFT_METHOD_EVIDENTLY
} DriftMethod;

/* 22023, with the names there are, for another one. */
extern DriftMethod drift_method_of_name(const text *name);

/* The method that a state was built with. */
extern DriftMethod drift_method(const TwoSamples *samples);

/* Only ratios of shares need bins without empty sides. */
static inline DivergenceFill
fill_of(Divergence kind, DriftMethod method)
{
	if (kind != DIVERGENCE_PSI && kind != DIVERGENCE_KL)
		return DIVERGENCE_FILL_NONE;
	return method == DRIFT_METHOD_EVIDENTLY ? DIVERGENCE_FILL_EVIDENTLY : DIVERGENCE_FILL_HALF_ROW;
}

#endif

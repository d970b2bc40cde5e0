/*
 * drawn_values.h
 *		Values of several kinds, each hard for something that sorts, packs or merges.
 */
#ifndef FRAUD_DETECT_DRAWN_VALUES_H
#define FRAUD_DETECT_DRAWN_VALUES_H

#include <math.h>

#include "core/random.h"

#define N 5000
#define N_KINDS 6

static inline double
draw(RandomState *random, int kind)
{
	double uniform = random_uniform(random);

	switch (kind)
	{
		case 0:
			return uniform;
		case 1:
			return floor(uniform * 20.0) - 10.0;
		case 2:
			return (uniform - 0.5) * 1e300;
		case 3:
			/* Clusters of a few values that differ in their last digits. */
			return floor(uniform * 1000.0) + 1e-9 * random_uniform(random);
		case 4:
			/* One large cluster among others. */
			return uniform < 0.5 ? 1e6 + 1e-6 * uniform : -uniform * 1e9;
		default:
			return uniform < 0.1   ? -INFINITY
			       : uniform < 0.2 ? INFINITY
			       : uniform < 0.5 ? 0.0
			                       : -uniform;
	}
}

#endif

/*
 * tail_probability.h
 *		p-values: the probability of a test statistic that is at least as large, where
 *		both samples come from one distribution.
 */
#ifndef FRAUD_DETECT_TAIL_PROBABILITY_H
#define FRAUD_DETECT_TAIL_PROBABILITY_H

#include "core/core.h"

/* Chi-square with these degrees of freedom (positive): the regularized upper incomplete gamma function. */
extern double chi_square_tail(double statistic, double degrees_of_freedom);

/* Limiting distribution of Cramer's, von Mises' and Smirnov's omega squared (Anderson and Darling 1952, 4.35). */
extern double cramer_von_mises_tail(double statistic);

/*
 * Two-sample Anderson-Darling, standardised statistic: interpolated between the
 * critical values of Scholz and Stephens 1987, so within [0.001, 0.25], as SciPy.
 */
extern double anderson_darling_tail(double statistic);

#endif

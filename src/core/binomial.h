/*
 * binomial.h
 *		The binomial distribution, exact to 1e-14 or so whatever n is (Loader 2000, "Fast
 *		and accurate computation of binomial probabilities").
 */
#ifndef FRAUD_DETECT_BINOMIAL_H
#define FRAUD_DETECT_BINOMIAL_H

/* Of k successes of n, whole numbers from 0 on; q is 1 - p. */
extern double binomial_probability(double k, double n, double p, double q);

/* ln(n! / (sqrt(2 pi n) (n / e)^n)), the error of Stirling's formula. */
extern double stirling_error(double n);

#endif

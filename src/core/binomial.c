/*
 * binomial.c
 *		By deviances and the error of Stirling's formula: factorials of large n, as
 *		differences of lgamma, would lose all digits to cancellation.
 */
#include "core/binomial.h"

#include <math.h>

#define PI 3.14159265358979323846

double
stirling_error(double n)
{
	double square = n * n;

	if (n < 16.0)
		return lgamma(n + 1.0) - (n + 0.5) * log(n) + n - 0.5 * log(2.0 * PI);
	return (1.0 / 12 -
	        (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - 1.0 / 1188 / square) / square) / square) /
	            square) /
	       n;
}

/* x ln(x / mean) + mean - x, without cancellation (Loader 2000). */
static double
deviance(double x, double mean)
{
	double difference = x - mean;
	double ratio, term, sum;

	if (fabs(difference) >= 0.1 * (x + mean))
		return x * log(x / mean) + mean - x;
	ratio = difference / (x + mean);
	sum = difference * ratio;
	term = 2.0 * x * ratio;
	for (int j = 1; j < 1000; j++)
	{
		double next;

		term *= ratio * ratio;
		next = sum + term / (2 * j + 1);
		if (next == sum)
			break;
		sum = next;
	}
	return sum;
}

double
binomial_probability(double k, double n, double p, double q)
{
	if (k == 0.0)
		return exp(n * log1p(-p));
	if (k == n)
		return exp(n * log(p));
	return exp(stirling_error(n) - stirling_error(k) - stirling_error(n - k) - deviance(k, n * p) -
	           deviance(n - k, n * q)) *
	       sqrt(n / (2.0 * PI * k * (n - k)));
}

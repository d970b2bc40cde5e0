/*
 * tail_probability.c
 *		p-values of chi-square, Cramer-von Mises and Anderson-Darling statistics.
 */
#include "core/tail_probability.h"

#include <float.h>
#include <math.h>

#define PI 3.14159265358979323846
#define MOST_TERMS 100000

/*
 * ln p = (SQUARE x + LINEAR) x + CONSTANT: least squares through the critical values
 * of Scholz and Stephens 1987, table 2, for two samples (numpy.polyfit).
 */
#define AD_LEAST 0.325
#define AD_MOST 6.546
#define AD_SQUARE 0.01819809457411139
#define AD_LINEAR (-1.008226564465251)
#define AD_CONSTANT (-1.0777702798204876)

/* gamma(a + 1) is sqrt(2 pi a) (a / e)^a exp(error). */
static double
by_stirling(double a, double x)
{
	double ratio = (x - a) / a;
	double square = a * a;
	double error =
	    (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - 1.0 / 1680 / square) / square) / square) / a;

	return exp(a * (log1p(ratio) - ratio) - error) / sqrt(2.0 * PI * a);
}

/* exp(-x) x^a / gamma(a + 1), the factor of both expansions, without overflow. */
static double
gamma_factor(double a, double x)
{
	if (a < 10.0)
		return exp(a * log(x) - x - lgamma(a + 1.0));
	return by_stirling(a, x);
}

/* P(a, x) by its power series. */
static double
lower_gamma(double a, double x)
{
	double term = 1.0;
	double sum = 1.0;

	for (int i = 1; i < MOST_TERMS && term > sum * DBL_EPSILON / 8.0; i++)
	{
		term *= x / (a + i);
		sum += term;
	}
	return gamma_factor(a, x) * sum;
}

/* Q(a, x) by its continued fraction (Lentz). */
static double
upper_gamma(double a, double x)
{
	double b = x + 1.0 - a;
	double c = 1.0 / DBL_MIN;
	double d = 1.0 / b;
	double product = d;

	for (int i = 1; i < MOST_TERMS; i++)
	{
		double numerator = -i * (i - a);
		double factor;

		b += 2.0;
		d = numerator * d + b;
		d = fabs(d) < DBL_MIN ? DBL_MIN : d;
		c = b + numerator / c;
		c = fabs(c) < DBL_MIN ? DBL_MIN : c;
		d = 1.0 / d;
		factor = d * c;
		product *= factor;
		if (fabs(factor - 1.0) < DBL_EPSILON)
			break;
	}
	return gamma_factor(a, x) * a * product;
}

double
chi_square_tail(double statistic, double degrees_of_freedom)
{
	double a = degrees_of_freedom / 2.0;
	double x = statistic / 2.0;

	if (x <= 0.0)
		return 1.0;
	if (isinf(x))
		return 0.0;
	return x < a + 1.0 ? 1.0 - lower_gamma(a, x) : upper_gamma(a, x);
}

/*
 * exp(-q) K(1/4, q), the modified Bessel function: the integral over t of
 * exp(-q (cosh t + 1)) cosh(t / 4), by the trapezoidal rule, whose error falls
 * exponentially for such an integrand.
 */
static double
scaled_bessel(double q)
{
	const double step = 1.0 / 16.0;
	double sum = exp(-2.0 * q) / 2.0;

	for (double t = step;; t += step)
	{
		double exponent = q * (cosh(t) + 1.0);

		/* Also where it is no number, or this would never end. */
		if (!(exponent <= 750.0))
			break;
		sum += exp(-exponent) * cosh(t / 4.0);
	}
	return sum * step;
}

double
cramer_von_mises_tail(double statistic)
{
	double sum = 0.0;
	double weight = 1.0; /* gamma(j + 1/2) / (gamma(1/2) j!) */

	if (statistic < 0.003)
		return 1.0;
	for (int j = 0; j < 1000; j++)
	{
		double odd = 4.0 * j + 1.0;
		double term = weight * sqrt(odd) * scaled_bessel(odd * odd / (16.0 * statistic));

		sum += term;
		if (term < 1e-20)
			break;
		weight *= (j + 0.5) / (j + 1.0);
	}
	sum = 1.0 - sum / (PI * sqrt(statistic));
	return sum < 0.0 ? 0.0 : sum;
}

/* ln p as a parabola through the critical values for two samples, by least squares. */
double
anderson_darling_tail(double statistic)
{
	if (statistic < AD_LEAST)
		return 0.25;
	if (statistic > AD_MOST)
		return 0.001;
	return exp((AD_SQUARE * statistic + AD_LINEAR) * statistic + AD_CONSTANT);
}

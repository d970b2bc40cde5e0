/*
 * kolmogorov.c
 *		The distribution of Kolmogorov-Smirnov statistics.
 *
 * Two samples: a walk over both in order of value is a random path from (0, 0) to
 * (n0, n1), and the distance is reached where the path leaves a band around the
 * diagonal. The probability of having left it is carried from cell to cell: sums
 * of positive terms, so that small p-values are as accurate as large ones.
 *
 * One sample: Simard and L'Ecuyer, "Computing the two-sided Kolmogorov-Smirnov
 * distribution", 2011, choose among
 *	 Ruben and Gambino 1982		  the ends, in closed form
 *	 Marsaglia, Tsang, Wang 2003  powers of a matrix, exact
 *	 Miller 1956				  twice the one-sided probability: the tail
 *	 Pelz and Good 1976			  an expansion in 1 / sqrt(n)
 */
#include "core/kolmogorov.h"

#include <math.h>
#include <string.h>

#include "core/binomial.h"

#define PI 3.14159265358979323846

static uint64_t
greatest_common_divisor(uint64_t a, uint64_t b)
{
	while (b != 0)
	{
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

typedef struct Band
{
	uint64_t step0; /* what a row of sample 0 adds to the distance, in steps */
	uint64_t step1;
	uint64_t steps;
	uint64_t n1;
} Band;

/* The columns of a row that are within the band: first to end - 1. */
static void
columns_of_row(const Band *band, uint64_t row, uint64_t *first, uint64_t *end)
{
	uint64_t here = row * band->step0;
	/* |here - j * step1| < steps */
	uint64_t low = here >= band->steps ? (here - band->steps) / band->step1 + 1 : 0;
	uint64_t high = (here + band->steps - 1) / band->step1;

	*first = low;
	*end = (high < band->n1 ? high : band->n1) + 1;
}

double
kolmogorov_two_samples(uint64_t n0, uint64_t n1, uint64_t steps, const CoreAllocator *allocator)
{
	uint64_t divisor = greatest_common_divisor(n0, n1);
	Band band = {n1 / divisor, n0 / divisor, steps, n1};
	double *left; /* by column: the probability of having left the band before (row, column) */
	double result;

	if (steps == 0)
		return 1.0;
	left = allocator->allocate(allocator->context, (n1 + 1) * sizeof(double));
	if (left == NULL)
		return NAN;
	for (uint64_t column = 0; column <= n1; column++)
		left[column] = 1.0;
	for (uint64_t row = 0; row <= n0; row++)
	{
		uint64_t first, end;
		double before;

		columns_of_row(&band, row, &first, &end);
		before = 1.0;
		if (first > 0 && first <= n1 + 1)
			left[first - 1] = 1.0;
		for (uint64_t column = first; column < end; column++)
		{
			double total = (double) (row + column);

			if (row + column == 0)
				before = 0.0;
			else
				before = (double) row / total * left[column] + (double) column / total * before;
			left[column] = before;
		}
	}
	result = left[n1];
	allocator->release(allocator->context, left);
	return result;
}

/* What is left out of a sum of positive terms, relative to the sum. */
#define NEGLIGIBLE 1e-18

/* A term of one_sided(); 0 where there is none. */
static double
one_sided_term(double n, double d, double j)
{
	double p = d + j / n;
	double q = (n - j) / n - d;

	return q <= 0.0 ? 0.0 : binomial_probability(j, n, p, q) * d / p;
}

/*
 * The number of the greatest term, but for factors that hardly change. Terms are exp(-n times the divergence of
 * binary distributions with j/n and d + j/n), which is convex: the slope of it is 0 there.
 */
static double
greatest_term(double n, double d)
{
	double low = 0.0, high = 1.0 - d;

	for (int i = 0; i < 60; i++)
	{
		double x = (low + high) / 2.0;
		double y = x + d;
		double slope = log(x * (1.0 - y) / (y * (1.0 - x))) - x / y + (1.0 - x) / (1.0 - y);

		/* Not a number where y is 1. */
		if (slope <= 0.0)
			low = x;
		else
			high = x;
	}
	return floor(n * low);
}

/*
 * P(D+ >= d): sum over j of C(n, j) (d + j/n)^(j-1) (1 - d - j/n)^(n-j) d (Birnbaum and Tingey 1951). From the
 * greatest term to both ends, until all that follow are negligible, none of them being greater.
 */
static double
one_sided(double n, double d)
{
	double most = floor(n * (1.0 - d));
	double greatest = greatest_term(n, d);
	double sum = exp(n * log1p(-d));
	double term = INFINITY;

	for (double j = greatest; j >= 1.0 && !(term * j <= NEGLIGIBLE * sum); j--)
		sum += term = one_sided_term(n, d, j);
	term = INFINITY;
	for (double j = greatest + 1.0; j <= most && !(term * (most + 1.0 - j) <= NEGLIGIBLE * sum);
	     j++)
		sum += term = one_sided_term(n, d, j);
	return sum;
}

/* A matrix of m x m times a power of ten: entries of powers outgrow a double. */
typedef struct Matrix
{
	double *cells;
	int exponent;
} Matrix;

static void
multiply(const Matrix *a, const Matrix *b, Matrix *product, int m)
{
	for (int i = 0; i < m; i++)
		for (int j = 0; j < m; j++)
		{
			double sum = 0.0;

			for (int k = 0; k < m; k++)
				sum += a->cells[i * m + k] * b->cells[k * m + j];
			product->cells[i * m + j] = sum;
		}
	product->exponent = a->exponent + b->exponent;
	if (product->cells[(m / 2) * m + m / 2] > 1e140)
	{
		for (int i = 0; i < m * m; i++)
			product->cells[i] *= 1e-140;
		product->exponent += 140;
	}
}

/* The matrix of Marsaglia, Tsang and Wang for h = k - n d. */
static void
fill_matrix(double *cells, int m, double h)
{
	double power = 1.0;

	for (int i = 0; i < m; i++)
		for (int j = 0; j < m; j++)
			cells[i * m + j] = i - j + 1 < 0 ? 0.0 : 1.0;
	for (int i = 0; i < m; i++)
	{
		power *= h;
		cells[i * m] -= power;
		cells[(m - 1) * m + m - 1 - i] -= power;
	}
	if (2.0 * h - 1.0 > 0.0)
		cells[(m - 1) * m] += pow(2.0 * h - 1.0, m);
	for (int i = 0; i < m; i++)
		for (int j = 0; j < m; j++)
			for (int g = 1; g <= i - j + 1; g++)
				cells[i * m + j] /= g;
}

static void
swap_matrices(Matrix *a, Matrix *b)
{
	Matrix swap = *a;

	*a = *b;
	*b = swap;
}

/* P(D < d), exact. */
static double
by_matrix(uint64_t n, double d, const CoreAllocator *allocator)
{
	double t = (double) n * d;
	int k = (int) ceil(t);
	int m = 2 * k - 1;
	size_t size = (size_t) m * m;
	double *cells = allocator->allocate(allocator->context, 3 * size * sizeof(double));
	Matrix power = {cells, 0};
	Matrix result = {cells + size, 0};
	Matrix product = {cells + 2 * size, 0};
	double probability;

	if (cells == NULL)
		return NAN;
	fill_matrix(power.cells, m, k - t);
	for (int i = 0; i < m * m; i++)
		result.cells[i] = i % (m + 1) == 0 ? 1.0 : 0.0;
	for (uint64_t rest = n; rest > 0; rest >>= 1)
	{
		if ((rest & 1) != 0)
		{
			multiply(&result, &power, &product, m);
			swap_matrices(&result, &product);
		}
		if (rest > 1)
		{
			multiply(&power, &power, &product, m);
			swap_matrices(&power, &product);
		}
	}
	probability = result.cells[(k - 1) * m + k - 1];
	for (uint64_t i = 1; i <= n; i++)
	{
		probability *= (double) i / (double) n;
		if (probability < 1e-140)
		{
			probability *= 1e140;
			result.exponent -= 140;
		}
	}
	allocator->release(allocator->context, cells);
	return probability * pow(10.0, result.exponent);
}

/* P(D < d) by Pelz and Good: K0(z) + K1(z) / sqrt(n) + K2(z) / n + K3(z) / n^1.5, z = d sqrt(n). */
static double
by_expansion(double n, double d)
{
	double z = d * sqrt(n);
	double z2 = z * z, z4 = z2 * z2, z6 = z4 * z2, z8 = z4 * z4;
	double pi2 = PI * PI, pi4 = pi2 * pi2, pi6 = pi4 * pi2;
	double k0 = 0.0, k1 = 0.0, k2 = 0.0, k3 = 0.0, even2 = 0.0, even3 = 0.0;
	int most = (int) ceil(16.0 * z / PI);

	for (int k = most; k > 0; k--)
	{
		double m2 = (2.0 * k - 1.0) * (2.0 * k - 1.0), m4 = m2 * m2, m6 = m4 * m2;
		double weight = exp(-pi2 * m2 / (8.0 * z2));
		double k_squared = (double) k * k;
		double even = k_squared * exp(-pi2 * k_squared / (2.0 * z2));

		k0 += weight;
		k1 += weight * (pi2 / 4.0 * m2 - z2);
		k2 += weight * (6.0 * z6 + 2.0 * z4 + (2.0 * z4 - 5.0 * z2) * pi2 / 4.0 * m2 +
		                pi4 * (1.0 - 2.0 * z2) / 16.0 * m4);
		k3 += weight *
		      (-30.0 * z6 - 90.0 * z8 + pi2 * (135.0 * z4 - 96.0 * z6) / 4.0 * m2 +
		       pi4 * (-60.0 * z2 + 212.0 * z4) / 16.0 * m4 + pi6 * (5.0 - 30.0 * z2) / 64.0 * m6);
		even2 += even;
		even3 += even * (3.0 * z2 - pi2 * k_squared);
	}
	k2 = k2 / (72.0 * z6 * z) - pi2 * even2 / (36.0 * z2 * z);
	k3 = k3 / (6480.0 * z8 * z2) + pi2 * even3 / (216.0 * z6);
	return sqrt(2.0 * PI) * (k0 / z + k1 / (6.0 * z4) / sqrt(n) + k2 / n + k3 / (n * sqrt(n)));
}

/* n! / n^n (2 t - 1)^n: P(D < d) for 1/2 <= t = n d <= 1. */
static double
at_low_end(double n, double t)
{
	return sqrt(2.0 * PI * n) * exp(stirling_error(n) - n + n * log(2.0 * t - 1.0));
}

static double
clip(double probability)
{
	return probability < 0.0 ? 0.0 : probability > 1.0 ? 1.0 : probability;
}

double
kolmogorov_one_sample(uint64_t rows, double d, const CoreAllocator *allocator)
{
	double n = (double) rows;
	double t = n * d;
	double squared = t * d;

	if (d >= 1.0)
		return 0.0;
	if (t <= 0.5)
		return 1.0;
	if (t <= 1.0)
		return clip(1.0 - at_low_end(n, t));
	if (t >= n - 1.0)
		return clip(2.0 * pow(1.0 - d, n));
	/* Twice the one-sided probability differs by less than rounding here, and exactly never from 1/2 on. */
	if (d >= 0.5 || (rows <= 140 && squared > 4.0) || (rows > 140 && squared >= 2.2))
		return squared >= 370.0 ? 0.0 : clip(2.0 * one_sided(n, d));
	if (rows <= 140 || (rows <= 100000 && n * pow(d, 1.5) <= 1.4))
		return clip(1.0 - by_matrix(rows, d, allocator));
	return clip(1.0 - by_expansion(n, d));
}

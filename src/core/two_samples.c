/*
 * two_samples.c
 *		Distances and tests of two samples.
 */
#include "core/two_samples.h"

#include <math.h>

#include "core/kolmogorov.h"
#include "core/tail_probability.h"

void
two_sample_begin(TwoSampleTest *test, uint64_t n0, uint64_t n1)
{
	*test = (TwoSampleTest){.n = {n0, n1}};
}

/* (F0 - F1) n0 n1, exact. */
static inline __int128
difference(const TwoSampleTest *test)
{
	return (__int128) test->seen[0] * test->n[1] - (__int128) test->seen[1] * test->n[0];
}

void
two_sample_add_ks(TwoSampleTest *test, const SampleTie *ties, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		__int128 distance;

		test->seen[0] += ties[i].counts[0];
		test->seen[1] += ties[i].counts[1];
		distance = difference(test);
		distance = distance < 0 ? -distance : distance;
		test->greatest = distance > test->greatest ? distance : test->greatest;
	}
}

static inline double
pairs(const TwoSampleTest *test)
{
	return (double) test->n[0] * (double) test->n[1];
}

double
two_sample_ks(const TwoSampleTest *test)
{
	return (double) test->greatest / pairs(test);
}

static uint64_t
greatest_common_divisor(uint64_t a, uint64_t b)
{
	return b == 0 ? a : greatest_common_divisor(b, a % b);
}

double
two_sample_ks_pvalue(const TwoSampleTest *test, const CoreAllocator *allocator)
{
	uint64_t divisor = greatest_common_divisor(test->n[0], test->n[1]);

	if (test->n[0] <= KS_EXACT_ROWS && test->n[1] <= KS_EXACT_ROWS)
		return kolmogorov_two_samples(test->n[0], test->n[1], (uint64_t) (test->greatest / divisor),
		                              allocator);
	/* Rounded to nearest, ties to even. */
	return kolmogorov_one_sample(
	    (uint64_t) nearbyint(pairs(test) / (double) (test->n[0] + test->n[1])), two_sample_ks(test),
	    allocator);
}

/* Neumaier's sum. */
static inline void
add_term(double sum[2], double term)
{
	double total = sum[0] + term;

	sum[1] += fabs(sum[0]) >= fabs(term) ? (sum[0] - total) + term : (term - total) + sum[0];
	sum[0] = total;
}

void
two_sample_add_distance(TwoSampleTest *test, const SampleTie *ties, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		if (test->started)
		{
			double height = fabs((double) difference(test) / pairs(test));
			double width = ties[i].value - test->previous;

			add_term(test->absolute, height * width);
			add_term(test->squared, height * height * width);
		}
		test->started = true;
		test->previous = ties[i].value;
		test->seen[0] += ties[i].counts[0];
		test->seen[1] += ties[i].counts[1];
	}
}

double
two_sample_wasserstein(const TwoSampleTest *test)
{
	return test->absolute[0] + test->absolute[1];
}

double
two_sample_energy(const TwoSampleTest *test)
{
	return sqrt(2.0 * (test->squared[0] + test->squared[1]));
}

/*
 * Four times the sum over a side's rows of a tie of (midrank - own rank)^2: own
 * ranks are consecutive, so it is a (twice midrank - twice mean)^2 + a (a^2 - 1) / 3.
 */
static inline __int128
rank_differences(uint64_t before_all, uint64_t all, uint64_t before_own, uint64_t own)
{
	__int128 twice = (__int128) 2 * before_all + all + 1 - 2 * (__int128) before_own - own - 1;

	return own * twice * twice + (__int128) own * ((__int128) own * own - 1) / 3;
}

/* The part of a tie in A2akN of one side. */
static inline double
anderson_part(const TwoSampleTest *test, int side, double middle, double all, double own)
{
	double total = (double) (test->n[0] + test->n[1]);
	double n = (double) test->n[side];
	double middle_own = (double) test->seen[side] + own / 2.0;
	double gap = total * middle_own - middle * n;

	return all / total * gap * gap / (middle * (total - middle) - total * all / 4.0);
}

void
two_sample_add_ranks(TwoSampleTest *test, const SampleTie *ties, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		uint64_t before = test->seen[0] + test->seen[1];
		uint64_t all = ties[i].counts[0] + ties[i].counts[1];
		double middle = (double) before + (double) all / 2.0;

		for (int side = 0; side < 2; side++)
		{
			uint64_t own = ties[i].counts[side];

			test->ranks[side] += rank_differences(before, all, test->seen[side], own);
			test->anderson[side] += anderson_part(test, side, middle, (double) all, (double) own);
		}
		test->seen[0] += ties[i].counts[0];
		test->seen[1] += ties[i].counts[1];
		test->distinct++;
	}
}

/* T = U / (k N) - (4 k - 1) / (6 N), k = n0 n1: one quotient of exact integers. */
double
two_sample_cramer_von_mises(const TwoSampleTest *test)
{
	__int128 k = (__int128) test->n[0] * test->n[1];
	__int128 four_u = test->n[0] * test->ranks[0] + test->n[1] * test->ranks[1];
	double rows = (double) (test->n[0] + test->n[1]);

	return (double) (3 * four_u - 2 * k * (4 * k - 1)) / (12.0 * (double) k * rows);
}

double
two_sample_cramer_von_mises_pvalue(const TwoSampleTest *test)
{
	double k = pairs(test);
	double n0 = (double) test->n[0], n1 = (double) test->n[1];
	double n = n0 + n1;
	double mean = (1.0 + 1.0 / n) / 6.0;
	double variance =
	    (n + 1.0) * (4.0 * k * n - 3.0 * (n0 * n0 + n1 * n1) - 2.0 * k) / (45.0 * n * n * 4.0 * k);

	/* One value on each side: the statistic can have no other value. */
	if (variance <= 0.0)
		return 1.0;
	return cramer_von_mises_tail(1.0 / 6.0 + (two_sample_cramer_von_mises(test) - mean) /
	                                             sqrt(45.0 * variance));
}

/* Scholz and Stephens 1987, eq. 4, for two samples: the variance of A2kN. */
static double
anderson_variance(double n0, double n1)
{
	double n = n0 + n1;
	double inverse = 1.0 / n0 + 1.0 / n1; /* their H */
	double sum = 0.0, lost_sum = 0.0;     /* 1/(n-1) + ... + 1/i, for i from n-1 down to 2 */
	double g = 0.0;
	double a, b, c, d, h;

	for (double i = n - 1.0; i >= 2.0; i--)
	{
		double total = sum + 1.0 / i;

		lost_sum += sum > 1.0 / i ? (sum - total) + 1.0 / i : (1.0 / i - total) + sum;
		sum = total;
		g += (sum + lost_sum) / (n + 1.0 - i);
	}
	h = sum + lost_sum + 1.0;
	a = 4.0 * g - 6.0 + (10.0 - 6.0 * g) * inverse;
	b = (2.0 * g - 4.0) * 4.0 + 16.0 * h + (2.0 * g - 14.0 * h - 4.0) * inverse - 8.0 * h +
	    4.0 * g - 6.0;
	c = (6.0 * h + 2.0 * g - 2.0) * 4.0 + (4.0 * h - 4.0 * g + 6.0) * 2.0 +
	    (2.0 * h - 6.0) * inverse + 4.0 * h;
	d = (2.0 * h + 6.0) * 4.0 - 8.0 * h;
	return (((a * n + b) * n + c) * n + d) / ((n - 1.0) * (n - 2.0) * (n - 3.0));
}

double
two_sample_anderson_darling(const TwoSampleTest *test)
{
	double n0 = (double) test->n[0], n1 = (double) test->n[1];
	double n = n0 + n1;
	double statistic = (test->anderson[0] / n0 + test->anderson[1] / n1) * (n - 1.0) / n;

	if (test->distinct < 2 || n < 4.0)
		return NAN;
	return (statistic - 1.0) / sqrt(anderson_variance(n0, n1));
}

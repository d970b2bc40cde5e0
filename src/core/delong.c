/*
 * delong.c
 *		DeLong's test by midranks, and McNemar's.
 *
 * With m frauds and n legitimate rows, a fraud's placement is the share of
 * legitimate rows that it outranks: (its rank among all - its rank among frauds) /
 * n. A legitimate row's is the share of frauds that outrank it. The area is the
 * mean of either, and its variance that of the frauds' placements over m plus that
 * of the others' over n; of a difference of two areas, that of the differences.
 */
#include "core/delong.h"

#include <math.h>
#include <string.h>

#include "core/binomial.h"

typedef struct Place
{
	double score;
	size_t row;
} Place;

static int
compare_rows(const void *a, const void *b, void *context)
{
	const PairedRow *x = a;
	const PairedRow *y = b;

	if (x->label != y->label)
		return x->label > y->label ? -1 : 1;
	for (int s = 0; s < 2; s++)
		if (x->scores[s] != y->scores[s])
			return x->scores[s] < y->scores[s] ? -1 : 1;
	return 0;
}

static int
compare_places(const void *a, const void *b, void *context)
{
	const Place *x = a;
	const Place *y = b;

	if (x->score != y->score)
		return x->score < y->score ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

void
paired_rows_sort(PairedRow *rows, size_t n, CoreSort sort)
{
	sort(rows, n, sizeof(PairedRow), compare_rows, NULL);
}

/* Placements of all rows by one score; frauds are the first m rows. */
static void
place_rows(const PairedRow *rows, size_t n, size_t m, int score, CoreSort sort, Place *places,
           double *placements)
{
	double frauds_below = 0.0, others_below = 0.0;

	for (size_t i = 0; i < n; i++)
		places[i] = (Place){rows[i].scores[score], i};
	sort(places, n, sizeof(Place), compare_places, NULL);
	for (size_t i = 0; i < n;)
	{
		size_t end = i;
		double frauds = 0.0, others;

		for (; end < n && places[end].score == places[i].score; end++)
			frauds += places[end].row < m ? 1.0 : 0.0;
		others = (double) (end - i) - frauds;
		/* Ties count one half. */
		for (size_t k = i; k < end; k++)
			placements[places[k].row] = places[k].row < m
			                                ? (others_below + others / 2.0) / (double) (n - m)
			                                : 1.0 - (frauds_below + frauds / 2.0) / (double) m;
		frauds_below += frauds;
		others_below += others;
		i = end;
	}
}

static double
mean_of(const double *values, size_t n)
{
	double sum = 0.0;

	for (size_t i = 0; i < n; i++)
		sum += values[i];
	return sum / (double) n;
}

/* Of second - first, over n - 1. */
static double
variance_of_difference(const double *first, const double *second, size_t n)
{
	double mean = mean_of(second, n) - mean_of(first, n);
	double sum = 0.0;

	for (size_t i = 0; i < n; i++)
	{
		double gap = second[i] - first[i] - mean;

		sum += gap * gap;
	}
	return sum / (double) (n - 1);
}

static void
test_difference(const double *first, const double *second, size_t n, size_t m, DelongResult *result)
{
	double variance = variance_of_difference(first, second, m) / (double) m +
	                  variance_of_difference(first + m, second + m, n - m) / (double) (n - m);
	double difference;

	result->auc[0] = mean_of(first, m);
	result->auc[1] = mean_of(second, m);
	difference = result->auc[1] - result->auc[0];
	result->standard_error = sqrt(variance);
	if (result->standard_error > 0.0)
		result->p_value = erfc(fabs(difference) / result->standard_error / sqrt(2.0));
	else
		result->p_value = difference == 0.0 ? 1.0 : 0.0;
}

bool
delong_compare(PairedRow *rows, size_t n, CoreSort sort, DelongResult *result,
               const CoreAllocator *allocator, CoreError *error)
{
	size_t m = 0;
	Place *places;
	double *placements;

	for (size_t i = 0; i < n; i++)
		m += rows[i].label;
	if (m < 2 || n - m < 2)
		return core_fail(error, "two rows of each class are needed");
	places = allocator->allocate(allocator->context, n * sizeof(Place));
	placements = allocator->allocate(allocator->context, 2 * n * sizeof(double));
	if (places == NULL || placements == NULL)
	{
		allocator->release(allocator->context, places);
		allocator->release(allocator->context, placements);
		return core_fail(error, "out of memory");
	}
	paired_rows_sort(rows, n, sort);
	place_rows(rows, n, m, 0, sort, places, placements);
	place_rows(rows, n, m, 1, sort, places, placements + n);
	test_difference(placements, placements + n, n, m, result);
	allocator->release(allocator->context, placements);
	allocator->release(allocator->context, places);
	return true;
}

/* From here on the sum of terms takes long, and the normal tail is as good. */
#define MCNEMAR_MOST_TERMS 1e12

/* Twice the lower tail of the binomial distribution with one half, at most 1. */
double
mcnemar_pvalue(uint64_t only_first, uint64_t only_second)
{
	double n = (double) only_first + (double) only_second;
	bool first_is_less = only_first < only_second;
	double k = (double) (first_is_less ? only_first : only_second);
	double gap = (double) (first_is_less ? only_second - only_first : only_first - only_second);
	double term, sum = 0.0;

	/* Both tails together are everything. */
	if (gap <= 1.0)
		return 1.0;
	if (n > MCNEMAR_MOST_TERMS)
		return erfc((gap - 1.0) / sqrt(2.0 * n));
	/* From the greatest term down, until terms no longer count. */
	term = binomial_probability(k, n, 0.5, 0.5);
	for (double j = k; j >= 0.0 && term > sum * 1e-18; j--)
	{
		sum += term;
		term *= j / (n - j + 1.0);
	}
	return 2.0 * sum < 1.0 ? 2.0 * sum : 1.0;
}

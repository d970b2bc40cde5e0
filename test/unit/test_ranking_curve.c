/*
 * test_ranking_curve.c
 *		Promises of core/ranking_curve.h: few points, the area within 1e-4, the ends in
 *		their places, however many ties there are and however rough the curve is.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/random.h"
#include "core/ranking_curve.h"

typedef struct Case
{
	size_t n;
	double fraud_rate;
	uint64_t most; /* rows of a tie */
} Case;

static Tie *
draw_ties(const Case *c, RandomState *random, uint64_t *frauds, uint64_t *others)
{
	Tie *ties = malloc(c->n * sizeof(Tie));

	*frauds = *others = 0;
	for (size_t i = 0; i < c->n; i++)
	{
		double rate = c->fraud_rate * 2.0 * (1.0 - (double) i / (double) c->n);

		/* Neither class is empty. */
		ties[i] = (Tie){.score = -(double) i, .frauds = i == 0, .others = i + 1 == c->n};
		for (uint64_t k = 0; k <= random_below(random, c->most); k++)
			if (random_uniform(random) < rate)
				ties[i].frauds++;
			else
				ties[i].others++;
		*frauds += ties[i].frauds;
		*others += ties[i].others;
	}
	return ties;
}

static void
check_curve(const Case *c, RankingCurveKind kind, size_t wanted)
{
	RandomState random;
	RankingCurve curve;
	uint64_t frauds, others;
	Tie *ties;
	double area = 0.0, x = 0.0, y = 0.0;

	random_seed(&random, c->n, c->most);
	ties = draw_ties(c, &random, &frauds, &others);
	assert_true(ranking_curve_begin(&curve, kind, frauds, others, &core_malloc_allocator));
	for (size_t i = 0; i < c->n; i++)
		ranking_curve_add(&curve, &ties[i]);
	if (kind == RANKING_CURVE_ROC)
	{
		Auc auc = {0};

		for (size_t i = 0; i < c->n; i++)
			auc_add(&auc, &ties[i]);
		area = auc_value(&auc);
	}
	else
	{
		AveragePrecision average = {0};

		for (size_t i = 0; i < c->n; i++)
			average_precision_add(&average, &ties[i]);
		area = average_precision_value(&average);
	}
	assert_true(fabs(curve.area - area) < 1e-9);
	assert_true(ranking_curve_reduce(&curve, wanted, &core_malloc_allocator));
	assert_true(fabs(ranking_curve_area(&curve) - area) < 1e-4);
	assert_true(curve.n <= RANKING_CURVE_STEPS + 3);
	for (size_t i = 0; i < curve.n; i++)
	{
		assert_true(curve.points[i].x >= x);
		assert_true(i == 0 || curve.points[i].threshold < curve.points[i - 1].threshold);
		x = curve.points[i].x;
		y = curve.points[i].y;
	}
	assert_true(x == 1.0);
	if (kind == RANKING_CURVE_ROC)
	{
		assert_true(y == 1.0);
		assert_true(curve.points[0].x == 0.0 && isinf(curve.points[0].threshold));
	}
	free(curve.points);
	free(ties);
}

static void
few_points_keep_the_area(void **state)
{
	const Case cases[] = {{3, 0.4, 1},      {100, 0.3, 1},   {1000, 0.02, 5},   {100000, 0.01, 1},
	                      {100000, 0.3, 1}, {50, 0.2, 1000}, {60000, 0.001, 30}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t wanted = 2; wanted <= 1000; wanted *= 10)
		{
			check_curve(&cases[i], RANKING_CURVE_ROC, wanted);
			check_curve(&cases[i], RANKING_CURVE_PR, wanted);
		}
}

/* A smooth curve does with the points that were asked for. */
static void
a_smooth_curve_has_as_few_points_as_asked(void **state)
{
	RankingCurve curve;

	assert_true(
	    ranking_curve_begin(&curve, RANKING_CURVE_ROC, 500000, 500000, &core_malloc_allocator));
	for (int i = 0; i < 1000; i++)
		ranking_curve_add(&curve, &(Tie){1000 - i, (uint64_t) (999 - i), (uint64_t) i});
	ranking_curve_add(&curve, &(Tie){0, 500, 500});
	assert_true(ranking_curve_reduce(&curve, 100, &core_malloc_allocator));
	assert_int_equal(curve.n, 100);
	free(curve.points);
}

static void
points_on_a_line_are_left_out(void **state)
{
	RankingCurve curve;

	assert_true(ranking_curve_begin(&curve, RANKING_CURVE_ROC, 64, 64, &core_malloc_allocator));
	for (int i = 0; i < 64; i++)
		ranking_curve_add(&curve, &(Tie){64 - i, 1, 1});
	assert_true(ranking_curve_reduce(&curve, 1000, &core_malloc_allocator));
	assert_int_equal(curve.n, 2);
	free(curve.points);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(few_points_keep_the_area),
	    cmocka_unit_test(a_smooth_curve_has_as_few_points_as_asked),
	    cmocka_unit_test(points_on_a_line_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

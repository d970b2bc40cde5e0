/*
 * calibration_platt.c
 *		Fitting Platt's calibration, a logistic function of the margin.
 *
 * Newton's method with backtracking of Lin, Lin and Weng, "A note on Platt's
 * probabilistic outputs for support vector machines" (2007), algorithm 1, with
 * Platt's targets (N+ + 1) / (N+ + 2) and 1 / (N- + 2). Two deviations: margins are
 * standardised first, which keeps the 2 x 2 system well conditioned at any
 * scale, and it stops by the Newton decrement, which is in units of the
 * estimate's own standard error and so needs no scale either.
 *
 * A known fraud stands for per_known of them, which makes the same number of
 * legitimate rows fewer at its margin; there may be less than none. The loss
 * stays convex, its gradient has the expectation it would have if all were known.
 */
#include "core/calibration.h"

#include <math.h>

#include "core/calibration_sample.h"

/* Platt's problem in standardised margins. */
typedef struct PlattProblem
{
	const Sample *sample;
	double mean;
	double deviation;
	double fraud_target;
	double other_target;
} PlattProblem;

/* Value, gradient and Hessian of the negative log likelihood at (slope, intercept). */
typedef struct PlattPoint
{
	double slope;
	double intercept;
	double value;
	double gradient[2];
	double hessian[3]; /* slope-slope, slope-intercept, intercept-intercept */
} PlattPoint;

static PlattProblem
platt_problem(const Sample *sample)
{
	double frauds = (double) sample->frauds * sample->per_known;
	double others = (double) sample->n - frauds;
	double sum = 0.0;
	double squares = 0.0;

	for (size_t i = 0; i < sample->n; i++)
		sum += sample->rows[i].score;
	sum /= (double) sample->n;
	for (size_t i = 0; i < sample->n; i++)
		squares += (sample->rows[i].score - sum) * (sample->rows[i].score - sum);
	return (PlattProblem){.sample = sample,
	                      .mean = sum,
	                      .deviation = sqrt(squares / (double) sample->n),
	                      .fraud_target = (frauds + 1.0) / (frauds + 2.0),
	                      .other_target = 1.0 / (others + 2.0)};
}

/* -t ln p - (1 - t) ln(1 - p) for p = logistic(z), without overflow. */
static double
platt_loss(double z, double target)
{
	return (z >= 0.0 ? (1.0 - target) * z : -target * z) + log1p(exp(-fabs(z)));
}

static void
platt_evaluate(const PlattProblem *problem, PlattPoint *point)
{
	size_t next = problem->sample->n;

	point->value = 0.0;
	point->gradient[0] = point->gradient[1] = 0.0;
	point->hessian[0] = point->hessian[1] = point->hessian[2] = 0.0;
	while (next > 0)
	{
		Block tie = sample_next(problem->sample, &next);
		double x = ((double) tie.first - problem->mean) / problem->deviation;
		double z = point->slope * x + point->intercept;
		double e = exp(-fabs(z));
		double p = (z >= 0.0 ? 1.0 : e) / (1.0 + e);
		double rows = (double) tie.rows;
		double frauds = (double) tie.frauds * problem->sample->per_known;
		double residual =
		    rows * p - frauds * problem->fraud_target - (rows - frauds) * problem->other_target;
		double curvature = rows * e / ((1.0 + e) * (1.0 + e));

		point->value += frauds * platt_loss(z, problem->fraud_target) +
		                (rows - frauds) * platt_loss(z, problem->other_target);
		point->gradient[0] += x * residual;
		point->gradient[1] += residual;
		point->hessian[0] += x * x * curvature;
		point->hessian[1] += x * curvature;
		point->hessian[2] += curvature;
	}
}

/* Halves the step until the value falls enough (Armijo). False when no step helps: the end. */
static bool
platt_descend(const PlattProblem *problem, PlattPoint *point, const double step[2], double descent)
{
	const double smallest = 1e-10;
	const double armijo = 1e-4;

	for (double size = 1.0; size >= smallest; size /= 2.0)
	{
		PlattPoint trial = {.slope = point->slope + size * step[0],
		                    .intercept = point->intercept + size * step[1]};

		platt_evaluate(problem, &trial);
		if (trial.value < point->value + armijo * size * descent)
		{
			*point = trial;
			return true;
		}
	}
	return false;
}

static void
platt_newton(const PlattProblem *problem, PlattPoint *point)
{
	const int max_rounds = 100;
	const double ridge = 1e-12;
	const double tolerance = 1e-9; /* of a standard error */

	platt_evaluate(problem, point);
	for (int round = 0; round < max_rounds; round++)
	{
		const double *g = point->gradient;
		double h00 = point->hessian[0] + ridge;
		double h01 = point->hessian[1];
		double h11 = point->hessian[2] + ridge;
		double determinant = h00 * h11 - h01 * h01;
		double step[2] = {-(h11 * g[0] - h01 * g[1]) / determinant,
		                  -(h00 * g[1] - h01 * g[0]) / determinant};
		double descent = g[0] * step[0] + g[1] * step[1];

		if (!(-descent > tolerance * tolerance) || !platt_descend(problem, point, step, descent))
			return;
	}
}

Calibration
sample_fit_platt(const Sample *sample)
{
	PlattProblem problem = platt_problem(sample);
	double frauds = (double) sample->frauds * sample->per_known;
	/* The best constant, where Lin, Lin and Weng start too. */
	PlattPoint point = {.intercept = log((frauds + 1.0) / ((double) sample->n - frauds + 1.0))};

	if (problem.deviation > 0.0)
	{
		platt_newton(&problem, &point);
		point.slope /= problem.deviation;
		point.intercept -= point.slope * problem.mean;
	}
	return (Calibration){
	    .method = CALIBRATION_PLATT, .slope = point.slope, .intercept = point.intercept};
}

bool
calibration_fit_platt(const float *margins, const uint8_t *labels, size_t n, double known,
                      const CoreAllocator *allocator, Calibration *result, CoreError *error)
{
	Sample sample;

	if (!sample_create(margins, labels, n, known, allocator, &sample, error))
		return false;
	*result = sample_fit_platt(&sample);
	allocator->release(allocator->context, sample.rows);
	return calibration_verify(result, error);
}

/*
 * explain.c
 *		How long an explanation takes: XGBoost's pred_contribs in a batch, TreeSHAP as
 *		it was published, and ours, on the same rows, measured in turns; and how long
 *		it takes to make the explainer of a model.
 *
 * Models are trained on first use and kept in the folder that is named. One thread.
 */
// build: make bench-explain

#include "../unit/xgboost_session.h"

#include <time.h>

#include "../unit/forest_session.h"
#include "../unit/published_treeshap.h"
#include "core/forest_explain.h"
#include "core/random.h"

#define WIDTH 30
#define TRAINING_ROWS 50000
#define ROWS 200
#define MAX_REPETITIONS 99

typedef struct ModelKind
{
	const char *name;
	int rounds;
	const char *parameters[9]; /* names and values */
} ModelKind;

static const ModelKind kinds[] = {
    {"100 trees, depth 6", 100, {"max_depth", "6", "eta", "0.1"}},
    {"300 trees, depth 6", 300, {"max_depth", "6", "eta", "0.1"}},
    {"500 trees, depth 8", 500, {"max_depth", "8", "eta", "0.05"}},
    {"200 trees, 255 leaves",
     200,
     {"max_depth", "0", "grow_policy", "lossguide", "max_leaves", "255", "eta", "0.1"}}};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static double
normal(RandomState *random)
{
	return sqrt(-2 * log(1 - random_uniform(random))) *
	       cos(6.283185307179586 * random_uniform(random));
}

/* Normal, skewed and counted columns; every third with missing values. */
static void
draw_rows(uint64_t seed, size_t n, float *rows, float *labels)
{
	RandomState random;

	random_seed(&random, seed, 0);
	for (size_t r = 0; r < n; r++)
	{
		float *x = rows + r * WIDTH;
		double z;

		for (int c = 0; c < WIDTH; c++)
			x[c] = c < 14   ? (float) normal(&random)
			       : c < 22 ? (float) (-log(1 - random_uniform(&random)) * (c - 10))
			                : (float) random_below(&random, (uint64_t) (c - 20) * 6);
		z = 1.2 * x[0] * x[1] - 0.8 * x[2] + sin(2 * x[3]) * x[4] + 0.6 * (x[5] > 0.3f) * x[6] +
		    0.4 * fabsf(x[7]) - 0.3 * x[8] * x[8] + 0.06 * x[14] * (x[9] > 0) + 0.05 * x[22] -
		    0.02 * x[23] * x[10] + 0.3 * cos(x[11] * 3) + 0.2 * x[12] - 0.4 * x[13] * (x[24] > 9);
		labels[r] = random_uniform(&random) < 1 / (1 + exp(-z));
		for (int c = 0; c < WIDTH; c += 3)
			if (random_uniform(&random) < 0.05)
				x[c] = NAN;
	}
}

static BoosterHandle
train(const ModelKind *kind)
{
	float *rows = malloc(TRAINING_ROWS * WIDTH * sizeof(float));
	float *labels = malloc(TRAINING_ROWS * sizeof(float));
	DMatrixHandle matrix;
	BoosterHandle booster;

	draw_rows(1, TRAINING_ROWS, rows, labels);
	matrix = matrix_create(rows, TRAINING_ROWS, WIDTH, NAN);
	XGBOOST_CHECK(XGDMatrixSetFloatInfo(matrix, "label", labels, TRAINING_ROWS));
	booster = booster_create(matrix);
	booster_set(booster, "objective", "binary:logistic");
	booster_set(booster, "tree_method", "hist");
	for (const char *const *p = kind->parameters; *p != NULL; p += 2)
		booster_set(booster, p[0], "%s", p[1]);
	for (int round = 0; round < kind->rounds; round++)
		XGBOOST_CHECK(XGBoosterUpdateOneIter(booster, round, matrix));
	XGBOOST_CHECK(XGDMatrixFree(matrix));
	free(rows);
	free(labels);
	return booster;
}

/* From the folder, or trained and put there. */
static BoosterHandle
model_of(const ModelKind *kind, const char *folder)
{
	char path[512];
	FILE *file;
	BoosterHandle booster;

	snprintf(path, sizeof(path), "%s/explain-%d.ubj", folder, (int) (kind - kinds));
	file = fopen(path, "rb");
	if (file != NULL)
	{
		fclose(file);
		booster = booster_create(NULL);
		XGBOOST_CHECK(XGBoosterLoadModel(booster, path));
		booster_set(booster, "nthread", "1");
		return booster;
	}
	fprintf(stderr, "training %s\n", kind->name);
	booster = train(kind);
	XGBOOST_CHECK(XGBoosterSaveModel(booster, path));
	return booster;
}

/* Nanoseconds of this thread: what others do on the machine is not counted. */
static double
thread_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

static int
compare_doubles(const void *one, const void *other)
{
	double a = *(const double *) one;
	double b = *(const double *) other;

	return a < b ? -1 : a > b;
}

static double
median(double *values, int n)
{
	qsort(values, (size_t) n, sizeof(double), compare_doubles);
	return values[n / 2];
}

typedef struct Bench
{
	ForestSession session;
	ForestExplainer explainer;
	XgboostModel trees;
	BoosterHandle booster;
	float *rows;
	float contributions[ROWS * (WIDTH + 1)]; /* XGBoost's */
	double ours[ROWS * WIDTH];
	double published[ROWS * WIDTH];
} Bench;

static double
time_xgboost(Bench *bench)
{
	DMatrixHandle matrix = matrix_create(bench->rows, ROWS, WIDTH, NAN);
	double start = thread_time();
	double end;

	booster_contributions(bench->booster, matrix, bench->contributions, ROWS, WIDTH);
	end = thread_time();
	XGBOOST_CHECK(XGDMatrixFree(matrix));
	return (end - start) / ROWS / 1e3;
}

static double
time_ours(Bench *bench)
{
	double start = thread_time();

	for (size_t r = 0; r < ROWS; r++)
		forest_explain(&bench->explainer, bench->rows + r * WIDTH, bench->ours + r * WIDTH);
	return (thread_time() - start) / ROWS / 1e3;
}

static double
time_published(Bench *bench)
{
	double start = thread_time();

	for (size_t r = 0; r < ROWS; r++)
		published_treeshap(&bench->trees, bench->rows + r * WIDTH, bench->published + r * WIDTH);
	return (thread_time() - start) / ROWS / 1e3;
}

/* Milliseconds. */
static double
time_open(Bench *bench, const void *model, size_t size)
{
	double start = thread_time();
	CoreError error;

	if (!forest_explainer_open(&bench->session.forest, model, size, &core_malloc_allocator,
	                           &core_malloc_allocator, &bench->explainer, &error))
		fail_msg("%s", error.message);
	return (thread_time() - start) / 1e6;
}

/* The largest difference, in parts of the row's largest contribution. */
static double
largest_difference(const Bench *bench)
{
	double largest = 0;

	for (size_t r = 0; r < ROWS; r++)
	{
		double scale = 0;
		double difference = 0;

		for (size_t c = 0; c < WIDTH; c++)
		{
			double ours = bench->ours[r * WIDTH + c];

			scale = fmax(scale, fabs(ours));
			difference =
			    fmax(difference, fabs(ours - (double) bench->contributions[r * (WIDTH + 1) + c]));
		}
		largest = fmax(largest, difference / scale);
	}
	return largest;
}

static void
measure(Bench *bench, const ModelKind *kind, int repetitions)
{
	double xgboost[MAX_REPETITIONS];
	double ours[MAX_REPETITIONS];
	double published[MAX_REPETITIONS];
	double open[MAX_REPETITIONS];
	const char *model;
	size_t size;
	CoreError error;

	model = booster_save(bench->booster, &size);
	if (!forest_session_create(model, size, NULL, &bench->session, &error) ||
	    !xgboost_model_read(model, size, &core_malloc_allocator, &bench->trees, &error))
		fail_msg("%s", error.message);
	for (int i = 0; i < repetitions; i++)
	{
		model = booster_save(bench->booster, &size);
		open[i] = time_open(bench, model, size);
		xgboost[i] = time_xgboost(bench);
		ours[i] = time_ours(bench);
		published[i] = time_published(bench);
		if (i + 1 < repetitions)
			forest_explainer_close(&bench->explainer, &core_malloc_allocator);
	}
	printf("%-22s XGBoost %8.1f us  published %8.1f us  ours %7.1f us (%.0f times XGBoost); "
	       "explainer from %.1f MB in %.1f ms; differs from XGBoost by %.1e at most\n",
	       kind->name, median(xgboost, repetitions), median(published, repetitions),
	       median(ours, repetitions), median(xgboost, repetitions) / median(ours, repetitions),
	       (double) size / 1e6, median(open, repetitions), largest_difference(bench));
	fflush(stdout);
	forest_explainer_close(&bench->explainer, &core_malloc_allocator);
	forest_session_free(&bench->session);
	xgboost_model_release(&bench->trees, &core_malloc_allocator);
}

int
main(int argc, char **argv)
{
	int repetitions = argc > 2 ? atoi(argv[2]) : 5;
	Bench *bench = malloc(sizeof(Bench));
	float labels[ROWS];

	if (argc < 2 || repetitions < 1 || repetitions > MAX_REPETITIONS)
	{
		fprintf(stderr, "usage: explain FOLDER [REPETITIONS [MODEL]]\n");
		return 2;
	}
	bench->rows = malloc(ROWS * WIDTH * sizeof(float));
	draw_rows(2, ROWS, bench->rows, labels);
	printf("microseconds for a row: medians of %d repetitions of %d rows, one thread\n",
	       repetitions, ROWS);
	for (size_t k = 0; k < N_KINDS; k++)
	{
		if (argc > 3 && (size_t) atoi(argv[3]) != k)
			continue;
		bench->booster = model_of(&kinds[k], argv[1]);
		measure(bench, &kinds[k], repetitions);
		XGBOOST_CHECK(XGBoosterFree(bench->booster));
	}
	free(bench->rows);
	free(bench);
	return 0;
}

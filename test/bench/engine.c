/*
 * engine.c
 *		How long a row takes: XGBoost's batch prediction and every path of the engine,
 *		one row at a time and in blocks, on the same rows, measured in turns.
 *
 * Models are trained on first use and kept in the folder that is named. XGBoost
 * gets a fresh matrix for each repetition, because it keeps predictions by
 * matrix; making the matrix is not counted. A margin that is not XGBoost's ends
 * the program.
 */
// build: make bench-engine

#include "../unit/xgboost_session.h"

#include <time.h>

#include "../unit/forest_session.h"
#include "core/random.h"

#define WIDTH 30
#define TRAINING_ROWS 50000
#define ROWS 20000
#define MAX_REPETITIONS 99

typedef struct ModelKind
{
	const char *name;
	int rounds;
	const char *parameters[9]; /* names and values */
	double bars[FOREST_PATHS]; /* wanted: times XGBoost's batch, one row */
	double block_bar;          /* the same for blocks on AVX-512; 0 for none */
} ModelKind;

static const ModelKind kinds[] = {
    {"100 trees, depth 6", 100, {"max_depth", "6", "eta", "0.1"}, {0, 2.5, 4.5, 10}, 20},
    {"300 trees, depth 6", 300, {"max_depth", "6", "eta", "0.1"}, {0, 2.5, 4.5, 10}, 20},
    {"500 trees, depth 8", 500, {"max_depth", "8", "eta", "0.05"}, {0, 2.5, 4.5, 10}, 20},
    {"200 trees, 255 leaves",
     200,
     {"max_depth", "0", "grow_policy", "lossguide", "max_leaves", "255", "eta", "0.1"},
     {0, 2, 3, 8},
     0},
    {"300 trees, depth 6, categories",
     300,
     {"max_depth", "6", "eta", "0.1", "max_cat_to_onehot", "4"},
     {0},
     0}};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))
#define CATEGORIES_KIND (N_KINDS - 1)

static double
normal(RandomState *random)
{
	return sqrt(-2 * log(1 - random_uniform(random))) *
	       cos(6.283185307179586 * random_uniform(random));
}

/* Normal, skewed, uniform, counts and flags; every second column with missing values. */
static void
draw_row(RandomState *random, bool categories, float *x)
{
	for (int c = 0; c < WIDTH; c++)
		x[c] = c < 12   ? (float) normal(random)
		       : c < 18 ? (float) (-log(1 - random_uniform(random)) * (c - 10))
		       : c < 22 ? (float) (random_uniform(random) * 100)
		       : c < 26 ? (float) random_below(random, (uint64_t) (c - 20) * 10)
		                : (float) (random_uniform(random) < 0.3);
	if (categories)
		for (int c = 22; c < 28; c++)
			x[c] = (float) random_below(random, (uint64_t) (c - 21) * 8);
}

static float
draw_label(RandomState *random, const float *x)
{
	double z = 1.2 * x[0] * x[1] - 0.8 * x[2] + sin(2 * x[3]) * x[4] +
	           0.6 * (x[5] > 0.3f) * (x[12] > 3) - 0.05 * (x[18] - 50) * (x[26] > 0) +
	           0.4 * fabsf(x[6]) - 0.3 * x[7] * x[7] + 0.02 * x[22] * (x[8] > 0) - 0.03 * x[23] +
	           0.5 * cos(x[9] * 3) * (x[19] > 40) + 0.3 * x[10] * x[27] + 0.2 * x[13] +
	           0.06 * x[11] * x[15] + 0.7 * (((int) x[24] * 7) % 5 - 2) * (x[29] > 0) -
	           0.7 * x[29] * x[2];

	return random_uniform(random) < 1 / (1 + exp(-0.9 * z));
}

static void
draw_rows(uint64_t seed, bool categories, size_t n, float *rows, float *labels)
{
	RandomState random;

	random_seed(&random, seed, 0);
	for (size_t r = 0; r < n; r++)
	{
		float *x = rows + r * WIDTH;

		draw_row(&random, categories, x);
		labels[r] = draw_label(&random, x);
		for (int c = 0; c < WIDTH; c += 2)
			if (random_uniform(&random) < 0.02 + 0.005 * c)
				x[c] = NAN;
	}
}

static void
set_types(DMatrixHandle matrix, bool categories)
{
	const char *types[WIDTH];

	for (int c = 0; c < WIDTH; c++)
		types[c] = categories && c >= 22 && c < 28 ? "c" : "float";
	XGBOOST_CHECK(XGDMatrixSetStrFeatureInfo(matrix, "feature_type", types, WIDTH));
}

static BoosterHandle
train(const ModelKind *kind, bool categories)
{
	float *rows = malloc(TRAINING_ROWS * WIDTH * sizeof(float));
	float *labels = malloc(TRAINING_ROWS * sizeof(float));
	DMatrixHandle matrix;
	BoosterHandle booster;

	draw_rows(1, categories, TRAINING_ROWS, rows, labels);
	matrix = matrix_create(rows, TRAINING_ROWS, WIDTH, NAN);
	set_types(matrix, categories);
	XGBOOST_CHECK(XGDMatrixSetFloatInfo(matrix, "label", labels, TRAINING_ROWS));
	booster = booster_create(matrix);
	booster_set(booster, "objective", "binary:logistic");
	booster_set(booster, "base_score", "0.3");
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
model_of(const ModelKind *kind, const char *folder, bool categories)
{
	char path[512];
	FILE *file;
	BoosterHandle booster;

	snprintf(path, sizeof(path), "%s/engine-%d.ubj", folder, (int) (kind - kinds));
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
	booster = train(kind, categories);
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

static double
time_xgboost(BoosterHandle booster, const float *rows, bool categories, float *margins)
{
	DMatrixHandle matrix = matrix_create(rows, ROWS, WIDTH, NAN);
	double start;
	double end;

	set_types(matrix, categories);
	start = thread_time();
	booster_margins(booster, matrix, margins, ROWS);
	end = thread_time();
	XGBOOST_CHECK(XGDMatrixFree(matrix));
	return (end - start) / ROWS;
}

static double
time_rows(const Forest *forest, const float *rows, float *margins)
{
	double start = thread_time();

	for (size_t r = 0; r < ROWS; r++)
		margins[r] = forest_margin(forest, rows + r * WIDTH);
	return (thread_time() - start) / ROWS;
}

static double
time_blocks(const Forest *forest, const float *rows, float *margins)
{
	double start = thread_time();

	for (size_t r = 0; r < ROWS; r += 64)
		forest_margins(forest, rows + r * WIDTH, WIDTH, ROWS - r < 64 ? ROWS - r : 64, margins + r);
	return (thread_time() - start) / ROWS;
}

static double
time_open(const ForestSession *session)
{
	double start = thread_time();
	Forest forest;
	CoreError error;

	if (!forest_open(session->image, session->size, &forest, &error))
		fail_msg("%s", error.message);
	return (thread_time() - start) / 1e6;
}

static void
require_equal(const float *margins, const float *expected, const char *what)
{
	if (memcmp(margins, expected, ROWS * sizeof(float)) != 0)
	{
		fprintf(stderr, "%s: margins are not those of XGBoost\n", what);
		exit(1);
	}
}

typedef struct Times
{
	double xgboost[MAX_REPETITIONS];
	double row[FOREST_PATHS][MAX_REPETITIONS];
	double block[FOREST_PATHS][MAX_REPETITIONS];
	double open[MAX_REPETITIONS];
} Times;

static void
measure(BoosterHandle booster, ForestSession *session, const float *rows, bool categories,
        int repetitions, Times *times)
{
	float *margins = malloc(ROWS * sizeof(float));
	float *expected = malloc(ROWS * sizeof(float));

	for (int i = 0; i < repetitions; i++)
	{
		times->xgboost[i] = time_xgboost(booster, rows, categories, expected);
		times->open[i] = time_open(session);
		for (int path = 0; path < FOREST_PATHS; path++)
		{
			if (!forest_use_path(&session->forest, (ForestPath) path))
				continue;
			times->row[path][i] = time_rows(&session->forest, rows, margins);
			require_equal(margins, expected, forest_path_name((ForestPath) path));
			times->block[path][i] = time_blocks(&session->forest, rows, margins);
			require_equal(margins, expected, forest_path_name((ForestPath) path));
		}
	}
	free(margins);
	free(expected);
}

static void
print_cell(double time, double xgboost, double bar)
{
	printf(" %6.0f ns %5.1fx", time, xgboost / time);
	printf(bar > 0 ? (xgboost / time >= bar ? " (bar %4.1f)" : " (MISSED %4.1f)") : "           ",
	       bar);
}

static void
report(const ModelKind *kind, const ForestSession *session, Times *times, int n)
{
	double xgboost = median(times->xgboost, n);

	printf("%s: XGBoost in a batch %.0f ns a row; image of %.0f kB, opened in %.2f ms; shape %d, "
	       "%u slots\n",
	       kind->name, xgboost, (double) session->size / 1e3, median(times->open, n),
	       (int) session->forest.lanes.shape, session->forest.lanes.n_slots);
	for (int path = FOREST_PATHS - 1; path >= 0; path--)
	{
		if (!forest_path_available((ForestPath) path))
			continue;
		printf("  %-8s one row", forest_path_name((ForestPath) path));
		print_cell(median(times->row[path], n), xgboost, kind->bars[path]);
		printf("  blocks of 64");
		print_cell(median(times->block[path], n), xgboost,
		           path == FOREST_PATH_AVX512 ? kind->block_bar : 0);
		printf("\n");
	}
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	int repetitions = argc > 2 ? atoi(argv[2]) : 9;
	float *rows = malloc(ROWS * WIDTH * sizeof(float));
	float *labels = malloc(ROWS * sizeof(float));
	Times *times = malloc(sizeof(Times));

	if (argc < 2 || repetitions < 1 || repetitions > MAX_REPETITIONS)
	{
		fprintf(stderr, "usage: engine FOLDER [REPETITIONS [MODEL]]\n");
		return 2;
	}
	printf("medians of %d repetitions of %d rows, one thread; this processor's path: %s\n",
	       repetitions, ROWS, forest_path_name(forest_path_best()));
	for (size_t k = 0; k < N_KINDS; k++)
	{
		BoosterHandle booster;
		ForestSession session;
		CoreError error;
		const char *model;
		size_t size;

		if (argc > 3 && (size_t) atoi(argv[3]) != k)
			continue;
		draw_rows(2, k == CATEGORIES_KIND, ROWS, rows, labels);
		booster = model_of(&kinds[k], argv[1], k == CATEGORIES_KIND);
		model = booster_save(booster, &size);
		if (!forest_session_create(model, size, NULL, &session, &error))
		{
			fprintf(stderr, "%s\n", error.message);
			return 1;
		}
		measure(booster, &session, rows, k == CATEGORIES_KIND, repetitions, times);
		report(&kinds[k], &session, times, repetitions);
		forest_session_free(&session);
		XGBOOST_CHECK(XGBoosterFree(booster));
	}
	return 0;
}

/*
 * xgboost_exactness.c
 *		Promise: the margin of a forest equals XGBoost's for the same model and row,
 *		bit for bit.
 *
 * A property test. Random models (shapes, depths, growth, booster settings,
 * column types) are trained with XGBoost on random data, and random rows (values
 * of the data, thresholds of the model and their neighbours, missing values,
 * infinities, denormals, categories of all kinds) are evaluated by both.
 *
 *	 EXACTNESS_MODELS=500 EXACTNESS_SEED=7   more models, another seed
 */
#include "xgboost_session.h"

#include "core/forest_tree.h"
#include "core/random.h"
#include "core/xgboost_model.h"
#include "forest_session.h"
#include "model_coverage.h"

#define DEFAULT_MODELS 96
#define ROWS_PER_MODEL 64
#define MAX_FEATURES 300
#define MAX_TRAINING_ROWS 1500
#define TRAINING_ROWS 600

typedef enum ColumnKind
{
	COLUMN_NORMAL,
	COLUMN_TIES,
	COLUMN_DENORMAL,
	COLUMN_HUGE,
	COLUMN_CONSTANT,
	COLUMN_EMPTY,
	COLUMN_CATEGORY,
	COLUMN_KINDS
} ColumnKind;

/* Some models are drawn for what chance seldom brings. */
typedef enum Emphasis
{
	EMPHASIS_NONE,
	EMPHASIS_THRESHOLDS, /* more than 255 of one feature */
	EMPHASIS_SLOTS,      /* more than 64 slots, or than a layout has */
	EMPHASIS_DEPTH,      /* trees of twelve levels */
	EMPHASIS_LEAVES,     /* grown leaf by leaf, to 255 of them */
	EMPHASIS_TREES       /* 500 of them */
} Emphasis;

static Emphasis
emphasis_of(uint64_t seed)
{
	static const Emphasis emphases[8] = {[1] = EMPHASIS_DEPTH,
	                                     [3] = EMPHASIS_THRESHOLDS,
	                                     [5] = EMPHASIS_LEAVES,
	                                     [6] = EMPHASIS_SLOTS};

	return seed % 32 == 16 ? EMPHASIS_TREES : emphases[seed % 8];
}

typedef struct Column
{
	ColumnKind kind;
	double missing; /* share */
	uint32_t n_categories;
} Column;

typedef struct Data
{
	size_t n;
	size_t width;
	Column columns[MAX_FEATURES];
	float values[MAX_TRAINING_ROWS * MAX_FEATURES];
	float labels[MAX_TRAINING_ROWS];
} Data;

/* Thresholds by feature, flat: values that a row should hit. */
typedef struct Thresholds
{
	size_t n;
	struct
	{
		uint32_t feature;
		float value;
	} * entries;
} Thresholds;

static uint64_t
environment_number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static double
normal(RandomState *random)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += random_uniform(random);
	return sum;
}

static bool
chance(RandomState *random, double probability)
{
	return random_uniform(random) < probability;
}

static float
draw_value(RandomState *random, const Column *column)
{
	if (chance(random, column->missing))
		return NAN;
	switch (column->kind)
	{
		case COLUMN_TIES:
			return (float) random_below(random, 5) - 2;
		case COLUMN_DENORMAL:
			return (float) ((double) random_below(random, 1000) * 0x1p-149) *
			       (chance(random, 0.5) ? 1 : -1);
		case COLUMN_HUGE:
			return (float) (normal(random) * 5e37);
		case COLUMN_CONSTANT:
			return 7;
		case COLUMN_EMPTY:
			return NAN;
		case COLUMN_CATEGORY:
			return (float) random_below(random, column->n_categories);
		default:
			return (float) normal(random);
	}
}

static void
draw_columns(RandomState *random, Data *data, bool categories)
{
	for (size_t c = 0; c < data->width; c++)
	{
		Column *column = &data->columns[c];
		uint64_t kind = random_below(random, 2 * COLUMN_KINDS);

		column->kind = kind < COLUMN_KINDS ? (ColumnKind) kind : COLUMN_NORMAL;
		if (column->kind == COLUMN_CATEGORY && !categories)
			column->kind = COLUMN_TIES;
		if (categories && c == 0)
			column->kind = COLUMN_CATEGORY;
		column->missing = chance(random, 0.6) ? 0.3 * random_uniform(random) : 0;
		column->n_categories = 2 + (uint32_t) random_below(random, chance(random, 0.3) ? 200 : 12);
	}
}

/* Labels follow a few columns, so that trees grow; with some noise. */
static void
draw_rows(RandomState *random, Data *data)
{
	for (size_t r = 0; r < data->n; r++)
	{
		float *row = data->values + r * data->width;
		double signal = 0;

		for (size_t c = 0; c < data->width; c++)
		{
			row[c] = draw_value(random, &data->columns[c]);
			if (c < 6 && isfinite(row[c]))
				signal += data->columns[c].kind == COLUMN_CATEGORY
				              ? (double) (random_mix((uint64_t) row[c]) % 5) - 2
				              : (row[c] > 0 ? 1 : -1);
			else if (c < 6)
				signal += 0.5;
		}
		data->labels[r] = signal + normal(random) > 0.5;
	}
	data->labels[0] = 0;
	data->labels[data->n - 1] = 1;
}

/* Labels that only trees with many leaves can follow. */
static bool
wants_large_trees(Emphasis emphasis)
{
	return emphasis == EMPHASIS_DEPTH || emphasis == EMPHASIS_LEAVES;
}

static void
draw_data(RandomState *random, Data *data, bool categories, Emphasis emphasis)
{
	static const size_t widths[] = {1, 2, 3, 8, 8, 30, 30, 30, 64, 300};

	data->n = 2 + random_below(random, chance(random, 0.1) ? 4 : TRAINING_ROWS - 2);
	data->width = widths[random_below(random, sizeof(widths) / sizeof(widths[0]))];
	if (emphasis != EMPHASIS_NONE && emphasis != EMPHASIS_TREES)
		data->n = wants_large_trees(emphasis) ? MAX_TRAINING_ROWS : TRAINING_ROWS;
	if (emphasis == EMPHASIS_THRESHOLDS)
		data->width = 2 + random_below(random, 3);
	else if (emphasis == EMPHASIS_SLOTS)
		data->width = chance(random, 0.5) ? 30 + random_below(random, 40)
		                                  : 150 + random_below(random, MAX_FEATURES - 150);
	else if (wants_large_trees(emphasis))
		data->width = 3 + random_below(random, 20);
	draw_columns(random, data, categories);
	if (emphasis == EMPHASIS_THRESHOLDS || wants_large_trees(emphasis))
		data->columns[1].kind = COLUMN_NORMAL;
	draw_rows(random, data);
	for (size_t r = 1; wants_large_trees(emphasis) && r + 1 < data->n; r++)
		data->labels[r] = chance(random, 0.5);
}

static DMatrixHandle
training_matrix(const Data *data)
{
	DMatrixHandle matrix = matrix_create(data->values, data->n, data->width, NAN);
	const char *types[MAX_FEATURES];

	for (size_t c = 0; c < data->width; c++)
		types[c] = data->columns[c].kind == COLUMN_CATEGORY ? "c" : "float";
	XGBOOST_CHECK(XGDMatrixSetStrFeatureInfo(matrix, "feature_type", types, data->width));
	XGBOOST_CHECK(XGDMatrixSetFloatInfo(matrix, "label", data->labels, data->n));
	return matrix;
}

/* As large as the promise goes: 12 levels, 255 leaves or 500 trees. Returns the number of rounds. */
static int
draw_large_model(RandomState *random, BoosterHandle booster, Emphasis emphasis)
{
	booster_set(booster, "tree_method", "hist");
	booster_set(booster, "grow_policy", "%s",
	            emphasis == EMPHASIS_LEAVES ? "lossguide" : "depthwise");
	booster_set(booster, "max_leaves", "%d", emphasis == EMPHASIS_LEAVES ? 255 : 0);
	booster_set(booster, "max_depth", "%d",
	            emphasis == EMPHASIS_DEPTH    ? 12
	            : emphasis == EMPHASIS_LEAVES ? 0
	                                          : 1 + (int) random_below(random, 8));
	booster_set(booster, "num_parallel_tree", "1");
	booster_set(booster, "subsample", "1");
	booster_set(booster, "max_bin", "1024");
	booster_set(booster, "min_child_weight", "0");
	booster_set(booster, "lambda", "0.0001");
	booster_set(booster, "gamma", "0");
	return emphasis == EMPHASIS_TREES ? 500 : 1 + (int) random_below(random, 4);
}

/* Returns the number of rounds. */
static int
draw_parameters(RandomState *random, BoosterHandle booster, bool categories, Emphasis emphasis,
                Coverage *coverage)
{
	static const char *const methods[] = {"hist", "approx", "exact"};
	static const int rounds[] = {1, 2, 7, 8, 9, 20, 50, 200};
	int parallel = chance(random, 0.2) ? 1 + (int) random_below(random, 12) : 1;
	int n_rounds = rounds[random_below(random, 8)];
	const char *method = methods[random_below(random, categories ? 2 : 3)];
	bool large = wants_large_trees(emphasis) || emphasis == EMPHASIS_TREES;

	booster_set(booster, "objective", "binary:logistic");
	booster_set(booster, "seed", "%d", (int) random_below(random, 1000));
	booster_set(booster, "tree_method", "%s", method);
	if (strcmp(method, "exact") != 0 && chance(random, 0.4))
	{
		booster_set(booster, "grow_policy", "lossguide");
		booster_set(booster, "max_leaves", "%d", 2 + (int) random_below(random, 254));
		booster_set(booster, "max_depth", "0");
	}
	else
		booster_set(booster, "max_depth", "%d", 1 + (int) random_below(random, 12));
	booster_set(booster, "num_parallel_tree", "%d", parallel);
	if (parallel > 1)
	{
		booster_set(booster, "subsample", "0.7");
		/* From 3 on the exact method refuses it. */
		if (strcmp(method, "exact") != 0)
			booster_set(booster, "colsample_bynode", "0.6");
		n_rounds = n_rounds > 10 ? 10 : n_rounds;
	}
	if (strcmp(method, "hist") == 0 && chance(random, 0.5))
		booster_set(booster, "max_bin", "1024");
	if (emphasis == EMPHASIS_THRESHOLDS || emphasis == EMPHASIS_SLOTS)
	{
		if (strcmp(method, "hist") == 0)
			booster_set(booster, "max_bin", "1024");
		n_rounds = emphasis == EMPHASIS_THRESHOLDS ? 40 : 4 + (int) random_below(random, 12);
	}
	booster_set(booster, "eta", "%g", 0.02 + random_uniform(random));
	booster_set(booster, "min_child_weight", "%g", chance(random, 0.7) ? 0.0 : 1.0);
	booster_set(booster, "lambda", "%g", chance(random, 0.3) ? 0.0001 : 1.0);
	/* Pruning: leaves deleted nodes behind, or a root alone. */
	booster_set(booster, "gamma", "%g",
	            chance(random, 0.6) ? 0.0
	                                : (chance(random, 0.2) ? 1e6 : 2 * random_uniform(random)));
	booster_set(booster, "max_cat_to_onehot", "%d", chance(random, 0.5) ? 1 : 50);
	/* Else newer versions of XGBoost fit it to the labels. */
	if (chance(random, 0.5))
	{
		booster_set(booster, "base_score", "%.9g", 0.0005 + 0.998 * random_uniform(random));
		coverage->base_scores_given++;
	}
	coverage->forests += parallel > 1 && !large;
	return large ? draw_large_model(random, booster, emphasis) : n_rounds;
}

static BoosterHandle
train(RandomState *random, const Data *data, bool categories, Emphasis emphasis, Coverage *coverage)
{
	DMatrixHandle matrix = training_matrix(data);
	BoosterHandle booster = booster_create(matrix);
	int rounds = draw_parameters(random, booster, categories, emphasis, coverage);

	for (int round = 0; round < rounds; round++)
		XGBOOST_CHECK(XGBoosterUpdateOneIter(booster, round, matrix));
	XGBOOST_CHECK(XGDMatrixFree(matrix));
	return booster;
}

static Thresholds
collect_thresholds(const void *model, size_t size)
{
	Thresholds thresholds = {0};
	XgboostModel trees;
	CoreError error;
	size_t n_nodes = 0;

	if (!xgboost_model_read(model, size, &core_malloc_allocator, &trees, &error))
		fail_msg("%s", error.message);
	for (uint32_t t = 0; t < trees.n_trees; t++)
		n_nodes += trees.trees[t].n_nodes;
	thresholds.entries = malloc((n_nodes + 1) * sizeof(*thresholds.entries));
	for (uint32_t t = 0; t < trees.n_trees; t++)
		for (uint32_t i = 0; i < trees.trees[t].n_nodes; i++)
		{
			const XgboostNode *node = &trees.trees[t].nodes[i];

			if (node->left == 0 || node->is_categorical)
				continue;
			thresholds.entries[thresholds.n].feature = node->feature;
			thresholds.entries[thresholds.n++].value = node->value;
		}
	xgboost_model_release(&trees, &core_malloc_allocator);
	return thresholds;
}

static float
draw_odd_value(RandomState *random)
{
	static const float values[] = {
	    NAN,           INFINITY,      -INFINITY, 0.0f,        -0.0f,       0x1p-149f,
	    -0x1p-149f,    3.4e38f,       -3.4e38f,  -1.0f,       -0.5f,       0.5f,
	    1.999999f,     31.0f,         32.0f,     16777215.0f, 16777216.0f, 16777218.0f,
	    2147483648.0f, 4294967296.0f, 1e10f,     199.5f};

	return values[random_below(random, sizeof(values) / sizeof(values[0]))];
}

/* Most values as in training, some odd, some on or beside a threshold of the model. */
static void
draw_row(RandomState *random, const Data *data, const Thresholds *thresholds, float *row)
{
	double odd = chance(random, 0.5) ? 0 : random_uniform(random) * random_uniform(random);

	for (size_t c = 0; c < data->width; c++)
	{
		row[c] = data->values[random_below(random, data->n) * data->width + c];
		if (chance(random, odd))
			row[c] = draw_odd_value(random);
	}
	for (size_t i = random_below(random, 2 * data->width + 1); thresholds->n > 0 && i > 0; i--)
	{
		size_t k = random_below(random, thresholds->n);
		float value = thresholds->entries[k].value;
		uint64_t side = random_below(random, 3);

		if (side > 0)
			value = nextafterf(value, side == 1 ? -INFINITY : INFINITY);
		row[thresholds->entries[k].feature] = value;
	}
}

/* Rows in blocks and one by one, on every path that the processor has; returns comparisons. */
static size_t
assert_same_bits(Forest *forest, const float *rows, const float *expected, size_t n, uint64_t seed)
{
	float margins[ROWS_PER_MODEL];
	size_t compared = 0;

	for (int path = 0; path < FOREST_PATHS; path++)
	{
		if (!forest_use_path(forest, (ForestPath) path) || (int) forest->path != path)
			continue;
		forest_margins(forest, rows, forest->n_features, n, margins);
		for (size_t i = 0; i < n; i++)
		{
			float alone = forest_margin(forest, rows + i * forest->n_features);

			if (memcmp(&margins[i], &expected[i], sizeof(float)) != 0 ||
			    memcmp(&alone, &expected[i], sizeof(float)) != 0)
				fail_msg("model of seed %llu, row %zu, %s: margins %a in a block and %a alone "
				         "instead of XGBoost's %a",
				         (unsigned long long) seed, i, forest_path_name(forest->path), margins[i],
				         alone, expected[i]);
		}
		compared += n;
	}
	return compared;
}

/*
 * The rows of one class by a fresh matrix (XGBoost keeps predictions by matrix).
 * A matrix takes an infinity only if the other one stands for missing.
 */
static size_t
compare_class(BoosterHandle booster, Forest *forest, const float *rows, uint64_t seed, bool plus,
              bool minus)
{
	size_t width = forest->n_features;
	float *selected = malloc(ROWS_PER_MODEL * width * sizeof(float));
	float expected[ROWS_PER_MODEL];
	size_t n = 0;

	for (size_t r = 0; r < ROWS_PER_MODEL; r++)
	{
		bool has_plus = false;
		bool has_minus = false;

		for (size_t c = 0; c < width; c++)
		{
			has_plus |= rows[r * width + c] == INFINITY;
			has_minus |= rows[r * width + c] == -INFINITY;
		}
		if (has_plus == plus && has_minus == minus)
			memcpy(selected + n++ * width, rows + r * width, width * sizeof(float));
	}
	if (n > 0 && !(plus && minus))
	{
		DMatrixHandle matrix =
		    matrix_create(selected, n, width, plus ? -INFINITY : (minus ? INFINITY : NAN));

		booster_margins(booster, matrix, expected, n);
		XGBOOST_CHECK(XGDMatrixFree(matrix));
		assert_same_bits(forest, selected, expected, n, seed);
	}
	free(selected);
	return plus && minus ? 0 : n;
}

static void
compare_model(const Data *data, BoosterHandle booster, RandomState *random, uint64_t seed,
              Coverage *coverage)
{
	float *rows = malloc(ROWS_PER_MODEL * data->width * sizeof(float));
	float expected[ROWS_PER_MODEL];
	ForestSession session;
	Thresholds thresholds;
	CoreError error;
	size_t size;
	const char *model = booster_save(booster, &size);

	if (!forest_session_create(model, size, NULL, &session, &error))
		fail_msg("model of seed %llu: %s", (unsigned long long) seed, error.message);
	note_layout(&session.forest, coverage);
	note_size(&session.forest, coverage);
	thresholds = collect_thresholds(model, size);
	for (size_t k = 0; k < thresholds.n; k++)
		coverage->denormal_thresholds += fpclassify(thresholds.entries[k].value) == FP_SUBNORMAL;
	for (size_t r = 0; r < ROWS_PER_MODEL; r++)
		draw_row(random, data, &thresholds, rows + r * data->width);
	for (size_t c = 0; c < data->width; c++)
	{
		rows[c] = NAN;
		rows[data->width + c] = INFINITY;
		rows[2 * data->width + c] = -INFINITY;
	}
	booster_margins_in_place(booster, rows, ROWS_PER_MODEL, data->width, expected);
	coverage->triples += assert_same_bits(&session.forest, rows, expected, ROWS_PER_MODEL, seed);
	for (int infinities = 0; infinities < 4; infinities++)
		coverage->by_matrix +=
		    compare_class(booster, &session.forest, rows, seed, infinities & 1, infinities & 2);
	free(thresholds.entries);
	forest_session_free(&session);
	free(rows);
}

static void
margins_equal_those_of_xgboost(void **state)
{
	uint64_t n_models = environment_number("EXACTNESS_MODELS", DEFAULT_MODELS);
	uint64_t first = environment_number("EXACTNESS_SEED", 1);
	Data *data = malloc(sizeof(Data));
	Coverage coverage = {.fewest_trees = UINT32_MAX, .fewest_features = UINT32_MAX};

	for (uint64_t seed = first; seed < first + n_models; seed++)
	{
		RandomState random;
		BoosterHandle booster;
		bool categories;

		random_seed(&random, seed, 0);
		categories = chance(&random, 0.4);
		draw_data(&random, data, categories, emphasis_of(seed));
		booster = train(&random, data, categories, emphasis_of(seed), &coverage);
		compare_model(data, booster, &random, seed, &coverage);
		XGBOOST_CHECK(XGBoosterFree(booster));
	}
	free(data);
	print_coverage(&coverage, n_models);
	assert_true(coverage.by_matrix > n_models * ROWS_PER_MODEL / 2);
	/* Other seeds may do without one or the other. */
	if (first != 1 || n_models < DEFAULT_MODELS)
		return;
	assert_coverage(&coverage, n_models, MAX_FEATURES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(margins_equal_those_of_xgboost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

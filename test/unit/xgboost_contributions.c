/*
 * xgboost_contributions.c
 *		Promise: contributions are those of XGBoost's pred_contribs, and add up to the
 *		margin.
 *
 * A property test. Random models (depths, growth, boosters, columns with missing
 * values and categories) are trained with XGBoost on random data, and random rows
 * are explained three times: by XGBoost, by TreeSHAP as it was published, in
 * float64, and by us. XGBoost computes in float32, and dividing its polynomials
 * loses digits on long paths; so a contribution may differ from XGBoost's by
 * TOLERANCE of the largest one of the row, and with paths of more than LONG_PATH
 * features by ten times as much. From the published algorithm in float64 it may
 * not differ by more than PUBLISHED_TOLERANCE.
 *
 *	 CONTRIBUTIONS_MODELS=500 CONTRIBUTIONS_SEED=7   more models, another seed
 */
#include "xgboost_session.h"

#include "core/forest_explain.h"
#include "core/random.h"
#include "forest_session.h"
#include "published_treeshap.h"

#define DEFAULT_MODELS 60
#define ROWS_PER_MODEL 24
#define MAX_FEATURES 40
#define MAX_TRAINING_ROWS 3000
#define TOLERANCE 1e-5
#define LONG_PATH 8
#define PUBLISHED_TOLERANCE 1e-9

typedef struct Data
{
	size_t n;
	size_t width;
	uint32_t n_categories[MAX_FEATURES]; /* 0: a number */
	double missing[MAX_FEATURES];        /* share */
	float values[MAX_TRAINING_ROWS * MAX_FEATURES];
	float labels[MAX_TRAINING_ROWS];
} Data;

/* The largest differences, and what has been tried. */
typedef struct Coverage
{
	size_t rows;
	size_t categorical;
	size_t long_paths;
	double from_xgboost;
	double from_xgboost_on_long_paths;
	double from_published;
	double from_margin;
} Coverage;

static uint64_t
environment_number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static bool
chance(RandomState *random, double probability)
{
	return random_uniform(random) < probability;
}

static float
draw_value(RandomState *random, const Data *data, size_t c)
{
	if (chance(random, data->missing[c]))
		return NAN;
	if (data->n_categories[c] > 0)
		return (float) random_below(random, data->n_categories[c]);
	/* Some columns with many values, some with few. */
	return c % 3 == 0 ? (float) random_below(random, 6)
	                  : (float) (random_uniform(random) + random_uniform(random) - 1);
}

static void
draw_data(RandomState *random, Data *data, bool categories, bool deep)
{
	static const size_t widths[] = {1, 2, 3, 5, 8, 12, 20, 40};

	data->width = widths[random_below(random, sizeof(widths) / sizeof(widths[0]))];
	data->n = 20 + random_below(random, MAX_TRAINING_ROWS - 20);
	if (deep)
	{
		data->width = MAX_FEATURES;
		data->n = MAX_TRAINING_ROWS;
	}
	for (size_t c = 0; c < data->width; c++)
	{
		data->n_categories[c] =
		    categories && c % 4 == 0 ? 2 + (uint32_t) random_below(random, 40) : 0;
		data->missing[c] = chance(random, 0.5) ? 0.3 * random_uniform(random) : 0;
	}
	for (size_t r = 0; r < data->n; r++)
	{
		double signal = 3 * random_uniform(random) - 1.5;

		for (size_t c = 0; c < data->width; c++)
		{
			float x = data->values[r * data->width + c] = draw_value(random, data, c);

			signal += isnan(x)                    ? 0.2
			          : data->n_categories[c] > 0 ? (double) (random_mix((uint64_t) x) % 3) - 1
			                                      : (double) x * (c % 2 == 0 ? 0.2 : -1);
		}
		data->labels[r] = signal > 0;
	}
	data->labels[0] = 0;
	data->labels[data->n - 1] = 1;
}

static void
set_types(const Data *data, DMatrixHandle matrix)
{
	const char *types[MAX_FEATURES];

	for (size_t c = 0; c < data->width; c++)
		types[c] = data->n_categories[c] > 0 ? "c" : "float";
	XGBOOST_CHECK(XGDMatrixSetStrFeatureInfo(matrix, "feature_type", types, data->width));
}

static BoosterHandle
train(RandomState *random, const Data *data, bool categories, bool deep)
{
	static const int rounds[] = {1, 2, 5, 10, 40, 120};
	DMatrixHandle matrix = matrix_create(data->values, data->n, data->width, NAN);
	BoosterHandle booster;
	int n_rounds = rounds[random_below(random, 6)];

	set_types(data, matrix);
	XGBOOST_CHECK(XGDMatrixSetFloatInfo(matrix, "label", data->labels, data->n));
	booster = booster_create(matrix);
	booster_set(booster, "objective", "binary:logistic");
	booster_set(booster, "seed", "%d", (int) random_below(random, 1000));
	booster_set(booster, "tree_method", categories || chance(random, 0.7) ? "hist" : "exact");
	if (categories || chance(random, 0.3))
	{
		booster_set(booster, "tree_method", "hist");
		booster_set(booster, "grow_policy", "lossguide");
		booster_set(booster, "max_leaves", "%d", 2 + (int) random_below(random, 100));
		booster_set(booster, "max_depth", "0");
	}
	else
		booster_set(booster, "max_depth", "%d", 1 + (int) random_below(random, 14));
	if (deep)
		booster_set(booster, "max_depth", "%d", 9 + (int) random_below(random, 12));
	if (chance(random, 0.2))
	{
		booster_set(booster, "num_parallel_tree", "%d", 2 + (int) random_below(random, 8));
		booster_set(booster, "subsample", "0.6");
		n_rounds = n_rounds > 10 ? 10 : n_rounds;
	}
	booster_set(booster, "eta", "%g", 0.05 + 0.8 * random_uniform(random));
	booster_set(booster, "min_child_weight", "%g", chance(random, 0.5) ? 0.0 : 1.0);
	booster_set(booster, "gamma", "%g", chance(random, 0.7) ? 0.0 : random_uniform(random));
	booster_set(booster, "max_cat_to_onehot", "%d", chance(random, 0.5) ? 1 : 50);
	for (int round = 0; round < n_rounds; round++)
		XGBOOST_CHECK(XGBoosterUpdateOneIter(booster, round, matrix));
	XGBOOST_CHECK(XGDMatrixFree(matrix));
	return booster;
}

/* As in training, or a missing value, a large one, a category that was never seen. */
static void
draw_row(RandomState *random, const Data *data, float *row)
{
	static const float odd[] = {NAN, 0, -0.0f, 1e30f, -1e30f, 3.5f, -2, 77, 0x1p-149f, 1e9f};
	double share = chance(random, 0.5) ? 0 : random_uniform(random);

	for (size_t c = 0; c < data->width; c++)
		row[c] =
		    chance(random, share) ? odd[random_below(random, 10)] : draw_value(random, data, c);
}

typedef struct Explained
{
	double ours[MAX_FEATURES];
	double published[MAX_FEATURES];
	const float *xgboost; /* and the expected margin behind them */
	double expected;
	float margin;
	bool long_paths;
} Explained;

static void
compare(const Explained *explained, size_t width, uint64_t seed, Coverage *coverage)
{
	double *from_xgboost =
	    explained->long_paths ? &coverage->from_xgboost_on_long_paths : &coverage->from_xgboost;
	double scale = fabs(explained->expected);
	double sum = explained->expected;

	for (size_t c = 0; c < width; c++)
	{
		scale = fmax(scale, fabs(explained->ours[c]));
		sum += explained->ours[c];
	}
	for (size_t c = 0; c <= width; c++)
	{
		double ours = c < width ? explained->ours[c] : explained->expected;
		double difference = fabs(ours - (double) explained->xgboost[c]) / scale;

		if (!(difference <= (explained->long_paths ? 10 : 1) * TOLERANCE))
			fail_msg("seed %llu, feature %zu: %.9g, and %.9g by XGBoost", (unsigned long long) seed,
			         c, ours, (double) explained->xgboost[c]);
		*from_xgboost = fmax(*from_xgboost, difference);
	}
	for (size_t c = 0; c < width; c++)
	{
		double difference = fabs(explained->ours[c] - explained->published[c]) / scale;

		if (!(difference <= PUBLISHED_TOLERANCE))
			fail_msg("seed %llu, feature %zu: %.17g, and %.17g by the published algorithm",
			         (unsigned long long) seed, c, explained->ours[c], explained->published[c]);
		coverage->from_published = fmax(coverage->from_published, difference);
	}
	/* The margin is a sum of float32. */
	if (!(fabs(sum - (double) explained->margin) <= TOLERANCE * scale))
		fail_msg("seed %llu: contributions add up to %.9g, the margin is %.9g",
		         (unsigned long long) seed, sum, (double) explained->margin);
	coverage->from_margin =
	    fmax(coverage->from_margin, fabs(sum - (double) explained->margin) / scale);
}

/* Distinct features on the longest path, by fours of points that it takes. */
static bool
has_long_paths(const ForestExplainer *explainer)
{
	for (uint32_t t = 0; t < explainer->forest.n_trees; t++)
		if (explainer->n_rules[t] * 2 * EXPLAIN_POINTS > LONG_PATH)
			return true;
	return false;
}

static void
compare_model(RandomState *random, const Data *data, BoosterHandle booster, uint64_t seed,
              Coverage *coverage)
{
	float rows[ROWS_PER_MODEL * MAX_FEATURES];
	float xgboost[ROWS_PER_MODEL * (MAX_FEATURES + 1)];
	ForestSession session;
	ForestExplainer explainer;
	XgboostModel trees;
	Explained explained;
	CoreError error;
	DMatrixHandle matrix;
	size_t size;
	const char *model = booster_save(booster, &size);

	if (!forest_session_create(model, size, NULL, &session, &error) ||
	    !xgboost_model_read(model, size, &core_malloc_allocator, &trees, &error) ||
	    !forest_explainer_open(&session.forest, model, size, &core_malloc_allocator,
	                           &core_malloc_allocator, &explainer, &error))
		fail_msg("model of seed %llu: %s", (unsigned long long) seed, error.message);
	for (size_t r = 0; r < ROWS_PER_MODEL; r++)
		draw_row(random, data, rows + r * data->width);
	matrix = matrix_create(rows, ROWS_PER_MODEL, data->width, NAN);
	set_types(data, matrix);
	booster_contributions(booster, matrix, xgboost, ROWS_PER_MODEL, data->width);
	explained.long_paths = has_long_paths(&explainer);
	explained.expected = explainer.expected;
	for (size_t r = 0; r < ROWS_PER_MODEL; r++)
	{
		const float *row = rows + r * data->width;

		forest_explain(&explainer, row, explained.ours);
		published_treeshap(&trees, row, explained.published);
		explained.xgboost = xgboost + r * (data->width + 1);
		explained.margin = forest_margin(&session.forest, row);
		compare(&explained, data->width, seed, coverage);
	}
	coverage->rows += ROWS_PER_MODEL;
	coverage->categorical += session.forest.n_category_words > 0;
	coverage->long_paths += explained.long_paths;
	XGBOOST_CHECK(XGDMatrixFree(matrix));
	forest_explainer_close(&explainer, &core_malloc_allocator);
	xgboost_model_release(&trees, &core_malloc_allocator);
	forest_session_free(&session);
}

static void
contributions_equal_those_of_xgboost(void **state)
{
	uint64_t n_models = environment_number("CONTRIBUTIONS_MODELS", DEFAULT_MODELS);
	uint64_t first = environment_number("CONTRIBUTIONS_SEED", 1);
	Data *data = malloc(sizeof(Data));
	Coverage coverage = {0};

	for (uint64_t seed = first; seed < first + n_models; seed++)
	{
		RandomState random;
		BoosterHandle booster;
		bool categories;

		random_seed(&random, seed, 0);
		categories = chance(&random, 0.4);
		draw_data(&random, data, categories, seed % 6 == 0);
		booster = train(&random, data, categories, seed % 6 == 0);
		compare_model(&random, data, booster, seed, &coverage);
		XGBOOST_CHECK(XGBoosterFree(booster));
	}
	free(data);
	print_message("# %llu models, %zu with categories, %zu with long paths; %zu rows\n",
	              (unsigned long long) n_models, coverage.categorical, coverage.long_paths,
	              coverage.rows);
	print_message("# largest difference from XGBoost %.1e, on long paths %.1e; from the published "
	              "algorithm %.1e; of the sum from the margin %.1e\n",
	              coverage.from_xgboost, coverage.from_xgboost_on_long_paths,
	              coverage.from_published, coverage.from_margin);
	/* Other seeds may do without one or the other. */
	if (first != 1 || n_models < DEFAULT_MODELS)
		return;
	assert_true(coverage.categorical > 5 && coverage.long_paths > 2);
	assert_true(n_models - coverage.long_paths > 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(contributions_equal_those_of_xgboost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

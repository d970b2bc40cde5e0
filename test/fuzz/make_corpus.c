/*
 * make_corpus.c
 *		Writes the seed corpus of fuzz_xgboost_model and fuzz_forest_image: a small
 *		model of each shape as XGBoost 1.7 writes it, and its image, the
 *		version as one byte instead of the first 32 bytes (which the fuzz program puts
 *		in front itself).
 */
// build: cc -std=gnu11 -O2 -ffp-contract=off -Isrc -Itest/unit test/fuzz/make_corpus.c src/core/*.c -lcmocka -lxgboost -lm -o build/make_corpus && build/make_corpus test/fuzz/corpus

#include "xgboost_session.h"

#include "core/forest_layout.h"
#include "forest_session.h"

#define ROWS 60
#define WIDTH 3

static void
write_file(const char *folder, const char *kind, const char *name, const void *bytes, size_t size)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s", folder, kind, name);
	file = fopen(path, "wb");
	if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
	{
		perror(path);
		exit(1);
	}
}

static DMatrixHandle
training_matrix(const char *type)
{
	const char *types[WIDTH] = {"float", type, "float"};
	static float values[ROWS * WIDTH];
	static float labels[ROWS];
	DMatrixHandle matrix;

	for (int r = 0; r < ROWS; r++)
	{
		values[r * WIDTH] = (float) (r * 7 % 31);
		values[r * WIDTH + 1] = (float) (r * 5 % 37);
		values[r * WIDTH + 2] = r % 9 == 0 ? NAN : (float) (r * 11 % 13) - 6.5f;
		labels[r] = r * 7 % 31 > 15 || r * 5 % 37 % 4 == 1;
	}
	matrix = matrix_create(values, ROWS, WIDTH, NAN);
	XGBOOST_CHECK(XGDMatrixSetStrFeatureInfo(matrix, "feature_type", types, WIDTH));
	XGBOOST_CHECK(XGDMatrixSetFloatInfo(matrix, "label", labels, ROWS));
	return matrix;
}

/* type of the second feature: "c" or "float"; name=value pairs, the last one NULL */
static void
make(const char *folder, const char *name, const char *type, const Calibration *calibration,
     int rounds, const char *const *parameters)
{
	DMatrixHandle matrix = training_matrix(type);
	BoosterHandle booster = booster_create(matrix);
	ForestSession session;
	CoreError error;
	const char *model;
	size_t size;

	booster_set(booster, "objective", "binary:logistic");
	booster_set(booster, "tree_method", "hist");
	booster_set(booster, "min_child_weight", "0");
	for (; *parameters != NULL; parameters += 2)
		booster_set(booster, parameters[0], "%s", parameters[1]);
	for (int round = 0; round < rounds; round++)
		XGBOOST_CHECK(XGBoosterUpdateOneIter(booster, round, matrix));
	model = booster_save(booster, &size);
	write_file(folder, "xgboost_model", name, model, size);
	if (!forest_session_create(model, size, calibration, &session, &error))
	{
		fprintf(stderr, "%s\n", error.message);
		exit(1);
	}
	((char *) session.image)[31] = FOREST_IMAGE_VERSION;
	write_file(folder, "forest_image", name, (char *) session.image + 31, session.size - 31);
	forest_session_free(&session);
	XGBOOST_CHECK(XGBoosterFree(booster));
	XGBOOST_CHECK(XGDMatrixFree(matrix));
}

int
main(int argc, char **argv)
{
	static const float margins[] = {-1, 0, 0.5f};
	static const double probabilities[] = {0.1, 0.4, 0.9};
	static const Calibration isotonic = {.method = CALIBRATION_ISOTONIC,
	                                     .n_points = 3,
	                                     .margins = margins,
	                                     .probabilities = probabilities};
	static const Calibration platt = {.method = CALIBRATION_PLATT, .slope = 1.5, .intercept = -1};

	if (argc != 2)
	{
		fprintf(stderr, "usage: make_corpus FOLDER\n");
		return 2;
	}
	make(argv[1], "sets", "c", &isotonic, 2,
	     (const char *[]){"max_depth", "3", "max_cat_to_onehot", "1", NULL});
	make(argv[1], "one_hot", "c", &platt, 2,
	     (const char *[]){"max_depth", "2", "max_cat_to_onehot", "99", "base_score", "0.0123",
	                      NULL});
	make(argv[1], "lossguide", "c", NULL, 1,
	     (const char *[]){"grow_policy", "lossguide", "max_leaves", "7", "max_depth", "0", NULL});
	make(argv[1], "random_forest", "c", NULL, 1,
	     (const char *[]){"num_parallel_tree", "3", "subsample", "0.7", "max_depth", "2", NULL});
	make(argv[1], "pruned", "c", NULL, 2, (const char *[]){"gamma", "4", "max_depth", "4", NULL});
	make(argv[1], "tails", "c", NULL, 1, (const char *[]){"max_depth", "8", "lambda", "0", NULL});
	make(argv[1], "chunks", "c", NULL, 1,
	     (const char *[]){"max_depth", "14", "lambda", "0", "max_cat_to_onehot", "99", NULL});
	make(argv[1], "no_trees", "c", NULL, 0, (const char *[]){NULL});
	make(argv[1], "numbers", "float", &platt, 2, (const char *[]){"max_depth", "3", NULL});
	make(argv[1], "numbers_tails", "float", NULL, 1,
	     (const char *[]){"max_depth", "8", "lambda", "0", NULL});
	make(argv[1], "numbers_chunks", "float", NULL, 1,
	     (const char *[]){"grow_policy", "lossguide", "max_depth", "14", "lambda", "0", NULL});
	return 0;
}

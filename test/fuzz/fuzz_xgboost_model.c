/*
 * fuzz_xgboost_model.c
 *		Any bytes give an image or an error; an image opens and is safe to evaluate.
 */
// build: make -f test/programs.mk build/fuzz/fuzz_xgboost_model && build/fuzz/fuzz_xgboost_model test/fuzz/corpus/xgboost_model

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/forest.h"
#include "core/forest_image.h"

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
evaluate(const Forest *forest)
{
	static const float values[] = {NAN, -INFINITY, INFINITY, 0, 1, 2, 33, 16777215, -1, 0.5f};
	float *row = malloc(forest->n_features * sizeof(float));

	for (size_t first = 0; first < sizeof(values) / sizeof(values[0]); first++)
	{
		for (uint32_t c = 0; c < forest->n_features; c++)
			row[c] = values[(first + c) % (sizeof(values) / sizeof(values[0]))];
		if (isnan(forest_margin(forest, row)))
			abort();
	}
	free(row);
}

static void
open_and_evaluate(const void *image, size_t size)
{
	void *aligned = aligned_alloc(FOREST_IMAGE_ALIGNMENT, size);
	Forest forest;
	CoreError error;

	memcpy(aligned, image, size);
	if (!forest_open(aligned, size, &forest, &error))
	{
		fprintf(stderr, "%s\n", error.message);
		abort();
	}
	evaluate(&forest);
	free(aligned);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const Calibration none = {.method = CALIBRATION_NONE};
	void *image;
	size_t image_size;
	CoreError error;

	if (!forest_image_from_xgboost(data, size, &none, &core_malloc_allocator, &image, &image_size,
	                               &error))
		return 0;
	open_and_evaluate(image, image_size);
	free(image);
	return 0;
}

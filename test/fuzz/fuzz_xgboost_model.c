/*
 * fuzz_xgboost_model.c
 *		Any bytes give an image or an error; an image opens and is safe to evaluate.
 *		The model it came from gives an explainer of it or an error; contributions
 *		are finite and add up to the margin.
 */
// build: make -f test/programs.mk build/fuzz/fuzz_xgboost_model && build/fuzz/fuzz_xgboost_model test/fuzz/corpus/xgboost_model

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/forest.h"
#include "core/forest_explain.h"
#include "core/forest_image.h"
#include "core/forest_layout.h"

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What rounding in the margin's float32 sum is measured by. */
static double
sum_of_magnitudes(const Forest *forest)
{
	double sum = fabs((double) forest->base_margin);

	for (uint32_t i = 0; i < forest->n_nodes; i++)
		if (forest->nodes[i].left == 0)
			sum += fabs((double) forest->nodes[i].value);
	return sum;
}

static void
explain(ForestExplainer *explainer, const float *row, float margin)
{
	const Forest *forest = &explainer->forest;
	double *contributions = malloc(forest->n_features * sizeof(double));
	double sum = explainer->expected;

	forest_explain(explainer, row, contributions);
	for (uint32_t c = 0; c < forest->n_features; c++)
		sum += contributions[c];
	if (!isfinite(sum) ||
	    (isfinite(margin) && !(fabs(sum - (double) margin) <=
	                           1e-6 * (1 + forest->n_trees) * sum_of_magnitudes(forest))))
		abort();
	free(contributions);
}

static void
evaluate(const Forest *forest, ForestExplainer *explainer)
{
	static const float values[] = {NAN, -INFINITY, INFINITY, 0, 1, 2, 33, 16777215, -1, 0.5f};
	float *row = malloc(forest->n_features * sizeof(float));

	for (size_t first = 0; first < sizeof(values) / sizeof(values[0]); first++)
	{
		for (uint32_t c = 0; c < forest->n_features; c++)
			row[c] = values[(first + c) % (sizeof(values) / sizeof(values[0]))];
		if (isnan(forest_margin(forest, row)))
			abort();
		if (explainer != NULL)
			explain(explainer, row, forest_margin(forest, row));
	}
	free(row);
}

static void
open_and_evaluate(const void *image, size_t size, const void *model, size_t model_size)
{
	void *aligned = aligned_alloc(FOREST_IMAGE_ALIGNMENT, size);
	Forest forest;
	ForestExplainer explainer;
	CoreError error;
	bool explainable;

	memcpy(aligned, image, size);
	if (!forest_open(aligned, size, &forest, &error))
	{
		fprintf(stderr, "%s\n", error.message);
		abort();
	}
	explainable = forest_explainer_open(&forest, model, model_size, &core_malloc_allocator,
	                                    &core_malloc_allocator, &explainer, &error);
	evaluate(&forest, explainable ? &explainer : NULL);
	if (explainable)
		forest_explainer_close(&explainer, &core_malloc_allocator);
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
	open_and_evaluate(image, image_size, data, size);
	free(image);
	return 0;
}

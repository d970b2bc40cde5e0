/*
 * fuzz_forest_image.c
 *		Any bytes are refused by forest_open or give a forest that is safe to evaluate.
 *
 * The input is an image without its first 32 bytes: magic, checksum, size,
 * version and number of sections are put in front, so that the fuzzer gets past them.
 */
// build: make -f test/programs.mk build/fuzz/fuzz_forest_image && build/fuzz/fuzz_forest_image test/fuzz/corpus/forest_image

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"
#include "core/forest_layout.h"

#define PREFIX offsetof(ForestHeader, n_features)

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
evaluate(const Forest *forest)
{
	static const float values[] = {NAN, -INFINITY, INFINITY, 0, 1, 2, 33, 16777215, -1, 0.5f};
	float *row = malloc(forest->n_features * sizeof(float));

	for (size_t first = 0; first < sizeof(values) / sizeof(values[0]); first++)
	{
		float margin;
		double probability;

		for (uint32_t c = 0; c < forest->n_features; c++)
			row[c] = values[(first + c) % (sizeof(values) / sizeof(values[0]))];
		margin = forest_margin(forest, row);
		probability = forest_probability(forest, margin);
		if (isnan(margin) || !(probability >= 0 && probability <= 1))
			abort();
	}
	free(row);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t image_size = (PREFIX + size) / FOREST_IMAGE_ALIGNMENT * FOREST_IMAGE_ALIGNMENT;
	ForestHeader header = {
	    .size = image_size, .version = FOREST_IMAGE_VERSION, .n_sections = FOREST_SECTIONS};
	uint8_t *image;
	Forest forest;
	CoreError error;

	if (image_size < sizeof(ForestHeader))
		return 0;
	image = aligned_alloc(FOREST_IMAGE_ALIGNMENT, image_size);
	memcpy(header.magic, FOREST_IMAGE_MAGIC, sizeof(header.magic));
	memcpy(image, &header, PREFIX);
	memcpy(image + PREFIX, data, image_size - PREFIX);
	header.checksum = checksum64(image + FOREST_CHECKSUM_START, image_size - FOREST_CHECKSUM_START);
	memcpy(image, &header, PREFIX);
	if (forest_open(image, image_size, &forest, &error))
		evaluate(&forest);
	free(image);
	return 0;
}

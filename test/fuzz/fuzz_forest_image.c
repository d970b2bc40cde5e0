/*
 * fuzz_forest_image.c
 *		Any bytes are refused by forest_open or give a forest that is safe to evaluate,
 *		on every path that the processor has, and on all of them with the same result.
 *
 * The input is a byte that chooses the version, then an image without its first
 * 32 bytes: magic, checksum, size, version and number of sections are put in
 * front, so that the fuzzer gets past them.
 */
// build: make -f test/programs.mk build/fuzz/fuzz_forest_image && build/fuzz/fuzz_forest_image test/fuzz/corpus/forest_image

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"
#include "core/forest_image.h"
#include "core/forest_layout.h"

#define ROWS 64 /* a whole block */
#define PREFIX offsetof(ForestHeader, n_features)

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The margin that all paths agree on, alone and in a block. */
static float
margin_on_every_path(Forest *forest, const float *row)
{
	float expected = 0;

	for (int path = 0; path < FOREST_PATHS; path++)
	{
		float margins[1 + ROWS];

		if (!forest_use_path(forest, (ForestPath) path))
			continue;
		margins[0] = forest_margin(forest, row);
		forest_margins(forest, row, 0, ROWS, &margins[1]);
		if (path == FOREST_PATH_NODES)
			expected = margins[0];
		if (memcmp(&margins[0], &expected, sizeof(float)) != 0 ||
		    memcmp(&margins[1], &expected, sizeof(float)) != 0 ||
		    memcmp(&margins[ROWS], &expected, sizeof(float)) != 0)
			abort();
	}
	return expected;
}

static void
evaluate(Forest *forest)
{
	static const float values[] = {NAN, -INFINITY, INFINITY, 0, 1, 2, 33, 16777215, -1, 0.5f};
	float *row = malloc(forest->n_features * sizeof(float));

	for (size_t first = 0; first < sizeof(values) / sizeof(values[0]); first++)
	{
		float margin;
		double probability;

		for (uint32_t c = 0; c < forest->n_features; c++)
			row[c] = values[(first + c) % (sizeof(values) / sizeof(values[0]))];
		margin = margin_on_every_path(forest, row);
		probability = forest_probability(forest, margin);
		if (isnan(margin) || !(probability >= 0 && probability <= 1))
			abort();
	}
	free(row);
}

/* A forest without a layout can be laid out, and then goes down every path. */
static void
evaluate_laid_out(const Forest *old)
{
	void *image;
	void *aligned;
	size_t size;
	Forest forest;
	CoreError error;

	if (!forest_image_from_forest(old, &core_malloc_allocator, &image, &size, &error))
		return;
	aligned = aligned_alloc(FOREST_IMAGE_ALIGNMENT, size);
	memcpy(aligned, image, size);
	if (!forest_open(aligned, size, &forest, &error))
		abort();
	evaluate(&forest);
	free(aligned);
	free(image);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t version = size > 0 && data[0] == 1 ? 1 : FOREST_IMAGE_VERSION;
	size_t rest = size > 0 ? size - 1 : 0;
	size_t image_size = (PREFIX + rest) / FOREST_IMAGE_ALIGNMENT * FOREST_IMAGE_ALIGNMENT;
	ForestHeader header = {
	    .size = image_size, .version = version, .n_sections = forest_sections_of_version(version)};
	uint8_t *image;
	Forest forest;
	CoreError error;

	if (image_size < forest_header_size(version))
		return 0;
	image = aligned_alloc(FOREST_IMAGE_ALIGNMENT, image_size);
	memcpy(header.magic, FOREST_IMAGE_MAGIC, sizeof(header.magic));
	memcpy(image, &header, PREFIX);
	memcpy(image + PREFIX, data + 1, image_size - PREFIX);
	header.checksum = checksum64(image + FOREST_CHECKSUM_START, image_size - FOREST_CHECKSUM_START);
	memcpy(image, &header, PREFIX);
	if (forest_open(image, image_size, &forest, &error))
	{
		evaluate(&forest);
		if (forest.image_version < FOREST_IMAGE_VERSION)
			evaluate_laid_out(&forest);
	}
	free(image);
	return 0;
}

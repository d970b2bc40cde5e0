/*
 * fuzz_forest_image.c
 *		Any bytes are refused by forest_open or give a forest that is safe to evaluate,
 *		on every path that the processor has, and on all of them with the same result.
 *
 * The nodes of a layout that stands alone can be read back, and laid out again they are the same
 * trees.
 *
 * The input is a byte that is the version (the newest if it is none), then an image without its first
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
#define N_VALUES 10
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

/* Margins of a row for each of the values that it may begin with. */
static void
evaluate(Forest *forest, float *margins)
{
	static const float values[N_VALUES] = {NAN, -INFINITY, INFINITY, 0,  1,
	                                       2,   33,        16777215, -1, 0.5f};
	float *row = malloc(forest->n_features * sizeof(float));

	for (size_t first = 0; first < N_VALUES; first++)
	{
		double probability;

		for (uint32_t c = 0; c < forest->n_features; c++)
			row[c] = values[(first + c) % N_VALUES];
		margins[first] = margin_on_every_path(forest, row);
		probability = forest_probability(forest, margins[first]);
		if (isnan(margins[first]) || !(probability >= 0 && probability <= 1))
			abort();
	}
	free(row);
}

/* Laid out anew, a forest has the same trees, and goes down every path with the same margins. */
static void
evaluate_laid_out(Forest *old)
{
	float margins[N_VALUES];
	float margins_again[N_VALUES];
	void *image;
	void *aligned;
	size_t size;
	Forest forest;
	CoreError error;

	evaluate(old, margins);
	if (!forest_image_from_forest(old, &core_malloc_allocator, &image, &size, &error))
		return;
	aligned = aligned_alloc(FOREST_IMAGE_ALIGNMENT, size);
	memcpy(aligned, image, size);
	if (!forest_open(aligned, size, &forest, &error) ||
	    !forest_make_nodes(&forest, &core_malloc_allocator, &error))
		abort();
	evaluate(&forest, margins_again);
	if (forest.n_nodes != old->n_nodes || memcmp(margins, margins_again, sizeof(margins)) != 0)
		abort();
	forest_release_nodes(&forest, &core_malloc_allocator);
	free(aligned);
	free(image);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool is_old =
	    size > 0 && data[0] >= FOREST_IMAGE_OLDEST_VERSION && data[0] < FOREST_IMAGE_VERSION;
	uint32_t version = is_old ? data[0] : FOREST_IMAGE_VERSION;
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
		if (!forest_make_nodes(&forest, &core_malloc_allocator, &error))
			abort();
		evaluate_laid_out(&forest);
		forest_release_nodes(&forest, &core_malloc_allocator);
	}
	free(image);
	return 0;
}

/*
 * forest_open.c
 *		Verifies an image in full and describes the forest in it.
 *
 * After verification the evaluation needs no check of its own: each index it
 * follows stays inside its section, each walk ends, each value is finite. A
 * layout without freedom (breadth-first order, no gaps, zeros where nothing is
 * said) makes that one pass without memory. Nothing is trusted because of the
 * checksum: that finds accidents, the rest refuses forgeries.
 */
#include <math.h>
#include <string.h>

#include "core/checksum.h"
#include "core/forest_layout.h"

static bool
fail_image(CoreError *error, const char *reason)
{
	return core_fail(error, "forest image is damaged: %s", reason);
}

static bool
all_zero(const uint8_t *bytes, uint64_t size)
{
	for (uint64_t i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static bool
verify_header(const ForestHeader *header, size_t size, CoreError *error)
{
	if (size < forest_header_size(FOREST_IMAGE_OLDEST_VERSION))
		return fail_image(error, "it is too short");
	if (memcmp(header->magic, FOREST_IMAGE_MAGIC, sizeof(header->magic)) != 0)
		return core_fail(error, "not a forest image");
	if (header->version < FOREST_IMAGE_OLDEST_VERSION || header->version > FOREST_IMAGE_VERSION)
		return core_fail(error,
		                 "forest image has version %u, but this library reads versions %d to %d",
		                 header->version, FOREST_IMAGE_OLDEST_VERSION, FOREST_IMAGE_VERSION);
	if (size < forest_header_size(header->version))
		return fail_image(error, "it is too short");
	if (header->size != size || size % FOREST_IMAGE_ALIGNMENT != 0)
		return fail_image(error, "its size is not the recorded one");
	if (header->checksum !=
	    checksum64((const uint8_t *) header + FOREST_CHECKSUM_START, size - FOREST_CHECKSUM_START))
		return fail_image(error, "the checksum does not match");
	if (header->n_sections != forest_sections_of_version(header->version) ||
	    !all_zero(header->reserved, sizeof(header->reserved)))
		return fail_image(error, "the header is not of its version");
	if (header->n_trees > (header->version < FOREST_FIRST_VERSION_ALONE ? 0 : FOREST_MAX_TREES))
		return fail_image(error, "the number of trees is out of range");
	if (header->n_features < 1 || header->n_features > FOREST_MAX_FEATURES)
		return fail_image(error, "the number of features is out of range");
	if (!isfinite(header->base_margin))
		return fail_image(error, "the base margin is not finite");
	return true;
}

/* Sections follow each other in order, each at the next aligned offset, up to the end. */
static bool
verify_sections(const ForestHeader *header, CoreError *error)
{
	const uint8_t *image = (const uint8_t *) header;
	uint64_t end = forest_header_size(header->version);

	for (uint32_t kind = 0; kind < header->n_sections; kind++)
	{
		const ForestSection *section = &header->sections[kind];
		uint64_t offset = forest_align(end);

		if (section->kind != kind || section->element_size != forest_element_sizes[kind] ||
		    section->offset != offset || offset > header->size ||
		    section->count > (header->size - offset) / section->element_size)
			return fail_image(error, "a section is out of place");
		if (!all_zero(image + end, offset - end))
			return fail_image(error, "there are bytes between sections");
		end = offset + section->count * section->element_size;
	}
	if (forest_align(end) != header->size || !all_zero(image + end, header->size - end))
		return fail_image(error, "there are bytes behind the last section");
	if (header->sections[FOREST_SECTION_ROOTS].count > FOREST_MAX_TREES ||
	    header->sections[FOREST_SECTION_NODES].count > FOREST_MAX_NODES ||
	    header->sections[FOREST_SECTION_CATEGORIES].count > FOREST_MAX_CATEGORY_WORDS)
		return fail_image(error, "a section is too large");
	return true;
}

/* The set that begins at *next, where the set before it ended; *next moves behind it. */
static bool
verify_categories(const Forest *forest, const ForestNode *node, uint32_t *next)
{
	uint32_t left = forest->n_category_words - *next;
	uint32_t n_words;

	if (node->categories != *next || left < 2)
		return false;
	n_words = forest->categories[*next];
	if (n_words < 1 || n_words > left - 1 || n_words > FOREST_MAX_CATEGORY / 32 ||
	    forest->categories[*next + n_words] == 0)
		return false;
	*next += 1 + n_words;
	return true;
}

static bool
verify_split(const Forest *forest, const ForestNode *node, uint32_t *next_category)
{
	if (node->feature >= forest->n_features)
		return false;
	if (node->flags & ~(FOREST_NODE_DEFAULT_LEFT | FOREST_NODE_CATEGORICAL))
		return false;
	if (node->flags & FOREST_NODE_CATEGORICAL)
		return node->value == 0 && verify_categories(forest, node, next_category);
	return !isnan(node->value) && node->categories == 0;
}

/*
 * The nodes first .. last - 1 of one tree. In breadth-first order the children
 * of each split are the next two nodes that have no parent yet: then every
 * node but the first has exactly one parent, before it and in the same tree.
 */
static bool
verify_tree(const Forest *forest, uint32_t first, uint32_t last, uint32_t *next_category)
{
	uint32_t next_child = first + 1;

	for (uint32_t i = first; i < last; i++)
	{
		const ForestNode *node = &forest->nodes[i];

		/* A node that no parent before it has reached. */
		if (i >= next_child)
			return false;
		if (node->left == 0)
		{
			if (!isfinite(node->value) || node->feature != 0 || node->flags != 0 ||
			    node->categories != 0)
				return false;
			continue;
		}
		if (node->left != next_child - i || last - next_child < 2 ||
		    !verify_split(forest, node, next_category))
			return false;
		next_child += 2;
	}
	return next_child == last;
}

static bool
verify_trees(const Forest *forest, uint64_t n_roots, CoreError *error)
{
	uint32_t next_category = 0;
	uint32_t last = 0;

	if (forest->n_trees != n_roots)
		return fail_image(error, "there is not a root for each tree");
	for (uint32_t t = 0; t < forest->n_trees; t++)
	{
		uint32_t first = forest->roots[t];

		if (first != last)
			return fail_image(error, "a tree is out of place");
		last = t + 1 < forest->n_trees ? forest->roots[t + 1] : forest->n_nodes;
		if (last <= first || last > forest->n_nodes)
			return fail_image(error, "a tree is out of place");
		if (!verify_tree(forest, first, last, &next_category))
			return core_fail(error, "forest image is damaged: tree %u is not a tree", t);
	}
	if (last != forest->n_nodes || next_category != forest->n_category_words)
		return fail_image(error, "there are nodes or categories outside of trees");
	return true;
}

static uint64_t
double_bits(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static bool
describe_calibration(const ForestHeader *header, Calibration *calibration, CoreError *error)
{
	const ForestSection *sections = header->sections;
	const uint8_t *image = (const uint8_t *) header;
	const ForestCalibration *stored =
	    (const ForestCalibration *) (image + sections[FOREST_SECTION_CALIBRATION].offset);
	uint64_t n_points = sections[FOREST_SECTION_CALIBRATION_MARGINS].count;

	if (sections[FOREST_SECTION_CALIBRATION].count != 1 || n_points > UINT32_MAX ||
	    sections[FOREST_SECTION_CALIBRATION_PROBABILITIES].count != n_points ||
	    stored->reserved != 0 || stored->method > CALIBRATION_ISOTONIC)
		return fail_image(error, "the calibration is malformed");
	if ((stored->method != CALIBRATION_ISOTONIC && n_points != 0) ||
	    (stored->method != CALIBRATION_PLATT &&
	     (double_bits(stored->slope) != 0 || double_bits(stored->intercept) != 0)))
		return fail_image(error, "the calibration is malformed");
	*calibration = (Calibration){
	    .method = (CalibrationMethod) stored->method,
	    .slope = stored->slope,
	    .intercept = stored->intercept,
	    .n_points = (uint32_t) n_points,
	    .margins = (const float *) (image + sections[FOREST_SECTION_CALIBRATION_MARGINS].offset),
	    .probabilities =
	        (const double *) (image + sections[FOREST_SECTION_CALIBRATION_PROBABILITIES].offset)};
	return calibration_verify(calibration, error);
}

/* Nothing of the trees but their layout: forest_lanes_open() has to do with it. */
static bool
is_layout_alone(const ForestHeader *header)
{
	return header->version >= FOREST_FIRST_VERSION_ALONE && header->n_trees > 0 &&
	       header->sections[FOREST_SECTION_ROOTS].count == 0 &&
	       header->sections[FOREST_SECTION_NODES].count == 0 &&
	       header->sections[FOREST_SECTION_CATEGORIES].count == 0 &&
	       header->sections[FOREST_SECTION_TOPS].count > 0;
}

static void
describe_trees(const ForestHeader *header, Forest *forest)
{
	const ForestSection *sections = header->sections;
	const uint8_t *image = (const uint8_t *) header;

	forest->image_version = header->version;
	forest->n_features = header->n_features;
	forest->base_margin = header->base_margin;
	forest->n_trees = header->version < FOREST_FIRST_VERSION_ALONE
	                      ? (uint32_t) sections[FOREST_SECTION_ROOTS].count
	                      : header->n_trees;
	forest->categories = (const uint32_t *) (image + sections[FOREST_SECTION_CATEGORIES].offset);
	if (is_layout_alone(header))
		return;
	forest->n_nodes = (uint32_t) sections[FOREST_SECTION_NODES].count;
	forest->n_category_words = (uint32_t) sections[FOREST_SECTION_CATEGORIES].count;
	forest->roots = (const uint32_t *) (image + sections[FOREST_SECTION_ROOTS].offset);
	forest->nodes = (const ForestNode *) (image + sections[FOREST_SECTION_NODES].offset);
}

bool
forest_open(const void *image, size_t size, Forest *forest, CoreError *error)
{
	const ForestHeader *header = image;

	memset(forest, 0, sizeof(*forest));
	if (!FOREST_IMAGE_READABLE)
		return core_fail(error, "forest images need a little-endian machine");
	if ((uintptr_t) image % FOREST_IMAGE_ALIGNMENT != 0)
		return core_fail(error, "forest image is not aligned in memory");
	if (!verify_header(header, size, error) || !verify_sections(header, error))
		return false;
	describe_trees(header, forest);
	if ((forest->nodes != NULL &&
	     !verify_trees(forest, header->sections[FOREST_SECTION_ROOTS].count, error)) ||
	    !describe_calibration(header, &forest->calibration, error))
		return false;
	if (header->version > 1 && !forest_lanes_open(header, forest, error))
		return false;
	return forest_use_path(forest, forest_path_best());
}

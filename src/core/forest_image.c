/*
 * forest_image.c
 *		Writes the image of a forest (forest_layout.h).
 *
 * The image of a model is a function of the model and the calibration alone:
 * gaps and unused fields are zero, so equal models have equal bytes.
 */
#include "core/forest_image.h"

#include <string.h>

#include "core/checksum.h"
#include "core/forest_layout.h"
#include "core/xgboost_model.h"

/* Where the writing of the nodes has got to. */
typedef struct ForestWriter
{
	uint32_t *roots;
	ForestNode *nodes;
	uint32_t *categories;
	uint32_t n_nodes;
	uint32_t n_category_words;
} ForestWriter;

/* Words of the bit set of a node: up to its highest category. */
static uint32_t
category_set_words(const XgboostTree *tree, const XgboostNode *node)
{
	uint32_t highest = 0;

	for (uint32_t i = 0; i < node->n_categories; i++)
		if (tree->categories[node->first_category + i] > highest)
			highest = tree->categories[node->first_category + i];
	return highest / 32 + 1;
}

/*
 * Numbers of nodes and words of all trees; false where an image cannot hold
 * them. A few bytes of a hostile model can ask for a set of half a megabyte,
 * hence the limit on words before anything is allocated.
 */
static bool
count_elements(const XgboostModel *model, uint64_t *n_nodes, uint64_t *n_words, CoreError *error)
{
	*n_nodes = *n_words = 0;
	for (uint32_t t = 0; t < model->n_trees; t++)
	{
		const XgboostTree *tree = &model->trees[t];

		*n_nodes += tree->n_nodes;
		for (uint32_t i = 0; i < tree->n_nodes; i++)
			if (tree->nodes[i].is_categorical)
				*n_words += 1 + category_set_words(tree, &tree->nodes[i]);
	}
	if (model->n_features > FOREST_MAX_FEATURES)
		return core_fail(error, "model has %u features; at most %d are supported",
		                 model->n_features, FOREST_MAX_FEATURES);
	if (model->n_trees > FOREST_MAX_TREES || *n_nodes > FOREST_MAX_NODES ||
	    *n_words > FOREST_MAX_CATEGORY_WORDS)
		return core_fail(
		    error, "model is too large: %u trees, %llu nodes, %llu words of categories",
		    model->n_trees, (unsigned long long) *n_nodes, (unsigned long long) *n_words);
	return true;
}

static void
write_categories(ForestWriter *writer, const XgboostTree *tree, const XgboostNode *node)
{
	uint32_t *set = writer->categories + writer->n_category_words;
	uint32_t n_words = category_set_words(tree, node);

	set[0] = n_words;
	for (uint32_t i = 0; i < node->n_categories; i++)
	{
		uint32_t category = tree->categories[node->first_category + i];

		set[1 + category / 32] |= 1u << category % 32;
	}
	writer->n_category_words += 1 + n_words;
}

static void
write_node(ForestWriter *writer, const XgboostTree *tree, uint32_t i)
{
	const XgboostNode *from = &tree->nodes[i];
	ForestNode *to = &writer->nodes[writer->n_nodes++];

	to->value = from->value;
	if (from->left == 0)
		return;
	to->left = from->left - i;
	to->feature = (uint16_t) from->feature;
	to->flags = from->default_left ? FOREST_NODE_DEFAULT_LEFT : 0;
	if (from->is_categorical)
	{
		to->flags |= FOREST_NODE_CATEGORICAL;
		to->categories = writer->n_category_words;
		write_categories(writer, tree, from);
	}
}

static void
write_trees(ForestWriter *writer, const XgboostModel *model)
{
	for (uint32_t t = 0; t < model->n_trees; t++)
	{
		writer->roots[t] = writer->n_nodes;
		for (uint32_t i = 0; i < model->trees[t].n_nodes; i++)
			write_node(writer, &model->trees[t], i);
	}
}

/* Places the sections one behind the other and returns the size of the image. */
static uint64_t
place_sections(ForestHeader *header, const uint64_t counts[FOREST_SECTIONS])
{
	uint64_t offset = forest_align(sizeof(ForestHeader));

	for (uint32_t kind = 0; kind < FOREST_SECTIONS; kind++)
	{
		header->sections[kind] =
		    (ForestSection){kind, forest_element_sizes[kind], offset, counts[kind]};
		offset = forest_align(offset + counts[kind] * forest_element_sizes[kind]);
	}
	return offset;
}

/* Fields that the method does not use are not looked at. */
static void
write_calibration(uint8_t *image, const ForestSection *sections, const Calibration *calibration)
{
	ForestCalibration stored = {.method = calibration->method};

	if (calibration->method == CALIBRATION_PLATT)
	{
		stored.slope = calibration->slope;
		stored.intercept = calibration->intercept;
	}
	memcpy(image + sections[FOREST_SECTION_CALIBRATION].offset, &stored, sizeof(stored));
	if (calibration->method == CALIBRATION_ISOTONIC)
	{
		memcpy(image + sections[FOREST_SECTION_CALIBRATION_MARGINS].offset, calibration->margins,
		       calibration->n_points * sizeof(float));
		memcpy(image + sections[FOREST_SECTION_CALIBRATION_PROBABILITIES].offset,
		       calibration->probabilities, calibration->n_points * sizeof(double));
	}
}

/* Everything behind the header, into an image of zeros. */
static void
write_sections(uint8_t *image, const ForestSection *sections, const XgboostModel *model,
               const Calibration *calibration)
{
	ForestWriter writer = {.roots = (uint32_t *) (image + sections[FOREST_SECTION_ROOTS].offset),
	                       .nodes = (ForestNode *) (image + sections[FOREST_SECTION_NODES].offset),
	                       .categories =
	                           (uint32_t *) (image + sections[FOREST_SECTION_CATEGORIES].offset)};

	write_trees(&writer, model);
	write_calibration(image, sections, calibration);
}

static bool
write_image(const XgboostModel *model, const Calibration *calibration,
            const CoreAllocator *allocator, void **image, size_t *image_size, CoreError *error)
{
	uint64_t counts[FOREST_SECTIONS] = {0};
	ForestHeader header = {.version = FOREST_IMAGE_VERSION,
	                       .n_sections = FOREST_SECTIONS,
	                       .n_features = model->n_features,
	                       .base_margin = model->base_margin};
	uint64_t n_points = calibration->method == CALIBRATION_ISOTONIC ? calibration->n_points : 0;
	uint8_t *bytes;

	if (!count_elements(model, &counts[FOREST_SECTION_NODES], &counts[FOREST_SECTION_CATEGORIES],
	                    error))
		return false;
	counts[FOREST_SECTION_ROOTS] = model->n_trees;
	counts[FOREST_SECTION_CALIBRATION] = 1;
	counts[FOREST_SECTION_CALIBRATION_MARGINS] = n_points;
	counts[FOREST_SECTION_CALIBRATION_PROBABILITIES] = n_points;
	header.size = place_sections(&header, counts);
	memcpy(header.magic, FOREST_IMAGE_MAGIC, sizeof(header.magic));
	if (header.size > SIZE_MAX)
		return core_fail(error, "out of memory");
	bytes = allocator->allocate(allocator->context, (size_t) header.size);
	if (bytes == NULL)
		return core_fail(error, "out of memory");
	memset(bytes, 0, (size_t) header.size);
	memcpy(bytes, &header, sizeof(header));
	write_sections(bytes, header.sections, model, calibration);
	header.checksum =
	    checksum64(bytes + FOREST_CHECKSUM_START, (size_t) header.size - FOREST_CHECKSUM_START);
	memcpy(bytes, &header, sizeof(header));
	*image = bytes;
	*image_size = (size_t) header.size;
	return true;
}

bool
forest_image_from_xgboost(const void *model, size_t model_size, const Calibration *calibration,
                          const CoreAllocator *allocator, void **image, size_t *image_size,
                          CoreError *error)
{
	XgboostModel trees;
	bool ok;

	if (!FOREST_IMAGE_READABLE)
		return core_fail(error, "forest images need a little-endian machine");
	if (!calibration_verify(calibration, error) ||
	    !xgboost_model_read(model, model_size, allocator, &trees, error))
		return false;
	ok = write_image(&trees, calibration, allocator, image, image_size, error);
	xgboost_model_release(&trees, allocator);
	return ok;
}

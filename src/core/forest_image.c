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
#include "core/forest_lanes_write.h"
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

/* The plain nodes of a forest, before its image has a place; zero where nothing is said. */
typedef struct PlainForest
{
	Forest forest;
	uint32_t *roots;
	ForestNode *nodes;
	uint32_t *categories;
} PlainForest;

static void
release_plain(PlainForest *plain, const CoreAllocator *allocator)
{
	allocator->release(allocator->context, plain->roots);
	allocator->release(allocator->context, plain->nodes);
	allocator->release(allocator->context, plain->categories);
}

static void *
allocate_zeros(const CoreAllocator *allocator, uint64_t count, size_t size)
{
	void *memory = count < SIZE_MAX / size
	                   ? allocator->allocate(allocator->context, (size_t) count * size)
	                   : NULL;

	if (memory != NULL)
		memset(memory, 0, (size_t) count * size);
	return memory;
}

static bool
build_plain(const XgboostModel *model, const CoreAllocator *allocator, PlainForest *plain,
            CoreError *error)
{
	uint64_t n_nodes;
	uint64_t n_words;
	ForestWriter writer = {0};

	memset(plain, 0, sizeof(*plain));
	if (!count_elements(model, &n_nodes, &n_words, error))
		return false;
	writer.roots = plain->roots = allocate_zeros(allocator, model->n_trees, sizeof(uint32_t));
	writer.nodes = plain->nodes = allocate_zeros(allocator, n_nodes, sizeof(ForestNode));
	writer.categories = plain->categories = allocate_zeros(allocator, n_words, sizeof(uint32_t));
	if (writer.roots == NULL || writer.nodes == NULL || writer.categories == NULL)
	{
		release_plain(plain, allocator);
		return core_fail(error, "out of memory");
	}
	write_trees(&writer, model);
	plain->forest = (Forest){.n_features = model->n_features,
	                         .n_trees = model->n_trees,
	                         .n_nodes = (uint32_t) n_nodes,
	                         .base_margin = model->base_margin,
	                         .roots = plain->roots,
	                         .nodes = plain->nodes,
	                         .categories = plain->categories,
	                         .n_category_words = (uint32_t) n_words};
	return true;
}

/* Everything behind the header, into an image of zeros. */
static void
write_sections(uint8_t *image, const LanesPlan *plan, const Calibration *calibration)
{
	ForestHeader *header = (ForestHeader *) image;
	const ForestSection *sections = header->sections;
	const Forest *forest = plan->forest;

	memcpy(image + sections[FOREST_SECTION_ROOTS].offset, forest->roots,
	       sections[FOREST_SECTION_ROOTS].count * sizeof(uint32_t));
	memcpy(image + sections[FOREST_SECTION_NODES].offset, forest->nodes,
	       sections[FOREST_SECTION_NODES].count * sizeof(ForestNode));
	memcpy(image + sections[FOREST_SECTION_CATEGORIES].offset, forest->categories,
	       forest->n_category_words * sizeof(uint32_t));
	write_calibration(image, sections, calibration);
	forest_lanes_write(plan, header);
}

/*
 * A layout says everything of its trees but which splits are categorical: then nodes would be the
 * same once more, to be read and verified by every session.
 */
static bool
layout_is_enough(const LanesPlan *plan)
{
	return plan->counts[FOREST_SECTION_TOPS] > 0 && plan->forest->n_category_words == 0;
}

static bool
write_image(const LanesPlan *plan, const Calibration *calibration, const CoreAllocator *allocator,
            void **image, size_t *image_size, CoreError *error)
{
	const Forest *forest = plan->forest;
	ForestHeader header = {.version = FOREST_IMAGE_VERSION,
	                       .n_sections = FOREST_SECTIONS,
	                       .n_features = forest->n_features,
	                       .base_margin = forest->base_margin,
	                       .n_trees = forest->n_trees};
	bool alone = layout_is_enough(plan);
	uint64_t n_points = calibration->method == CALIBRATION_ISOTONIC ? calibration->n_points : 0;
	uint64_t counts[FOREST_SECTIONS];
	uint8_t *bytes;

	memcpy(counts, plan->counts, sizeof(counts));
	counts[FOREST_SECTION_ROOTS] = alone ? 0 : forest->n_trees;
	counts[FOREST_SECTION_NODES] = alone ? 0 : forest->n_nodes;
	counts[FOREST_SECTION_CATEGORIES] = forest->n_category_words;
	counts[FOREST_SECTION_CALIBRATION] = 1;
	counts[FOREST_SECTION_CALIBRATION_MARGINS] = n_points;
	counts[FOREST_SECTION_CALIBRATION_PROBABILITIES] = n_points;
	header.size = place_sections(&header, counts);
	memcpy(header.magic, FOREST_IMAGE_MAGIC, sizeof(header.magic));
	bytes = allocate_zeros(allocator, header.size, 1);
	if (bytes == NULL)
		return core_fail(error, "out of memory");
	memcpy(bytes, &header, sizeof(header));
	write_sections(bytes, plan, calibration);
	header.checksum =
	    checksum64(bytes + FOREST_CHECKSUM_START, (size_t) header.size - FOREST_CHECKSUM_START);
	memcpy(bytes, &header, sizeof(header));
	*image = bytes;
	*image_size = (size_t) header.size;
	return true;
}

static bool
image_of_nodes(const Forest *forest, const Calibration *calibration, const CoreAllocator *allocator,
               void **image, size_t *image_size, CoreError *error)
{
	LanesPlan plan;
	bool ok;

	if (!forest_lanes_plan(forest, allocator, &plan, error))
		return false;
	ok = write_image(&plan, calibration, allocator, image, image_size, error);
	forest_lanes_release(&plan, allocator);
	return ok;
}

bool
forest_image_from_forest(const Forest *forest, const CoreAllocator *allocator, void **image,
                         size_t *image_size, CoreError *error)
{
	Forest with_nodes = *forest;
	bool ok;

	with_nodes.made_nodes = NULL;
	if (!forest_make_nodes(&with_nodes, allocator, error))
		return false;
	ok = image_of_nodes(&with_nodes, &forest->calibration, allocator, image, image_size, error);
	forest_release_nodes(&with_nodes, allocator);
	return ok;
}

static bool
image_of_model(const XgboostModel *model, const Calibration *calibration,
               const CoreAllocator *allocator, void **image, size_t *image_size, CoreError *error)
{
	PlainForest plain;
	bool ok;

	if (!build_plain(model, allocator, &plain, error))
		return false;
	ok = image_of_nodes(&plain.forest, calibration, allocator, image, image_size, error);
	release_plain(&plain, allocator);
	return ok;
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
	ok = image_of_model(&trees, calibration, allocator, image, image_size, error);
	xgboost_model_release(&trees, allocator);
	return ok;
}

/* As thresholds, the two zeros are one: a layout keeps one of them for all splits. */
static bool
same_node(const ForestNode *a, const ForestNode *b)
{
	bool same_value =
	    a->left != 0 ? a->value == b->value : memcmp(&a->value, &b->value, sizeof(a->value)) == 0;

	return same_value && a->left == b->left && a->feature == b->feature && a->flags == b->flags &&
	       a->categories == b->categories;
}

static bool
same_nodes(const Forest *a, const Forest *b)
{
	for (uint32_t i = 0; i < a->n_nodes; i++)
		if (!same_node(&a->nodes[i], &b->nodes[i]))
			return false;
	return true;
}

static bool
same_trees(const Forest *a, const Forest *b)
{
	return a->n_features == b->n_features && a->n_trees == b->n_trees && a->n_nodes == b->n_nodes &&
	       a->n_category_words == b->n_category_words &&
	       memcmp(&a->base_margin, &b->base_margin, sizeof(a->base_margin)) == 0 &&
	       memcmp(a->roots, b->roots, a->n_trees * sizeof(uint32_t)) == 0 &&
	       memcmp(a->categories, b->categories, a->n_category_words * sizeof(uint32_t)) == 0 &&
	       same_nodes(a, b);
}

bool
forest_is_of_model(const Forest *forest, const XgboostModel *model, const CoreAllocator *allocator,
                   CoreError *error)
{
	PlainForest plain;
	bool same;

	if (!build_plain(model, allocator, &plain, error))
		return false;
	same = same_trees(forest, &plain.forest);
	release_plain(&plain, allocator);
	return same || core_fail(error, "the trees of the model are not those of the image");
}

/*
 * test_forest_paths.c
 *		Promise: every path gives the margin of the plain nodes, bit for bit, for
 *		forests of any shape, with the sanitizers watching. (xgboost_exactness.c
 *		compares with XGBoost; here forests are drawn node by node, so that they
 *		have what XGBoost seldom makes.)
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/checksum.h"
#include "core/forest_layout.h"
#include "core/random.h"
#include "forest_session.h"

#define MAX_FEATURES 300
#define ROWS 100 /* a block and a part of one */

typedef struct Shape
{
	const char *name;
	uint32_t n_trees;
	uint32_t depth;
	double splits; /* share of nodes above the last level that are splits */
	uint32_t n_features;
	uint32_t n_values;  /* distinct thresholds of a feature; 0: many */
	double categorical; /* share of splits */
	uint32_t n_codes;
	ForestShape expected;
} Shape;

static const Shape shapes[] = {
    {"stumps", 3, 1, 1, 2, 3, 0, 0, FOREST_SHAPE_TOPS},
    {"one leaf each", 9, 0, 0, 1, 1, 0, 0, FOREST_SHAPE_TOPS},
    {"full depth 6", 40, 6, 1, 20, 40, 0, 0, FOREST_SHAPE_TOPS},
    {"a tile and one tree", 129, 3, 0.8, 20, 40, 0, 0, FOREST_SHAPE_TOPS},
    {"more than 64 slots", 40, 6, 0.9, 50, 40, 0, 0, FOREST_SHAPE_TOPS},
    {"more than 64 ranked features", 4, 5, 1, 100, 2, 0, 0, FOREST_SHAPE_TOPS},
    {"pages", 30, 6, 1, 3, 0, 0, 0, FOREST_SHAPE_TOPS},
    {"categories", 33, 6, 0.9, 8, 10, 0.5, 70, FOREST_SHAPE_TOPS},
    {"categories only", 9, 6, 0.9, 3, 1, 1, 5, FOREST_SHAPE_TOPS},
    {"depth 7", 17, 7, 0.9, 10, 30, 0, 0, FOREST_SHAPE_TAILS},
    {"full depth 8 with categories", 35, 8, 1, 12, 50, 0.3, 40, FOREST_SHAPE_TAILS},
    {"depth 8 with pages", 9, 8, 1, 3, 0, 0, 0, FOREST_SHAPE_TAILS},
    {"depth 12", 20, 12, 0.75, 30, 60, 0, 0, FOREST_SHAPE_CHUNKS},
    {"depth 12 with categories", 20, 12, 0.75, 30, 20, 0.4, 33, FOREST_SHAPE_CHUNKS},
    {"thin and deep", 150, 60, 0.3, 30, 40, 0.1, 9, FOREST_SHAPE_CHUNKS},
    {"more slots than a layout has", 40, 6, 1, 300, 9, 0, 0, FOREST_SHAPE_NONE},
};

/* A forest that is being drawn. */
typedef struct Draft
{
	Forest forest;
	uint32_t *roots;
	ForestNode *nodes;
	uint32_t *categories;
} Draft;

#define MAX_NODES 400000
#define MAX_WORDS 400000

static bool
chance(RandomState *random, double probability)
{
	return random_uniform(random) < probability;
}

static float
draw_threshold(RandomState *random, const Shape *shape)
{
	static const float odd[] = {0.0f,       -0.0f,     INFINITY, -INFINITY, 0x1p-149f,
	                            -0x1p-149f, 0x1p-126f, 3.4e38f,  -3.4e38f,  1};

	if (chance(random, 0.1))
		return odd[random_below(random, 10)];
	if (shape->n_values == 0)
		return (float) (random_uniform(random) * 100 - 50);
	return (float) random_below(random, shape->n_values) - (float) shape->n_values / 2;
}

static void
draw_set(RandomState *random, const Shape *shape, Draft *draft, ForestNode *node)
{
	uint32_t highest = (uint32_t) random_below(random, shape->n_codes);
	uint32_t *set = draft->categories + draft->forest.n_category_words;

	node->flags |= FOREST_NODE_CATEGORICAL;
	node->categories = draft->forest.n_category_words;
	set[0] = highest / 32 + 1;
	memset(set + 1, 0, set[0] * sizeof(uint32_t));
	for (uint32_t code = 0; code < highest; code++)
		set[1 + code / 32] |= (uint32_t) chance(random, 0.4) << code % 32;
	set[1 + highest / 32] |= 1u << highest % 32;
	draft->forest.n_category_words += 1 + set[0];
}

/* In breadth-first order; always one split at each level of the first branch, for the depth. */
static void
draw_tree(RandomState *random, const Shape *shape, Draft *draft)
{
	Forest *forest = &draft->forest;
	uint32_t first = forest->n_nodes++;
	uint32_t level_end = forest->n_nodes;
	uint32_t depth = 0;

	draft->roots[forest->n_trees++] = first;
	for (uint32_t i = first; i < forest->n_nodes; i++)
	{
		ForestNode *node = &draft->nodes[i];
		bool leads = i == first || i == level_end;

		if (i == level_end)
		{
			depth++;
			level_end = forest->n_nodes;
		}
		memset(node, 0, sizeof(*node));
		if (depth == shape->depth || !(leads || chance(random, shape->splits)))
		{
			node->value = (float) (random_uniform(random) - 0.5);
			continue;
		}
		node->left = forest->n_nodes - i;
		forest->n_nodes += 2;
		node->feature = (uint16_t) random_below(random, shape->n_features);
		node->flags = chance(random, 0.5) ? FOREST_NODE_DEFAULT_LEFT : 0;
		if (chance(random, shape->categorical))
			draw_set(random, shape, draft, node);
		else
			node->value = draw_threshold(random, shape);
	}
}

static void
draw_forest(RandomState *random, const Shape *shape, Draft *draft)
{
	memset(draft, 0, sizeof(*draft));
	draft->roots = malloc(shape->n_trees * sizeof(uint32_t));
	draft->nodes = malloc(MAX_NODES * sizeof(ForestNode));
	draft->categories = malloc(MAX_WORDS * sizeof(uint32_t));
	draft->forest.n_features = shape->n_features;
	draft->forest.base_margin = 0.25f;
	draft->forest.roots = draft->roots;
	draft->forest.nodes = draft->nodes;
	draft->forest.categories = draft->categories;
	for (uint32_t tree = 0; tree < shape->n_trees; tree++)
		draw_tree(random, shape, draft);
	assert_true(draft->forest.n_nodes <= MAX_NODES);
	assert_true(draft->forest.n_category_words <= MAX_WORDS);
}

static void
free_draft(Draft *draft)
{
	free(draft->roots);
	free(draft->nodes);
	free(draft->categories);
}

static ForestSession
session_of(const Forest *forest)
{
	ForestSession session;
	CoreError error;
	void *image;

	if (!forest_image_from_forest(forest, &core_malloc_allocator, &image, &session.size, &error))
		fail_msg("%s", error.message);
	session.image = forest_session_align(image, session.size);
	free(image);
	if (!forest_open(session.image, session.size, &session.forest, &error))
		fail_msg("%s", error.message);
	return session;
}

static float
draw_value(RandomState *random, const Shape *shape)
{
	static const float odd[] = {NAN, NAN, INFINITY, -INFINITY, 1e10f, 16777216, -1, 0.5f};

	if (chance(random, 0.2))
		return odd[random_below(random, 8)];
	if (shape->n_codes > 0 && chance(random, 0.5))
		return (float) random_below(random, shape->n_codes + 3);
	return draw_threshold(random, shape);
}

/* XGBoost's rule, written down once more, as plainly as can be. */
static float
margin_by_the_book(const Forest *forest, const float *row)
{
	float margin = forest->base_margin;

	for (uint32_t tree = 0; tree < forest->n_trees; tree++)
	{
		const ForestNode *node = &forest->nodes[forest->roots[tree]];

		while (node->left != 0)
		{
			float x = row[node->feature];
			const uint32_t *set = forest->categories + node->categories;
			bool left = x < node->value;

			if (node->flags & FOREST_NODE_CATEGORICAL)
				left = !(x >= 0 && x < 32.0f * (float) set[0] &&
				         set[1 + (uint32_t) x / 32] >> (uint32_t) x % 32 & 1);
			if (isnan(x))
				left = node->flags & FOREST_NODE_DEFAULT_LEFT;
			node += node->left + !left;
		}
		margin += node->value;
	}
	return margin;
}

static void
compare_paths(Forest *forest, const Shape *shape, const float *rows, size_t stride, size_t n)
{
	for (int path = 0; path < FOREST_PATHS; path++)
	{
		float margins[ROWS];

		if (!forest_use_path(forest, (ForestPath) path))
			continue;
		forest_margins(forest, rows, stride, n, margins);
		for (size_t r = 0; r < n; r++)
		{
			float expected = margin_by_the_book(forest, rows + r * stride);
			float alone = forest_margin(forest, rows + r * stride);

			if (memcmp(&margins[r], &expected, sizeof(float)) != 0 ||
			    memcmp(&alone, &expected, sizeof(float)) != 0)
				fail_msg("%s, %s, row %zu: %a in a block and %a alone instead of %a", shape->name,
				         forest_path_name((ForestPath) path), r, margins[r], alone, expected);
		}
	}
}

static void
every_path_gives_the_margin_of_the_nodes(void **state)
{
	RandomState random;

	random_seed(&random, 11, 0);
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
	{
		const Shape *shape = &shapes[s];
		size_t stride = shape->n_features + s % 3;
		float *rows = calloc(ROWS * stride, sizeof(float));
		ForestSession session;
		Draft draft;

		draw_forest(&random, shape, &draft);
		session = session_of(&draft.forest);
		if (session.forest.lanes.shape != shape->expected)
			fail_msg("%s: shape %d, %u slots", shape->name, (int) session.forest.lanes.shape,
			         session.forest.lanes.n_slots);
		for (size_t r = 0; r < ROWS; r++)
			for (size_t c = 0; c < shape->n_features; c++)
				rows[r * stride + c] = draw_value(&random, shape);
		for (size_t n = 1; n <= ROWS; n += n < 3 || n > 60 ? 1 : 19)
			compare_paths(&session.forest, shape, rows, stride, n);
		free(rows);
		forest_session_free(&session);
		free_draft(&draft);
	}
}

/* The same forest by way of its opened image has the same image. */
static void
an_image_can_be_written_again(void **state)
{
	RandomState random;

	random_seed(&random, 12, 0);
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
	{
		Draft draft;
		ForestSession one;
		ForestSession other;

		draw_forest(&random, &shapes[s], &draft);
		one = session_of(&draft.forest);
		other = session_of(&one.forest);
		assert_int_equal(one.size, other.size);
		assert_memory_equal(one.image, other.image, one.size);
		forest_session_free(&one);
		forest_session_free(&other);
		free_draft(&draft);
	}
}

static void
seal(ForestSession *session)
{
	ForestHeader *header = session->image;

	header->checksum = checksum64((uint8_t *) session->image + FOREST_CHECKSUM_START,
	                              session->size - FOREST_CHECKSUM_START);
}

/*
 * A byte of the layout changed, the checksum made right: refused, since it is not
 * of these trees, unless it means the same (the sign of a zero, another NaN).
 */
static void
a_layout_of_other_trees_is_refused(void **state)
{
	RandomState random;
	int accepted = 0;

	random_seed(&random, 13, 0);
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
	{
		float *rows = calloc(ROWS * shapes[s].n_features, sizeof(float));
		Draft draft;
		ForestSession session;
		const ForestHeader *header;
		size_t start;
		Forest forest;
		CoreError error;

		for (size_t i = 0; i < ROWS * shapes[s].n_features; i++)
			rows[i] = draw_value(&random, &shapes[s]);
		draw_forest(&random, &shapes[s], &draft);
		session = session_of(&draft.forest);
		header = session.image;
		start = header->sections[FOREST_SECTION_RANKED].offset;
		for (int i = 0; start < session.size && i < 60; i++)
		{
			uint8_t *byte =
			    (uint8_t *) session.image + start + random_below(&random, session.size - start);
			uint8_t original = *byte;

			*byte ^= (uint8_t) (1 + random_below(&random, 255));
			seal(&session);
			if (forest_open(session.image, session.size, &forest, &error))
			{
				compare_paths(&forest, &shapes[s], rows, shapes[s].n_features, ROWS);
				accepted++;
			}
			*byte = original;
		}
		free(rows);
		forest_session_free(&session);
		free_draft(&draft);
	}
	assert_true(accepted < 90);
}

/* The same image with two leaves more in its nodes, below the last node of the last tree. */
static ForestSession
with_a_deeper_tree(const ForestSession *session)
{
	const uint8_t *from = session->image;
	const ForestHeader *old = session->image;
	ForestHeader header = *old;
	ForestSession forged = {.size = session->size + 2 * FOREST_IMAGE_ALIGNMENT};
	uint64_t offset = forest_align(forest_header_size(old->version));
	ForestNode *last;

	forged.image = aligned_alloc(FOREST_IMAGE_ALIGNMENT, forged.size);
	memset(forged.image, 0, forged.size);
	header.sections[FOREST_SECTION_NODES].count += 2;
	for (uint32_t kind = 0; kind < header.n_sections; kind++)
	{
		ForestSection *section = &header.sections[kind];

		memcpy((uint8_t *) forged.image + offset, from + old->sections[kind].offset,
		       old->sections[kind].count * section->element_size);
		section->offset = offset;
		offset = forest_align(offset + section->count * section->element_size);
	}
	header.size = forged.size = offset;
	memcpy(forged.image, &header, forest_header_size(header.version));
	last =
	    (ForestNode *) ((uint8_t *) forged.image + header.sections[FOREST_SECTION_NODES].offset) +
	    session->forest.n_nodes - 1;
	assert_int_equal(last->left, 0);
	last->left = 1;
	last[1].value = 1000;
	last[2].value = -1000;
	seal(&forged);
	return forged;
}

/* A threshold of a seventh level must not be taken for a leaf of the sixth. */
static void
a_tree_deeper_than_its_layout_is_refused(void **state)
{
	RandomState random;
	int tried = 0;

	random_seed(&random, 15, 0);
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
	{
		const Shape *shape = &shapes[s];
		Draft draft;
		ForestSession session;
		ForestSession forged;
		CoreError error;

		if (shape->splits < 1 || (shape->depth != 6 && shape->depth != 8) ||
		    shape->expected == FOREST_SHAPE_NONE)
			continue;
		draw_forest(&random, shape, &draft);
		session = session_of(&draft.forest);
		forged = with_a_deeper_tree(&session);
		assert_false(forest_open(forged.image, forged.size, &forged.forest, &error));
		assert_non_null(strstr(error.message, "its layout is not that of its trees"));
		tried++;
		forest_session_free(&session);
		forest_session_free(&forged);
		free_draft(&draft);
	}
	assert_true(tried >= 4);
}

/* The sections of version 1 alone, as that version placed them. */
static ForestSession
as_version_1(const ForestSession *session)
{
	const uint8_t *from = session->image;
	ForestHeader header = *(const ForestHeader *) session->image;
	ForestSession old;
	uint64_t offset = forest_align(forest_header_size(1));

	header.version = 1;
	header.n_sections = FOREST_SECTIONS_OF_VERSION_1;
	old.image = aligned_alloc(FOREST_IMAGE_ALIGNMENT, session->size);
	memset(old.image, 0, session->size);
	for (int kind = 0; kind < FOREST_SECTIONS_OF_VERSION_1; kind++)
	{
		ForestSection *section = &header.sections[kind];
		uint64_t size = section->count * section->element_size;

		memcpy((uint8_t *) old.image + offset, from + section->offset, size);
		section->offset = offset;
		offset = forest_align(offset + size);
	}
	header.size = old.size = offset;
	memcpy(old.image, &header, forest_header_size(1));
	seal(&old);
	return old;
}

/* Forests of version 1 have no layout, and the same margins; written again, they have one. */
static void
images_of_version_1_are_read(void **state)
{
	RandomState random;

	random_seed(&random, 14, 0);
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
	{
		const Shape *shape = &shapes[s];
		float *rows = calloc(ROWS * shape->n_features, sizeof(float));
		ForestSession now;
		ForestSession old;
		ForestSession renewed;
		CoreError error;
		Draft draft;

		draw_forest(&random, shape, &draft);
		now = session_of(&draft.forest);
		old = as_version_1(&now);
		if (!forest_open(old.image, old.size, &old.forest, &error))
			fail_msg("%s", error.message);
		assert_int_equal(old.forest.path, FOREST_PATH_NODES);
		assert_int_equal(old.forest.image_version, 1);
		renewed = session_of(&old.forest);
		assert_int_equal(renewed.forest.image_version, FOREST_IMAGE_VERSION);
		assert_int_equal(renewed.size, now.size);
		assert_memory_equal(renewed.image, now.image, now.size);
		for (size_t i = 0; i < ROWS * shape->n_features; i++)
			rows[i] = draw_value(&random, shape);
		compare_paths(&old.forest, shape, rows, shape->n_features, ROWS);
		forest_session_free(&now);
		forest_session_free(&old);
		forest_session_free(&renewed);
		free(rows);
		free_draft(&draft);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_path_gives_the_margin_of_the_nodes),
	    cmocka_unit_test(an_image_can_be_written_again),
	    cmocka_unit_test(a_layout_of_other_trees_is_refused),
	    cmocka_unit_test(a_tree_deeper_than_its_layout_is_refused),
	    cmocka_unit_test(images_of_version_1_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_forest_layout.c
 *		Promises of the layout in an image: beside nodes it is theirs, alone it is that of
 *		trees, which can be read back; everything else is refused. Images of older
 *		versions are read.
 */
#include "core/checksum.h"
#include "drawn_forest.h"

static void
seal(ForestSession *session)
{
	ForestHeader *header = session->image;

	header->checksum = checksum64((uint8_t *) session->image + FOREST_CHECKSUM_START,
	                              session->size - FOREST_CHECKSUM_START);
}

/* Where the forest has what a section holds, in the forest; else in the image. */
static const void *
content_of(const ForestSession *session, uint32_t kind)
{
	switch (kind)
	{
		case FOREST_SECTION_ROOTS:
			return session->forest.roots;
		case FOREST_SECTION_NODES:
			return session->forest.nodes;
		case FOREST_SECTION_CATEGORIES:
			return session->forest.categories;
		default:
			return (const uint8_t *) session->image +
			       ((const ForestHeader *) session->image)->sections[kind].offset;
	}
}

/* The image of the same forest as version 1 or 2 had it: with its nodes. Not opened. */
static ForestSession
as_version(const ForestSession *session, uint32_t version)
{
	ForestHeader header = *(const ForestHeader *) session->image;
	uint64_t offset = forest_align(forest_header_size(version));
	ForestSession old = {.size = session->size + session->forest.n_nodes * sizeof(ForestNode) +
	                             session->forest.n_trees * sizeof(uint32_t) +
	                             3 * FOREST_IMAGE_ALIGNMENT};

	header.version = version;
	header.n_sections = forest_sections_of_version(version);
	header.n_trees = 0;
	header.sections[FOREST_SECTION_ROOTS].count = session->forest.n_trees;
	header.sections[FOREST_SECTION_NODES].count = session->forest.n_nodes;
	old.image = aligned_alloc(FOREST_IMAGE_ALIGNMENT, forest_align(old.size));
	memset(old.image, 0, forest_align(old.size));
	for (uint32_t kind = 0; kind < header.n_sections; kind++)
	{
		ForestSection *section = &header.sections[kind];
		uint64_t size = section->count * section->element_size;

		memcpy((uint8_t *) old.image + offset, content_of(session, kind), size);
		section->offset = offset;
		offset = forest_align(offset + size);
	}
	assert_true(offset <= old.size);
	header.size = old.size = offset;
	memcpy(old.image, &header, forest_header_size(version));
	seal(&old);
	return old;
}

/* Changes bytes of an image from its layout on, one at a time; how many changes open and agree. */
static int
count_accepted(RandomState *random, const Shape *shape, ForestSession *session, const float *rows)
{
	const ForestHeader *header = session->image;
	size_t start = header->sections[FOREST_SECTION_RANKED].offset;
	int accepted = 0;

	for (int i = 0; start < session->size && i < 60; i++)
	{
		uint8_t *byte =
		    (uint8_t *) session->image + start + random_below(random, session->size - start);
		uint8_t original = *byte;
		ForestSession changed = *session;
		CoreError error;

		*byte ^= (uint8_t) (1 + random_below(random, 255));
		seal(session);
		changed.forest.made_nodes = NULL;
		if (forest_session_open(&changed, &error))
		{
			compare_paths(&changed.forest, shape, rows, shape->n_features, ROWS);
			forest_release_nodes(&changed.forest, &core_malloc_allocator);
			accepted++;
		}
		*byte = original;
	}
	return accepted;
}

/*
 * A byte of the layout changed, the checksum made right. Beside nodes: refused, since it is
 * not of these trees, unless it means the same (the sign of a zero, another NaN). Alone:
 * refused, or it is the layout of other trees, on every path.
 */
static void
a_changed_layout_is_refused_or_that_of_trees(void **state)
{
	RandomState random;
	int accepted_beside_nodes = 0;
	int accepted_alone = 0;

	random_seed(&random, 13, 0);
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
	{
		float *rows = calloc(ROWS * shapes[s].n_features, sizeof(float));
		Draft draft;
		ForestSession alone;
		ForestSession beside_nodes;

		for (size_t i = 0; i < ROWS * shapes[s].n_features; i++)
			rows[i] = draw_value(&random, &shapes[s]);
		draw_forest(&random, &shapes[s], &draft);
		alone = session_of(&draft.forest);
		beside_nodes = as_version(&alone, 2);
		accepted_beside_nodes += count_accepted(&random, &shapes[s], &beside_nodes, rows);
		accepted_alone += count_accepted(&random, &shapes[s], &alone, rows);
		free(rows);
		forest_session_free(&alone);
		forest_session_free(&beside_nodes);
		free_draft(&draft);
	}
	assert_true(accepted_beside_nodes < 90);
	assert_true(accepted_alone > 90);
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
	    (old->sections[FOREST_SECTION_NODES].count - 1);
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
		ForestSession old;
		ForestSession forged;
		CoreError error;

		if (shape->splits < 1 || (shape->depth != 6 && shape->depth != 8) ||
		    shape->expected == FOREST_SHAPE_NONE)
			continue;
		draw_forest(&random, shape, &draft);
		session = session_of(&draft.forest);
		old = as_version(&session, 2);
		forged = with_a_deeper_tree(&old);
		assert_false(forest_open(forged.image, forged.size, &forged.forest, &error));
		assert_non_null(strstr(error.message, "its layout is not that of its trees"));
		tried++;
		forest_session_free(&session);
		forest_session_free(&old);
		forest_session_free(&forged);
		free_draft(&draft);
	}
	assert_true(tried >= 4);
}

/*
 * Images of version 1 have no layout, those of version 2 have it beside their nodes: the same
 * margins. Written again, they are what training would write now.
 */
static void
images_of_older_versions_are_read(void **state)
{
	RandomState random;

	random_seed(&random, 14, 0);
	for (size_t s = 0; s < 2 * sizeof(shapes) / sizeof(shapes[0]); s++)
	{
		const Shape *shape = &shapes[s / 2];
		uint32_t version = 1 + s % 2;
		float *rows = calloc(ROWS * shape->n_features, sizeof(float));
		ForestSession now;
		ForestSession old;
		ForestSession renewed;
		CoreError error;
		Draft draft;

		draw_forest(&random, shape, &draft);
		now = session_of(&draft.forest);
		old = as_version(&now, version);
		if (!forest_session_open(&old, &error))
			fail_msg("%s", error.message);
		assert_int_equal(old.forest.image_version, version);
		assert_int_equal(old.forest.lanes.shape,
		                 version == 1 ? FOREST_SHAPE_NONE : shape->expected);
		assert_null(old.forest.made_nodes);
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

/* An image has nodes where its layout does not say all; where it does, they are read back. */
static void
nodes_are_those_that_were_laid_out(void **state)
{
	RandomState random;
	int made = 0;

	random_seed(&random, 16, 0);
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
	{
		Draft draft;
		ForestSession session;

		draw_forest(&random, &shapes[s], &draft);
		session = session_of(&draft.forest);
		assert_int_equal(session.forest.made_nodes == NULL,
		                 shapes[s].expected == FOREST_SHAPE_NONE || shapes[s].categorical > 0);
		made += session.forest.made_nodes != NULL;
		assert_int_equal(session.forest.n_nodes, draft.forest.n_nodes);
		assert_memory_equal(session.forest.roots, draft.roots,
		                    draft.forest.n_trees * sizeof(uint32_t));
		for (uint32_t i = 0; i < draft.forest.n_nodes; i++)
		{
			ForestNode node = session.forest.nodes[i];

			/* The two zeros are one threshold. */
			if (node.left != 0 && node.value == 0 && draft.nodes[i].value == 0)
				node.value = draft.nodes[i].value;
			assert_memory_equal(&node, &draft.nodes[i], sizeof(node));
		}
		forest_session_free(&session);
		free_draft(&draft);
	}
	assert_true(made >= 10);
}

/* Forgeries of a layout that stands alone: of a tree of depth 6, 8 or 12. */

static ForestChunkTree *
chunk_tree_of(ForestSession *session)
{
	return (ForestChunkTree *) (uintptr_t) session->forest.lanes.chunk_trees;
}

static ForestTop *
top_of(ForestSession *session)
{
	return (ForestTop *) (uintptr_t) session->forest.lanes.tops;
}

static float *
leaves_of(ForestSession *session)
{
	return (float *) (uintptr_t) session->forest.lanes.leaves;
}

/* The root's two children stay splits. */
static void
forge_a_split_below_none(ForestSession *session)
{
	top_of(session)->slots[0] = 0;
	top_of(session)->thresholds[0] = FOREST_NEVER_RIGHT;
}

static void
forge_a_slot(ForestSession *session)
{
	top_of(session)->slots[0] = (uint8_t) session->forest.lanes.n_slots;
}

static void
forge_a_slot_of_no_split(ForestSession *session)
{
	top_of(session)->thresholds[0] = FOREST_NEVER_RIGHT;
	top_of(session)->slots[0] = 1;
}

static void
forge_a_threshold(ForestSession *session)
{
	top_of(session)->thresholds[0] = 254;
}

static void
forge_the_last_lane(ForestSession *session)
{
	top_of(session)->thresholds[63] = 1;
}

static void
forge_a_leaf(ForestSession *session)
{
	leaves_of(session)[0] = INFINITY;
}

static void
forge_padding(ForestSession *session)
{
	top_of(session)[session->forest.n_trees].thresholds[5] = 1;
}

static void
forge_a_tail(ForestSession *session)
{
	((ForestTail *) (uintptr_t) session->forest.lanes.tails)->lanes[7] = 1;
}

static void
forge_an_exit(ForestSession *session)
{
	chunk_tree_of(session)->exits[63] ^= FOREST_EXIT_LEAF;
}

/* A chunk that leads to itself. */
static void
forge_a_loop(ForestSession *session)
{
	ForestChunk *chunk = (ForestChunk *) (uintptr_t) session->forest.lanes.chunks;

	chunk->exits[15] = 0;
}

static void
forge_a_place_of_leaves(ForestSession *session)
{
	chunk_tree_of(session)->first_leaf++;
}

static void
must_refuse_forged(const char *name, void (*forge)(ForestSession *session))
{
	const Shape *shape = NULL;
	RandomState random;
	Draft draft;
	ForestSession session;
	Forest forest;
	CoreError error;

	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
		if (strcmp(shapes[s].name, name) == 0)
			shape = &shapes[s];
	assert_non_null(shape);
	random_seed(&random, 17, 0);
	draw_forest(&random, shape, &draft);
	session = session_of(&draft.forest);
	forge(&session);
	seal(&session);
	assert_false(forest_open(session.image, session.size, &forest, &error));
	assert_non_null(strstr(error.message, "its layout is not that of any trees"));
	forest_session_free(&session);
	free_draft(&draft);
}

static void
a_layout_of_no_trees_is_refused(void **state)
{
	must_refuse_forged("full depth 6", forge_a_split_below_none);
	must_refuse_forged("full depth 6", forge_a_slot);
	must_refuse_forged("full depth 6", forge_a_slot_of_no_split);
	must_refuse_forged("full depth 6", forge_a_threshold);
	must_refuse_forged("full depth 6", forge_the_last_lane);
	must_refuse_forged("full depth 6", forge_a_leaf);
	must_refuse_forged("one leaf each",
	                   forge_a_leaf); /* finite it would be another one beside it */
	must_refuse_forged("one leaf each", forge_padding);
	must_refuse_forged("depth 8 with pages", forge_a_tail);
	must_refuse_forged("depth 8 with pages", forge_a_leaf);
	must_refuse_forged("depth 12", forge_an_exit);
	must_refuse_forged("depth 12", forge_a_loop);
	must_refuse_forged("depth 12", forge_a_place_of_leaves);
	must_refuse_forged("depth 12", forge_a_leaf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_changed_layout_is_refused_or_that_of_trees),
	    cmocka_unit_test(a_tree_deeper_than_its_layout_is_refused),
	    cmocka_unit_test(images_of_older_versions_are_read),
	    cmocka_unit_test(nodes_are_those_that_were_laid_out),
	    cmocka_unit_test(a_layout_of_no_trees_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

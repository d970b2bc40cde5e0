/*
 * test_forest_portable.c
 *		Promise: a build for another architecture has the scalar path, and it gives
 *		the margin of the plain nodes, bit for bit. Linked with forests that are built
 *		without the paths of x86 (FOREST_PORTABLE, test/programs.mk).
 */
#include "drawn_forest.h"

#include "core/forest_lanes.h"
#include "core/forest_path.h"

#if FOREST_HAS_X86_PATHS
#error "this test is of the build without the paths of x86"
#endif

static void
the_scalar_path_is_the_best_there_is(void **state)
{
	ForestPath path;

	assert_int_equal(forest_path_best(), FOREST_PATH_SCALAR);
	assert_true(forest_path_available(FOREST_PATH_NODES));
	assert_true(forest_path_from_name("avx2", &path) && !forest_path_available(path));
	assert_true(forest_path_from_name("avx512", &path) && !forest_path_available(path));
}

static void
it_gives_the_margin_of_the_nodes(void **state)
{
	RandomState random;

	random_seed(&random, 13, 0);
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
	{
		const Shape *shape = &shapes[s];
		float *rows = calloc(ROWS * shape->n_features, sizeof(float));
		ForestSession session;
		Draft draft;

		draw_forest(&random, shape, &draft);
		session = session_of(&draft.forest);
		assert_int_equal(session.forest.path, shape->expected == FOREST_SHAPE_NONE
		                                          ? FOREST_PATH_NODES
		                                          : FOREST_PATH_SCALAR);
		for (size_t i = 0; i < ROWS * shape->n_features; i++)
			rows[i] = draw_value(&random, shape);
		compare_paths(&session.forest, shape, rows, shape->n_features, ROWS);
		free(rows);
		forest_session_free(&session);
		free_draft(&draft);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_scalar_path_is_the_best_there_is),
	    cmocka_unit_test(it_gives_the_margin_of_the_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

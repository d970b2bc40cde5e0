/*
 * test_forest_paths.c
 *		Promise: every path gives the margin of the plain nodes, bit for bit, for
 *		forests of any shape, with the sanitizers watching. (xgboost_exactness.c
 *		compares with XGBoost; here forests are drawn node by node, so that they
 *		have what XGBoost seldom makes.)
 */
#include "drawn_forest.h"

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
int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_path_gives_the_margin_of_the_nodes),
	    cmocka_unit_test(an_image_can_be_written_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * model_coverage.h
 *		What the models that a property test has drawn were like: all of it must have
 *		been tried.
 */
#ifndef FRAUD_DETECT_TEST_MODEL_COVERAGE_H
#define FRAUD_DETECT_TEST_MODEL_COVERAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/forest_layout.h"
#include "core/forest_tree.h"

typedef struct Coverage
{
	size_t by_matrix;
	size_t triples; /* of model, row and path */
	size_t shapes[FOREST_SHAPE_CHUNKS + 1];
	size_t wide;
	size_t pages;
	size_t categories[FOREST_SHAPE_CHUNKS + 1];
	size_t too_many_slots;
	size_t forests; /* several trees for each round */
	size_t base_scores_given;
	size_t denormal_thresholds;
	uint32_t most_trees;
	uint32_t deepest; /* levels */
	uint32_t most_leaves;
	uint32_t most_features;
	uint32_t fewest_trees;
	uint32_t fewest_features;
} Coverage;

static inline uint32_t
smaller(uint32_t one, uint32_t other)
{
	return one < other ? one : other;
}

static inline uint32_t
larger(uint32_t one, uint32_t other)
{
	return one > other ? one : other;
}

static inline void
note_size(const Forest *forest, Coverage *coverage)
{
	coverage->most_trees = larger(coverage->most_trees, forest->n_trees);
	coverage->fewest_trees = smaller(coverage->fewest_trees, forest->n_trees);
	coverage->most_features = larger(coverage->most_features, forest->n_features);
	coverage->fewest_features = smaller(coverage->fewest_features, forest->n_features);
	coverage->deepest = larger(coverage->deepest, forest_depth(forest));
	for (uint32_t tree = 0; tree < forest->n_trees; tree++)
		coverage->most_leaves = larger(
		    coverage->most_leaves, (forest_tree_end(forest, tree) - forest->roots[tree] + 1) / 2);
}

static inline void
note_layout(const Forest *forest, Coverage *coverage)
{
	const ForestLanes *lanes = &forest->lanes;

	coverage->shapes[lanes->shape]++;
	coverage->wide += lanes->n_slots > 64;
	coverage->pages += lanes->n_pages > 0;
	coverage->categories[lanes->shape] += lanes->n_category_features > 0;
	coverage->too_many_slots += lanes->shape == FOREST_SHAPE_NONE && forest->n_trees > 0;
}

static inline void
print_coverage(const Coverage *coverage, uint64_t n_models)
{
	print_message("# %llu models: %zu model-row-path triples, %zu rows by matrix\n",
	              (unsigned long long) n_models, coverage->triples, coverage->by_matrix);
	print_message(
	    "# layouts: %zu tops, %zu tails, %zu chunks; with categories %zu, %zu, %zu; "
	    "%zu of more than 64 slots, %zu with pages, %zu of more slots than a layout has\n",
	    coverage->shapes[FOREST_SHAPE_TOPS], coverage->shapes[FOREST_SHAPE_TAILS],
	    coverage->shapes[FOREST_SHAPE_CHUNKS], coverage->categories[FOREST_SHAPE_TOPS],
	    coverage->categories[FOREST_SHAPE_TAILS], coverage->categories[FOREST_SHAPE_CHUNKS],
	    coverage->wide, coverage->pages, coverage->too_many_slots);
	print_message("# %u to %u trees of up to %u levels and %u leaves, %u to %u features\n",
	              coverage->fewest_trees, coverage->most_trees, coverage->deepest,
	              coverage->most_leaves, coverage->fewest_features, coverage->most_features);
	print_message("# %zu random forests, %zu base scores given, %zu denormal thresholds\n",
	              coverage->forests, coverage->base_scores_given, coverage->denormal_thresholds);
}

static inline void
assert_coverage(const Coverage *coverage, uint64_t n_models, uint32_t most_features)
{
	assert_true(coverage->triples >= 10000);
	for (ForestShape shape = FOREST_SHAPE_TOPS; shape <= FOREST_SHAPE_CHUNKS; shape++)
		assert_true(coverage->shapes[shape] > 0 && coverage->categories[shape] > 0);
	assert_true(coverage->wide > 0 && coverage->pages > 0 && coverage->too_many_slots > 0);
	assert_true(coverage->fewest_trees <= 1 && coverage->most_trees >= 500);
	assert_true(coverage->deepest >= 12 && coverage->most_leaves >= 255);
	assert_true(coverage->forests > 0 && coverage->denormal_thresholds > 0);
	assert_true(coverage->base_scores_given > 0 && coverage->base_scores_given < n_models);
	assert_true(coverage->fewest_features == 1 && coverage->most_features == most_features);
}

#endif

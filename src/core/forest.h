/*
 * forest.h
 *		A boosted forest in memory: opened from an image, evaluated exactly.
 *
 * An image (docs/image-format.md) is one block of bytes that is verified in
 * full before use, read in place and never changed. The margin is the float32
 * sum of the base margin and one leaf per tree, in tree order: bit-equal to
 * XGBoost's own, for missing values (NaN), infinities and categories.
 */
#ifndef FRAUD_DETECT_FOREST_H
#define FRAUD_DETECT_FOREST_H

#include "core/calibration.h"
#include "core/core.h"
#include "core/forest_lanes.h"
#include "core/forest_path.h"

#define FOREST_IMAGE_ALIGNMENT 64
#define FOREST_IMAGE_VERSION 3
#define FOREST_MAX_FEATURES 65535

typedef struct ForestNode ForestNode; /* layout private to the engine */

typedef struct Forest
{
	uint32_t image_version; /* 1: has no layout, forest_image_from_forest() lays it out */
	uint32_t n_features;
	uint32_t n_trees;
	uint32_t n_nodes;
	float base_margin;
	const uint32_t *roots;      /* n_trees indices into nodes */
	const ForestNode *nodes;    /* NULL, as roots: the image has a layout alone, see below */
	void *made_nodes;           /* memory of forest_make_nodes(), or NULL */
	const uint32_t *categories; /* bit sets of categorical splits */
	uint32_t n_category_words;
	Calibration calibration; /* arrays point into the image */
	ForestPath path;         /* that evaluates it; see forest_use_path() */
	ForestLanes lanes;       /* private to the engine */
} Forest;

/*
 * Verifies an image and describes it in *forest. The image must be aligned to
 * FOREST_IMAGE_ALIGNMENT and outlive the forest. Any bytes give a forest that
 * is safe to evaluate, or false with the reason.
 */
extern bool forest_open(const void *image, size_t size, Forest *forest, CoreError *error);

/*
 * An image with a layout for vectors holds no nodes, but for forests with categorical splits: the
 * layout says it all. This makes them, for FOREST_PATH_NODES and for who looks at trees; does
 * nothing to a forest that has them. False only for want of memory.
 */
extern bool forest_make_nodes(Forest *forest, const CoreAllocator *allocator, CoreError *error);
extern void forest_release_nodes(Forest *forest, const CoreAllocator *allocator);

/*
 * forest_open() takes the fastest path that the machine and the image have. This
 * takes another one, if the machine and the forest have it: false, and nothing changed,
 * if not. A forest without a layout for vectors (an image of version 1, or more slots
 * than a layout holds) stays with FOREST_PATH_NODES, whatever was asked for.
 */
extern bool forest_use_path(Forest *forest, ForestPath path);

/* Margin of one row of n_features float32 values; NaN is missing. No allocation, cannot fail. */
extern float forest_margin(const Forest *forest, const float *row);

/* Margins of n rows that lie stride floats apart; fastest in multiples of 64 rows. */
extern void forest_margins(const Forest *forest, const float *rows, size_t stride, size_t n,
                           float *margins);

/* Probability of fraud for a margin of this forest: its calibration. */
static inline double
forest_probability(const Forest *forest, float margin)
{
	return calibration_apply(&forest->calibration, margin);
}

#endif

/*
 * forest_lanes_write.h
 *		Lays a forest out for vectors, when its image is built. Private to the files
 *		forest*.c.
 */
#ifndef FRAUD_DETECT_FOREST_LANES_WRITE_H
#define FRAUD_DETECT_FOREST_LANES_WRITE_H

#include "core/forest_layout.h"

/* The slot and threshold of a numerical split. */
typedef struct PlannedLane
{
	uint8_t slot;
	uint8_t threshold;
} PlannedLane;

/* Everything that must be known before the sections have a place. */
typedef struct LanesPlan
{
	const Forest *forest;
	uint64_t counts[FOREST_SECTIONS]; /* of the sections of the layout; all 0: it has none */
	uint32_t n_ranked;
	uint32_t n_pages;
	ForestRanked ranked[FOREST_MAX_SLOTS];
	ForestPage pages[FOREST_MAX_SLOTS];
	uint32_t n_category_features;
	ForestCategoryFeature category_features[FOREST_MAX_CATEGORY_FEATURES];
	PlannedLane *lanes; /* by node */
	float *thresholds;  /* of all ranked features, without padding */
	uint32_t *category_rows;
} LanesPlan;

/*
 * Plans the layout of a forest that has its plain nodes. Forests that do not fit
 * one get none. False only for want of memory. The plan holds memory of the
 * allocator until it is released.
 */
extern bool forest_lanes_plan(const Forest *forest, const CoreAllocator *allocator, LanesPlan *plan,
                              CoreError *error);
extern void forest_lanes_release(LanesPlan *plan, const CoreAllocator *allocator);

/* Fills the sections of the image with this header, which are zero so far. */
extern void forest_lanes_write(const LanesPlan *plan, ForestHeader *header);

#endif

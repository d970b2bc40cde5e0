/*
 * forest_places.h
 *		Where the lanes of places in heap order lie. Private to the files forest*.c.
 */
#ifndef FRAUD_DETECT_FOREST_PLACES_H
#define FRAUD_DETECT_FOREST_PLACES_H

#include "core/forest_lanes.h"

/* forest_lane() of each place of a top and of a chunk. */
typedef struct ForestPlaceLanes
{
	uint8_t top[FOREST_TOP_EXITS];
	uint8_t chunk[FOREST_CHUNK_EXITS];
} ForestPlaceLanes;

static inline void
forest_place_lanes(ForestPlaceLanes *lanes)
{
	lanes->top[0] = lanes->chunk[0] = 0; /* there is no place 0 */
	for (unsigned place = 1; place < FOREST_TOP_EXITS; place++)
		lanes->top[place] = (uint8_t) forest_lane(place, FOREST_TOP_LEVELS / 2);
	for (unsigned place = 1; place < FOREST_CHUNK_EXITS; place++)
		lanes->chunk[place] = (uint8_t) forest_lane(place, FOREST_CHUNK_LEVELS / 2);
}

#endif

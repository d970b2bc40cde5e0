/*
 * forest_session.h
 *		A forest from a model document, for tests: image, aligned copy, opened, with its nodes,
 *		so that it can go down every path.
 */
#ifndef FRAUD_DETECT_TEST_FOREST_SESSION_H
#define FRAUD_DETECT_TEST_FOREST_SESSION_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/forest.h"
#include "core/forest_image.h"

typedef struct ForestSession
{
	void *image;
	size_t size;
	Forest forest;
} ForestSession;

/* The same bytes at an aligned address. */
static inline void *
forest_session_align(const void *image, size_t size)
{
	size_t rounded = (size + FOREST_IMAGE_ALIGNMENT - 1) / FOREST_IMAGE_ALIGNMENT;
	void *copy = aligned_alloc(FOREST_IMAGE_ALIGNMENT, rounded * FOREST_IMAGE_ALIGNMENT);

	if (copy == NULL)
		abort();
	memcpy(copy, image, size);
	return copy;
}

/* The image is there. */
static inline bool
forest_session_open(ForestSession *session, CoreError *error)
{
	return forest_open(session->image, session->size, &session->forest, error) &&
	       forest_make_nodes(&session->forest, &core_malloc_allocator, error);
}

static inline bool
forest_session_create(const void *model, size_t size, const Calibration *calibration,
                      ForestSession *session, CoreError *error)
{
	static const Calibration none = {.method = CALIBRATION_NONE};
	void *image;

	if (!forest_image_from_xgboost(model, size, calibration != NULL ? calibration : &none,
	                               &core_malloc_allocator, &image, &session->size, error))
		return false;
	session->image = forest_session_align(image, session->size);
	free(image);
	if (forest_session_open(session, error))
		return true;
	free(session->image);
	return false;
}

static inline void
forest_session_free(ForestSession *session)
{
	forest_release_nodes(&session->forest, &core_malloc_allocator);
	free(session->image);
}

#endif

/*
 * forest_image.h
 *		Builds the image of a forest from an XGBoost model.
 */
#ifndef FRAUD_DETECT_FOREST_IMAGE_H
#define FRAUD_DETECT_FOREST_IMAGE_H

#include "core/calibration.h"
#include "core/core.h"
#include "core/forest.h"
#include "core/xgboost_model.h"

/*
 * Reads a model as XGBoosterSaveModelToBuffer writes it with {"format": "ubj"}
 * (XGBoost 1.7 to 3.x; booster gbtree; one output; objective binary:logistic)
 * and writes the image of it, with a calibration, into memory from the
 * allocator (aligned to FOREST_IMAGE_ALIGNMENT is the caller's business when it
 * copies; *image is aligned for any type). Any bytes give an image or an error.
 */
extern bool forest_image_from_xgboost(const void *model, size_t model_size,
                                      const Calibration *calibration,
                                      const CoreAllocator *allocator, void **image,
                                      size_t *image_size, CoreError *error);

/* The image, in the current version, of a forest that has been opened: for images of version 1. */
extern bool forest_image_from_forest(const Forest *forest, const CoreAllocator *allocator,
                                     void **image, size_t *image_size, CoreError *error);

/* True where the forest, which has its nodes, is the one of this model, node by node. */
extern bool forest_is_of_model(const Forest *forest, const XgboostModel *model,
                               const CoreAllocator *allocator, CoreError *error);

#endif

/*
 * model_explainer.h
 *		The explainer of a loaded model, made when it is first asked for.
 */
#ifndef FRAUD_DETECT_MODEL_EXPLAINER_H
#define FRAUD_DETECT_MODEL_EXPLAINER_H

#include "scoring/model_cache.h"

/*
 * Of a model that is held; the artifact is read under the snapshot that the model was
 * resolved under. The explainer lives as long as the model and counts for the cache.
 * FD005 where the artifact fails verification, or is not the model that scores.
 */
extern ForestExplainer *model_explainer(LoadedModel *model, Snapshot snapshot);

#endif

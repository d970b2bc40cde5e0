/*
 * boosting.h
 *		The boosting loop: one round at a time, measured on the validation part,
 *		stopped when its average precision no longer improves.
 *
 * Interrupts are served between rounds. What the model keeps is the rounds up to
 * the best one. The same rows, parameters, seed and number of threads give the
 * same trees.
 */
#ifndef FRAUD_DETECT_BOOSTING_H
#define FRAUD_DETECT_BOOSTING_H

#include "training/feature_rows.h"
#include "training/parameters.h"
#include "training/xgboost_library.h"

typedef enum RoundMetric
{
	ROUND_AVERAGE_PRECISION,
	ROUND_AUC,
	ROUND_LOG_LOSS,
	N_ROUND_METRICS
} RoundMetric;

typedef struct Boosting
{
	BoosterHandle booster;    /* the rounds that are kept */
	DMatrixHandle validation; /* plain, for exact predictions */
	int rounds_run;
	int rounds_kept;
	double *metrics; /* of the validation part: N_ROUND_METRICS for each round that was run */
} Boosting;

extern const char *round_metric_name(RoundMetric metric);

/* FD007 where XGBoost fails. Results belong to the session and CurrentMemoryContext. */
extern void boosting_run(Boosting *boosting, XgboostSession *session, FeatureRows *rows,
                         const TrainingParameters *parameters, int64 seed);

/* Margins of the rows of the validation matrix, as XGBoost predicts them; valid until its next call. */
extern const float *boosting_margins(XgboostSession *session, BoosterHandle booster,
                                     DMatrixHandle matrix, uint64 n_rows);

#endif

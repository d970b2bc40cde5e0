/*
 * trained_version.h
 *		From a trained booster to what a version consists of: artifact, calibrated
 *		image, golden rows, metrics of the holdout, importances.
 *
 * Before anything is registered, our own engine has to give XGBoost's margin,
 * bit for bit, for the golden rows and for every row of the validation part.
 */
#ifndef FRAUD_DETECT_TRAINED_VERSION_H
#define FRAUD_DETECT_TRAINED_VERSION_H

#include "core/forest.h"
#include "core/ranking.h"
#include "training/boosting.h"

/* With fewer frauds in the validation part, isotonic calibration gives way to platt. */
#define ISOTONIC_MIN_FRAUDS 10

/* The planner's idea of a version's scores is that fine, at most. */
#define MOST_SCORE_QUANTILES 1001

/* Totals over all splits on a feature. */
typedef struct Importance
{
	double gain;
	double cover;
	int64 splits;
} Importance;

typedef struct TrainedVersion
{
	bytea *artifact;
	bytea *image;
	bytea *golden;
	CalibrationMethod calibration;     /* the method that was used */
	double metrics[RANKING_N_METRICS]; /* NaN where the holdout does not define one */
	double *score_quantiles;           /* ascending, of the holdout, else of the validation part */
	int n_score_quantiles;
	Importance *importances; /* by feature */
	text *feature_baseline;
	text *score_baseline; /* of the holdout, else of the validation part */
} TrainedVersion;

/*
 * validation: the summary of that part, for the share of its frauds that is known.
 * FD007 where XGBoost fails or its margins are not ours. Allocates in CurrentMemoryContext.
 */
extern void trained_version_build(TrainedVersion *version, XgboostSession *session,
                                  const Boosting *boosting, FeatureRows *rows,
                                  const PartSummary *validation, CalibrationMethod calibration);

#endif

/*
 * parameters.h
 *		The params argument of fraud_train: XGBoost's own names and ours, checked
 *		by name, type and range before XGBoost sees any of them (it accepts
 *		nonsense and fails later).
 *
 * Every parameter is passed to XGBoost explicitly, with our default where the
 * caller gave none: a version does not depend on the defaults of a library.
 */
#ifndef FRAUD_DETECT_PARAMETERS_H
#define FRAUD_DETECT_PARAMETERS_H

#include "utils/jsonb.h"

typedef enum Algorithm
{
	ALGORITHM_XGBOOST,
	ALGORITHM_XGBOOST_LEAFWISE,
	ALGORITHM_RANDOM_FOREST
} Algorithm;

typedef enum Imbalance
{
	IMBALANCE_NONE,
	IMBALANCE_WEIGHT,     /* a fraud weighs legitimate / frauds */
	IMBALANCE_SQRT_WEIGHT /* the square root of that */
} Imbalance;

typedef enum ParameterId
{
	PARAMETER_ROUNDS,
	PARAMETER_EARLY_STOPPING_ROUNDS,
	PARAMETER_THREADS,
	PARAMETER_ETA,
	PARAMETER_GAMMA,
	PARAMETER_MAX_DEPTH,
	PARAMETER_MAX_LEAVES,
	PARAMETER_MAX_BIN,
	PARAMETER_MIN_CHILD_WEIGHT,
	PARAMETER_LAMBDA,
	PARAMETER_ALPHA,
	PARAMETER_MAX_DELTA_STEP,
	PARAMETER_SUBSAMPLE,
	PARAMETER_COLSAMPLE_BYTREE,
	PARAMETER_COLSAMPLE_BYLEVEL,
	PARAMETER_COLSAMPLE_BYNODE,
	PARAMETER_NUM_PARALLEL_TREE,
	PARAMETER_MAX_CAT_TO_ONEHOT,
	PARAMETER_MAX_CAT_THRESHOLD,
	PARAMETER_SCALE_POS_WEIGHT,
	PARAMETER_BASE_SCORE,
	N_PARAMETERS
} ParameterId;

typedef struct TrainingParameters
{
	Algorithm algorithm;
	Imbalance imbalance;
	double values[N_PARAMETERS];
	bool given[N_PARAMETERS];
	Jsonb *monotone_constraints; /* an object of feature names to -1, 0, 1; or NULL */
} TrainingParameters;

/* 22023 for an unknown one, with the nearest name; 0A000 for logistic_regression. */
extern Algorithm algorithm_from_name(const char *name);
extern const char *algorithm_name(Algorithm algorithm);
extern Imbalance imbalance_from_name(const char *name);
extern const char *imbalance_name(Imbalance imbalance);

/*
 * Checks params and fills the rest with defaults. 22023 for an unknown name, a
 * wrong type, a value out of range, one parameter under two names, or values
 * that exclude each other.
 */
extern void parameters_parse(TrainingParameters *parameters, Jsonb *params);

/*
 * Values that depend on the training part where the caller gave none:
 * scale_pos_weight follows imbalance, base_score is the share of frauds by weight.
 */
extern void parameters_complete(TrainingParameters *parameters, uint64 rows, uint64 frauds);

/* The name XGBoost knows a parameter by; NULL for those of the training loop. */
extern const char *parameter_booster_name(ParameterId id);
/* Its value as XGBoost and JSON read it: an integer, or a float32 that reads back exactly. */
extern char *parameter_value(const TrainingParameters *parameters, ParameterId id);

/* One constraint per feature, "(1,0,-1)", or NULL. 22023 where a name is not among the features. */
extern char *parameters_monotone(const TrainingParameters *parameters,
                                 const char *const *feature_names, int n_features);

/* All of them as members of a JSON object, for fraud.model_version.params. */
extern void parameters_append(StringInfo json, const TrainingParameters *parameters);

#endif

/*
 * boosting.c
 *		The boosting loop.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "core/random.h"
#include "core/ranking.h"
#include "miscadmin.h"
#include "pg/settings.h"
#include "training/boosting.h"
#include "training/matrix.h"
#include "training/threads.h"
#include "training/memory_estimate.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define PROGRESS_SECONDS 5

static const char *const metric_names[N_ROUND_METRICS] = {"average_precision", "auc", "log_loss"};

const char *
round_metric_name(RoundMetric metric)
{
	return metric_names[metric];
}

/* Setting up */

static void
set_parameter(XgboostSession *session, BoosterHandle booster, const char *name, const char *value)
{
	xgboost_call(session, psprintf("set parameter \"%s\"", name),
	             XGBoosterSetParam(booster, name, value));
}

/* XGBoost's seed is a non-negative 32-bit integer to all of its versions. */
static char *
booster_seed(int64 seed)
{
	uint64 folded = seed;

	if (seed < 0 || seed > PG_INT32_MAX)
		folded = random_mix((uint64) seed) >> 33;
	return psprintf(UINT64_FORMAT, folded);
}

static void
set_parameters(XgboostSession *session, BoosterHandle booster, const FeatureRows *rows,
               const TrainingParameters *parameters, int64 seed)
{
	int n = rows->signature->n_features;
	const char **names = palloc(sizeof(char *) * n);
	TrainingParameters each = *parameters;
	char *monotone;

	set_parameter(session, booster, "booster", "gbtree");
	set_parameter(session, booster, "objective", "binary:logistic");
	set_parameter(session, booster, "tree_method", "hist");
	set_parameter(session, booster, "grow_policy",
	              parameters->algorithm == ALGORITHM_XGBOOST_LEAFWISE ? "lossguide" : "depthwise");
	set_parameter(session, booster, "nthread", parameter_value(parameters, PARAMETER_THREADS));
	set_parameter(session, booster, "seed", booster_seed(seed));
	/* We measure ourselves. */
	set_parameter(session, booster, "disable_default_eval_metric", "1");
	if (parameters->algorithm == ALGORITHM_RANDOM_FOREST)
	{
		/* One tree a round, each with its share of the mean. */
		each.values[PARAMETER_ETA] /= each.values[PARAMETER_NUM_PARALLEL_TREE];
		each.values[PARAMETER_NUM_PARALLEL_TREE] = 1;
	}
	for (ParameterId id = 0; id < N_PARAMETERS; id++)
	{
		if (parameter_booster_name(id) != NULL)
			set_parameter(session, booster, parameter_booster_name(id), parameter_value(&each, id));
	}

	for (int i = 0; i < n; i++)
		names[i] = rows->signature->features[i].name;
	monotone = parameters_monotone(parameters, names, n);
	if (monotone != NULL)
		set_parameter(session, booster, "monotone_constraints", monotone);
	pfree(names);
}

/* Measuring a round */

const float *
boosting_margins(XgboostSession *session, BoosterHandle booster, DMatrixHandle matrix,
                 uint64 n_rows)
{
	static const char config[] = "{\"type\": 1, \"training\": false, \"iteration_begin\": 0, "
	                             "\"iteration_end\": 0, \"strict_shape\": false}";
	const bst_ulong *shape;
	bst_ulong dimensions;
	const float *margins;

	xgboost_call(
	    session, "predict",
	    XGBoosterPredictFromDMatrix(booster, matrix, config, &shape, &dimensions, &margins));
	if (dimensions < 1 || shape[0] != n_rows)
		elog(ERROR, "XGBoost predicted another number of rows");
	return margins;
}

/* Room for the rows of the validation part, sorted. */
typedef struct RoundScratch
{
	uint64 *keys;
	ScoredRow *rows;
} RoundScratch;

static RoundScratch
round_scratch_create(uint64 n)
{
	RoundScratch scratch;

	scratch.keys = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(uint64) * 2 * n);
	scratch.rows = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(ScoredRow) * n);
	return scratch;
}

static void
measure_round(double metrics[N_ROUND_METRICS], const float *margins, const uint8 *labels, uint64 n,
              const RoundScratch *scratch)
{
	ranking_sort_margins(margins, labels, n, scratch->keys, scratch->rows);
	metrics[ROUND_AVERAGE_PRECISION] = ranking_average_precision(scratch->rows, NULL, n);
	metrics[ROUND_AUC] = ranking_auc(scratch->rows, NULL, n);
	metrics[ROUND_LOG_LOSS] = ranking_logistic_loss(scratch->rows, n);
}

static void
report_progress(int round, int rounds, const double *metrics, TimestampTz *reported)
{
	TimestampTz now = GetCurrentTimestamp();

	if (!TimestampDifferenceExceeds(*reported, now, PROGRESS_SECONDS * 1000))
		return;
	*reported = now;
	ereport(NOTICE, (errmsg("round %d of at most %d, average precision %.4f on the validation part",
	                        round, rounds, metrics[ROUND_AVERAGE_PRECISION])));
}

/*
 * Random forests
 *
 * A forest of XGBoost's own (num_parallel_tree in one round) cannot be interrupted
 * until its last tree. The same trees come one by one: each is fitted to the
 * gradients of the constant prediction, with 1 / num_parallel_tree of the weight.
 */
typedef struct Gradients
{
	float *gradients;
	float *hessians;
} Gradients;

/* Of binary:logistic at base_score. */
static void
gradients_at_base(Gradients *gradients, const FeatureRows *rows,
                  const TrainingParameters *parameters)
{
	uint64 n = rows->n_rows[PART_TRAINING];
	float p = (float) parameters->values[PARAMETER_BASE_SCORE];
	float fraud_weight = (float) parameters->values[PARAMETER_SCALE_POS_WEIGHT];

	gradients->gradients = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(float) * n);
	gradients->hessians = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(float) * n);
	for (uint64 i = 0; i < n; i++)
	{
		float weight = rows->labels[i] ? fraud_weight : 1;

		gradients->gradients[i] = (p - rows->labels[i]) * weight;
		gradients->hessians[i] = p * (1 - p) * weight;
	}
}

static void
add_tree(XgboostSession *session, BoosterHandle booster, DMatrixHandle training,
         const Gradients *gradients, uint64 n)
{
	xgboost_call(
	    session, "train a tree",
	    XGBoosterBoostOneIter(booster, training, gradients->gradients, gradients->hessians, n));
}

/* The loop */

/*
 * The model is weighed by writing it, each time the rounds have doubled: all
 * weighings together cost about as much as writing the final model twice.
 */
static void
check_size(XgboostSession *session, BoosterHandle booster, int rounds)
{
	bst_ulong size;
	const char *bytes;

	if ((rounds & (rounds - 1)) != 0)
		return;
	xgboost_call(session, "save the model",
	             XGBoosterSaveModelToBuffer(booster, "{\"format\": \"ubj\"}", &size, &bytes));
	memory_model_check(size, rounds);
}

static int
round_limit(const TrainingParameters *parameters)
{
	return (int) parameters
	    ->values[parameters->algorithm == ALGORITHM_RANDOM_FOREST ? PARAMETER_NUM_PARALLEL_TREE
	                                                              : PARAMETER_ROUNDS];
}

/* Runs rounds until the limit or until patience is over; returns the best one, from 1. */
static int
run_rounds(Boosting *boosting, XgboostSession *session, BoosterHandle booster,
           DMatrixHandle training, const FeatureRows *rows, const TrainingParameters *parameters)
{
	int rounds = round_limit(parameters);
	int patience = (int) parameters->values[PARAMETER_EARLY_STOPPING_ROUNDS];
	uint64 n = rows->n_rows[PART_VALIDATION];
	const uint8 *labels = rows->labels + part_begin(rows, PART_VALIDATION);
	RoundScratch scratch = round_scratch_create(n);
	bool progress = setting_progress();
	TimestampTz reported = GetCurrentTimestamp();
	bool forest = parameters->algorithm == ALGORITHM_RANDOM_FOREST;
	Gradients gradients = {0};
	double best_value = -INFINITY;
	int best = 0;

	if (forest)
		gradients_at_base(&gradients, rows, parameters);

	for (int round = 0; round < rounds; round++)
	{
		double *metrics = boosting->metrics + (size_t) round * N_ROUND_METRICS;

		if (forest)
			add_tree(session, booster, training, &gradients, rows->n_rows[PART_TRAINING]);
		else
			xgboost_call(session, "train a round",
			             XGBoosterUpdateOneIter(booster, round, training));
		CHECK_FOR_INTERRUPTS();
		check_size(session, booster, round + 1);
		measure_round(metrics, boosting_margins(session, booster, boosting->validation, n), labels,
		              n, &scratch);
		CHECK_FOR_INTERRUPTS();
		boosting->rounds_run = round + 1;
		if (progress)
			report_progress(round + 1, rounds, metrics, &reported);
		if (metrics[ROUND_AVERAGE_PRECISION] > best_value)
		{
			best_value = metrics[ROUND_AVERAGE_PRECISION];
			best = round + 1;
		}
		if (patience > 0 && round + 1 - best >= patience)
			break;
	}
	pfree(scratch.keys);
	pfree(scratch.rows);
	return patience > 0 ? best : boosting->rounds_run;
}

/* A copy of the first rounds, in place of a booster that keeps histograms and predictions besides. */
static BoosterHandle
keep_rounds(XgboostSession *session, BoosterHandle trained, int rounds)
{
	BoosterHandle *kept = xgboost_new_booster(session);

	xgboost_call(session, "keep the best rounds", XGBoosterSlice(trained, 0, rounds, 1, kept));
	xgboost_free_booster(session, trained);
	return *kept;
}

void
boosting_run(Boosting *boosting, XgboostSession *session, FeatureRows *rows,
             const TrainingParameters *parameters, int64 seed)
{
	int threads = (int) parameters->values[PARAMETER_THREADS];
	int rounds = round_limit(parameters);
	DMatrixHandle matrices[2];
	BoosterHandle *booster;

	if (setting_progress())
		ereport(NOTICE, (errmsg("training on " UINT64_FORMAT
		                        " rows of %d features, measuring on " UINT64_FORMAT
		                        " rows, at most %d rounds",
		                        rows->n_rows[PART_TRAINING], rows->store.width,
		                        rows->n_rows[PART_VALIDATION], rounds)));

	threads_require(threads);
	memset(boosting, 0, sizeof(*boosting));
	boosting->metrics = palloc_extended(sizeof(double) * N_ROUND_METRICS * rounds, MCXT_ALLOC_HUGE);
	matrices[0] =
	    matrix_quantised(session, rows, threads, (int) parameters->values[PARAMETER_MAX_BIN]);
	CHECK_FOR_INTERRUPTS();
	matrices[1] = matrix_plain(session, rows, PART_VALIDATION, threads);
	CHECK_FOR_INTERRUPTS();
	boosting->validation = matrices[1];

	booster = xgboost_new_booster(session);
	xgboost_call(session, "create a booster", XGBoosterCreate(matrices, 2, booster));
	set_parameters(session, *booster, rows, parameters, seed);

	boosting->rounds_kept = run_rounds(boosting, session, *booster, matrices[0], rows, parameters);
	boosting->booster = keep_rounds(session, *booster, boosting->rounds_kept);
	xgboost_free_matrix(session, matrices[0]);
	xgboost_release_heap();
}

/*
 * trained_version.c
 *		From a trained booster to what a version consists of.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "core/forest_image.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pg/errors.h"
#include "pg/golden.h"
#include "pg/memory.h"
#include "training/baseline.h"
#include "training/request.h"
#include "training/trained_version.h"
#include "utils/memutils.h"

#define GOLDEN_SAMPLED 48
#define GOLDEN_EDGES 6

#define BATCH_FLOATS (256 * 1024)

static void
core_failure(const char *task, const CoreError *error)
{
	ereport(ERROR, (errcode(ERRCODE_FRAUD_XGBOOST), errmsg("could not %s", task),
	                errdetail_internal("%s", error->message)));
}

/* What XGBoost has to tell */

static void
read_scores(Importance *importances, int n_features, XgboostSession *session, BoosterHandle booster,
            const char *type)
{
	char *config = psprintf("{\"importance_type\": \"%s\"}", type);
	bst_ulong n;
	const char **names;
	bst_ulong dimensions;
	const bst_ulong *shape;
	const float *scores;

	xgboost_call(session, "give the importance of features",
	             XGBoosterFeatureScore(booster, config, &n, &names, &dimensions, &shape, &scores));
	for (bst_ulong i = 0; i < n; i++)
	{
		int feature;

		/* Without names of its own the booster calls them f0, f1, ... */
		if (sscanf(names[i], "f%d", &feature) != 1 || feature < 0 || feature >= n_features)
			elog(ERROR, "XGBoost names a feature \"%s\"", names[i]);
		if (strcmp(type, "total_gain") == 0)
			importances[feature].gain = scores[i];
		else if (strcmp(type, "total_cover") == 0)
			importances[feature].cover = scores[i];
		else
			importances[feature].splits = (int64) scores[i];
	}
}

static Importance *
read_importances(XgboostSession *session, BoosterHandle booster, int n_features)
{
	Importance *importances = palloc0(sizeof(Importance) * n_features);

	read_scores(importances, n_features, session, booster, "total_gain");
	read_scores(importances, n_features, session, booster, "total_cover");
	read_scores(importances, n_features, session, booster, "weight");
	return importances;
}

/* The model in XGBoost's own format, with the names and types of its features. */
static bytea *
save_artifact(XgboostSession *session, BoosterHandle booster, const Signature *signature)
{
	int n = signature->n_features;
	const char **names = palloc(sizeof(char *) * n);
	const char **types = palloc(sizeof(char *) * n);
	bst_ulong size;
	const char *bytes;
	bytea *artifact;

	for (int i = 0; i < n; i++)
	{
		/* UBJSON is UTF-8, whatever the encoding of the database. */
		names[i] = pg_server_to_any(signature->features[i].name,
		                            (int) strlen(signature->features[i].name), PG_UTF8);
		types[i] = signature->features[i].kind == FEATURE_CATEGORY ? "c" : "q";
	}
	xgboost_call(session, "set feature names",
	             XGBoosterSetStrFeatureInfo(booster, "feature_name", names, n));
	xgboost_call(session, "set feature types",
	             XGBoosterSetStrFeatureInfo(booster, "feature_type", types, n));
	xgboost_call(session, "save the model",
	             XGBoosterSaveModelToBuffer(booster, "{\"format\": \"ubj\"}", &size, &bytes));
	if (size > MaxAllocSize - VARHDRSZ)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("the model is larger than a value can be"),
		                errhint("Lower rounds, max_depth or max_leaves.")));
	artifact = palloc(size + VARHDRSZ);
	SET_VARSIZE(artifact, size + VARHDRSZ);
	memcpy(VARDATA(artifact), bytes, size);
	return artifact;
}

/* Calibration */

static CalibrationMethod
usable_calibration(CalibrationMethod wanted, const uint8 *labels, uint64 n)
{
	uint64 frauds = 0;

	for (uint64 i = 0; i < n; i++)
		frauds += labels[i];
	if (wanted != CALIBRATION_ISOTONIC || frauds >= ISOTONIC_MIN_FRAUDS)
		return wanted;
	ereport(WARNING, (errmsg("scores are calibrated by platt instead of isotonic"),
	                  errdetail("The validation part has " UINT64_FORMAT
	                            " frauds; isotonic calibration needs %d.",
	                            frauds, ISOTONIC_MIN_FRAUDS)));
	return CALIBRATION_PLATT;
}

static void
fit_calibration(Calibration *calibration, CalibrationMethod method, const float *margins,
                const uint8 *labels, uint64 n, double known)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	CoreError error;
	bool fitted = true;

	memset(calibration, 0, sizeof(*calibration));
	calibration->method = method;
	if (method == CALIBRATION_PLATT)
		fitted = calibration_fit_platt(margins, labels, n, known, &allocator, calibration, &error);
	else if (method == CALIBRATION_ISOTONIC)
		fitted =
		    calibration_fit_isotonic(margins, labels, n, known, &allocator, calibration, &error);
	if (!fitted)
		core_failure("calibrate the scores", &error);
}

/* Image */

static bytea *
build_image(const bytea *artifact, const Calibration *calibration)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	void *bytes;
	size_t size;
	CoreError error;
	bytea *image;

	if (!forest_image_from_xgboost(VARDATA(artifact), VARSIZE(artifact) - VARHDRSZ, calibration,
	                               &allocator, &bytes, &size, &error))
		core_failure("read the model that XGBoost wrote", &error);
	if (size > MaxAllocSize - VARHDRSZ)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("the model is larger than a value can be"),
		                errhint("Lower rounds, max_depth or max_leaves.")));
	image = palloc(size + VARHDRSZ);
	SET_VARSIZE(image, size + VARHDRSZ);
	memcpy(VARDATA(image), bytes, size);
	allocator.release(allocator.context, bytes);
	return image;
}

/* Opens a copy of the image as a scoring backend would. */
static void
open_image(Forest *forest, const bytea *image)
{
	size_t size = VARSIZE(image) - VARHDRSZ;
	char *copy = MemoryContextAllocHuge(CurrentMemoryContext, size + FOREST_IMAGE_ALIGNMENT);
	CoreError error;

	copy = (char *) TYPEALIGN(FOREST_IMAGE_ALIGNMENT, copy);
	memcpy(copy, VARDATA(image), size);
	if (!forest_open(copy, size, forest, &error))
		core_failure("open the image of the model", &error);
}

/* Exactness */

static void
require_equal(float ours, float theirs, const char *rows, uint64 row)
{
	uint32 our_bits;
	uint32 their_bits;

	memcpy(&our_bits, &ours, sizeof(our_bits));
	memcpy(&their_bits, &theirs, sizeof(their_bits));
	if (our_bits != their_bits)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_FRAUD_XGBOOST), errmsg("the model does not give XGBoost's margins"),
		     errdetail("For row " UINT64_FORMAT " of the %s XGBoost gives %.9g and the image %.9g.",
		               row, rows, theirs, ours),
		     errhint("This is an error in fraud_detect; nothing was registered.")));
}

typedef void (*MarginConsumer)(float margin, uint64 row, void *argument);

/* Our margins of a part's rows, in order. */
static void
evaluate_part(const Forest *forest, FeatureRows *rows, Part part, MarginConsumer consume,
              void *argument)
{
	uint32 width = rows->store.width;
	uint32 batch_rows = Max(1, BATCH_FLOATS / width);
	float *values = palloc(sizeof(float) * batch_rows * width);
	float *margins = palloc(sizeof(float) * batch_rows);

	for (uint64 first = 0; first < rows->n_rows[part]; first += batch_rows)
	{
		uint32 n = Min(batch_rows, rows->n_rows[part] - first);

		CHECK_FOR_INTERRUPTS();
		row_store_read(&rows->store, part_begin(rows, part) + first, n, values);
		forest_margins(forest, values, width, n, margins);
		for (uint32 i = 0; i < n; i++)
			consume(margins[i], first + i, argument);
	}
	pfree(values);
	pfree(margins);
}

static void
compare_margin(float margin, uint64 row, void *argument)
{
	const float *theirs = argument;

	require_equal(margin, theirs[row], "validation part", row);
}

/* Golden rows */

/* Rows that data seldom holds: nothing known, infinities, categories never seen. */
static void
fill_edges(float *edges, const float *base, const Signature *signature)
{
	int n = signature->n_features;

	for (int i = 0; i < n; i++)
	{
		const Feature *feature = &signature->features[i];
		bool category = feature->kind == FEATURE_CATEGORY;
		float unseen = category ? (float) dictionary_size(feature->dictionary) : 0;

		edges[0 * n + i] = NAN;
		edges[1 * n + i] = category ? unseen : INFINITY;
		edges[2 * n + i] = category ? unseen : -INFINITY;
		edges[3 * n + i] = category ? unseen : base[i];
		edges[4 * n + i] = category ? NAN : (i % 2 == 0 ? INFINITY : -INFINITY);
		edges[5 * n + i] = i % 2 == 0 ? base[i] : NAN;
	}
}

/* XGBoost's margins of plain rows; its matrices refuse infinities, its prediction in place does not. */
static const float *
predict_in_place(XgboostSession *session, BoosterHandle booster, const float *values, uint64 n_rows,
                 uint64 n_columns)
{
	static const char config[] =
	    "{\"type\": 1, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": 0, "
	    "\"strict_shape\": false, \"missing\": NaN, \"cache_id\": 0}";
	char interface[160];
	const bst_ulong *shape;
	bst_ulong dimensions;
	const float *margins;

	xgboost_array_interface(interface, sizeof(interface), values, n_rows, n_columns);
	xgboost_call(
	    session, "predict",
	    XGBoosterPredictFromDense(booster, interface, config, NULL, &shape, &dimensions, &margins));
	if (dimensions < 1 || shape[0] != n_rows)
		elog(ERROR, "XGBoost predicted another number of rows");
	return margins;
}

static bytea *
build_golden(XgboostSession *session, BoosterHandle booster, const Forest *forest,
             FeatureRows *rows)
{
	Part part = rows->n_rows[PART_HOLDOUT] > 0 ? PART_HOLDOUT : PART_VALIDATION;
	uint64 n_part = rows->n_rows[part];
	uint32 n_sampled = Min(n_part, GOLDEN_SAMPLED);
	uint32 n = n_sampled + GOLDEN_EDGES;
	uint32 width = rows->store.width;
	float *golden = palloc(sizeof(float) * n * width);
	const float *margins;

	for (uint32 i = 0; i < n_sampled; i++)
		row_store_read(&rows->store, part_begin(rows, part) + i * n_part / n_sampled, 1,
		               golden + (size_t) i * width);
	fill_edges(golden + (size_t) n_sampled * width, golden, rows->signature);

	margins = predict_in_place(session, booster, golden, n, width);
	for (uint32 i = 0; i < n; i++)
		require_equal(forest_margin(forest, golden + (size_t) i * width), margins[i], "golden rows",
		              i);
	return golden_build(golden, margins, n, width, signature_checksum(rows->signature));
}

/* Metrics */

typedef struct Scores
{
	const Forest *forest;
	const uint8 *labels;
	ScoredRow *rows;
} Scores;

static void
collect_score(float margin, uint64 row, void *argument)
{
	Scores *scores = argument;

	scores->rows[row].score = forest_probability(scores->forest, margin);
	scores->rows[row].label = scores->labels[row];
}

/* Scores of a part, descending. */
static ScoredRow *
score_part(const Forest *forest, FeatureRows *rows, Part part)
{
	uint64 n = rows->n_rows[part];
	Scores scores;

	scores.forest = forest;
	scores.labels = rows->labels + part_begin(rows, part);
	scores.rows = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(ScoredRow) * n);
	evaluate_part(forest, rows, part, collect_score, &scores);
	ranking_sort(scores.rows, n);
	return scores.rows;
}

/* At equal steps of rank, the extremes included. */
static void
take_quantiles(TrainedVersion *version, const ScoredRow *descending, uint64 n)
{
	int n_taken = (int) Min(n, MOST_SCORE_QUANTILES);

	version->n_score_quantiles = n_taken;
	version->score_quantiles = palloc(sizeof(double) * n_taken);
	for (int i = 0; i < n_taken; i++)
	{
		uint64 rank = n_taken == 1 ? 0 : (uint64) i * (n - 1) / (n_taken - 1);

		version->score_quantiles[i] = descending[n - 1 - rank].score;
	}
}

static void
measure(TrainedVersion *version, const Forest *forest, FeatureRows *rows)
{
	Part part = rows->n_rows[PART_HOLDOUT] > 0 ? PART_HOLDOUT : PART_VALIDATION;
	ScoredRow *scored = score_part(forest, rows, part);

	for (int i = 0; i < RANKING_N_METRICS; i++)
		version->metrics[i] = NAN;
	if (part == PART_HOLDOUT)
		ranking_measure(scored, NULL, rows->n_rows[part], version->metrics);
	take_quantiles(version, scored, rows->n_rows[part]);
	version->score_baseline = baseline_of_scores(scored, rows->n_rows[part]);
	pfree(scored);
}

void
trained_version_build(TrainedVersion *version, XgboostSession *session, const Boosting *boosting,
                      FeatureRows *rows, const PartSummary *validation,
                      CalibrationMethod calibration)
{
	const uint8 *labels = rows->labels + part_begin(rows, PART_VALIDATION);
	uint64 n = rows->n_rows[PART_VALIDATION];
	float *margins = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(float) * n);
	Calibration fitted;
	Forest forest;

	memset(version, 0, sizeof(*version));
	memcpy(margins, boosting_margins(session, boosting->booster, boosting->validation, n),
	       sizeof(float) * n);
	xgboost_free_matrix(session, boosting->validation);
	version->calibration = usable_calibration(calibration, labels, n);
	fit_calibration(&fitted, version->calibration, margins, labels, n, validation->known);

	version->importances =
	    read_importances(session, boosting->booster, rows->signature->n_features);
	version->artifact = save_artifact(session, boosting->booster, rows->signature);
	version->image = build_image(version->artifact, &fitted);
	open_image(&forest, version->image);
	evaluate_part(&forest, rows, PART_VALIDATION, compare_margin, margins);
	version->golden = build_golden(session, boosting->booster, &forest, rows);
	/* What follows takes memory of its own. */
	xgboost_session_end(session);
	measure(version, &forest, rows);
	version->feature_baseline = baseline_of_features(rows);
}

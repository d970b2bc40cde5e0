/*
 * memory_estimate.c
 *		How much memory a training will take, before it is taken.
 *
 * The larger one of two peaks: while the matrix is built, and while trees grow.
 * Sizes are those of XGBoost's structures (GHistIndexMatrix, ColumnMatrix,
 * SparsePage, HistCollection; the same from 1.7 to 3.x), for the peak of each.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "pg/settings.h"
#include "core/ranking.h"
#include "training/matrix.h"
#include "training/memory_estimate.h"

#define BYTES_PER_BIN 16 /* gradient and hessian sums, float64 */
/* The index grows with each batch: the old one and the new one exist at once. */
#define INDEX_GROWTH 2
/* Of each value where some are missing, beside the index: as measured. */
#define BYTES_PER_VALUE_WITH_MISSING 5
/* XGBoost's WQuantileSketch: entries of 16 bytes, 8 a bin and level; a queue and its summary of twice as many. */
#define SKETCH_ENTRIES_PER_BIN 8
#define SKETCH_ENTRY_BYTES 16
/* Position, gradient, prediction, label, row pointer. */
#define BYTES_PER_TRAINING_ROW (16 + 8 + 4 + 4 + 8)
/* Entry of a plain matrix (feature, value) and the float it was made from. */
#define BYTES_PER_VALIDATION_VALUE (8 + 4)

/* Sorted margins with their sorting keys; margins, labels and gradients of both sides. */
#define BYTES_PER_VALIDATION_ROW (sizeof(ScoredRow) + 2 * sizeof(uint64) + 16)

/* A node of a tree in XGBoost, and as UBJSON: about the same. */
#define BYTES_PER_NODE 60

/* The trees of one round at their largest; those of later rounds are measured as they grow. */
static double
round_bytes(const FeatureRows *rows, const RowFacts *facts, const TrainingParameters *parameters)
{
	double depth = parameters->values[PARAMETER_MAX_DEPTH];
	double max_leaves = parameters->values[PARAMETER_MAX_LEAVES];
	double child_weight = parameters->values[PARAMETER_MIN_CHILD_WEIGHT];
	double p = parameters->values[PARAMETER_BASE_SCORE];
	double weight = rows->n_rows[PART_TRAINING] +
	                parameters->values[PARAMETER_SCALE_POS_WEIGHT] * (double) facts->n_frauds;
	double leaves = rows->n_rows[PART_TRAINING]; /* a leaf holds rows */
	double trees = parameters->values[PARAMETER_NUM_PARALLEL_TREE];

	/* Its trees come one by one. */
	if (parameters->algorithm == ALGORITHM_RANDOM_FOREST)
		trees = 1;
	if (depth > 0)
		leaves = Min(leaves, pow(2, depth));
	if (max_leaves > 0)
		leaves = Min(leaves, max_leaves);
	/* And hessians: of the first round, all rows have that of the base score. */
	if (child_weight > 0)
		leaves = Min(leaves, Max(1, weight * p * (1 - p) / child_weight));
	return trees * 2 * leaves * BYTES_PER_NODE * MODEL_COPIES;
}

/* Histograms of the nodes of one tree that exist at once. */
static double
histogram_bytes(const FeatureRows *rows, const TrainingParameters *parameters, double bins)
{
	double depth = parameters->values[PARAMETER_MAX_DEPTH];
	double leaves = parameters->values[PARAMETER_MAX_LEAVES];
	double nodes = depth > 0 ? pow(2, depth) : INFINITY; /* the last level is not split */

	if (leaves > 0)
		nodes = Min(nodes, 2 * leaves);
	/* A node holds rows. */
	nodes = Min(nodes, 2 * (double) rows->n_rows[PART_TRAINING]);
	return nodes * bins * BYTES_PER_BIN;
}

/* The quantile sketch of one feature whose values all differ: a level more for each doubling of the rows. */
static double
sketch_bytes(double n_rows, double max_bin)
{
	double entries = SKETCH_ENTRIES_PER_BIN * max_bin;
	int levels = 1;

	while (ldexp(levels * entries, levels) < n_rows)
		levels++;
	return Min(n_rows, levels * entries) * SKETCH_ENTRY_BYTES * (levels + 3);
}

/* Our own arrays over all rows: labels, parts, hashes, order, times and entities. */
static double
facts_bytes(const RowFacts *facts)
{
	return (double) facts->capacity *
	       (sizeof(uint8) * 3 + sizeof(uint64) + sizeof(uint32) +
	        (facts->event_times ? sizeof(int64) : 0) + (facts->known_times ? sizeof(int64) : 0) +
	        (facts->entities ? sizeof(uint64) : 0));
}

uint64
memory_estimate(const FeatureRows *rows, const RowFacts *facts,
                const TrainingParameters *parameters)
{
	double n_features = rows->store.width;
	double training = rows->n_rows[PART_TRAINING];
	double validation = rows->n_rows[PART_VALIDATION];
	double max_bin = parameters->values[PARAMETER_MAX_BIN];
	double bins_most = Max(max_bin, (double) rows->n_bins_most);
	double bins = n_features * Min(bins_most, training);
	/* A bin's index within its column, and across columns where values are missing. */
	double column_bytes = bins_most <= 256 ? 1 : bins_most <= 65536 ? 2 : 4;
	bool any_missing = training_values(rows) < rows->n_rows[PART_TRAINING] * rows->store.width;
	double index_bytes = any_missing ? 4 : column_bytes;
	double columns =
	    training * n_features * (any_missing ? BYTES_PER_VALUE_WITH_MISSING : column_bytes);
	double building;
	double boosting;

	building = columns + training * n_features * INDEX_GROWTH * index_bytes;
	building += n_features * sketch_bytes(training, max_bin);
	building += sizeof(float) * (double) matrix_batch_floats(rows);

	boosting = columns + training * n_features * index_bytes;
	boosting += training * BYTES_PER_TRAINING_ROW;
	if (parameters->algorithm == ALGORITHM_RANDOM_FOREST)
		boosting += training * 2 * sizeof(float); /* our own gradients */
	boosting += histogram_bytes(rows, parameters, bins);
	boosting += round_bytes(rows, facts, parameters);
	boosting += validation * (n_features * BYTES_PER_VALIDATION_VALUE + BYTES_PER_VALIDATION_ROW);
	return (uint64) (Max(building, boosting) + facts_bytes(facts));
}

void
memory_estimate_check(const FeatureRows *rows, const RowFacts *facts,
                      const TrainingParameters *parameters)
{
	uint64 estimate = memory_estimate(rows, facts, parameters) / 1024;
	uint64 limit = setting_max_training_memory_kb();

	if (estimate <= limit)
		return;
	ereport(
	    ERROR,
	    (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
	     errmsg("training would need about " UINT64_FORMAT
	            " MB, which is more than fraud_detect.max_training_memory allows (" UINT64_FORMAT
	            " MB)",
	            (estimate + 1023) / 1024, limit / 1024),
	     errdetail(UINT64_FORMAT " rows of %d features would be trained on.",
	               rows->n_rows[PART_TRAINING], rows->store.width),
	     errhint("Raise the setting, train on fewer rows or columns, or lower max_bin, max_depth "
	             "or num_parallel_tree in params.")));
}

void
memory_model_check(uint64 size, int rounds)
{
	uint64 limit = (uint64) setting_max_training_memory_kb() * 1024;

	if (size <= limit / MODEL_COPIES)
		return;
	ereport(
	    ERROR,
	    (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
	     errmsg("the model has grown larger than fraud_detect.max_training_memory allows "
	            "(" UINT64_FORMAT " MB)",
	            limit / (1024 * 1024)),
	     errdetail("After %d rounds it takes %.1f MB, and %d times that until it is registered.",
	               rounds, size / (1024.0 * 1024.0), MODEL_COPIES),
	     errhint("Lower rounds, max_depth or max_leaves in params, or raise min_child_weight "
	             "or the setting.")));
}

void
memory_reading_check(const RowFacts *facts, const ColumnChoice *choice)
{
	double bytes = facts_bytes(facts);
	uint64 limit = setting_max_training_memory_kb();

	for (int c = 0; c < choice->n_columns; c++)
	{
		const TrainingColumn *column = &choice->columns[c];

		if (column->dictionary != NULL)
			bytes += dictionary_memory(column->dictionary);
		if (column->distinct.slots != NULL)
			bytes += sizeof(uint64) * (double) column->distinct.n_slots;
	}
	if (bytes / 1024 <= limit)
		return;
	ereport(
	    ERROR,
	    (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
	     errmsg("reading the source needs more than fraud_detect.max_training_memory allows: %.0f "
	            "MB of " UINT64_FORMAT " MB after %u rows",
	            ceil(bytes / (1024 * 1024)), limit / 1024, facts->n_rows),
	     errhint("Raise the setting, or train on fewer rows or without columns of many different "
	             "texts.")));
}

/*
 * memory_estimate.c
 *		How much memory a training will take, before it is taken.
 *
 * A sum of named parts, each of which exists in some phases of a training; the
 * estimate is the phase with the largest sum. Sizes are those of XGBoost's
 * structures in the named source files of 1.7 (later versions copy no histograms,
 * and 3.3 took a tenth more for sketches of many bins).
 * test/bench/figures/memory.py holds them against measured peaks.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "core/ranking.h"
#include "pg/settings.h"
#include "training/baseline.h"
#include "training/matrix.h"
#include "training/memory_estimate.h"

typedef enum Phase
{
	PHASE_MATRIX,     /* the matrix of the training part is built */
	PHASE_VALIDATION, /* that of the validation part is built */
	PHASE_BOOSTING,   /* trees grow */
	PHASE_BASELINE,   /* XGBoost's memory is free again */
	N_PHASES
} Phase;

#define IN(phase) (1 << (phase))
#define IN_ALL (IN(N_PHASES) - 1)
#define WITH_MATRIX (IN(PHASE_MATRIX) | IN(PHASE_VALIDATION) | IN(PHASE_BOOSTING))

typedef enum MemoryPart
{
	MEMORY_LIBRARIES,
	MEMORY_FACTS,
	MEMORY_SKETCHES,
	MEMORY_BATCH,
	MEMORY_INDEX,
	MEMORY_VALIDATION_COPY,
	MEMORY_VALIDATION,
	MEMORY_ROWS,
	MEMORY_HISTOGRAMS,
	MEMORY_TREES,
	MEMORY_BASELINE,
	N_MEMORY_PARTS
} MemoryPart;

/* What to call a part, when it exists, and what makes it smaller. */
static const struct
{
	const char *name;
	int phases;
	const char *remedy;
} memory_parts[N_MEMORY_PARTS] = {
    [MEMORY_LIBRARIES] = {"libraries", IN_ALL, NULL},
    [MEMORY_FACTS] = {"facts about all rows", IN_ALL, "train on fewer rows"},
    [MEMORY_SKETCHES] = {"quantile sketches", IN(PHASE_MATRIX),
                         "train on fewer columns, or lower max_bin in params"},
    [MEMORY_BATCH] = {"batch of rows", IN(PHASE_MATRIX), "train on fewer rows"},
    [MEMORY_INDEX] = {"index of the values", WITH_MATRIX, "train on fewer rows or columns"},
    [MEMORY_VALIDATION_COPY] = {"rows to be validated on", IN(PHASE_VALIDATION),
                                "train on fewer rows or columns"},
    [MEMORY_VALIDATION] = {"validation matrix", IN(PHASE_VALIDATION) | IN(PHASE_BOOSTING),
                           "train on fewer rows or columns"},
    [MEMORY_ROWS] = {"state of the rows", IN(PHASE_BOOSTING), "train on fewer rows"},
    [MEMORY_HISTOGRAMS] = {"histograms", IN(PHASE_BOOSTING),
                           "train on fewer columns, or lower max_depth, max_leaves or max_bin in "
                           "params"},
    [MEMORY_TREES] = {"trees of a round", IN(PHASE_BOOSTING),
                      "lower max_depth, max_leaves or num_parallel_tree, or raise min_child_weight "
                      "in params"},
    [MEMORY_BASELINE] = {"sample for the baseline", IN(PHASE_BASELINE), "train on fewer columns"},
};

/* What is touched of the libraries' data, and their own small blocks. */
#define LIBRARIES_BYTES (2.5 * 1024 * 1024)

/* A quantile sketch (quantile.h): its queue has entries of 8 bytes, all else of 16; 8 a bin and level. */
#define QUEUE_ENTRY_BYTES 8
#define SKETCH_ENTRY_BYTES 16
#define SKETCH_ENTRIES_PER_BIN 8

/* Sums of gradients and hessians, float64 (GradientPairPrecise). */
#define HISTOGRAM_BIN_BYTES 16

/* A column with fewer values than this share of the rows is stored as sparse (TrainParam::sparse_threshold). */
#define SPARSE_SHARE 0.2

/* Row pointer, label and, while labels grow, their copy. */
#define PASSED_ROW_BYTES 16

/* Position, gradient and hessian, prediction, its copy, label, row pointer; our own gradients of a forest. */
#define TRAINING_ROW_BYTES 40
#define FOREST_ROW_BYTES 8

/* Entry of a plain matrix: feature and value. */
#define ENTRY_BYTES 8
/* Sorted margins with their sorting keys; margins, labels and gradients of both sides. */
#define VALIDATION_ROW_BYTES (sizeof(ScoredRow) + 2 * sizeof(uint64) + 16)

/* A node of a tree in XGBoost, and as UBJSON: about the same. */
#define BYTES_PER_NODE 60

/* What the parts are computed from. */
typedef struct Sizes
{
	const FeatureRows *rows;
	const RowFacts *facts;
	const TrainingParameters *parameters;
	double training; /* rows of the parts */
	double validation;
	double n_features;
	double max_bin;
	double leaves; /* of a tree, at most */
} Sizes;

/*
 * Leaves for which there are rows and hessians (min_child_weight): in the first
 * round each row has the hessian of the base score.
 */
static double
leaves_with_rows(const FeatureRows *rows, const RowFacts *facts,
                 const TrainingParameters *parameters)
{
	double child_weight = parameters->values[PARAMETER_MIN_CHILD_WEIGHT];
	double p = parameters->values[PARAMETER_BASE_SCORE];
	double weight = rows->n_rows[PART_TRAINING] +
	                parameters->values[PARAMETER_SCALE_POS_WEIGHT] * (double) facts->n_frauds;
	double leaves = rows->n_rows[PART_TRAINING];

	if (child_weight > 0)
		leaves = Min(leaves, weight * p * (1 - p) / child_weight);
	return Max(leaves, 1);
}

static double
most_leaves(const Sizes *sizes)
{
	double depth = sizes->parameters->values[PARAMETER_MAX_DEPTH];
	double max_leaves = sizes->parameters->values[PARAMETER_MAX_LEAVES];
	double leaves = leaves_with_rows(sizes->rows, sizes->facts, sizes->parameters);

	if (depth > 0)
		leaves = Min(leaves, pow(2, depth));
	if (max_leaves > 0)
		leaves = Min(leaves, max_leaves);
	return leaves;
}

static Sizes
sizes_of(const FeatureRows *rows, const RowFacts *facts, const TrainingParameters *parameters)
{
	Sizes sizes = {.rows = rows, .facts = facts, .parameters = parameters};

	sizes.training = rows->n_rows[PART_TRAINING];
	sizes.validation = rows->n_rows[PART_VALIDATION];
	sizes.n_features = rows->store.width;
	sizes.max_bin = parameters->values[PARAMETER_MAX_BIN];
	sizes.leaves = most_leaves(&sizes);
	return sizes;
}

/* Building the matrix */

/*
 * QuantileSketchTemplate of n values that all differ: L entries a level, of the
 * least l with 2^l L >= n; a queue of 2 L, and where that was emptied, once for
 * each 2 L values, a summary of 2 L and the levels in use. SketchContainerImpl
 * merges all of it into 8 entries a bin, and those into one a bin.
 */
static double
sketch_bytes(double n, double max_bin)
{
	double bins = Min(n, max_bin);
	double entries = 0;
	double emptied;
	double bytes;

	if (n < 1)
		return 0;
	for (int levels = 1; levels == 1 || ldexp(entries, levels - 1) < n; levels++)
		entries = Min(n, ceil(levels * SKETCH_ENTRIES_PER_BIN * bins) + 1);
	emptied = floor((n - 1) / (2 * entries));
	bytes = 2 * entries * QUEUE_ENTRY_BYTES;
	if (emptied >= 1)
		bytes += entries * SKETCH_ENTRY_BYTES * (2 + floor(log2(emptied)) + 2);
	return bytes + SKETCH_ENTRY_BYTES * (Min(n, SKETCH_ENTRIES_PER_BIN * bins) + bins + 1);
}

static double
sketches_bytes(const Sizes *sizes)
{
	double bytes = 0;

	for (int f = 0; f < sizes->rows->signature->n_features; f++)
	{
		if (sizes->rows->signature->features[f].kind != FEATURE_CATEGORY)
			bytes += sketch_bytes((double) sizes->rows->n_values[f], sizes->max_bin);
	}
	return bytes;
}

/* Bins of all features (HistogramCuts). */
static double
bins_in_all(const Sizes *sizes)
{
	double bins = 0;

	for (int f = 0; f < sizes->rows->signature->n_features; f++)
	{
		double different = sizes->rows->most_different[f];

		if (sizes->rows->signature->features[f].kind != FEATURE_CATEGORY)
			different = Min(different, Min((double) sizes->rows->n_values[f], sizes->max_bin));
		bins += different;
	}
	return bins;
}

/* Of the feature that has most; of numbers XGBoost reckons with max_bin, whatever they have. */
static double
bins_most(const Sizes *sizes)
{
	double bins = sizes->max_bin;

	for (int f = 0; f < sizes->rows->signature->n_features; f++)
	{
		if (sizes->rows->signature->features[f].kind == FEATURE_CATEGORY)
			bins = Max(bins, sizes->rows->most_different[f]);
	}
	return bins;
}

/*
 * GHistIndexMatrix has the bin of each value by row, in 1 or 2 bytes within its
 * column, or in 4 across columns as soon as any is missing. ColumnMatrix has them
 * by column: as many bytes and a bit for each row, or only the values of a sparse
 * column; one such column adds 8 bytes to each value of all. Each bin has its
 * cut and counts of its values, one of them by thread.
 */
static double
index_bytes(const Sizes *sizes)
{
	double values = (double) training_values(sizes->rows);
	double bin_bytes = bins_most(sizes) <= 256 ? 1 : bins_most(sizes) <= 65536 ? 2 : 4;
	double places = 0;
	bool any_sparse = false;

	for (int f = 0; f < sizes->rows->signature->n_features; f++)
	{
		double n = (double) sizes->rows->n_values[f];
		bool sparse = n < SPARSE_SHARE * sizes->training;

		places += sparse ? n : sizes->training;
		any_sparse = any_sparse || sparse;
	}
	return values * (values < sizes->training * sizes->n_features ? sizeof(uint32) : bin_bytes) +
	       places * (bin_bytes + 1.0 / 8 + (any_sparse ? sizeof(size_t) : 0)) +
	       bins_in_all(sizes) *
	           (sizeof(float) +
	            sizeof(size_t) * (1 + sizes->parameters->values[PARAMETER_THREADS]));
}

/* Growing trees */

/* The chance that a Poisson variable of this mean is at least k. */
static double
poisson_at_least(double mean, int k)
{
	double term = exp(-mean);
	double below = 0;

	for (int i = 0; i < k; i++)
	{
		below += term;
		term *= mean / (i + 1);
	}
	return Max(0, 1 - below);
}

/*
 * Nodes of a tree that get a histogram: the root, and the children of a split
 * that may be split in turn. A level has at most 2^level of them; deep levels
 * have fewer, since no split is even. Where each divides its rows in any ratio
 * with equal chance, a node of the level above is left with the share of one
 * leaf, 1 / leaves of all, or more, with the chance that a Poisson variable of
 * mean ln(leaves) is at least level - 1. From depth 10 on that is a model, taken
 * because it fits peaks at depths 10 and 12 best, and no bound: a tree whose deep
 * levels are full takes more.
 */
static double
nodes_with_histogram(const Sizes *sizes)
{
	double mean = log(leaves_with_rows(sizes->rows, sizes->facts, sizes->parameters));
	int depth = (int) sizes->parameters->values[PARAMETER_MAX_DEPTH];
	double nodes = 1;

	if (depth == 0)
		return 2 * sizes->leaves - 1;
	for (int level = 1; level < depth; level++)
		nodes += ldexp(poisson_at_least(mean, level - 1), level);
	return Min(nodes, 2 * sizes->leaves - 1);
}

/*
 * HistCollection: one block (std::vector) with a row for each node, which is
 * copied when it has to grow, to twice as many rows if need be; all trees use the
 * same. Leaf by leaf it grows by two rows, from powers of 2. Level by level it
 * grows by up to 512 rows, and a tree of up to 255 nodes fits exactly: one with a
 * few nodes more, in a later round, copies it all.
 */
static double
histogram_rows(const Sizes *sizes)
{
	double nodes = nodes_with_histogram(sizes);
	double copied = 1;

	if (sizes->parameters->algorithm != ALGORITHM_XGBOOST_LEAFWISE)
		return nodes + Max(nodes / 2, Min(nodes - 1, 255));
	while (2 * copied + 1 < nodes)
		copied *= 2;
	return Max(nodes, 2 * (copied + 1));
}

static double
histograms_bytes(const Sizes *sizes)
{
	/* Each thread but the first has one of its own to add up. */
	double rows = histogram_rows(sizes) + sizes->parameters->values[PARAMETER_THREADS] - 1;

	return rows * bins_in_all(sizes) * HISTOGRAM_BIN_BYTES;
}

/* The trees of one round at their largest; those of later rounds are measured as they grow. */
static double
round_bytes(const Sizes *sizes)
{
	/* A forest's trees come one by one. */
	double trees = sizes->parameters->algorithm == ALGORITHM_RANDOM_FOREST
	                   ? 1
	                   : sizes->parameters->values[PARAMETER_NUM_PARALLEL_TREE];

	return trees * 2 * sizes->leaves * BYTES_PER_NODE * MODEL_COPIES;
}

/* The sample, and the keys by which a feature's values are sorted. */
static double
baseline_bytes(const Sizes *sizes)
{
	double n = Min(Min(sizes->training, BASELINE_ROWS), BASELINE_VALUES / sizes->n_features);

	return n * (sizes->n_features * sizeof(float) + 2 * sizeof(uint64));
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

/* Bytes of each part. */
static void
estimate_parts(double *bytes, const FeatureRows *rows, const RowFacts *facts,
               const TrainingParameters *parameters)
{
	Sizes sizes = sizes_of(rows, facts, parameters);
	double validation_values = sizes.validation * sizes.n_features;

	bytes[MEMORY_LIBRARIES] = LIBRARIES_BYTES;
	bytes[MEMORY_FACTS] = facts_bytes(facts);
	bytes[MEMORY_SKETCHES] = sketches_bytes(&sizes);
	bytes[MEMORY_BATCH] =
	    sizeof(float) * (double) matrix_batch_floats(rows) + sizes.training * PASSED_ROW_BYTES;
	bytes[MEMORY_INDEX] = index_bytes(&sizes);
	bytes[MEMORY_VALIDATION_COPY] = validation_values * sizeof(float);
	bytes[MEMORY_VALIDATION] = validation_values * ENTRY_BYTES;
	bytes[MEMORY_ROWS] = sizes.training * TRAINING_ROW_BYTES;
	if (parameters->algorithm == ALGORITHM_RANDOM_FOREST)
		bytes[MEMORY_ROWS] += sizes.training * FOREST_ROW_BYTES;
	bytes[MEMORY_ROWS] += sizes.validation * VALIDATION_ROW_BYTES;
	bytes[MEMORY_HISTOGRAMS] = histograms_bytes(&sizes);
	bytes[MEMORY_TREES] = round_bytes(&sizes);
	bytes[MEMORY_BASELINE] = baseline_bytes(&sizes);
}

static double
phase_bytes(const double *bytes, Phase phase)
{
	double sum = 0;

	for (MemoryPart part = 0; part < N_MEMORY_PARTS; part++)
		sum += memory_parts[part].phases & IN(phase) ? bytes[part] : 0;
	return sum;
}

static Phase
largest_phase(const double *bytes)
{
	Phase largest = 0;

	for (Phase phase = 1; phase < N_PHASES; phase++)
	{
		if (phase_bytes(bytes, phase) > phase_bytes(bytes, largest))
			largest = phase;
	}
	return largest;
}

/* The largest part of a phase that something can be done about and that is smaller than the last one. */
static MemoryPart
next_largest(const double *bytes, Phase phase, double smaller_than)
{
	MemoryPart largest = N_MEMORY_PARTS;

	for (MemoryPart part = 0; part < N_MEMORY_PARTS; part++)
	{
		if (memory_parts[part].phases & IN(phase) && memory_parts[part].remedy != NULL &&
		    bytes[part] < smaller_than &&
		    (largest == N_MEMORY_PARTS || bytes[part] > bytes[largest]))
			largest = part;
	}
	return largest;
}

/* "histograms 312 MB, index of the values 40 MB": the parts that are a tenth of the whole or more. */
static char *
largest_parts(const double *bytes, Phase phase)
{
	StringInfoData list;
	double last = INFINITY;
	MemoryPart part;

	initStringInfo(&list);
	while ((part = next_largest(bytes, phase, last)) < N_MEMORY_PARTS &&
	       (list.len == 0 || bytes[part] >= phase_bytes(bytes, phase) / 10))
	{
		appendStringInfo(&list, "%s%s %.1f MB", list.len == 0 ? "" : ", ", memory_parts[part].name,
		                 bytes[part] / (1024 * 1024));
		last = bytes[part];
	}
	return list.data;
}

void
memory_estimate_check(const FeatureRows *rows, const RowFacts *facts,
                      const TrainingParameters *parameters)
{
	double bytes[N_MEMORY_PARTS];
	uint64 limit = setting_max_training_memory_kb();
	Phase phase;
	uint64 estimate;

	estimate_parts(bytes, rows, facts, parameters);
	phase = largest_phase(bytes);
	estimate = (uint64) (phase_bytes(bytes, phase) / 1024);
	if (estimate <= limit)
		return;
	ereport(
	    ERROR,
	    (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
	     errmsg("training would need about " UINT64_FORMAT
	            " MB, which is more than fraud_detect.max_training_memory allows (" UINT64_FORMAT
	            " MB)",
	            (estimate + 1023) / 1024, limit / 1024),
	     errdetail(UINT64_FORMAT " rows of %d features would be trained on. Largest parts: %s.",
	               rows->n_rows[PART_TRAINING], rows->store.width, largest_parts(bytes, phase)),
	     errhint("Raise the setting, or %s.",
	             memory_parts[next_largest(bytes, phase, INFINITY)].remedy)));
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

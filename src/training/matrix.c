/*
 * matrix.c
 *		Rows of a store as XGBoost's matrices.
 *
 * XGBoost asks for batches through callbacks. Nothing leaves a callback by
 * longjmp, which would skip C++ frames: an error is caught, kept, and raised
 * again when XGBoost has returned. For a query cancel the callback only looks;
 * the interrupt is served outside.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "miscadmin.h"
#include "training/matrix.h"
#include "utils/memutils.h"

/* About 4 MB: small beside any matrix worth streaming, large enough to be shared among threads. */
#define BATCH_FLOATS (1024 * 1024)

#define INTERFACE_SIZE 160

typedef struct BatchReader
{
	FeatureRows *rows;
	DMatrixHandle proxy;
	const char **types;
	uint64 batch_rows;
	uint64 next;     /* row */
	uint64 n_values; /* that are not missing, in the rows before it */
	uint64 n_values_in_all;
	float *values;
	float *labels;
	char interface[INTERFACE_SIZE];
	sigset_t signals; /* the mask outside of XGBoost */
	MemoryContext context;
	ErrorData *error;
	bool failed;  /* a call of XGBoost's from within the callback */
	bool stopped; /* for whatever reason: no more batches */
} BatchReader;

/* XGBoost's names of feature types: categorical or quantitative. */
static const char **
feature_types(const Signature *signature)
{
	const char **types = palloc(sizeof(char *) * signature->n_features);

	for (int i = 0; i < signature->n_features; i++)
		types[i] = signature->features[i].kind == FEATURE_CATEGORY ? "c" : "q";
	return types;
}

uint64
matrix_batch_floats(const FeatureRows *rows)
{
	uint64 width = rows->store.width;

	return Min(Max(1, BATCH_FLOATS / width), rows->n_rows[PART_TRAINING]) * width;
}

static void
reset_batches(DataIterHandle handle)
{
	BatchReader *reader = handle;

	reader->next = 0;
	reader->n_values = 0;
}

/* Lets pending signals in, so that their handlers run, and says whether one of them ends us. */
static bool
interrupted(const BatchReader *reader)
{
	sigset_t ignored;

	xgboost_leave(&reader->signals);
	xgboost_enter(&ignored);
	return QueryCancelPending || ProcDiePending;
}

/* False where reading raised an error, which is kept. */
static bool
read_batch(BatchReader *reader, uint64 n)
{
	volatile bool done = false;

	PG_TRY();
	{
		row_store_read(&reader->rows->store, reader->next, n, reader->values);
		done = true;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(reader->context);
		reader->error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	return done;
}

/*
 * XGBoost's index of the values grows as a std::vector: to twice its size, beside
 * the old one, when a batch does not fit. A batch that ends with half of all values
 * (before that a quarter, an eighth, ...) makes the last growth the right one;
 * otherwise that may come with the last batch, beside nearly all of them. Ends lie
 * up to a row later, so each is at most twice the one before.
 */
static uint64
values_at_end(const BatchReader *reader)
{
	uint64 width = reader->rows->store.width;
	uint64 share = reader->n_values_in_all;

	while (share > BATCH_FLOATS && share / 2 + width > reader->n_values)
		share /= 2;
	return share + width;
}

/* How many of the n rows that were read the batch has: at least one. */
static uint64
rows_of_batch(BatchReader *reader, uint64 n)
{
	uint64 width = reader->rows->store.width;
	uint64 end = values_at_end(reader);
	uint64 taken = 0;

	while (taken < n && reader->n_values < end)
	{
		const float *row = reader->values + taken++ * width;

		for (uint64 c = 0; c < width; c++)
			reader->n_values += !isnan(row[c]);
	}
	return taken;
}

/* 1: the proxy holds a batch; 0: there is none. */
static int
next_batch(DataIterHandle handle)
{
	BatchReader *reader = handle;
	uint64 n_columns = reader->rows->store.width;
	uint64 n = Min(reader->batch_rows, reader->rows->n_rows[PART_TRAINING] - reader->next);

	if (reader->stopped || n == 0)
		return 0;
	if (interrupted(reader) || !read_batch(reader, n))
	{
		reader->stopped = true;
		return 0;
	}
	n = rows_of_batch(reader, n);
	for (uint64 i = 0; i < n; i++)
		reader->labels[i] = reader->rows->labels[reader->next + i];
	reader->next += n;

	xgboost_array_interface(reader->interface, INTERFACE_SIZE, reader->values, n, n_columns);
	reader->failed = XGProxyDMatrixSetDataDense(reader->proxy, reader->interface) != 0;
	xgboost_array_interface(reader->interface, INTERFACE_SIZE, reader->labels, n, 1);
	reader->failed =
	    reader->failed ||
	    XGDMatrixSetInfoFromInterface(reader->proxy, "label", reader->interface) != 0 ||
	    XGDMatrixSetStrFeatureInfo(reader->proxy, "feature_type", reader->types, n_columns) != 0;
	reader->stopped = reader->failed;
	return reader->failed ? 0 : 1;
}

DMatrixHandle
matrix_quantised(XgboostSession *session, FeatureRows *rows, int threads, int max_bin)
{
	BatchReader reader = {0};
	DMatrixHandle *matrix;
	DMatrixHandle *proxy;
	char *config =
	    psprintf("{\"missing\": NaN, \"nthread\": %d, \"max_bin\": %d}", threads, max_bin);
	int result;

	proxy = xgboost_new_matrix(session);
	xgboost_call(session, "create a proxy matrix", XGProxyDMatrixCreate(proxy));
	reader.proxy = *proxy;
	reader.rows = rows;
	reader.n_values_in_all = training_values(rows);
	reader.types = feature_types(rows->signature);
	reader.batch_rows = matrix_batch_floats(rows) / rows->store.width;
	reader.values = palloc(sizeof(float) * matrix_batch_floats(rows));
	reader.labels = palloc(sizeof(float) * reader.batch_rows);
	reader.context = CurrentMemoryContext;

	matrix = xgboost_new_matrix(session);
	xgboost_map_sketches(true);
	xgboost_enter(&reader.signals);
	result = XGQuantileDMatrixCreateFromCallback(&reader, reader.proxy, NULL, reset_batches,
	                                             next_batch, config, matrix);
	xgboost_leave(&reader.signals);
	xgboost_map_sketches(false);

	if (reader.error != NULL)
		ReThrowError(reader.error);
	CHECK_FOR_INTERRUPTS();
	if (result != 0 || reader.failed)
		xgboost_fail(session, "build the training matrix");
	if (reader.stopped)
		elog(ERROR, "building the training matrix was stopped");

	xgboost_free_matrix(session, reader.proxy);
	pfree(reader.values);
	pfree(reader.labels);
	pfree(reader.types);
	/* Of its quantile sketches: some megabytes a feature with many different values. */
	xgboost_release_heap();
	return *matrix;
}

DMatrixHandle
matrix_plain(XgboostSession *session, FeatureRows *rows, Part part, int threads)
{
	uint64 n = rows->n_rows[part];
	uint64 n_columns = rows->store.width;
	const char **types = feature_types(rows->signature);
	DMatrixHandle *matrix;
	char interface[INTERFACE_SIZE];
	char *config = psprintf("{\"missing\": NaN, \"nthread\": %d}", threads);
	float *values = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(float) * n * n_columns);

	row_store_read(&rows->store, part_begin(rows, part), n, values);
	xgboost_array_interface(interface, INTERFACE_SIZE, values, n, n_columns);
	matrix = xgboost_new_matrix(session);
	xgboost_call(session, "build a matrix", XGDMatrixCreateFromDense(interface, config, matrix));
	pfree(values);
	xgboost_call(session, "set feature types",
	             XGDMatrixSetStrFeatureInfo(*matrix, "feature_type", types, n_columns));
	pfree(types);
	return *matrix;
}

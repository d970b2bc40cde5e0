/*
 * xgboost_time.c
 *		How long a process is inside XGBoost: preloaded into a server, it stands
 *		between the training library and libxgboost and reads the clock on both
 *		sides of every call of the C API.
 *
 * While XGBoost calls back for a batch of rows the clock is stopped: reading them
 * is not its work. A process that has called XGBoost leaves a file
 * xgboost_time.<pid> with the seconds in its current folder, which is a server's
 * data folder, when it exits.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <xgboost/c_api.h>

static double inside;  /* seconds */
static double entered; /* when; 0 while outside */

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double) time.tv_sec + (double) time.tv_nsec * 1e-9;
}

static void
enter(void)
{
	entered = now();
}

static void
leave(void)
{
	inside += now() - entered;
	entered = 0;
}

/* libxgboost, which is loaded, since its caller links it, under the name that its version has. */
static void *
find_library(void)
{
	void *library = NULL;

	for (int version = 0; version < 10 && library == NULL; version++)
	{
		char name[32];

		snprintf(name, sizeof(name), "libxgboost.so.%d", version);
		library = dlopen(name, RTLD_LAZY | RTLD_NOLOAD);
	}
	return library;
}

/* The function that a name means there. */
static void *
find(const char *name)
{
	void *library = find_library();
	void *function = library == NULL ? NULL : dlsym(library, name);

	if (function == NULL)
	{
		fprintf(stderr, "xgboost_time: %s is not there\n", name);
		abort();
	}
	return function;
}

/* clang-format off */
#define TIMED(name, parameters, arguments)                                                         \
	int name parameters                                                                            \
	{                                                                                              \
		static int(*original) parameters;                                                          \
		int result;                                                                                \
                                                                                                   \
		if (original == NULL)                                                                      \
			original = find(#name);                                                                \
		enter();                                                                                   \
		result = original arguments;                                                               \
		leave();                                                                                   \
		return result;                                                                             \
	}
/* clang-format on */

TIMED(XGBSetGlobalConfig, (const char *config), (config))
TIMED(XGBoosterBoostOneIter,
      (BoosterHandle booster, DMatrixHandle matrix, float *gradients, float *hessians, bst_ulong n),
      (booster, matrix, gradients, hessians, n))
TIMED(XGBoosterCreate, (const DMatrixHandle matrices[], bst_ulong n, BoosterHandle *out),
      (matrices, n, out))
TIMED(XGBoosterFeatureScore,
      (BoosterHandle booster, const char *config, bst_ulong *n, const char ***names,
       bst_ulong *dimensions, const bst_ulong **shape, const float **scores),
      (booster, config, n, names, dimensions, shape, scores))
TIMED(XGBoosterFree, (BoosterHandle booster), (booster))
TIMED(XGBoosterPredictFromDMatrix,
      (BoosterHandle booster, DMatrixHandle matrix, const char *config, const bst_ulong **shape,
       bst_ulong *dimensions, const float **margins),
      (booster, matrix, config, shape, dimensions, margins))
TIMED(XGBoosterPredictFromDense,
      (BoosterHandle booster, const char *values, const char *config, DMatrixHandle matrix,
       const bst_ulong **shape, bst_ulong *dimensions, const float **margins),
      (booster, values, config, matrix, shape, dimensions, margins))
TIMED(XGBoosterSaveModelToBuffer,
      (BoosterHandle booster, const char *config, bst_ulong *size, const char **bytes),
      (booster, config, size, bytes))
TIMED(XGBoosterSetParam, (BoosterHandle booster, const char *name, const char *value),
      (booster, name, value))
TIMED(XGBoosterSetStrFeatureInfo,
      (BoosterHandle booster, const char *field, const char **values, bst_ulong n),
      (booster, field, values, n))
TIMED(XGBoosterSlice, (BoosterHandle booster, int begin, int end, int step, BoosterHandle *out),
      (booster, begin, end, step, out))
TIMED(XGBoosterUpdateOneIter, (BoosterHandle booster, int round, DMatrixHandle matrix),
      (booster, round, matrix))
TIMED(XGDMatrixCreateFromDense, (const char *values, const char *config, DMatrixHandle *out),
      (values, config, out))
TIMED(XGDMatrixFree, (DMatrixHandle matrix), (matrix))
TIMED(XGDMatrixSetInfoFromInterface, (DMatrixHandle matrix, const char *field, const char *values),
      (matrix, field, values))
TIMED(XGDMatrixSetStrFeatureInfo,
      (DMatrixHandle matrix, const char *field, const char **values, bst_ulong n),
      (matrix, field, values, n))
TIMED(XGProxyDMatrixCreate, (DMatrixHandle * out), (out))
TIMED(XGProxyDMatrixSetDataDense, (DMatrixHandle matrix, const char *values), (matrix, values))

/* The matrix that asks for its rows. */

static DataIterResetCallback *reset_batches;
static XGDMatrixCallbackNext *next_batch;

static void
reset_outside(DataIterHandle handle)
{
	leave();
	reset_batches(handle);
	enter();
}

static int
next_outside(DataIterHandle handle)
{
	int result;

	leave();
	result = next_batch(handle);
	enter();
	return result;
}

int
XGQuantileDMatrixCreateFromCallback(DataIterHandle handle, DMatrixHandle proxy,
                                    DataIterHandle reference, DataIterResetCallback *reset,
                                    XGDMatrixCallbackNext *next, const char *config,
                                    DMatrixHandle *out)
{
	int (*original)(DataIterHandle, DMatrixHandle, DataIterHandle, DataIterResetCallback *,
	                XGDMatrixCallbackNext *, const char *, DMatrixHandle *) =
	    find("XGQuantileDMatrixCreateFromCallback");
	int result;

	reset_batches = reset;
	next_batch = next;
	enter();
	result = original(handle, proxy, reference, reset_outside, next_outside, config, out);
	leave();
	return result;
}

__attribute__((destructor)) static void
write_seconds(void)
{
	char name[64];
	FILE *file;

	if (inside == 0)
		return;
	snprintf(name, sizeof(name), "xgboost_time.%d", (int) getpid());
	file = fopen(name, "w");
	if (file == NULL)
		return;
	fprintf(file, "%.6f\n", inside);
	fclose(file);
}

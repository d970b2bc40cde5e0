/*
 * xgboost_session.h
 *		XGBoost's C API for the tests that compare with it. A call that fails ends
 *		the test.
 */
#ifndef FRAUD_DETECT_TEST_XGBOOST_SESSION_H
#define FRAUD_DETECT_TEST_XGBOOST_SESSION_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <xgboost/c_api.h>

#define XGBOOST_CHECK(call)                                                                        \
	do                                                                                             \
	{                                                                                              \
		if ((call) != 0)                                                                           \
			fail_msg("%s: %s", #call, XGBGetLastError());                                          \
	} while (0)

/* The array interface document of an n x width matrix of float32. */
static inline void
matrix_document(char document[256], const float *values, size_t n, size_t width)
{
	snprintf(document, 256,
	         "{\"data\": [%zu, true], \"shape\": [%zu, %zu], \"typestr\": \"<f4\", \"version\": 3}",
	         (size_t) values, n, width);
}

/* NaN is always missing; an infinite `missing` too, and only then may the other infinity appear. */
static inline DMatrixHandle
matrix_create(const float *values, size_t n, size_t width, float missing)
{
	char document[256];
	DMatrixHandle matrix;

	matrix_document(document, values, n, width);
	XGBOOST_CHECK(XGDMatrixCreateFromDense(document,
	                                       isnan(missing) ? "{\"missing\": NaN, \"nthread\": 1}"
	                                       : missing > 0
	                                           ? "{\"missing\": Infinity, \"nthread\": 1}"
	                                           : "{\"missing\": -Infinity, \"nthread\": 1}",
	                                       &matrix));
	return matrix;
}

static inline BoosterHandle
booster_create(DMatrixHandle training)
{
	BoosterHandle booster;

	XGBOOST_CHECK(XGBoosterCreate(&training, training != NULL ? 1 : 0, &booster));
	XGBOOST_CHECK(XGBoosterSetParam(booster, "nthread", "1"));
	XGBOOST_CHECK(XGBoosterSetParam(booster, "verbosity", "0"));
	return booster;
}

static inline void
booster_set(BoosterHandle booster, const char *name, const char *format, ...)
{
	char value[64];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	XGBOOST_CHECK(XGBoosterSetParam(booster, name, value));
}

/* Belongs to the booster until its next call. */
static inline const char *
booster_save(BoosterHandle booster, size_t *size)
{
	const char *bytes;
	bst_ulong length;

	XGBOOST_CHECK(XGBoosterSaveModelToBuffer(booster, "{\"format\": \"ubj\"}", &length, &bytes));
	*size = length;
	return bytes;
}

static inline void
booster_margins(BoosterHandle booster, DMatrixHandle matrix, float *margins, size_t n)
{
	static const char options[] = "{\"type\": 1, \"training\": false, \"iteration_begin\": 0, "
	                              "\"iteration_end\": 0, \"strict_shape\": false}";
	const bst_ulong *shape;
	bst_ulong dimensions;
	const float *result;

	XGBOOST_CHECK(
	    XGBoosterPredictFromDMatrix(booster, matrix, options, &shape, &dimensions, &result));
	assert_int_equal(shape[0], n);
	memcpy(margins, result, n * sizeof(float));
}

/* For each row, width contributions and the expected margin. */
static inline void
booster_contributions(BoosterHandle booster, DMatrixHandle matrix, float *contributions, size_t n,
                      size_t width)
{
	static const char options[] = "{\"type\": 2, \"training\": false, \"iteration_begin\": 0, "
	                              "\"iteration_end\": 0, \"strict_shape\": false}";
	const bst_ulong *shape;
	bst_ulong dimensions;
	const float *result;

	XGBOOST_CHECK(
	    XGBoosterPredictFromDMatrix(booster, matrix, options, &shape, &dimensions, &result));
	assert_int_equal(dimensions, 2);
	assert_int_equal(shape[0], n);
	assert_int_equal(shape[1], width + 1);
	memcpy(contributions, result, n * (width + 1) * sizeof(float));
}

/* Straight from memory: takes any value as it is, NaN is missing. */
static inline void
booster_margins_in_place(BoosterHandle booster, const float *rows, size_t n, size_t width,
                         float *margins)
{
	static const char options[] =
	    "{\"type\": 1, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": 0, "
	    "\"strict_shape\": false, \"missing\": NaN, \"cache_id\": 0}";
	char document[256];
	DMatrixHandle proxy;
	const bst_ulong *shape;
	bst_ulong dimensions;
	const float *result;

	matrix_document(document, rows, n, width);
	XGBOOST_CHECK(XGProxyDMatrixCreate(&proxy));
	XGBOOST_CHECK(
	    XGBoosterPredictFromDense(booster, document, options, proxy, &shape, &dimensions, &result));
	assert_int_equal(shape[0], n);
	memcpy(margins, result, n * sizeof(float));
	XGBOOST_CHECK(XGDMatrixFree(proxy));
}

#endif

/*
 * label_delay.c
 *		fraud.label_delay_fit, fraud.label_delay_known: core/label_delay.h over arrays.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "core/label_delay.h"
#include "fmgr.h"
#include "pg/memory.h"
#include "utils/array.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(fraud_label_delay_fit);
PG_FUNCTION_INFO_V1(fraud_label_delay_known);
PGDLLEXPORT Datum fraud_label_delay_fit(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_label_delay_known(PG_FUNCTION_ARGS);

/* A step is two elements of the array, so the array's data are the steps. */
StaticAssertDecl(sizeof(struct LabelDelayStep) == 2 * sizeof(float8), "a step is two float8");

static const float8 *
elements_of(ArrayType *array, int *n)
{
	if (ARR_HASNULL(array))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("delays and ages of labels must not be null")));
	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return (const float8 *) ARR_DATA_PTR(array);
}

static ArrayType *
array_of(const LabelDelays *delays)
{
	int n = 2 * (int) delays->n;
	int dimensions[1] = {n};
	int bounds[1] = {1};
	Size size = ARR_OVERHEAD_NONULLS(1) + n * sizeof(float8);
	ArrayType *array;

	if (n == 0)
		return construct_empty_array(FLOAT8OID);
	array = palloc0(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = FLOAT8OID;
	memcpy(ARR_DIMS(array), dimensions, sizeof(dimensions));
	memcpy(ARR_LBOUND(array), bounds, sizeof(bounds));
	memcpy(ARR_DATA_PTR(array), delays->steps, n * sizeof(float8));
	return array;
}

/* fraud.label_delay_fit(delays float8[], ages float8[]) -> float8[]: delay, share, delay, ... */
Datum
fraud_label_delay_fit(PG_FUNCTION_ARGS)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	LabelDelays result;
	CoreError error;
	KnownFraud *frauds;
	const float8 *delays;
	const float8 *ages;
	int n;
	int n_ages;

	delays = elements_of(PG_GETARG_ARRAYTYPE_P(0), &n);
	ages = elements_of(PG_GETARG_ARRAYTYPE_P(1), &n_ages);
	if (n != n_ages)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("there are %d delays of labels and %d ages", n, n_ages)));
	frauds = MemoryContextAllocHuge(CurrentMemoryContext, Max(n, 1) * sizeof(KnownFraud));
	for (int i = 0; i < n; i++)
		frauds[i] = (KnownFraud){.delay = delays[i], .age = ages[i]};
	if (!label_delays_fit(frauds, n, &allocator, &result, &error))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s", error.message)));
	PG_RETURN_ARRAYTYPE_P(array_of(&result));
}

/* fraud.label_delay_known(steps float8[], age float8) -> float8 */
Datum
fraud_label_delay_known(PG_FUNCTION_ARGS)
{
	int n;
	const float8 *elements = elements_of(PG_GETARG_ARRAYTYPE_P(0), &n);
	LabelDelays delays = {.steps = (struct LabelDelayStep *) elements, .n = n / 2};

	if (n < 2)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(label_delays_known(&delays, PG_GETARG_FLOAT8(1)));
}

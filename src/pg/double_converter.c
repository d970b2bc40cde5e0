/*
 * double_converter.c
 *		The float64 of a number or a boolean.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "pg/double_converter.h"
#include "pg/numeric_digits.h"
#include "utils/lsyscache.h"

static double
int2_double(Datum value)
{
	return DatumGetInt16(value);
}

static double
int4_double(Datum value)
{
	return DatumGetInt32(value);
}

static double
int8_double(Datum value)
{
	return (double) DatumGetInt64(value);
}

static double
float4_double(Datum value)
{
	return DatumGetFloat4(value);
}

static double
float8_double(Datum value)
{
	return DatumGetFloat8(value);
}

static double
bool_double(Datum value)
{
	return DatumGetBool(value) ? 1.0 : 0.0;
}

DoubleConverter
double_converter(Oid type)
{
	switch (getBaseType(type))
	{
		case INT2OID:
			return int2_double;
		case INT4OID:
			return int4_double;
		case INT8OID:
			return int8_double;
		case FLOAT4OID:
			return float4_double;
		case FLOAT8OID:
			return float8_double;
		case NUMERICOID:
			return numeric_to_double;
		case BOOLOID:
			return bool_double;
		default:
			return NULL;
	}
}

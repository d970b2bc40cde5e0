/*
 * encode.c
 *		From datums to float32: one small converter per type and kind of feature.
 *
 * Instants are stored in UTC, so nothing here depends on the session's
 * TimeZone, and nothing on DateStyle, locale or encoding either.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "pg/encode.h"
#include "pg/numeric_digits.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* 2000-01-01, day zero of PostgreSQL's calendar, was a Saturday. */
#define WEEKDAY_OF_DAY_ZERO 6
#define DAYS_PER_WEEK 7
#define DAYS_PER_INTERVAL_MONTH 30
#define MICROSECONDS_PER_SECOND 1e6

ColumnClass
column_class(Oid type)
{
	Oid base = getBaseType(type);

	switch (base)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			return COLUMN_NUMBER;
		case BOOLOID:
			return COLUMN_BOOLEAN;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case NAMEOID:
		case CHAROID:
		case UUIDOID:
			return COLUMN_TEXT;
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return COLUMN_TIMESTAMP;
		case TIMEOID:
		case TIMETZOID:
			return COLUMN_TIME;
		case INTERVALOID:
			return COLUMN_INTERVAL;
		default:
			return type_is_enum(base) ? COLUMN_TEXT : COLUMN_UNSUPPORTED;
	}
}

bool
feature_accepts_type(FeatureKind kind, Oid type)
{
	if (kind == FEATURE_CATEGORY || kind == FEATURE_FREQUENCY)
		return column_class(type) == COLUMN_TEXT;
	return number_converter(kind, type) != NULL;
}

/* Numbers */

static float
int2_number(Datum value)
{
	return (float) DatumGetInt16(value);
}

static float
int4_number(Datum value)
{
	return (float) (double) DatumGetInt32(value);
}

/* By way of float64, so that a bigint gives what the same number gives as numeric. */
static float
int8_number(Datum value)
{
	return (float) (double) DatumGetInt64(value);
}

static float
float4_number(Datum value)
{
	return DatumGetFloat4(value);
}

static float
float8_number(Datum value)
{
	return (float) DatumGetFloat8(value);
}

static float
bool_number(Datum value)
{
	return DatumGetBool(value) ? 1.0f : 0.0f;
}

/* Time */

/* Of microseconds since a midnight, whichever. */
static float
hour_of(int64 microseconds)
{
	/* The last 3 ms of a day would round up to 24, which is no hour. */
	const float last = 0x1.7ffffep4f;
	int64 of_day = microseconds % USECS_PER_DAY;
	float hour;

	if (of_day < 0)
		of_day += USECS_PER_DAY;
	hour = (float) ((double) of_day / USECS_PER_HOUR);
	return hour < 24.0f ? hour : last;
}

/* Of days since 2000-01-01. */
static float
weekday_of(int64 day)
{
	int64 weekday = (day + WEEKDAY_OF_DAY_ZERO - 1) % DAYS_PER_WEEK;

	if (weekday < 0)
		weekday += DAYS_PER_WEEK;
	return (float) (weekday + 1);
}

static float
timestamp_hour(Datum value)
{
	Timestamp instant = DatumGetTimestamp(value);

	return TIMESTAMP_NOT_FINITE(instant) ? NAN : hour_of(instant);
}

static float
timestamp_weekday(Datum value)
{
	Timestamp instant = DatumGetTimestamp(value);
	int64 day = instant / USECS_PER_DAY;

	if (TIMESTAMP_NOT_FINITE(instant))
		return NAN;
	return weekday_of(instant % USECS_PER_DAY < 0 ? day - 1 : day);
}

static float
date_weekday(Datum value)
{
	DateADT day = DatumGetDateADT(value);

	return DATE_NOT_FINITE(day) ? NAN : weekday_of(day);
}

static float
time_hour(Datum value)
{
	return hour_of(DatumGetTimeADT(value));
}

static float
timetz_hour(Datum value)
{
	TimeTzADT *time = DatumGetTimeTzADTP(value);

	/* The zone is stored in seconds west of Greenwich. */
	return hour_of(time->time + time->zone * USECS_PER_SEC);
}

static float
interval_duration(Datum value)
{
	Interval *interval = DatumGetIntervalP(value);

	if (INTERVAL_IS_MINUS_INFINITY(interval))
		return -INFINITY;
	if (INTERVAL_IS_PLUS_INFINITY(interval))
		return INFINITY;
	return (float) ((double) interval->time / MICROSECONDS_PER_SECOND +
	                (double) interval->day * SECS_PER_DAY +
	                (double) interval->month * DAYS_PER_INTERVAL_MONTH * SECS_PER_DAY);
}

static NumberConverter
plain_number_converter(Oid base)
{
	switch (base)
	{
		case INT2OID:
			return int2_number;
		case INT4OID:
			return int4_number;
		case INT8OID:
			return int8_number;
		case FLOAT4OID:
			return float4_number;
		case FLOAT8OID:
			return float8_number;
		case NUMERICOID:
			return numeric_to_float;
		default:
			return NULL;
	}
}

static NumberConverter
hour_converter(Oid base)
{
	switch (base)
	{
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return timestamp_hour;
		case TIMEOID:
			return time_hour;
		case TIMETZOID:
			return timetz_hour;
		default:
			return NULL;
	}
}

static NumberConverter
weekday_converter(Oid base)
{
	switch (base)
	{
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return timestamp_weekday;
		case DATEOID:
			return date_weekday;
		default:
			return NULL;
	}
}

NumberConverter
number_converter(FeatureKind kind, Oid type)
{
	Oid base = getBaseType(type);

	switch (kind)
	{
		case FEATURE_NUMBER:
			return plain_number_converter(base);
		case FEATURE_BOOLEAN:
			return base == BOOLOID ? bool_number : NULL;
		case FEATURE_HOUR:
			return hour_converter(base);
		case FEATURE_WEEKDAY:
			return weekday_converter(base);
		case FEATURE_DURATION:
			return base == INTERVALOID ? interval_duration : NULL;
		case FEATURE_CATEGORY:
		case FEATURE_FREQUENCY:
			break;
	}
	return NULL;
}

/* Categories */

static void
varlena_category(Datum value, CategoryText *text)
{
	struct varlena *packed = PG_DETOAST_DATUM_PACKED(value);

	text->detoasted = PointerGetDatum(packed) != value ? packed : NULL;
	text->bytes = VARDATA_ANY(packed);
	text->length = VARSIZE_ANY_EXHDR(packed);
}

static void
bpchar_category(Datum value, CategoryText *text)
{
	varlena_category(value, text);
	while (text->length > 0 && text->bytes[text->length - 1] == ' ')
		text->length--;
}

static void
name_category(Datum value, CategoryText *text)
{
	text->detoasted = NULL;
	text->bytes = NameStr(*DatumGetName(value));
	text->length = strnlen(text->bytes, NAMEDATALEN);
}

/* As charout of PostgreSQL 16 and newer: octal for what is not ASCII, empty for zero. */
static void
char_category(Datum value, CategoryText *text)
{
	unsigned char byte = (unsigned char) DatumGetChar(value);

	text->detoasted = NULL;
	text->bytes = text->scratch;
	if (IS_HIGHBIT_SET(byte))
		text->length = snprintf(text->scratch, sizeof(text->scratch), "\\%03o", byte);
	else
	{
		text->scratch[0] = byte;
		text->length = byte != 0 ? 1 : 0;
	}
}

static void
uuid_category(Datum value, CategoryText *text)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *bytes = DatumGetUUIDP(value)->data;
	char *out = text->scratch;

	for (int i = 0; i < UUID_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = hex[bytes[i] >> 4];
		*out++ = hex[bytes[i] & 0x0f];
	}
	text->detoasted = NULL;
	text->bytes = text->scratch;
	text->length = out - text->scratch;
}

static void
enum_category(Datum value, CategoryText *text)
{
	HeapTuple tuple = SearchSysCache1(ENUMOID, value);

	StaticAssertStmt(sizeof(text->scratch) >= NAMEDATALEN, "an enum label fits the scratch");
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
		                errmsg("invalid internal value for enum: %u", DatumGetObjectId(value))));
	strlcpy(text->scratch, NameStr(((Form_pg_enum) GETSTRUCT(tuple))->enumlabel),
	        sizeof(text->scratch));
	ReleaseSysCache(tuple);
	text->detoasted = NULL;
	text->bytes = text->scratch;
	text->length = strlen(text->scratch);
}

CategoryConverter
category_converter(Oid type)
{
	Oid base = getBaseType(type);

	switch (base)
	{
		case TEXTOID:
		case VARCHAROID:
			return varlena_category;
		case BPCHAROID:
			return bpchar_category;
		case NAMEOID:
			return name_category;
		case CHAROID:
			return char_category;
		case UUIDOID:
			return uuid_category;
		default:
			return type_is_enum(base) ? enum_category : NULL;
	}
}

void
category_text_done(CategoryText *text)
{
	if (text->detoasted != NULL)
		pfree(text->detoasted);
	text->detoasted = NULL;
}

float
encode_category(const Feature *feature, const char *bytes, size_t length)
{
	int32 code = dictionary_find(feature->dictionary, bytes, length);

	if (feature->kind == FEATURE_FREQUENCY)
		return code == DICTIONARY_UNKNOWN ? 0.0f : feature->counts[code];
	if (code == DICTIONARY_UNKNOWN)
		code = (int32) dictionary_size(feature->dictionary);
	return (float) code;
}

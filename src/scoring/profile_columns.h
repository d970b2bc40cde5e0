/*
 * profile_columns.h
 *		The columns of a record that a profile is made of.
 *
 * Numbers, booleans (0 and 1) and texts have a profile; columns of other types are
 * left out. NaN counts as missing. A text counts by its first bytes.
 */
#ifndef FRAUD_DETECT_PROFILE_COLUMNS_H
#define FRAUD_DETECT_PROFILE_COLUMNS_H

#include "access/htup.h"
#include "core/profile.h"
#include "pg/double_converter.h"
#include "pg/encode.h"

typedef struct ProfileColumn
{
	char *name;
	int index; /* into values and nulls */
	bool is_text;
	DoubleConverter number;
	CategoryConverter category;
} ProfileColumn;

typedef struct ProfileColumns
{
	Oid type;
	int32 typmod;
	TupleDesc tupdesc;
	Datum *values;
	bool *nulls;
	int n;
	ProfileColumn *columns;
} ProfileColumns;

/* In this context; 22023 where no column has a profile. */
extern ProfileColumns *profile_columns_of(HeapTupleHeader record, MemoryContext context);
/* Fills values and nulls; 42804 where the record is of another type than the first. */
extern void profile_columns_deform(ProfileColumns *columns, HeapTupleHeader record);

/* The value of a column; false where it is missing. */
extern bool profile_column_number(const ProfileColumns *columns, int column, double *number);
extern bool profile_column_text(const ProfileColumns *columns, int column, CategoryText *text);

#endif

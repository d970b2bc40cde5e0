/*
 * row_binding.c
 *		The features of a signature, matched by name to the columns of a row type.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "pg/encode.h"
#include "pg/errors.h"
#include "pg/memory.h"
#include "utils/builtins.h"

typedef struct BoundFeature
{
	int index; /* into values and nulls */
	NumberConverter number;
	CategoryConverter category; /* where number is NULL */
	const Feature *feature;
} BoundFeature;

struct RowBinding
{
	int n_features;
	int last_attribute;
	BoundFeature features[FLEXIBLE_ARRAY_MEMBER];
};

static void
pg_attribute_noreturn() column_missing(const Feature *feature, const char *model)
{
	ereport(ERROR,
	        (errcode(ERRCODE_FRAUD_ROW_NOT_BINDABLE),
	         errmsg("the record has no column \"%s\"", feature->column),
	         errdetail("%s computes its feature \"%s\" from this column.", model, feature->name),
	         errhint("Score rows with the columns of the model's training data, or name the column "
	                 "in a subquery: SELECT fraud_score(r) FROM (SELECT ... AS %s) r",
	                 quote_identifier(feature->column))));
}

static void
pg_attribute_noreturn() column_ambiguous(const Feature *feature, const char *model)
{
	ereport(ERROR,
	        (errcode(ERRCODE_FRAUD_ROW_NOT_BINDABLE),
	         errmsg("the record has two columns \"%s\"", feature->column),
	         errdetail("%s computes its feature \"%s\" from this column.", model, feature->name),
	         errhint("Give the columns of the subquery different names.")));
}

static void
pg_attribute_noreturn() type_unusable(const Feature *feature, Oid type, const char *model)
{
	ereport(ERROR,
	        (errcode(ERRCODE_FRAUD_ROW_NOT_BINDABLE),
	         errmsg("column \"%s\" of the record is of type %s, which feature \"%s\" cannot use",
	                feature->column, format_type_be(type), feature->name),
	         errdetail("%s has learned \"%s\" as a feature of kind \"%s\".", model, feature->name,
	                   feature_kind_name(feature->kind)),
	         errhint("Cast the column to the type it had in the model's training data.")));
}

/* Columns by name, so that binding thousands of features takes no more than a look-up each. */
typedef struct Columns
{
	TupleDesc tupdesc;
	Dictionary *names;
	AttrNumber *numbers; /* by code of the name; 0 where two columns have it */
} Columns;

static Columns
columns_by_name(TupleDesc tupdesc)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	Columns columns = {tupdesc, dictionary_create(&allocator),
	                   palloc(Max(tupdesc->natts, 1) * sizeof(AttrNumber))};

	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);
		const char *name = NameStr(attribute->attname);
		uint32 known = dictionary_size(columns.names);
		int32 code;

		if (attribute->attisdropped)
			continue;
		code = dictionary_add(columns.names, name, strlen(name));
		columns.numbers[code] = code < (int32) known ? InvalidAttrNumber : attribute->attnum;
	}
	return columns;
}

static Form_pg_attribute
find_column(const Columns *columns, const Feature *feature, const char *model)
{
	int32 code = dictionary_find(columns->names, feature->column, strlen(feature->column));

	if (code == DICTIONARY_UNKNOWN)
		column_missing(feature, model);
	if (columns->numbers[code] == InvalidAttrNumber)
		column_ambiguous(feature, model);
	return TupleDescAttr(columns->tupdesc, columns->numbers[code] - 1);
}

RowBinding *
row_binding_create(const Signature *signature, TupleDesc tupdesc, const char *model)
{
	RowBinding *binding =
	    palloc0(offsetof(RowBinding, features) + signature->n_features * sizeof(BoundFeature));

	Columns columns = columns_by_name(tupdesc);

	binding->n_features = signature->n_features;
	for (int i = 0; i < signature->n_features; i++)
	{
		const Feature *feature = &signature->features[i];
		Form_pg_attribute column = find_column(&columns, feature, model);
		BoundFeature *bound = &binding->features[i];

		if (!feature_accepts_type(feature->kind, column->atttypid))
			type_unusable(feature, column->atttypid, model);
		bound->feature = feature;
		bound->index = column->attnum - 1;
		bound->number = number_converter(feature->kind, column->atttypid);
		bound->category = bound->number == NULL ? category_converter(column->atttypid) : NULL;
		binding->last_attribute = Max(binding->last_attribute, column->attnum);
	}
	pfree(columns.numbers);
	dictionary_free(columns.names);
	return binding;
}

void
row_binding_encode(const RowBinding *binding, const Datum *values, const bool *nulls, float *row)
{
	for (int i = 0; i < binding->n_features; i++)
	{
		const BoundFeature *bound = &binding->features[i];
		Datum value = values[bound->index];

		if (nulls[bound->index])
			row[i] = NAN;
		else if (bound->number != NULL)
			row[i] = bound->number(value);
		else
		{
			CategoryText text;

			bound->category(value, &text);
			row[i] = encode_category(bound->feature, text.bytes, text.length);
			category_text_done(&text);
		}
	}
}

int
row_binding_last_attribute(const RowBinding *binding)
{
	return binding->last_attribute;
}

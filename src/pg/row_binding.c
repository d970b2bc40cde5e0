/*
 * row_binding.c
 *		The features of a signature, matched by name to the columns of a row type.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "pg/encode.h"
#include "pg/errors.h"
#include "pg/memory.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

typedef struct BoundFeature
{
	int index; /* into values and nulls */
	NumberConverter number;
	CategoryConverter category; /* where number is NULL */
	const Feature *feature;
} BoundFeature;

/* What can be read from a tuple in place; all else goes by its converter. */
typedef enum PlaceKind
{
	PLACE_FLOAT8,
	PLACE_FLOAT4,
	PLACE_INT4,
	PLACE_BOOL,
	PLACE_CONVERTED
} PlaceKind;

/* Features whose columns lie side by side in a tuple: a loop without a decision in it. */
typedef struct PlaceRun
{
	PlaceKind kind;
	int first; /* feature */
	int n;
	Size offset; /* of the first one's value, from the tuple's data */
	int16 length;
	bool by_value;
} PlaceRun;

struct RowBinding
{
	int n_features;
	int last_attribute;
	int n_runs; /* 0: no fixed places */
	PlaceRun *runs;
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

/* Fixed places */

/* Offsets of the attributes that are needed, or false where one before the last has no fixed length. */
static bool
find_offsets(TupleDesc tupdesc, int last_attribute, Size *offsets)
{
	Size offset = 0;

	for (int i = 0; i < last_attribute; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);

		if (attribute->attlen <= 0)
			return false;
		offset = att_align_nominal(offset, attribute->attalign);
		offsets[i] = offset;
		offset += attribute->attlen;
	}
	return true;
}

static PlaceKind
place_kind(const BoundFeature *bound, Oid type)
{
	switch (bound->feature->kind == FEATURE_NUMBER || bound->feature->kind == FEATURE_BOOLEAN
	            ? getBaseType(type)
	            : InvalidOid)
	{
		case FLOAT8OID:
			return PLACE_FLOAT8;
		case FLOAT4OID:
			return PLACE_FLOAT4;
		case INT4OID:
			return PLACE_INT4;
		case BOOLOID:
			return PLACE_BOOL;
		default:
			return PLACE_CONVERTED;
	}
}

static void
bind_places(RowBinding *binding, TupleDesc tupdesc)
{
	Size *offsets = palloc(sizeof(Size) * Max(binding->last_attribute, 1));

	if (find_offsets(tupdesc, binding->last_attribute, offsets))
	{
		binding->runs = palloc(sizeof(PlaceRun) * Max(binding->n_features, 1));
		for (int i = 0; i < binding->n_features; i++)
		{
			const BoundFeature *bound = &binding->features[i];
			Form_pg_attribute attribute = TupleDescAttr(tupdesc, bound->index);
			PlaceRun next = {place_kind(bound, attribute->atttypid),
			                 i,
			                 1,
			                 offsets[bound->index],
			                 attribute->attlen,
			                 attribute->attbyval};
			PlaceRun *run = binding->n_runs > 0 ? &binding->runs[binding->n_runs - 1] : NULL;

			if (run != NULL && next.kind != PLACE_CONVERTED && run->kind == next.kind &&
			    next.offset == run->offset + (Size) run->n * run->length)
				run->n++;
			else
				binding->runs[binding->n_runs++] = next;
		}
	}
	pfree(offsets);
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
	bind_places(binding, tupdesc);
	return binding;
}

/* Encoding */

static float
encode_value(const BoundFeature *bound, Datum value)
{
	CategoryText text;
	float encoded;

	if (bound->number != NULL)
		return bound->number(value);
	bound->category(value, &text);
	encoded = encode_category(bound->feature, text.bytes, text.length);
	category_text_done(&text);
	return encoded;
}

void
row_binding_encode(const RowBinding *binding, const Datum *values, const bool *nulls, float *row)
{
	for (int i = 0; i < binding->n_features; i++)
	{
		const BoundFeature *bound = &binding->features[i];

		row[i] = nulls[bound->index] ? NAN : encode_value(bound, values[bound->index]);
	}
}

/* The same numbers as the converters of encode.c. */
static void
encode_run(const RowBinding *binding, const PlaceRun *run, const char *data, float *row)
{
	const void *values = data + run->offset;

	switch (run->kind)
	{
		case PLACE_FLOAT8:
			for (int i = 0; i < run->n; i++)
				row[i] = (float) ((const float8 *) values)[i];
			break;
		case PLACE_FLOAT4:
			memcpy(row, values, run->n * sizeof(float4));
			break;
		case PLACE_INT4:
			for (int i = 0; i < run->n; i++)
				row[i] = (float) (double) ((const int32 *) values)[i];
			break;
		case PLACE_BOOL:
			for (int i = 0; i < run->n; i++)
				row[i] = ((const bool *) values)[i] ? 1.0f : 0.0f;
			break;
		case PLACE_CONVERTED:
			row[0] = encode_value(&binding->features[run->first],
			                      fetch_att(values, run->by_value, run->length));
			break;
	}
}

bool
row_binding_encode_tuple(const RowBinding *binding, HeapTupleHeader tuple, float *row)
{
	const char *data = (const char *) tuple + tuple->t_hoff;

	if (binding->n_runs == 0 || (tuple->t_infomask & HEAP_HASNULL) != 0 ||
	    HeapTupleHeaderGetNatts(tuple) < binding->last_attribute)
		return false;
	for (int i = 0; i < binding->n_runs; i++)
		encode_run(binding, &binding->runs[i], data, row + binding->runs[i].first);
	return true;
}

/* The tuple of a slot that has one of a table's own and is not deformed yet. */
static HeapTuple
tuple_of_slot(TupleTableSlot *slot)
{
	if (slot->tts_nvalid > 0 || !(TTS_IS_BUFFERTUPLE(slot) || TTS_IS_HEAPTUPLE(slot)))
		return NULL;
	return ((HeapTupleTableSlot *) slot)->tuple;
}

void
row_binding_encode_slot(const RowBinding *binding, TupleTableSlot *slot, float *row)
{
	HeapTuple tuple = tuple_of_slot(slot);

	if (tuple != NULL && row_binding_encode_tuple(binding, tuple->t_data, row))
		return;
	slot_getsomeattrs(slot, binding->last_attribute);
	row_binding_encode(binding, slot->tts_values, slot->tts_isnull, row);
}

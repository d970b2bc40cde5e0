/*
 * row_encoder.c
 *		Rows of one type to the features of a model.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "pg/encode.h"
#include "scoring/features_online.h"
#include "scoring/row_encoder.h"

struct RowEncoder
{
	RowBinding *binding;
	TupleDesc columns;
	FeaturesOnline *online; /* computes columns that follow the row's own; NULL: none */
	int n_columns;          /* of the row's own */
	Datum *values;          /* with the computed ones */
	bool *nulls;
};

RowEncoder *
row_encoder_create(const LoadedModel *model, TupleDesc tupdesc)
{
	RowEncoder *encoder = palloc0(sizeof(RowEncoder));

	encoder->columns = tupdesc;
	encoder->online = features_online_bind(model->signature, tupdesc, model->label);
	if (encoder->online == NULL)
	{
		encoder->binding = row_binding_create(model->signature, tupdesc, model->label);
		return encoder;
	}
	encoder->n_columns = tupdesc->natts;
	tupdesc = encoder->columns = features_online_tupdesc(encoder->online);
	encoder->binding = row_binding_create(model->signature, tupdesc, model->label);
	encoder->values = palloc(tupdesc->natts * sizeof(Datum));
	encoder->nulls = palloc(tupdesc->natts * sizeof(bool));
	return encoder;
}

bool
row_encoder_is_constant(const RowEncoder *encoder)
{
	return encoder->online == NULL;
}

TupleDesc
row_encoder_columns(const RowEncoder *encoder)
{
	return encoder->columns;
}

List *
row_encoder_entities(const RowEncoder *encoder)
{
	return encoder->online == NULL ? NIL : features_online_entities(encoder->online);
}

void
row_encoder_encode(RowEncoder *encoder, const Datum **values, const bool **nulls, float *row)
{
	if (encoder->online != NULL)
	{
		memcpy(encoder->values, *values, encoder->n_columns * sizeof(Datum));
		memcpy(encoder->nulls, *nulls, encoder->n_columns * sizeof(bool));
		features_online_compute(encoder->online, encoder->values, encoder->nulls);
		*values = encoder->values;
		*nulls = encoder->nulls;
	}
	row_binding_encode(encoder->binding, *values, *nulls, row);
}

void
row_encoder_encode_slot(RowEncoder *encoder, TupleTableSlot *slot, float *row)
{
	const Datum *values;
	const bool *nulls;

	if (encoder->online == NULL)
	{
		row_binding_encode_slot(encoder->binding, slot, row);
		return;
	}
	slot_getallattrs(slot);
	values = slot->tts_values;
	nulls = slot->tts_isnull;
	row_encoder_encode(encoder, &values, &nulls, row);
}

bool
row_encoder_latest(const RowEncoder *encoder, const Datum **values, const bool **nulls)
{
	*values = encoder->values;
	*nulls = encoder->nulls;
	return encoder->online != NULL;
}

bool
row_encoder_encode_tuple(RowEncoder *encoder, HeapTupleHeader tuple, float *row)
{
	return encoder->online == NULL && row_binding_encode_tuple(encoder->binding, tuple, row);
}

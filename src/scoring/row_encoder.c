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
	FeaturesOnline *online; /* computes columns that follow the row's own; NULL: none */
	int n_columns;          /* of the row's own */
	Datum *values;          /* with the computed ones */
	bool *nulls;
};

RowEncoder *
row_encoder_create(const LoadedModel *model, TupleDesc tupdesc)
{
	RowEncoder *encoder = palloc0(sizeof(RowEncoder));

	encoder->online = features_online_bind(model->signature, tupdesc, model->label);
	if (encoder->online == NULL)
	{
		encoder->binding = row_binding_create(model->signature, tupdesc, model->label);
		return encoder;
	}
	encoder->n_columns = tupdesc->natts;
	tupdesc = features_online_tupdesc(encoder->online);
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

void
row_encoder_encode_slot(RowEncoder *encoder, TupleTableSlot *slot, float *row)
{
	if (encoder->online == NULL)
	{
		row_binding_encode_slot(encoder->binding, slot, row);
		return;
	}
	slot_getallattrs(slot);
	memcpy(encoder->values, slot->tts_values, encoder->n_columns * sizeof(Datum));
	memcpy(encoder->nulls, slot->tts_isnull, encoder->n_columns * sizeof(bool));
	features_online_compute(encoder->online, encoder->values, encoder->nulls);
	row_binding_encode(encoder->binding, encoder->values, encoder->nulls, row);
}

bool
row_encoder_encode_tuple(RowEncoder *encoder, HeapTupleHeader tuple, float *row)
{
	return encoder->online == NULL && row_binding_encode_tuple(encoder->binding, tuple, row);
}

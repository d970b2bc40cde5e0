/*
 * labelled_source.c
 *		The rows of a source with scores, labels and groups.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "executor/spi.h"
#include "pg/label.h"
#include "pg/source.h"
#include "scoring/labelled_source.h"
#include "scoring/row_block.h"
#include "scoring/row_encoder.h"

/* What is needed to read a LabelledSource: blocks of all models hold the same rows. */
typedef struct Reader
{
	LabelledSource *source;
	int n_models;
	RowEncoder *encoders[LABELLED_MODELS];
	RowBlock *blocks[LABELLED_MODELS];
	LabelDecoder *label;
	uint8 labels[ROW_BLOCK_ROWS];
	uint32 groups[ROW_BLOCK_ROWS];
	uint64 unlabelled;
} Reader;

static void
bind_source(Reader *reader, TupleDesc tupdesc)
{
	LabelledSource *source = reader->source;

	reader->label = label_decoder_create(tupdesc, source->label);
	if (source->group != NULL)
		source->groups = row_groups_create(tupdesc, source->group);
	reader->n_models = source->models[1] != NULL ? 2 : 1;
	for (int m = 0; m < reader->n_models; m++)
	{
		reader->encoders[m] = row_encoder_create(source->models[m], tupdesc);
		reader->blocks[m] = row_block_create(&source->models[m]->forest);
	}
}

static void
consume_block(Reader *reader)
{
	LabelledSource *source = reader->source;
	int n = reader->blocks[0]->n;

	for (int m = 0; m < reader->n_models; m++)
	{
		row_block_evaluate(reader->blocks[m]);
		reader->blocks[m]->n = 0;
	}
	for (int i = 0; i < n; i++)
	{
		LabelledRow row = {.label = reader->labels[i], .group = reader->groups[i]};

		for (int m = 0; m < reader->n_models; m++)
			row.scores[m] = row_block_score(reader->blocks[m], i, source->models[m]->label);
		source->consumer(&row, source->argument);
	}
}

static bool
take_row(TupleTableSlot *slot, void *argument)
{
	Reader *reader = argument;
	int place = reader->blocks[0]->n;
	bool is_null;
	Datum label = slot_getattr(slot, label_decoder_attribute(reader->label), &is_null);

	if (is_null)
	{
		reader->unlabelled++;
		return true;
	}
	reader->labels[place] = label_decode(reader->label, label);
	reader->groups[place] =
	    reader->source->groups != NULL ? row_groups_of(reader->source->groups, slot) : 0;
	for (int m = 0; m < reader->n_models; m++)
		row_encoder_encode_slot(reader->encoders[m], slot, row_block_add(reader->blocks[m]));
	if (row_block_is_full(reader->blocks[0]))
		consume_block(reader);
	return true;
}

bool
labelled_source_read(LabelledSource *source)
{
	MemoryContext context = CurrentMemoryContext;
	Reader reader = {.source = source};
	Source rows;
	bool swap;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	MemoryContextSwitchTo(context);
	source_open(&rows, source->text);
	bind_source(&reader, rows.tupdesc);
	source_read(&rows, take_row, &reader);
	consume_block(&reader);
	swap = label_decoder_settle(reader.label);
	source_close(&rows);
	SPI_finish();
	MemoryContextSwitchTo(context);
	if (reader.unlabelled > 0)
		ereport(NOTICE, (errmsg_plural("%llu row without a label is left out",
		                               "%llu rows without a label are left out",
		                               (unsigned long) reader.unlabelled,
		                               (unsigned long long) reader.unlabelled)));
	return swap;
}

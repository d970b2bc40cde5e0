/*
 * scored_source.c
 *		The rows of a source with their features and scores, in blocks as the engine
 *		likes them.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "pg/source.h"
#include "scoring/row_block.h"
#include "scoring/row_encoder.h"
#include "scoring/scored_source.h"

typedef struct ScoredSource
{
	LoadedModel *model;
	RowEncoder *encoder;
	RowBlock *block;
	ScoredRowConsumer consumer;
	void *argument;
} ScoredSource;

static void
consume_block(ScoredSource *scored)
{
	RowBlock *block = scored->block;

	row_block_evaluate(block);
	for (int i = 0; i < block->n; i++)
		scored->consumer(block->features + (Size) i * block->forest->n_features,
		                 row_block_score(block, i, scored->model->label), scored->argument);
	block->n = 0;
}

static bool
take_row(TupleTableSlot *slot, void *argument)
{
	ScoredSource *scored = argument;

	row_encoder_encode_slot(scored->encoder, slot, row_block_add(scored->block));
	if (row_block_is_full(scored->block))
		consume_block(scored);
	return true;
}

void
scored_source_read(LoadedModel *model, const char *text, ScoredRowConsumer consumer, void *argument)
{
	ScoredSource scored = {.model = model, .consumer = consumer, .argument = argument};
	Source source;

	source_open(&source, text);
	scored.encoder = row_encoder_create(model, source.tupdesc);
	scored.block = row_block_create(&model->forest);
	source_read(&source, take_row, &scored);
	consume_block(&scored);
	source_close(&source);
}

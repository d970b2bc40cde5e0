/*
 * labelled_source.h
 *		The rows of a source whose labels are known, each with the scores that one or
 *		two versions of a model give it, and the group it belongs to.
 *
 * Rows are scored as fraud_score scores them (same binding, same cached models), in
 * blocks. Rows without a label are left out, and a NOTICE says how many.
 */
#ifndef FRAUD_DETECT_LABELLED_SOURCE_H
#define FRAUD_DETECT_LABELLED_SOURCE_H

#include "scoring/model_cache.h"
#include "scoring/row_groups.h"

#define LABELLED_MODELS 2

typedef struct LabelledRow
{
	double scores[LABELLED_MODELS]; /* by model; probabilities */
	uint8 label;
	uint32 group;
} LabelledRow;

typedef void (*LabelledRowConsumer)(const LabelledRow *row, void *argument);

typedef struct LabelledSource
{
	const char *text;
	const char *label;                    /* column */
	const char *group;                    /* column; NULL for none */
	LoadedModel *models[LABELLED_MODELS]; /* the second may be NULL */
	RowGroups *groups;                    /* filled when a group is asked for */
	LabelledRowConsumer consumer;
	void *argument;
} LabelledSource;

/*
 * Reads the source as the caller and calls the consumer for each row. Which of two texts means fraud
 * is known only in the end: returns true where the labels that were given are the wrong way round.
 * Errors of source_open, label_decoder_create, row_encoder_create; FD005 for a row that a model gives
 * no probability.
 */
extern bool labelled_source_read(LabelledSource *source);

#endif

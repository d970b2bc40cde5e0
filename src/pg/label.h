/*
 * label.h
 *		Labels of rows, decoded to 0 (legitimate) and 1 (fraud). Training and
 *		evaluation both go through these functions.
 *
 * Accepted types (domains count as their base type): boolean; int2, int4, int8,
 * float4, float8 and numeric that hold 0 and 1 only; text, varchar, char(n),
 * name, "char" and enums that hold exactly two distinct values.
 *
 * Which of two texts means fraud is known only when all rows have been seen:
 * texts are coded 0 and 1 in order of appearance, and label_decoder_settle says
 * in the end whether these codes must be swapped. For other types it says no.
 * It decides by well-known words (fraud / legitimate, yes / no, true / false,
 * 1 / 0, ..., in any case); for other words the bytewise greater one means fraud,
 * with a NOTICE. The decision does not depend on the order of rows or on locale.
 */
#ifndef FRAUD_DETECT_LABEL_H
#define FRAUD_DETECT_LABEL_H

#include "access/tupdesc.h"

typedef struct LabelDecoder LabelDecoder;

/*
 * A decoder for the column of that name, in CurrentMemoryContext. 42703 where
 * there is none, 42804 where its type cannot be a label.
 */
extern LabelDecoder *label_decoder_create(TupleDesc tupdesc, const char *column);

/* Number of the label's column, from 1. */
extern AttrNumber label_decoder_attribute(const LabelDecoder *decoder);

/*
 * The code, 0 or 1, of a label that is not NULL. 22023 for a number other than 0
 * and 1 and for a third distinct text; names the value. Leaks nothing.
 */
extern uint8 label_decode(LabelDecoder *decoder, Datum value);

/*
 * After the last row: true where code 0 means fraud, so that the caller has to
 * swap the codes it kept. 22023 where all rows have one and the same text that
 * is not well known.
 */
extern bool label_decoder_settle(LabelDecoder *decoder);

#endif

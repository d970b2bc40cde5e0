/*
 * guard_card_numbers.h
 *		No card number (PAN) where a token belongs: columns that name cards, customers and
 *		the like are looked at before anything of them is used or recorded.
 */
#ifndef FRAUD_DETECT_GUARD_CARD_NUMBERS_H
#define FRAUD_DETECT_GUARD_CARD_NUMBERS_H

#include "access/tupdesc.h"
#include "utils/jsonb.h"

typedef struct GuardCardNumbers GuardCardNumbers;

/*
 * The columns of options.entities, of the policy's key, and those named in entity_columns (a list of
 * C strings: what features are grouped by), without options.not_card_numbers. In CurrentMemoryContext.
 */
extern GuardCardNumbers *guard_card_numbers_bind(const Jsonb *options, const char *key,
                                                 List *entity_columns, TupleDesc columns);

/* FD010 for a value that looks like a card number; the message names the column, never the value. */
extern void guard_card_numbers_check(const GuardCardNumbers *card_numbers, const Datum *values,
                                     const bool *nulls);

/* FD010 for a text that holds one; the message says what it is, the hint how an exception is made. */
extern void guard_refuse_card_number(Datum text, const char *what, const char *exception);

#endif

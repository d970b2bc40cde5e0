/*
 * value_text.h
 *		Values as their types print them, the same text in every session.
 */
#ifndef FRAUD_DETECT_VALUE_TEXT_H
#define FRAUD_DETECT_VALUE_TEXT_H

#include "fmgr.h"

typedef struct ValueText
{
	FmgrInfo output;
	bool needs_zone;
} ValueText;

/* What the output function needs lives in the context. */
extern void value_text_bind(ValueText *printer, Oid type, MemoryContext context);

/* In CurrentMemoryContext. The caller has pinned settings (session_settings_pin_meaning). */
extern char *value_text(ValueText *printer, Datum value);

#endif

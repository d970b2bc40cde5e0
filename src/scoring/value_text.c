/*
 * value_text.c
 *		Prints values. An output function that is not immutable may look at TimeZone,
 *		which costs more to pin than what a key or a card mostly takes to print.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "catalog/pg_proc.h"
#include "pg/settings.h"
#include "scoring/value_text.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

void
value_text_bind(ValueText *printer, Oid type, MemoryContext context)
{
	Oid output;
	bool is_varlena;

	getTypeOutputInfo(type, &output, &is_varlena);
	fmgr_info_cxt(output, &printer->output, context);
	printer->needs_zone = func_volatile(output) != PROVOLATILE_IMMUTABLE;
}

char *
value_text(ValueText *printer, Datum value)
{
	int nest_level;
	char *text;

	if (!printer->needs_zone)
		return OutputFunctionCall(&printer->output, value);
	nest_level = NewGUCNestLevel();
	setting_for_now("timezone", "UTC");
	text = OutputFunctionCall(&printer->output, value);
	AtEOXact_GUC(true, nest_level);
	return text;
}

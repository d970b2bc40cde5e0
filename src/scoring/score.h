/*
 * score.h
 *		The functions that score a row, as SQL calls them.
 */
#ifndef FRAUD_DETECT_SCORE_H
#define FRAUD_DETECT_SCORE_H

#include "fmgr.h"

extern PGDLLEXPORT Datum fraud_score(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum fraud_margin(PG_FUNCTION_ARGS);

#endif

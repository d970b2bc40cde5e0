/*
 * reasons.h
 *		Contributions in words: what a reviewer of a decision reads.
 */
#ifndef FRAUD_DETECT_REASONS_H
#define FRAUD_DETECT_REASONS_H

#include "access/tupdesc.h"
#include "core/forest_explain.h"
#include "pg/signature.h"

/* A record's columns, by attribute number - 1. */
typedef struct RecordColumns
{
	TupleDesc tupdesc;
	const Datum *values;
	const bool *nulls;
} RecordColumns;

/* What looks like a card number (core/card_number.h) is masked in both texts. */
typedef struct Reason
{
	int feature; /* index in the signature */
	double contribution;
	char *value;  /* the column's value as text, or what is derived from it; NULL: missing */
	char *reason; /* e.g. amount is 950.00, which raises the risk */
} Reason;

/*
 * The features that contribute most to a row's margin, at most n of them, the largest
 * in magnitude first, equal ones in the order of the signature; returns how many.
 * features is the row as the forest sees it. In CurrentMemoryContext.
 */
extern int reasons_for_row(ForestExplainer *explainer, const Signature *signature,
                           const float *features, const RecordColumns *columns, int n,
                           Reason *reasons);

#endif

/*
 * signature.h
 *		What a version expects of a row: its features in order, the column each
 *		one is computed from and how. One definition for training and scoring.
 *
 * Stored as fraud.model_version.signature (jsonb):
 *	 {"format": 1, "features": [
 *	   {"name": "amount", "column": "amount", "kind": "number"},
 *	   {"name": "merchant_category", "column": "merchant_category", "kind": "category",
 *		"values": ["airline", "atm", ...]},
 *	   {"name": "card_id", "column": "card_id", "kind": "frequency",
 *		"values": [...], "counts": [...]},
 *	   {"name": "tx_time:hour", "column": "tx_time", "kind": "hour"}, ...]}
 *
 * A version that was trained with a set of features has a member beside "features",
 *	  "feature_set": {"name": "behaviour", "definition": "<uuid>"},
 * and "computed": true in each feature whose column the set computes for rows
 * that lack it.
 */
#ifndef FRAUD_DETECT_SIGNATURE_H
#define FRAUD_DETECT_SIGNATURE_H

#include "core/dictionary.h"
#include "utils/jsonb.h"

typedef enum FeatureKind
{
	FEATURE_NUMBER,    /* a numeric type, rounded to float32; NaN and NULL are missing */
	FEATURE_BOOLEAN,   /* 0 or 1 */
	FEATURE_CATEGORY,  /* code in the dictionary; a value not in it is the code n_values */
	FEATURE_FREQUENCY, /* rows of the training part with this value; 0 for values not kept */
	FEATURE_HOUR,      /* fractional hour of day in [0, 24), timestamptz and timetz in UTC */
	FEATURE_WEEKDAY,   /* ISO: Monday 1 .. Sunday 7, timestamptz in UTC */
	FEATURE_DURATION   /* an interval in seconds: months of 30 days, days of 24 hours */
} FeatureKind;

typedef struct Feature
{
	char *name;   /* as in feature importance and explanations; unique in a signature */
	char *column; /* the record's column it is computed from */
	FeatureKind kind;
	bool computed;          /* its column is a feature of the set */
	Dictionary *dictionary; /* category and frequency; else NULL */
	float *counts;          /* frequency: by dictionary code */
} Feature;

typedef struct Signature
{
	int n_features;
	Feature *features;
	char *feature_set; /* or NULL: the set that columns are computed by */
	char *definition;  /* of it, the text of a uuid */
} Signature;

extern const char *feature_kind_name(FeatureKind kind);

/* Allocates in CurrentMemoryContext. FD005 where the document is not a valid signature. */
extern Signature *signature_from_jsonb(Jsonb *document);
extern Jsonb *signature_to_jsonb(const Signature *signature);

/* The same in every database encoding; of what the signature says, not of its bytes as jsonb. */
extern uint32 signature_checksum(const Signature *signature);

#endif

/*
 * features_codes.h
 *		Values of one column to small integers, equal ones to the same: by the
 *		equality of their type and collation.
 */
#ifndef FRAUD_DETECT_FEATURES_CODES_H
#define FRAUD_DETECT_FEATURES_CODES_H

#include "utils/palloc.h"

typedef struct FeatureCodes FeatureCodes;

/* In CurrentMemoryContext. 42883 for a type that has no equality or no hash. */
extern FeatureCodes *feature_codes_create(Oid type, Oid collation);

/* The code of a value; values are kept in the given context until the reset. */
extern int64 feature_codes_code(FeatureCodes *codes, Datum value, MemoryContext keep);

/* Forgets all values; the context they are in may be reset then. */
extern void feature_codes_reset(FeatureCodes *codes);

#endif

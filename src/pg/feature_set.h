/*
 * feature_set.h
 *		Sets of features in the registry (sql/features.sql): a name, the view of that
 *		name in the schema fraud_features, and the identity of the definition.
 */
#ifndef FRAUD_DETECT_FEATURE_SET_H
#define FRAUD_DETECT_FEATURE_SET_H

#include "core/window.h"

#define FEATURE_SCHEMA "fraud_features"

/*
 * The definition that a name has now, as the text of a uuid; NULL where there is
 * none. A definition never changes: another one under the same name is another uuid.
 */
extern char *feature_set_definition(const char *name);

/* The same as a statement would see it that begins now, as it sees views. */
extern char *feature_set_latest_definition(const char *name);

/* The name of the set whose view this is; NULL for any other relation. */
extern char *feature_set_of_view(Oid relation);

/*
 * Overall rates of fraud as they became known (fraud.feature_rate), in
 * CurrentMemoryContext, under the active snapshot. 42501 without SELECT.
 */
extern WindowRates *feature_set_rates(const char *definition, int series);

/* Would a statement that begins now see the rates that the active snapshot sees? */
extern bool feature_set_rates_are_latest(const char *definition);

#endif

/*
 * features_group.h
 *		The window features of one entity, as a view of fraud_features holds them:
 *		the description, and datums made into arguments of core/window.h.
 *
 * The description is a constant in the view's text, so that the view is the one
 * definition of its features, for a query of it and for a single row:
 *	 {"definition": "<uuid>", "arguments": ["number", "filter", "code", "label", "time", "changes"],
 *	  "features": [{"name": "n_1d", "aggregate": "count", "window": 86400000000,
 *					"delay": 0, "current": true, "value": 0, "filter": 1}, ...]}
 * Windows and delays are microseconds; value, filter, label, label_time, changes are
 * places among the arguments. sql/features.sql writes it; what is read is checked (FD009).
 */
#ifndef FRAUD_DETECT_FEATURES_GROUP_H
#define FRAUD_DETECT_FEATURES_GROUP_H

#include "core/window.h"
#include "utils/jsonb.h"

/* How an argument is used. */
typedef enum ArgumentRole
{
	ARGUMENT_NUMBER, /* numeric types, boolean; NaN is missing */
	ARGUMENT_FILTER, /* boolean */
	ARGUMENT_CODE,   /* any type with equality and a hash */
	ARGUMENT_LABEL,  /* boolean, or a number that is 0 or 1 (22023) */
	ARGUMENT_TIME,   /* timestamp, timestamptz, date; infinite is missing */
	ARGUMENT_CHANGES /* timestamptz[], as fraud.label_changes gives it */
} ArgumentRole;

typedef struct FeatureGroup
{
	int n_features;
	char **names;
	WindowFeature *features;
	int n_arguments;
	struct GroupArgument *arguments;
	WindowGroup *window;
	WindowArgument *row;  /* n_arguments, for the caller */
	double *results;      /* n_features, for the caller */
	MemoryContext entity; /* of what is kept for one entity; reset with it */
} FeatureGroup;

/*
 * In CurrentMemoryContext, which must outlive it. types and collations are those
 * of the arguments. Reads the rates that features with a prior need, under the
 * active snapshot.
 */
extern FeatureGroup *feature_group_create(Jsonb *description, int n_arguments, const Oid *types,
                                          const Oid *collations);

/* Another entity. */
extern void feature_group_reset(FeatureGroup *group);

/* Makes arguments of datums. */
extern void feature_group_arguments(FeatureGroup *group, const Datum *values, const bool *nulls,
                                    WindowArgument *arguments);

/* A timestamp, timestamptz or date in microseconds; WINDOW_MISSING where it is infinite. */
extern int64 feature_time(Datum value, Oid type);

#endif

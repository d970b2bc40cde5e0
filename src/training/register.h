/*
 * register.h
 *		A trained version goes into the registry, in the caller's transaction: all
 *		of it or nothing.
 */
#ifndef FRAUD_DETECT_REGISTER_H
#define FRAUD_DETECT_REGISTER_H

#include "training/trained_version.h"

/* What a version keeps, beside what it consists of. */
typedef struct VersionRecord
{
	const TrainingRequest *request;
	const char *search_path;
	const char *source_query;
	const RowFacts *facts;
	const Split *split;
	const FeatureRows *rows;
	const Boosting *boosting;
	const TrainedVersion *version;
	const char *event_time; /* the column rows were split by, or NULL */
	TimestampTz started_at;
} VersionRecord;

/*
 * Before any work: 25006 in a read-only transaction or on a standby, 42501
 * without the privileges that registering needs.
 */
extern void register_check(const char *function);

/*
 * Inserts everything and returns the version's number; the first version of a
 * model becomes its champion. SPI must be connected.
 */
extern int32 register_version(const VersionRecord *record, bool *promoted);

#endif

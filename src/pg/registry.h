/*
 * registry.h
 *		The registry's relations, read by C under the statement's own snapshot.
 *
 * Reads go straight to the tables (no SPI, no plan): one index look-up each.
 * They need SELECT on fraud.model_version (42501 otherwise, with a hint).
 */
#ifndef FRAUD_DETECT_REGISTRY_H
#define FRAUD_DETECT_REGISTRY_H

#include "storage/itemptr.h"
#include "utils/snapshot.h"
#include "utils/uuid.h"

/* Columns of fraud.model_version that C reads; order as in sql/registry.sql. */
#define Anum_model_version_model_id 1
#define Anum_model_version_version 2
#define Anum_model_version_version_uid 3
#define Anum_model_version_algorithm 4
#define Anum_model_version_signature 5
#define Anum_model_version_image 6
#define Anum_model_version_image_sha256 7
#define Anum_model_version_artifact 8
#define Anum_model_version_artifact_sha256 9
#define Anum_model_version_golden 10
#define Anum_model_version_score_quantiles 11

#define CHAMPION "champion"

/*
 * A version as the registry names it, and which row version of fraud.model_version
 * was seen: what has been made from the row's bytes is good for exactly this row.
 */
typedef struct VersionId
{
	int64 model_id;
	const char *model; /* the model's name, in the memory context of the resolution */
	int32 version;
	pg_uuid_t uid;
	Oid relation; /* fraud.model_version */
	ItemPointerData row;
	TransactionId row_xmin;
} VersionId;

/*
 * The version that a call means: model NULL is the GUC fraud_detect.model, else
 * the only model there is (FD002 with a list of the names otherwise); version 0
 * is the champion. FD002 and FD003 say what exists. 42501 without the privilege.
 */
extern VersionId registry_resolve(const char *model, int32 version, Snapshot snapshot);

/* The same for those who only want to know, as the planner does: false where it would be an error. */
extern bool registry_find(const char *model, int32 version, Snapshot snapshot, VersionId *id);

/* The version of the same model that another alias points at; false where there is none. */
extern bool registry_find_alias(const VersionId *of, const char *alias, Snapshot snapshot,
                                VersionId *id);

/* As registry_find, for those who ask what still exists: 42501 without the privilege, false where it is gone. */
extern bool registry_find_if_allowed(const char *model, int32 version, Snapshot snapshot,
                                     VersionId *id);

/* The same version, read from the same row. */
extern bool version_same_row(const VersionId *a, const VersionId *b);

/* Is this row visible? */
extern bool registry_has_row(const VersionId *id, Snapshot snapshot);

/*
 * Copies of a version's columns, detoasted, in CurrentMemoryContext. FD003 when it is gone.
 * VACUUM FULL may have moved the row since it was resolved: *id then follows it.
 */
typedef struct StoredVersion
{
	struct varlena *signature; /* Jsonb */
	struct varlena *image;     /* not compressed; its data aligned, in a context of its own */
	struct varlena *image_sha256;
	struct varlena *golden;
} StoredVersion;
extern StoredVersion registry_read_version(VersionId *id, Snapshot snapshot, Size alignment,
                                           MemoryContext image_context);

/*
 * What a planner wants to know of a version that was found, without loading it.
 * Zeros and NULL where the row has gone.
 */
typedef struct VersionFacts
{
	Size image_size;                 /* bytes */
	struct varlena *score_quantiles; /* a copy of the float8[], detoasted; NULL: not recorded */
} VersionFacts;
extern VersionFacts registry_version_facts(const VersionId *id, Snapshot snapshot);

/* The same for the model in XGBoost's own format. */
typedef struct StoredArtifact
{
	struct varlena *bytes;
	struct varlena *sha256;
} StoredArtifact;
extern StoredArtifact registry_read_artifact(const VersionId *id, Snapshot snapshot);

#endif

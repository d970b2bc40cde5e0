/*
 * registry_policy.c
 *		Reads the policy that is in force for a table.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "pg/registry_policy.h"
#include "pg/registry_rows.h"
#include "utils/builtins.h"
#include "utils/rel.h"

/* Columns; order as in sql/policy.sql. */
#define Anum_policy_relation 1
#define Anum_policy_version 2
#define Anum_policy_model 3
#define Anum_policy_review_at 4
#define Anum_policy_block_at 5
#define Anum_policy_on_block 6
#define Anum_policy_on_error 7
#define Anum_policy_key 8
#define Anum_policy_options 9
#define Anum_policy_rules 10
#define Anum_policy_owner 11

static char *
text_or_null(Relation relation, HeapTuple tuple, int attribute)
{
	bool is_null;
	Datum value = heap_getattr(tuple, attribute, RelationGetDescr(relation), &is_null);

	return is_null ? NULL : TextDatumGetCString(value);
}

static double
number_or_nan(Relation relation, HeapTuple tuple, int attribute)
{
	bool is_null;
	Datum value = heap_getattr(tuple, attribute, RelationGetDescr(relation), &is_null);

	return is_null ? NAN : DatumGetFloat8(value);
}

static void
take(Relation relation, HeapTuple tuple, StoredPolicy *policy)
{
	policy->version = DatumGetInt32(registry_column(relation, tuple, Anum_policy_version));
	policy->model = text_or_null(relation, tuple, Anum_policy_model);
	policy->review_at = number_or_nan(relation, tuple, Anum_policy_review_at);
	policy->block_at = number_or_nan(relation, tuple, Anum_policy_block_at);
	policy->on_block = TextDatumGetCString(registry_column(relation, tuple, Anum_policy_on_block));
	policy->on_error = TextDatumGetCString(registry_column(relation, tuple, Anum_policy_on_error));
	policy->key = text_or_null(relation, tuple, Anum_policy_key);
	policy->options = DatumGetJsonbPCopy(registry_column(relation, tuple, Anum_policy_options));
	policy->rules = DatumGetJsonbPCopy(registry_column(relation, tuple, Anum_policy_rules));
	policy->owner = TextDatumGetCString(registry_column(relation, tuple, Anum_policy_owner));
}

bool
registry_read_policy(Oid relation, Snapshot snapshot, StoredPolicy *policy)
{
	ScanKeyData key;
	RegistryScan scan;
	HeapTuple tuple;
	HeapTuple latest = NULL;
	int32 highest = 0;

	registry_key_on_oid(&key, Anum_policy_relation, relation);
	scan = registry_scan(REGISTRY_POLICY, snapshot, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan.scan)))
	{
		int32 version = DatumGetInt32(registry_column(scan.relation, tuple, Anum_policy_version));

		if (version <= highest)
			continue;
		highest = version;
		if (latest != NULL)
			heap_freetuple(latest);
		latest = heap_copytuple(tuple);
	}
	if (latest != NULL)
		take(scan.relation, latest, policy);
	registry_scan_end(&scan);
	return latest != NULL;
}

/*
 * feature_set.c
 *		Sets of features in the registry, read by C: an index look-up each.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/skey.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "pg/errors.h"
#include "pg/feature_set.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* Columns; order as in sql/features.sql. */
#define Anum_feature_set_name 1
#define Anum_feature_set_definition 2

#define Anum_feature_rate_definition 1
#define Anum_feature_rate_series 2
#define Anum_feature_rate_known_from 3
#define Anum_feature_rate_rows 4
#define Anum_feature_rate_frauds 5

static Relation
open_table(const char *name)
{
	Oid schema = get_namespace_oid("fraud", true);
	Oid relation = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;

	if (!OidIsValid(relation))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
		                errmsg("relation \"fraud.%s\" does not exist", name),
		                errhint("Is the extension fraud_detect created in this database?")));
	return table_open(relation, AccessShareLock);
}

/* Without a snapshot: as a statement would see it that begins now. */
static SysScanDesc
begin_scan(Relation relation, const char *index, Snapshot snapshot, int n_keys, ScanKey keys)
{
	Oid oid = get_relname_relid(index, RelationGetNamespace(relation));

	return systable_beginscan(relation, oid, OidIsValid(oid), snapshot, n_keys, keys);
}

static char *
find_definition(const char *name, Snapshot snapshot)
{
	Relation relation = open_table("feature_set");
	char *definition = NULL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyEntryInitialize(&key, 0, Anum_feature_set_name, BTEqualStrategyNumber, InvalidOid,
	                       C_COLLATION_OID, F_TEXTEQ, CStringGetTextDatum(name));
	scan = begin_scan(relation, "feature_set_pkey", snapshot, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool is_null;
		Datum uuid =
		    heap_getattr(tuple, Anum_feature_set_definition, RelationGetDescr(relation), &is_null);

		definition = DatumGetCString(DirectFunctionCall1(uuid_out, uuid));
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return definition;
}

char *
feature_set_definition(const char *name)
{
	return find_definition(name, GetActiveSnapshot());
}

char *
feature_set_latest_definition(const char *name)
{
	return find_definition(name, NULL);
}

char *
feature_set_of_view(Oid relation)
{
	char *name;

	if (get_rel_namespace(relation) != get_namespace_oid(FEATURE_SCHEMA, true) ||
	    get_rel_relkind(relation) != RELKIND_VIEW)
		return NULL;
	name = get_rel_name(relation);
	return name != NULL && feature_set_definition(name) != NULL ? name : NULL;
}

/* Rates */

static void
check_privilege(Relation relation)
{
	if (pg_class_aclcheck(RelationGetRelid(relation), GetUserId(), ACL_SELECT) == ACLCHECK_OK)
		return;
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
	                errmsg("permission denied to use rates of fraud of fraud_detect"),
	                errdetail("This needs SELECT on fraud.feature_rate."),
	                errhint("GRANT SELECT ON fraud.feature_rate TO %s",
	                        quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}

static int64
column(Relation relation, HeapTuple tuple, int attribute)
{
	bool is_null;
	Datum value = heap_getattr(tuple, attribute, RelationGetDescr(relation), &is_null);

	return is_null ? 0 : DatumGetInt64(value);
}

static void
append_rate(WindowRates *rates, int *capacity, int64 known_from, double rate)
{
	if (rates->n == *capacity)
	{
		*capacity *= 2;
		rates->known_from = repalloc(rates->known_from, *capacity * sizeof(int64));
		rates->rates = repalloc(rates->rates, *capacity * sizeof(double));
	}
	rates->known_from[rates->n] = known_from;
	rates->rates[rates->n] = rate;
	rates->n++;
}

static void
set_definition_key(ScanKey key, const char *definition)
{
	ScanKeyEntryInitialize(key, 0, Anum_feature_rate_definition, BTEqualStrategyNumber, InvalidOid,
	                       InvalidOid, F_UUID_EQ,
	                       DirectFunctionCall1(uuid_in, CStringGetDatum(definition)));
}

static uint64
count_rates(const char *definition, Snapshot snapshot)
{
	Relation relation = open_table("feature_rate");
	uint64 n = 0;
	ScanKeyData key;
	SysScanDesc scan;

	set_definition_key(&key, definition);
	scan = begin_scan(relation, "feature_rate_pkey", snapshot, 1, &key);
	while (HeapTupleIsValid(systable_getnext(scan)))
		n++;
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return n;
}

/* Rates are only ever added. */
bool
feature_set_rates_are_latest(const char *definition)
{
	return count_rates(definition, GetActiveSnapshot()) == count_rates(definition, NULL);
}

/* In the order of the index, which ends with known_from. */
WindowRates *
feature_set_rates(const char *definition, int series)
{
	Relation relation = open_table("feature_rate");
	WindowRates *rates = palloc0(sizeof(WindowRates));
	Oid index = get_relname_relid("feature_rate_pkey", RelationGetNamespace(relation));
	int capacity = 64;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple tuple;
	Relation index_relation;

	check_privilege(relation);
	if (!OidIsValid(index))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
		                errmsg("index \"%s\" does not exist", "fraud.feature_rate_pkey")));
	rates->known_from = palloc(capacity * sizeof(int64));
	rates->rates = palloc(capacity * sizeof(double));
	set_definition_key(&keys[0], definition);
	ScanKeyEntryInitialize(&keys[1], 0, Anum_feature_rate_series, BTEqualStrategyNumber, InvalidOid,
	                       InvalidOid, F_INT4EQ, Int32GetDatum(series));
	index_relation = index_open(index, AccessShareLock);
	scan = systable_beginscan_ordered(relation, index_relation, GetActiveSnapshot(), 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
	{
		int64 rows = column(relation, tuple, Anum_feature_rate_rows);
		int64 frauds = column(relation, tuple, Anum_feature_rate_frauds);

		append_rate(rates, &capacity, column(relation, tuple, Anum_feature_rate_known_from),
		            rows == 0 ? 0.0 : (double) frauds / (double) rows);
	}
	systable_endscan_ordered(scan);
	index_close(index_relation, AccessShareLock);
	table_close(relation, AccessShareLock);
	return rates;
}

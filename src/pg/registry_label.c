/*
 * registry_label.c
 *		What is recorded of one row in fraud.label: most rows have no label, so it is the
 *		look-up that costs.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/relscan.h"
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "pg/registry_label.h"
#include "pg/registry_rows.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/timestamp.h"

/* Columns; order as in sql/label.sql. */
#define Anum_label_label_id 1
#define Anum_label_relation 2
#define Anum_label_key 3
#define Anum_label_is_fraud 4
#define Anum_label_source 5
#define Anum_label_known_at 6

#define FIRST_CAPACITY 4

void
registry_label_check_privilege(void)
{
	Oid relation = registry_relation(REGISTRY_LABEL);

	if (pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) == ACLCHECK_OK)
	{
		if (check_enable_rls(relation, InvalidOid, true) != RLS_ENABLED)
			return;
		ereport(ERROR,
		        (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
		         errmsg("permission denied to use the labels of fraud_detect"),
		         errdetail("Row-level security of fraud.label applies to role \"%s\", and features "
		                   "do not follow policies.",
		                   GetUserNameFromId(GetUserId(), false))));
	}
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
	                errmsg("permission denied to use the labels of fraud_detect"),
	                errdetail("This needs SELECT on fraud.label."),
	                errhint("GRANT SELECT ON fraud.label TO %s",
	                        quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}

static bool
is_one_of(ArrayType *sources, Datum source)
{
	Datum *elements;
	int n;
	bool found = false;

	deconstruct_array(sources, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &n);
	for (int i = 0; i < n && !found; i++)
		found = DatumGetBool(DirectFunctionCall2Coll(texteq, C_COLLATION_OID, elements[i], source));
	pfree(elements);
	return found;
}

static int
by_time(const void *a, const void *b)
{
	const LabelEvent *first = a;
	const LabelEvent *second = b;

	if (first->known_at != second->known_at)
		return first->known_at < second->known_at ? -1 : 1;
	return first->label_id < second->label_id ? -1 : first->label_id > second->label_id;
}

static void
append_event(LabelEvent **events, int *n, const LabelEvent *event)
{
	if (*n == 0)
		*events = palloc(FIRST_CAPACITY * sizeof(LabelEvent));
	else if (*n >= FIRST_CAPACITY && (*n & (*n - 1)) == 0)
		*events = repalloc(*events, 2 * *n * sizeof(LabelEvent));
	(*events)[(*n)++] = *event;
}

/*
 * A window has hundreds of look-ups. Locks that are held until the end of the
 * transaction, as a query's are, make all but the first one cheaper.
 */
static void
keep_locks(const RegistryScan *scan)
{
	static TimestampTz kept = 0;
	TimestampTz transaction = GetCurrentTransactionStartTimestamp();

	if (kept == transaction)
		return;
	LockRelationOid(RelationGetRelid(scan->relation), AccessShareLock);
	if (scan->scan->irel != NULL)
		LockRelationOid(RelationGetRelid(scan->scan->irel), AccessShareLock);
	kept = transaction;
}

LabelEvent *
registry_label_events(Oid relation, Datum key, ArrayType *sources, Snapshot snapshot, int *n)
{
	LabelEvent *events = NULL;
	ScanKeyData keys[2];
	RegistryScan scan;
	HeapTuple tuple;

	*n = 0;
	ScanKeyEntryInitialize(&keys[0], 0, Anum_label_relation, BTEqualStrategyNumber, InvalidOid,
	                       InvalidOid, F_OIDEQ, ObjectIdGetDatum(relation));
	ScanKeyEntryInitialize(&keys[1], 0, Anum_label_key, BTEqualStrategyNumber, InvalidOid,
	                       C_COLLATION_OID, F_TEXTEQ, key);
	scan = registry_scan(REGISTRY_LABEL, snapshot, 2, keys);
	keep_locks(&scan);
	while (HeapTupleIsValid(tuple = systable_getnext(scan.scan)))
	{
		LabelEvent event;

		if (!is_one_of(sources, registry_column(scan.relation, tuple, Anum_label_source)))
			continue;
		event.label_id = DatumGetInt64(registry_column(scan.relation, tuple, Anum_label_label_id));
		event.is_fraud = DatumGetBool(registry_column(scan.relation, tuple, Anum_label_is_fraud));
		event.known_at =
		    DatumGetTimestampTz(registry_column(scan.relation, tuple, Anum_label_known_at));
		append_event(&events, n, &event);
	}
	registry_scan_end(&scan);
	if (*n > 1)
		qsort(events, *n, sizeof(LabelEvent), by_time);
	return events;
}

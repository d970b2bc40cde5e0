/*
 * label_changes.c
 *		fraud.label_changes: what was known of one row over time. The views of
 *		fraud_features call it for each event of a window.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "catalog/partition.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "pg/registry_label.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(fraud_label_changes);
PGDLLEXPORT Datum fraud_label_changes(PG_FUNCTION_ARGS);

/* As fraud.label_relation: labels of a partition are those of the whole table. */
static Oid
label_relation(Oid relation)
{
	return get_rel_relispartition(relation) ? llast_oid(get_partition_ancestors(relation))
	                                        : relation;
}

/* fraud.label_changes(relation regclass, key text, sources text[]) -> timestamptz[] */
Datum
fraud_label_changes(PG_FUNCTION_ARGS)
{
	bool fraud = false;
	int n_changes = 0;
	LabelEvent *events;
	Datum *changes;
	int n;

	registry_label_check_privilege();
	events = registry_label_events(label_relation(PG_GETARG_OID(0)), PG_GETARG_DATUM(1),
	                               PG_GETARG_ARRAYTYPE_P(2), GetActiveSnapshot(), &n);
	if (n == 0)
		PG_RETURN_NULL();
	changes = palloc(n * sizeof(Datum));
	for (int i = 0; i < n; i++)
	{
		if (events[i].is_fraud == fraud)
			continue;
		fraud = !fraud;
		changes[n_changes++] = TimestampTzGetDatum(events[i].known_at);
	}
	if (n_changes == 0)
		PG_RETURN_NULL();
	PG_RETURN_ARRAYTYPE_P(construct_array(changes, n_changes, TIMESTAMPTZOID, sizeof(TimestampTz),
	                                      FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

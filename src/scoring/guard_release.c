/*
 * guard_release.c
 *		fraud_release and fraud_discard: the end of a row's time in quarantine.
 *
 * A released row is inserted as the caller, under the caller's search_path, which its
 * other triggers may need; so the names in our commands are all qualified. The row is
 * locked, marked and inserted in one transaction: it can be released once.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pg/json_member.h"
#include "pg/registry_rows.h"
#include "scoring/guard_card_numbers.h"
#include "scoring/guard_release.h"
#include "scoring/record_keeping.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(fraud_discard);
PG_FUNCTION_INFO_V1(fraud_release);
PGDLLEXPORT Datum fraud_discard(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_release(PG_FUNCTION_ARGS);

/* The release whose row has not come to its guard yet. */
static struct
{
	Oid relation; /* InvalidOid: there is none */
	int depth;    /* of triggers, where the row's own ones run */
} release;

static int
trigger_depth(void)
{
	return DatumGetInt32(OidFunctionCall0(F_PG_TRIGGER_DEPTH));
}

bool
guard_releases(Relation relation)
{
	Oid id = RelationGetRelid(relation);

	if (likely(!OidIsValid(release.relation)))
		return false;
	if (id != release.relation && !(relation->rd_rel->relispartition &&
	                                list_member_oid(get_partition_ancestors(id), release.relation)))
		return false;
	if (trigger_depth() != release.depth)
		return false;
	release.relation = InvalidOid;
	return true;
}

/* Rows in quarantine */

typedef struct HeldRow
{
	int64 decision_id;
	Oid relation;
	Datum row; /* jsonb */
} HeldRow;

static void
pg_attribute_noreturn() refuse_resolved(const HeldRow *held, HeapTuple tuple, TupleDesc tupdesc)
{
	ereport(ERROR,
	        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
	         errmsg("the row of decision " INT64_FORMAT " is not held any more", held->decision_id),
	         errdetail("It was %s by role \"%s\" at %s.", SPI_getvalue(tuple, tupdesc, 3),
	                   SPI_getvalue(tuple, tupdesc, 4), SPI_getvalue(tuple, tupdesc, 5))));
}

/* Locks it. 42704 and 55000 where it is not held. In SPI's memory. */
static HeldRow
hold(int64 decision_id)
{
	HeldRow held = {.decision_id = decision_id};
	Datum value = Int64GetDatum(decision_id);
	HeapTuple tuple;
	TupleDesc tupdesc;
	bool is_null;

	if (SPI_execute_with_args("SELECT relation, \"row\", status, resolved_by, resolved_at "
	                          "FROM " REGISTRY_SCHEMA ".quarantine "
	                          "WHERE decision_id OPERATOR(pg_catalog.=) $1 FOR UPDATE",
	                          1, (Oid[]){INT8OID}, &value, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the quarantine");
	if (SPI_processed == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_UNDEFINED_OBJECT),
		         errmsg("the quarantine has no row of decision " INT64_FORMAT, decision_id),
		         errhint("SELECT decision_id, relation FROM %s.quarantine WHERE status = 'held';",
		                 REGISTRY_SCHEMA)));
	tuple = SPI_tuptable->vals[0];
	tupdesc = SPI_tuptable->tupdesc;
	if (strcmp(SPI_getvalue(tuple, tupdesc, 3), "held") != 0)
		refuse_resolved(&held, tuple, tupdesc);
	held.relation = DatumGetObjectId(SPI_getbinval(tuple, tupdesc, 1, &is_null));
	held.row = SPI_getbinval(tuple, tupdesc, 2, &is_null);
	return held;
}

static void
resolve(const HeldRow *held, const char *status, NullableDatum note)
{
	Oid types[] = {INT8OID, TEXTOID, TEXTOID};
	Datum values[] = {Int64GetDatum(held->decision_id), CStringGetTextDatum(status), note.value};
	char nulls[] = {' ', ' ', note.isnull ? 'n' : ' '};
	Oid quarantine = get_relname_relid("quarantine", get_namespace_oid(REGISTRY_SCHEMA, false));

	record_change(quarantine,
	              "UPDATE " REGISTRY_SCHEMA ".quarantine "
	              "SET status = $2, resolved_at = pg_catalog.clock_timestamp(),"
	              " resolved_by = CURRENT_USER, note = $3 "
	              "WHERE decision_id OPERATOR(pg_catalog.=) $1",
	              lengthof(values), types, values, nulls);
}

/* The INSERT */

/* Does the table have all columns of the row still? A row is released whole or not at all. */
static void
require_columns(Relation relation, const HeldRow *held)
{
	JsonbIterator *iterator = JsonbIteratorInit(&DatumGetJsonbP(held->row)->root);
	JsonbIteratorToken token;
	JsonbValue value;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		char *name;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(value.val.string.val, value.val.string.len);
		if (get_attnum(RelationGetRelid(relation), name) <= 0)
			ereport(ERROR,
			        (errcode(ERRCODE_UNDEFINED_COLUMN),
			         errmsg("the row of decision " INT64_FORMAT
			                " has a column \"%s\", which \"%s\" has no more",
			                held->decision_id, name, RelationGetRelationName(relation)),
			         errhint("Insert what it says by hand, and discard it with fraud_discard.")));
	}
}

/* Columns that came later get their defaults, generated ones are computed. */
static char *
columns_to_insert(Relation relation, const HeldRow *held)
{
	TupleDesc tupdesc = RelationGetDescr(relation);
	Jsonb *row = DatumGetJsonbP(held->row);
	StringInfoData columns;

	initStringInfo(&columns);
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);

		if (attribute->attisdropped || attribute->attgenerated != '\0' ||
		    json_member(&row->root, NameStr(attribute->attname)) == NULL)
			continue;
		appendStringInfo(&columns, "%s%s", columns.len > 0 ? ", " : "",
		                 quote_identifier(NameStr(attribute->attname)));
	}
	return columns.data;
}

static char *
insert_command(const HeldRow *held)
{
	Relation relation = try_relation_open(held->relation, AccessShareLock);
	char *name;
	char *columns;
	char *command;

	if (relation == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
		                errmsg("the table of decision " INT64_FORMAT " does not exist any more",
		                       held->decision_id),
		                errhint("Discard its row with fraud_discard.")));
	name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
	                                  RelationGetRelationName(relation));

	require_columns(relation, held);
	columns = columns_to_insert(relation, held);
	command = psprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s "
	                   "FROM pg_catalog.jsonb_populate_record(NULL::%s, $1)",
	                   name, columns, columns, name);
	relation_close(relation, AccessShareLock);
	return command;
}

static void
insert(const HeldRow *held)
{
	char *command = insert_command(held);
	Datum row = held->row;
	Oid outer_relation = release.relation;
	int outer_depth = release.depth;
	int code = 0;

	PG_TRY();
	{
		release.relation = held->relation;
		release.depth = trigger_depth() + 1;
		code = SPI_execute_with_args(command, 1, (Oid[]){JSONBOID}, &row, NULL, false, 0);
	}
	PG_FINALLY();
	{
		release.relation = outer_relation;
		release.depth = outer_depth;
	}
	PG_END_TRY();
	if (code != SPI_OK_INSERT)
		elog(ERROR, "SPI_execute_with_args failed: %s", SPI_result_code_string(code));
	if (SPI_processed != 1)
		ereport(ERROR,
		        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		         errmsg("the row of decision " INT64_FORMAT " was not inserted", held->decision_id),
		         errdetail("A trigger or a rule of \"%s\" turned the INSERT into something else.",
		                   get_rel_name(held->relation))));
}

/* SQL functions */

/* A note is kept for years, and read by many. */
static NullableDatum
note_argument(FunctionCallInfo fcinfo)
{
	if (!PG_ARGISNULL(1))
		guard_refuse_card_number(
		    PG_GETARG_DATUM(1), "a part of the note",
		    "What only looks like one is taken with a letter right before it.");
	return fcinfo->args[1];
}

static void
require_decision(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("decision_id must not be null")));
}

/* fraud_release(decision_id bigint, note text) -> regclass: the table that has the row now. */
Datum
fraud_release(PG_FUNCTION_ARGS)
{
	HeldRow held;

	require_decision(fcinfo);
	SPI_connect();
	held = hold(PG_GETARG_INT64(0));
	resolve(&held, "released", note_argument(fcinfo));
	insert(&held);
	SPI_finish();
	PG_RETURN_OID(held.relation);
}

/* fraud_discard(decision_id bigint, note text) -> regclass: the table that does not get the row. */
Datum
fraud_discard(PG_FUNCTION_ARGS)
{
	HeldRow held;

	require_decision(fcinfo);
	SPI_connect();
	held = hold(PG_GETARG_INT64(0));
	resolve(&held, "discarded", note_argument(fcinfo));
	SPI_finish();
	PG_RETURN_OID(held.relation);
}

/*
 * record_keeping.c
 *		What keeps records as they were written: the trigger fraud.keep_record, and the
 *		few ways past it (fraud.purge_rows, fraud.move_decisions; fraud_release).
 *
 * A way past the triggers is a static variable of this file, set while one command of
 * ours runs, for one relation. No setting, no role and no SQL can set it. Guards write
 * records below the level of triggers.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "pg/registry_rows.h"
#include "scoring/decision_number.h"
#include "scoring/record_keeping.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/* Nothing younger than this is purged, whoever asks. */
#define YOUNGEST_PURGED USECS_PER_DAY

PG_FUNCTION_INFO_V1(fraud_keep_record);
PG_FUNCTION_INFO_V1(fraud_move_decisions);
PG_FUNCTION_INFO_V1(fraud_purge_rows);
PGDLLEXPORT Datum fraud_keep_record(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_move_decisions(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_purge_rows(PG_FUNCTION_ARGS);

/* The record that a command of ours changes at this moment. */
static Oid changing = InvalidOid;

uint64
record_change(Oid relation, const char *command, int n_values, Oid *types, Datum *values,
              const char *nulls)
{
	Oid outer = changing;
	int code = 0;

	PG_TRY();
	{
		changing = relation;
		code = SPI_execute_with_args(command, n_values, types, values, nulls, false, 0);
	}
	PG_FINALLY();
	{
		changing = outer;
	}
	PG_END_TRY();
	if (code < 0)
		elog(ERROR, "SPI_execute_with_args failed: %s", SPI_result_code_string(code));
	return SPI_processed;
}

/* What pg_dump writes empties the search_path first, and an extension is restored by a superuser. */
static bool
is_restore(void)
{
	return namespace_search_path[0] == '\0' && superuser();
}

static void
pg_attribute_noreturn() refuse(const TriggerData *trigger, const char *message)
{
	const char *hint = trigger->tg_trigger->tgnargs > 0
	                       ? trigger->tg_trigger->tgargs[0]
	                       : "fraud_purge removes rows that are older than a given time.";

	ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
	                errmsg(message, get_namespace_name(RelationGetNamespace(trigger->tg_relation)),
	                       RelationGetRelationName(trigger->tg_relation)),
	                errhint("%s", hint)));
}

/* Decisions of another cluster, or of before, are here now, with their numbers. */
static void
note_restored(const TriggerData *trigger)
{
	Relation relation = trigger->tg_relation;
	AttrNumber column = get_attnum(RelationGetRelid(relation), "decision_id");
	bool is_null;
	Datum number;

	if (column == InvalidAttrNumber)
		return;
	number = heap_getattr(trigger->tg_trigtuple, column, RelationGetDescr(relation), &is_null);
	if (!is_null)
		decision_number_restored(DatumGetInt64(number));
}

/*
 * fraud.keep_record(hint text): refuses INSERT, UPDATE, DELETE and TRUNCATE with 55000, as
 * far as it is made a trigger of them.
 */
Datum
fraud_keep_record(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	bool ours;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
		        (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
		         errmsg("function \"%s\" was not called by trigger manager", "keep_record")));
	ours = RelationGetRelid(trigger->tg_relation) == changing;
	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		refuse(trigger, "%s.%s cannot be truncated");
	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
	{
		if (!is_restore())
			refuse(trigger, "rows of %s.%s are written by guards only");
		note_restored(trigger);
	}
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) && !ours)
		refuse(trigger, "rows of %s.%s are immutable");
	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event) && !ours)
		refuse(trigger, "rows of %s.%s cannot be deleted");
	return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple
	                                                                  : trigger->tg_trigtuple);
}

/* Of a relation of ours, the column that says since when a row is not needed any more. */
static const char *
column_of_age(Oid relation)
{
	static const struct
	{
		const char *relation;
		const char *column;
	} ages[] = {
	    {"decision", "decided_at"},
	    {"quarantine", "resolved_at"},
	    {"list_entry", "removed_at"},
	    {"label", "recorded_at"},
	};
	List *ancestors = get_rel_relispartition(relation) ? get_partition_ancestors(relation) : NIL;
	Oid root = ancestors == NIL ? relation : llast_oid(ancestors);
	char *schema = get_namespace_name(get_rel_namespace(root));

	for (int i = 0; i < lengthof(ages); i++)
		if (schema != NULL && strcmp(schema, REGISTRY_SCHEMA) == 0 &&
		    strcmp(get_rel_name(root), ages[i].relation) == 0)
			return ages[i].column;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("\"%s\" is no record that is purged", get_rel_name(relation))));
}

/*
 * fraud.purge_rows(relation regclass, before timestamptz) -> bigint: deletes the rows of a
 * record, not of its partitions, that are older; how many.
 */
Datum
fraud_purge_rows(PG_FUNCTION_ARGS)
{
	Oid relation = PG_GETARG_OID(0);
	Datum before = PG_GETARG_DATUM(1);
	const char *column = column_of_age(relation);
	char *command;
	uint64 removed;

	if (DatumGetTimestampTz(before) > GetCurrentTimestamp() - YOUNGEST_PURGED)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("what is younger than a day cannot be purged")));
	command = psprintf("DELETE FROM ONLY %s.%s WHERE %s OPERATOR(pg_catalog.<) $1", REGISTRY_SCHEMA,
	                   quote_identifier(get_rel_name(relation)), column);
	SPI_connect();
	removed = record_change(relation, command, 1, (Oid[]){TIMESTAMPTZOID}, &before, NULL);
	SPI_finish();
	PG_RETURN_INT64((int64) removed);
}

/* Columns that an INSERT gives values to, as a list for SQL; generated ones are computed anew. */
static char *
stored_columns(Oid table)
{
	Relation relation = table_open(table, AccessShareLock);
	TupleDesc columns = RelationGetDescr(relation);
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i);

		if (!column->attisdropped && column->attgenerated == '\0')
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "",
			                 quote_identifier(NameStr(column->attname)));
	}
	table_close(relation, AccessShareLock);
	return list.data;
}

/*
 * fraud.move_decisions(partition regclass, since timestamptz, until timestamptz) -> bigint:
 * moves decisions from the default partition to a table that is to become theirs; how many.
 */
Datum
fraud_move_decisions(PG_FUNCTION_ARGS)
{
	Oid partition = PG_GETARG_OID(0);
	Datum values[] = {PG_GETARG_DATUM(1), PG_GETARG_DATUM(2)};
	Oid types[] = {TIMESTAMPTZOID, TIMESTAMPTZOID};
	Oid schema = get_namespace_oid(REGISTRY_SCHEMA, false);
	Oid source = get_relname_relid("decision_default", schema);
	char *columns;
	char *command;
	uint64 moved;

	if (get_rel_namespace(partition) != schema)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("decisions stay in the schema \"%s\"", REGISTRY_SCHEMA)));
	columns = stored_columns(partition);
	command = psprintf("WITH moved AS ("
	                   "DELETE FROM ONLY " REGISTRY_SCHEMA ".decision_default"
	                   " WHERE decided_at OPERATOR(pg_catalog.>=) $1"
	                   " AND decided_at OPERATOR(pg_catalog.<) $2 RETURNING *)"
	                   " INSERT INTO " REGISTRY_SCHEMA ".%s (%s) SELECT %s FROM moved",
	                   quote_identifier(get_rel_name(partition)), columns, columns);
	SPI_connect();
	moved = record_change(source, command, lengthof(values), types, values, NULL);
	SPI_finish();
	PG_RETURN_INT64((int64) moved);
}

/*
 * features_history.c
 *		The events of one entity before an instant, by two kinds of queries: the recent
 *		ones that any window of limited length holds, and, for features that look
 *		back without a limit, the latest one before these that passes their filter.
 *
 * The queries are plans for any value (generic), kept for the session, so a row
 * costs their execution only. They read what the view reads, as the caller:
 * privileges, policies, partitions and children are the server's business.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/htup_details.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "scoring/features_history.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#define SOURCE_ALIAS "s"

/* The latest event that counts for some features without a limit. */
typedef struct LatestEvent
{
	int filter; /* argument; WINDOW_NO_ARGUMENT for none */
	SPIPlanPtr plan;
	bool found;
	int64 time;
	WindowArgument *event;
} LatestEvent;

struct FeatureHistory
{
	FeatureGroup *group;
	Oid time_type;
	int n_entity;
	int64 span;        /* how far back the recent events go; 0: no window has a limit */
	int64 least_delay; /* events of this much before the row are not seen */
	SPIPlanPtr recent;
	int n_latest;
	LatestEvent *latest;
	Datum *values; /* of parameters, and of columns */
	bool *nulls;
};

/* Queries */

static char *
expression_sql(const FeatureView *view, Node *expression)
{
	return deparse_expression(expression, deparse_context_for(SOURCE_ALIAS, view->source), true,
	                          false);
}

/* OPERATOR(schema.name) */
static char *
operator_sql(Oid operator)
{
	HeapTuple tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char *sql;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	sql = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
	               NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return sql;
}

static void
append_entity(StringInfo sql, const FeatureView *view, const ViewEntity *entity)
{
	ListCell *column;
	ListCell *operator;
	int parameter = 1;

	forboth(column, entity->columns, operator, entity->operators)
	{
		appendStringInfo(sql, "%s%s %s $%d", parameter == 1 ? "" : " AND ",
		                 expression_sql(view, lfirst(column)), operator_sql(lfirst_oid(operator)),
		                 parameter);
		parameter++;
	}
}

static StringInfoData
begin_query(const FeatureView *view, const ViewEntity *entity)
{
	StringInfoData sql;
	ListCell *cell;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s", expression_sql(view, (Node *) view->event_time));
	foreach (cell, entity->arguments)
		appendStringInfo(&sql, ", %s", expression_sql(view, lfirst(cell)));
	appendStringInfo(&sql, " FROM %s AS " SOURCE_ALIAS " WHERE ",
	                 quote_qualified_identifier(get_namespace_name(get_rel_namespace(view->source)),
	                                            get_rel_name(view->source)));
	append_entity(&sql, view, entity);
	return sql;
}

static SPIPlanPtr
prepare(const FeatureView *view, const ViewEntity *entity, const char *sql, int n_times)
{
	MemoryContext caller = CurrentMemoryContext;
	int n = list_length(entity->columns);
	Oid *types = palloc((n + n_times) * sizeof(Oid));
	SPIPlanPtr plan;

	for (int i = 0; i < n; i++)
		types[i] = exprType(list_nth(entity->columns, i));
	for (int i = 0; i < n_times; i++)
		types[n + i] = view->event_time->vartype;
	plan = SPI_prepare_cursor(sql, n + n_times, types, CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare_cursor failed: %s", SPI_result_code_string(SPI_result));
	/* SPI leaves its own context behind. */
	MemoryContextSwitchTo(caller);
	return plan;
}

static SPIPlanPtr
prepare_recent(const FeatureView *view, const ViewEntity *entity)
{
	StringInfoData sql = begin_query(view, entity);
	char *time = expression_sql(view, (Node *) view->event_time);
	int n = list_length(entity->columns);

	appendStringInfo(
	    &sql, " AND %s OPERATOR(pg_catalog.>) $%d AND %s OPERATOR(pg_catalog.<) $%d ORDER BY %s",
	    time, n + 1, time, n + 2, time);
	return prepare(view, entity, sql.data, 2);
}

static SPIPlanPtr
prepare_latest(const FeatureView *view, const ViewEntity *entity, int filter)
{
	StringInfoData sql = begin_query(view, entity);
	char *time = expression_sql(view, (Node *) view->event_time);

	appendStringInfo(&sql, " AND %s OPERATOR(pg_catalog.<) $%d", time,
	                 list_length(entity->columns) + 1);
	if (filter != WINDOW_NO_ARGUMENT)
		appendStringInfo(&sql, " AND (%s)",
		                 expression_sql(view, list_nth(entity->arguments, filter)));
	appendStringInfo(&sql, " ORDER BY %s DESC LIMIT 1", time);
	return prepare(view, entity, sql.data, 1);
}

static LatestEvent *
latest_with(FeatureHistory *history, int filter)
{
	for (int i = 0; i < history->n_latest; i++)
	{
		if (history->latest[i].filter == filter)
			return &history->latest[i];
	}
	return NULL;
}

FeatureHistory *
feature_history_create(const FeatureView *view, const ViewEntity *entity, FeatureGroup *group)
{
	FeatureHistory *history = palloc0(sizeof(FeatureHistory));
	int n_entity = list_length(entity->columns);
	int n_values = Max(n_entity + 2, group->n_arguments + 1);

	history->group = group;
	history->time_type = getBaseType(view->event_time->vartype);
	history->n_entity = n_entity;
	history->least_delay = PG_INT64_MAX;
	history->latest = palloc0(group->n_features * sizeof(LatestEvent));
	for (int i = 0; i < group->n_features; i++)
	{
		const WindowFeature *feature = &group->features[i];

		if (feature->window > 0)
		{
			history->span = Max(history->span, feature->window + feature->delay);
			history->least_delay = Min(history->least_delay, feature->delay);
		}
		else if (latest_with(history, feature->filter) == NULL)
		{
			LatestEvent *latest = &history->latest[history->n_latest++];

			latest->filter = feature->filter;
			latest->plan = prepare_latest(view, entity, feature->filter);
			latest->event = palloc(Max(group->n_arguments, 1) * sizeof(WindowArgument));
		}
	}
	/* Without a limit there is no delay, either. */
	if (history->n_latest > 0)
		history->least_delay = 0;
	if (history->span > 0)
		history->recent = prepare_recent(view, entity);
	history->values = palloc(n_values * sizeof(Datum));
	history->nulls = palloc(n_values * sizeof(bool));
	return history;
}

void
feature_history_keep(FeatureHistory *history)
{
	if (history->recent != NULL)
		SPI_keepplan(history->recent);
	for (int i = 0; i < history->n_latest; i++)
		SPI_keepplan(history->latest[i].plan);
}

void
feature_history_free(FeatureHistory *history)
{
	if (history->recent != NULL)
		SPI_freeplan(history->recent);
	for (int i = 0; i < history->n_latest; i++)
		SPI_freeplan(history->latest[i].plan);
}

/* Rows */

/* A bound for times as a value of the column's type: later than, or earlier than it. */
static Datum
bound(const FeatureHistory *history, int64 time, bool upper)
{
	if (history->time_type == DATEOID)
	{
		int64 day = time / USECS_PER_DAY;
		int64 rest = time % USECS_PER_DAY;

		if (!upper && rest < 0)
			day--;
		if (upper && rest > 0)
			day++;
		return DateADTGetDatum(day < DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE ? DATEVAL_NOBEGIN
		                                                                        : (DateADT) day);
	}
	return TimestampGetDatum(IS_VALID_TIMESTAMP(time) ? time : DT_NOBEGIN);
}

static void
execute(FeatureHistory *history, SPIPlanPtr plan, const Datum *entity, int64 first, int64 second,
        int n_times)
{
	MemoryContext caller = CurrentMemoryContext;
	int n = history->n_entity;
	int result;

	memcpy(history->values, entity, n * sizeof(Datum));
	if (n_times == 2)
		history->values[n] = bound(history, first, false);
	history->values[n + n_times - 1] = bound(history, second, true);
	result = SPI_execute_plan(plan, history->values, NULL, true, 0);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
	MemoryContextSwitchTo(caller);
}

/* False where the event has no time. */
static bool
read_event(FeatureHistory *history, HeapTuple tuple, TupleDesc tupdesc, int64 *time,
           WindowArgument *event)
{
	heap_deform_tuple(tuple, tupdesc, history->values, history->nulls);
	*time =
	    history->nulls[0] ? WINDOW_MISSING : feature_time(history->values[0], history->time_type);
	if (*time == WINDOW_MISSING)
		return false;
	feature_group_arguments(history->group, history->values + 1, history->nulls + 1, event);
	return true;
}

static void
find_latest(FeatureHistory *history, LatestEvent *latest, const Datum *entity, int64 before)
{
	execute(history, latest->plan, entity, 0, before, 1);
	latest->found =
	    SPI_processed > 0 && read_event(history, SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
	                                    &latest->time, latest->event);
	SPI_freetuptable(SPI_tuptable);
}

static int
by_time(const void *a, const void *b)
{
	int64 first = (*(LatestEvent *const *) a)->time;
	int64 second = (*(LatestEvent *const *) b)->time;

	return first < second ? -1 : first > second;
}

/* The latest events before the recent ones, for features that found none among these. */
static void
push_latest(FeatureHistory *history, const Datum *entity, int64 before, SPITupleTable *recent,
            uint64 n_recent)
{
	FeatureGroup *group = history->group;
	LatestEvent **found = palloc(history->n_latest * sizeof(LatestEvent *));
	int n = 0;

	for (int i = 0; i < history->n_latest; i++)
	{
		LatestEvent *latest = &history->latest[i];
		bool among_recent = latest->filter == WINDOW_NO_ARGUMENT && n_recent > 0;

		for (uint64 r = 0; r < n_recent && !among_recent; r++)
		{
			bool is_null;
			Datum passes =
			    heap_getattr(recent->vals[r], latest->filter + 2, recent->tupdesc, &is_null);

			among_recent = !is_null && DatumGetBool(passes);
		}
		if (among_recent)
			continue;
		find_latest(history, latest, entity, before);
		if (latest->found)
			found[n++] = latest;
	}
	qsort(found, n, sizeof(LatestEvent *), by_time);
	for (int i = 0; i < n; i++)
		feature_check_memory(window_group_push(group->window, found[i]->time, found[i]->event));
	pfree(found);
}

void
feature_history_push(FeatureHistory *history, const Datum *entity, int64 time)
{
	FeatureGroup *group = history->group;
	int64 oldest = time;
	SPITupleTable *recent = NULL;
	uint64 n_recent = 0;

	if (history->recent != NULL)
	{
		oldest = time - history->span;
		/* With a delay, up to the instant itself. */
		execute(history, history->recent, entity, oldest,
		        history->least_delay == 0 ? time : time - history->least_delay + 1, 2);
		recent = SPI_tuptable;
		n_recent = SPI_processed;
	}
	if (history->n_latest > 0)
		push_latest(history, entity, history->recent != NULL ? oldest + 1 : time, recent, n_recent);
	for (uint64 i = 0; i < n_recent; i++)
	{
		int64 event_time;

		if (read_event(history, recent->vals[i], recent->tupdesc, &event_time, group->row))
			feature_check_memory(window_group_push(group->window, event_time, group->row));
	}
	if (recent != NULL)
		SPI_freetuptable(recent);
}

/*
 * features_history.c
 *		The events of one entity before an instant, by two kinds of queries: the recent
 *		ones that any window of limited length holds, and, for features that look
 *		back without a limit, the latest one before these that passes their filter.
 *
 * The queries are plans for any value (generic), kept for the session, so a row
 * costs their execution only. They read what the view reads, as the caller:
 * privileges, policies, partitions and children are the server's business. Where the
 * plan is a plain scan of an index, we run it ourselves (features_index.c).
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/htup_details.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "nodes/nodeFuncs.h"
#include "nodes/params.h"
#include "pg/memory.h"
#include "scoring/features_history.h"
#include "scoring/features_index.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/resowner.h"
#include "utils/ruleutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#define SOURCE_ALIAS "s"
#define FIRST_CAPACITY 128

/* The latest event that counts for some features without a limit. */
typedef struct LatestEvent
{
	int filter; /* argument; WINDOW_NO_ARGUMENT for none */
	SPIPlanPtr plan;
	bool needed;
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
	EventIndex *recent_index;    /* the plan of them, where it is so simple */
	int recent_generation;       /* of that plan; 0: not looked at */
	MemoryContext index_context; /* of recent_index */
	int n_latest;
	LatestEvent *latest;
	ParamListInfo parameters; /* entity, and bounds of time */
	int64 end;                /* the last one of them: events are before it */

	/* Events that the last query gave, in its order. */
	DestReceiver receiver;
	MemoryContext context;
	uint64 n_events;
	uint64 capacity;
	int64 *times;
	WindowArgument *events; /* n_arguments of each */
	int64 one_time;         /* room for one of the latest events */
	WindowArgument *one_event;
};

/* Receiving */

static void
grow_events(FeatureHistory *history)
{
	uint64 capacity = Max(FIRST_CAPACITY, 2 * history->capacity);
	Size width = Max(history->group->n_arguments, 1) * sizeof(WindowArgument);
	int64 *times = MemoryContextAllocHuge(history->context, capacity * sizeof(int64));
	WindowArgument *events = MemoryContextAllocHuge(history->context, capacity * width);

	if (history->capacity > 0)
	{
		memcpy(times, history->times, history->n_events * sizeof(int64));
		memcpy(events, history->events, history->n_events * width);
		pfree(history->times);
		pfree(history->events);
	}
	history->times = times;
	history->events = events;
	history->capacity = capacity;
}

/* False from the end on. Those without a time, which infinity is, come last, if at all. */
static bool
receive_event(void *receiver, Datum *values, bool *nulls)
{
	FeatureHistory *history = receiver;
	int64 time = nulls[0] ? WINDOW_MISSING : feature_time(values[0], history->time_type);

	if (time == WINDOW_MISSING || time >= history->end)
		return false;
	if (history->n_events == history->capacity)
		grow_events(history);
	history->times[history->n_events] = time;
	feature_group_arguments(history->group, values + 1, nulls + 1,
	                        history->events + history->n_events * history->group->n_arguments);
	history->n_events++;
	return true;
}

static bool
receive_slot(TupleTableSlot *slot, DestReceiver *self)
{
	slot_getallattrs(slot);
	return receive_event((char *) self - offsetof(FeatureHistory, receiver), slot->tts_values,
	                     slot->tts_isnull);
}

static void
receive_startup(DestReceiver *self, int operation, TupleDesc tupdesc)
{
}

static void
receive_end(DestReceiver *self)
{
}

/* Queries */

static char *
expression_sql(const FeatureView *view, Node *expression)
{
	return deparse_expression(expression, deparse_context_for(SOURCE_ALIAS, view->source), true,
	                          false);
}

/* A cast to what an operator takes; nothing for a polymorphic one. */
static const char *
cast_sql(Oid type)
{
	return IsPolymorphicType(type)
	           ? ""
	           : psprintf("::%s",
	                      format_type_extended(
	                          type, -1, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
}

/*
 * column OPERATOR(schema.name) $n, with both sides of the very types of the operator: by
 * its name and the types of a domain, another one that somebody made could be meant.
 */
static void
append_comparison(StringInfo sql, const char *column, Oid operator, int parameter)
{
	HeapTuple tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	appendStringInfo(sql, "(%s)%s OPERATOR(%s.%s) $%d%s", column, cast_sql(form->oprleft),
	                 quote_identifier(get_namespace_name(form->oprnamespace)),
	                 NameStr(form->oprname), parameter, cast_sql(form->oprright));
	ReleaseSysCache(tuple);
}

static void
append_entity(StringInfo sql, const FeatureView *view, const ViewEntity *entity)
{
	ListCell *column;
	ListCell *operator;
	int parameter = 1;

	forboth(column, entity->columns, operator, entity->operators)
	{
		if (parameter > 1)
			appendStringInfoString(sql, " AND ");
		append_comparison(sql, expression_sql(view, lfirst(column)), lfirst_oid(operator),
		                  parameter++);
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
	history->parameters = makeParamList(n_entity + 2);
	for (int i = 0; i < n_entity + 2; i++)
	{
		ParamExternData *parameter = &history->parameters->params[i];

		parameter->isnull = false;
		parameter->pflags = PARAM_FLAG_CONST;
		parameter->ptype =
		    i < n_entity ? exprType(list_nth(entity->columns, i)) : view->event_time->vartype;
	}
	history->receiver.receiveSlot = receive_slot;
	history->receiver.rStartup = receive_startup;
	history->receiver.rShutdown = receive_end;
	history->receiver.rDestroy = receive_end;
	/* Any but DestNone, with which SPI takes the query for a utility command, and SPI's own. */
	history->receiver.mydest = DestTuplestore;
	history->context = CurrentMemoryContext;
	history->index_context = AllocSetContextCreate(history->context, "fraud_detect index of events",
	                                               ALLOCSET_SMALL_SIZES);
	history->one_event = palloc(Max(group->n_arguments, 1) * sizeof(WindowArgument));
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

static void
plan_now(SPIPlanPtr plan)
{
	CachedPlan *cached = SPI_plan_get_cached_plan(plan);

	if (cached != NULL)
		ReleaseCachedPlan(cached, CurrentResourceOwner);
}

void
feature_history_plan(FeatureHistory *history)
{
	if (history->recent != NULL)
		plan_now(history->recent);
	for (int i = 0; i < history->n_latest; i++)
		plan_now(history->latest[i].plan);
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
set_parameters(FeatureHistory *history, const Datum *entity, int64 first, int64 second, int n_times)
{
	ParamExternData *parameters = history->parameters->params;
	int n = history->n_entity;

	for (int i = 0; i < n; i++)
		parameters[i].value = entity[i];
	if (n_times == 2)
		parameters[n].value = bound(history, first, false);
	parameters[n + n_times - 1].value = bound(history, second, true);
	history->parameters->numParams = n + n_times;
	history->end = second;
	history->n_events = 0;
}

static void
execute(FeatureHistory *history, SPIPlanPtr plan)
{
	MemoryContext caller = CurrentMemoryContext;
	SPIExecuteOptions options = {
	    .params = history->parameters, .read_only = true, .dest = &history->receiver};
	int result = SPI_execute_plan_extended(plan, &options);

	if (result != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_plan_extended failed: %s", SPI_result_code_string(result));
	MemoryContextSwitchTo(caller);
}

/* Of the plan as it is now; NULL where it takes the executor. */
static EventIndex *
recent_index(FeatureHistory *history, const CachedPlan *plan)
{
	MemoryContext old;

	if (history->recent_generation != plan->generation)
	{
		history->recent_generation = 0;
		MemoryContextReset(history->index_context);
		old = MemoryContextSwitchTo(history->index_context);
		history->recent_index = event_index_of(plan, history->n_entity + 1);
		MemoryContextSwitchTo(old);
		history->recent_generation = plan->generation;
	}
	return history->recent_index;
}

static void
find_recent(FeatureHistory *history, const Datum *entity, int64 after, int64 before)
{
	CachedPlan *plan = SPI_plan_get_cached_plan(history->recent);
	EventIndex *index = plan == NULL ? NULL : recent_index(history, plan);

	set_parameters(history, entity, after, before, 2);
	if (index != NULL)
		event_index_read(index, plan, history->parameters, GetActiveSnapshot(), receive_event,
		                 history);
	if (plan != NULL)
		ReleaseCachedPlan(plan, CurrentResourceOwner);
	if (index == NULL)
		execute(history, history->recent);
}

static void
find_latest(FeatureHistory *history, LatestEvent *latest, const Datum *entity, int64 before)
{
	set_parameters(history, entity, 0, before, 1);
	execute(history, latest->plan);
	latest->found = history->n_events > 0;
	if (!latest->found)
		return;
	latest->time = history->times[0];
	memcpy(latest->event, history->events, history->group->n_arguments * sizeof(WindowArgument));
}

static int
by_time(const void *a, const void *b)
{
	int64 first = (*(LatestEvent *const *) a)->time;
	int64 second = (*(LatestEvent *const *) b)->time;

	return first < second ? -1 : first > second;
}

static bool
passes_any(const FeatureHistory *history, int filter)
{
	int n_arguments = history->group->n_arguments;

	if (filter == WINDOW_NO_ARGUMENT)
		return history->n_events > 0;
	for (uint64 i = 0; i < history->n_events; i++)
	{
		if (history->events[i * n_arguments + filter].number == 1.0)
			return true;
	}
	return false;
}

/* The latest events before the recent ones, which were read, for features that find none there. */
static void
push_latest(FeatureHistory *history, const Datum *entity, int64 before)
{
	LatestEvent **found = palloc(history->n_latest * sizeof(LatestEvent *));
	int64 *recent_times = history->times;
	WindowArgument *recent = history->events;
	uint64 n_recent = history->n_events;
	uint64 capacity = history->capacity;
	int n = 0;

	for (int i = 0; i < history->n_latest; i++)
	{
		LatestEvent *latest = &history->latest[i];

		latest->found = false;
		latest->needed = !passes_any(history, latest->filter);
	}
	/* Into a place of their own: the recent ones come after them. */
	history->times = &history->one_time;
	history->events = history->one_event;
	history->capacity = 1;
	for (int i = 0; i < history->n_latest; i++)
	{
		if (history->latest[i].needed)
			find_latest(history, &history->latest[i], entity, before);
		if (history->latest[i].found)
			found[n++] = &history->latest[i];
	}
	history->times = recent_times;
	history->events = recent;
	history->n_events = n_recent;
	history->capacity = capacity;
	qsort(found, n, sizeof(LatestEvent *), by_time);
	for (int i = 0; i < n; i++)
		require_memory(window_group_push(history->group->window, found[i]->time, found[i]->event));
	pfree(found);
}

void
feature_history_push(FeatureHistory *history, const Datum *entity, int64 time)
{
	FeatureGroup *group = history->group;
	int64 oldest = time - history->span;

	history->n_events = 0;
	/* With a delay, up to the instant itself. */
	if (history->recent != NULL)
		find_recent(history, entity, oldest,
		            history->least_delay == 0 ? time : time - history->least_delay + 1);
	if (history->n_latest > 0)
		push_latest(history, entity, history->recent != NULL ? oldest + 1 : time);
	for (uint64 i = 0; i < history->n_events; i++)
		require_memory(window_group_push(group->window, history->times[i],
		                                 history->events + i * group->n_arguments));
}

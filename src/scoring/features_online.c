/*
 * features_online.c
 *		The features of a single row: the row's columns become a row of the source,
 *		expressions are evaluated on it, and windows on the events before it.
 *
 * Windows are those of src/core, which the view's query uses, too; they are given
 * only the events that can matter, and end with the same bits.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "access/sysattr.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "pg/errors.h"
#include "pg/memory.h"
#include "pg/settings.h"
#include "scoring/features_online.h"
#include "scoring/features_set.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

typedef struct ComputedColumn
{
	char *name;
	Oid type;
	int column; /* of the set */
} ComputedColumn;

struct FeaturesOnline
{
	char *set;
	char *definition;
	char *model;
	TupleDesc record;
	TupleDesc tupdesc;
	int n_columns;
	ComputedColumn *columns;

	/* Of one generation of the set. */
	uint64 generation;
	int n_source;
	int *from; /* by attribute of the source: place in the record, -1 where not needed */
	bool *entities_needed; /* by entity of the set */
};

/* Binding */

static int
find_record_column(TupleDesc record, const char *name)
{
	int found = -1;

	for (int i = 0; i < record->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(record, i);

		if (attribute->attisdropped || strcmp(NameStr(attribute->attname), name) != 0)
			continue;
		if (found >= 0)
			ereport(ERROR, (errcode(ERRCODE_FRAUD_ROW_NOT_BINDABLE),
			                errmsg("the record has two columns \"%s\"", name)));
		found = i;
	}
	return found;
}

static const SetColumn *
find_set_column(const FeaturesSet *set, const char *name, int *place)
{
	for (int i = 0; i < set->n_columns; i++)
	{
		if (strcmp(set->columns[i].name, name) == 0)
		{
			*place = i;
			return &set->columns[i];
		}
	}
	ereport(ERROR, (errcode(ERRCODE_FRAUD_FEATURES_CHANGED),
	                errmsg("the set of features \"%s\" has no feature \"%s\"", set->name, name)));
}

static void
bind_source_column(FeaturesOnline *online, const FeaturesSet *set, int attribute,
                   const char *feature)
{
	Form_pg_attribute source = TupleDescAttr(set->source_columns, attribute);
	const char *name = NameStr(source->attname);
	int place = find_record_column(online->record, name);
	Oid type;

	if (place < 0)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_FRAUD_ROW_NOT_BINDABLE),
		     errmsg("the record has no column \"%s\"", name),
		     errdetail("%s computes its feature \"%s\" from this column.",
		               online->model != NULL ? online->model : online->set, feature),
		     errhint(
		         "Score rows of the table that the features are defined over, or rows that have "
		         "the feature as a column.")));
	type = TupleDescAttr(online->record, place)->atttypid;
	if (getBaseType(type) != getBaseType(source->atttypid))
		ereport(ERROR, (errcode(ERRCODE_FRAUD_ROW_NOT_BINDABLE),
		                errmsg("column \"%s\" of the record is of type %s, not %s", name,
		                       format_type_be(type), format_type_be(source->atttypid)),
		                errdetail("%s computes its feature \"%s\" from this column.",
		                          online->model != NULL ? online->model : online->set, feature)));
	online->from[attribute] = place;
}

static void
bind_column(FeaturesOnline *online, const FeaturesSet *set, ComputedColumn *computed)
{
	const SetColumn *column = find_set_column(set, computed->name, &computed->column);
	int member = -1;

	if (OidIsValid(computed->type) && computed->type != column->type)
		ereport(ERROR, (errcode(ERRCODE_FRAUD_FEATURES_CHANGED),
		                errmsg("type of feature \"%s\" has changed", column->name)));
	computed->type = column->type;
	if (column->expression == NULL)
		online->entities_needed[column->entity] = true;
	while ((member = bms_next_member(column->attributes, member)) >= 0)
		bind_source_column(online, set, member + FirstLowInvalidHeapAttributeNumber - 1,
		                   column->name);
}

/* To the set as it is now; old places go with the caller's context. */
static void
bind(FeaturesOnline *online, const FeaturesSet *set)
{
	MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(online));

	online->n_source = set->source_columns->natts;
	online->from = palloc(Max(online->n_source, 1) * sizeof(int));
	for (int i = 0; i < online->n_source; i++)
		online->from[i] = -1;
	online->entities_needed = palloc0(Max(set->n_entities, 1) * sizeof(bool));
	for (int i = 0; i < online->n_columns; i++)
		bind_column(online, set, &online->columns[i]);
	online->generation = set->generation;
	MemoryContextSwitchTo(old);
}

static void
extend_tupdesc(FeaturesOnline *online)
{
	int n = online->record->natts;

	online->tupdesc = CreateTemplateTupleDesc(n + online->n_columns);
	for (int i = 1; i <= n; i++)
		TupleDescCopyEntry(online->tupdesc, i, online->record, i);
	for (int i = 0; i < online->n_columns; i++)
		TupleDescInitEntry(online->tupdesc, n + 1 + i, online->columns[i].name,
		                   online->columns[i].type, -1, 0);
}

static FeaturesOnline *
finish_binding(FeaturesOnline *online)
{
	bind(online, features_set_get(online->set, online->definition, online->model));
	extend_tupdesc(online);
	return online;
}

FeaturesOnline *
features_online_bind(const Signature *signature, TupleDesc record, const char *model)
{
	FeaturesOnline *online;

	if (signature->feature_set == NULL)
		return NULL;
	online = palloc0(sizeof(FeaturesOnline));
	online->set = signature->feature_set;
	online->definition = signature->definition;
	online->model = pstrdup(model);
	online->record = record;
	online->columns = palloc0(signature->n_features * sizeof(ComputedColumn));
	for (int i = 0; i < signature->n_features; i++)
	{
		const Feature *feature = &signature->features[i];
		bool there = !feature->computed;

		/* A time has two features of one column. */
		for (int c = 0; c < online->n_columns && !there; c++)
			there = strcmp(online->columns[c].name, feature->column) == 0;
		if (!there && find_record_column(record, feature->column) < 0)
			online->columns[online->n_columns++].name = feature->column;
	}
	return online->n_columns == 0 ? NULL : finish_binding(online);
}

/* The columns of a view's row under the names of the source; columns of the view and set match. */
static TupleDesc
present_names(const FeaturesSet *set, TupleDesc view)
{
	TupleDesc record = CreateTupleDescCopy(view);

	for (int i = 0; i < set->n_columns; i++)
	{
		AttrNumber source = set->columns[i].source_column;
		NameData *name = &TupleDescAttr(record, i)->attname;

		/* The first one of a source's column; a feature may be the same column. */
		for (int before = 0; before < i && source != 0; before++)
			if (set->columns[before].source_column == source)
				source = 0;
		if (source != 0)
			*name = TupleDescAttr(set->source_columns, source - 1)->attname;
		else
			snprintf(NameStr(*name), NAMEDATALEN, "fraud_detect feature %d", i);
	}
	return record;
}

FeaturesOnline *
features_online_bind_view(const char *name, TupleDesc view)
{
	const FeaturesSet *set = features_set_get(name, NULL, NULL);
	FeaturesOnline *online = palloc0(sizeof(FeaturesOnline));

	if (set->n_columns != view->natts)
		elog(ERROR, "view has %d columns, not %d", view->natts, set->n_columns);
	online->set = pstrdup(name);
	online->definition = pstrdup(set->definition);
	online->record = present_names(set, view);
	online->columns = palloc0(set->n_columns * sizeof(ComputedColumn));
	for (int i = 0; i < set->n_columns; i++)
	{
		if (set->columns[i].source_column == 0)
			online->columns[online->n_columns++].name = pstrdup(set->columns[i].name);
	}
	return finish_binding(online);
}

int
features_online_n_columns(const FeaturesOnline *online)
{
	return online->n_columns;
}

const char *
features_online_column(const FeaturesOnline *online, int i, int *record_place)
{
	*record_place = online->columns[i].column;
	return online->columns[i].name;
}

TupleDesc
features_online_tupdesc(const FeaturesOnline *online)
{
	return online->tupdesc;
}

List *
features_online_entities(const FeaturesOnline *online)
{
	const FeaturesSet *set = features_set_get(online->set, online->definition, online->model);
	Bitmapset *places = NULL;
	List *names = NIL;
	int place = -1;

	for (int e = 0; e < set->n_entities; e++)
		for (int i = 0; i < set->entities[e].n_columns && online->entities_needed[e]; i++)
			places = bms_add_member(places, online->from[set->entities[e].columns[i] - 1]);
	while ((place = bms_next_member(places, place)) >= 0)
		names = lappend(names, pstrdup(NameStr(TupleDescAttr(online->record, place)->attname)));
	return names;
}

/* Computing */

static void
fill_source_row(const FeaturesOnline *online, FeaturesSet *set, const Datum *values,
                const bool *nulls)
{
	TupleTableSlot *row = set->row;

	ExecClearTuple(row);
	for (int i = 0; i < online->n_source; i++)
	{
		int place = online->from[i];

		row->tts_isnull[i] = place < 0 || nulls[place];
		row->tts_values[i] = place < 0 ? (Datum) 0 : values[place];
	}
	ExecStoreVirtualTuple(row);
}

static void
evaluate_arguments(const FeaturesSet *set, const SetEntity *entity)
{
	FeatureGroup *group = entity->group;
	Datum *values = palloc(Max(group->n_arguments, 1) * sizeof(Datum));
	bool *nulls = palloc(Max(group->n_arguments, 1) * sizeof(bool));

	for (int i = 0; i < group->n_arguments; i++)
		values[i] = ExecEvalExpr(entity->arguments[i], set->context, &nulls[i]);
	feature_group_arguments(group, values, nulls, group->row);
}

static void
compute_entity(const FeaturesSet *set, SetEntity *entity)
{
	FeatureGroup *group = entity->group;
	const TupleTableSlot *row = set->row;
	Datum *columns = palloc(entity->n_columns * sizeof(Datum));
	bool known = !row->tts_isnull[set->event_time - 1];
	int64 time =
	    known ? feature_time(row->tts_values[set->event_time - 1], set->time_type) : WINDOW_MISSING;

	for (int i = 0; i < entity->n_columns; i++)
	{
		known = known && !row->tts_isnull[entity->columns[i] - 1];
		columns[i] = row->tts_values[entity->columns[i] - 1];
	}
	if (!known || time == WINDOW_MISSING)
	{
		for (int i = 0; i < group->n_features; i++)
			group->results[i] = NAN;
		return;
	}
	feature_group_reset(group);
	feature_history_push(entity->history, columns, time);
	evaluate_arguments(set, entity);
	require_memory(window_group_evaluate(group->window, time, group->row, group->results));
}

static void
compute(FeaturesOnline *online, FeaturesSet *set, Datum *values, bool *nulls)
{
	int n = online->record->natts;

	for (int e = 0; e < set->n_entities; e++)
	{
		if (online->entities_needed[e])
			compute_entity(set, &set->entities[e]);
	}
	for (int i = 0; i < online->n_columns; i++)
	{
		const SetColumn *column = &set->columns[online->columns[i].column];

		if (column->expression != NULL)
			values[n + i] = ExecEvalExpr(column->expression, set->context, &nulls[n + i]);
		else
		{
			double result = set->entities[column->entity].group->results[column->place];

			nulls[n + i] = isnan(result);
			values[n + i] = Float8GetDatum(result);
		}
	}
}

void
features_online_compute(FeaturesOnline *online, Datum *values, bool *nulls)
{
	FeaturesSet *set = features_set_get(online->set, online->definition, online->model);
	int nest_level = NewGUCNestLevel();
	MemoryContext caller;

	if (online->generation != set->generation)
		bind(online, set);
	/* Results stay in the set's own memory until the next row. */
	ResetExprContext(set->context);
	fill_source_row(online, set, values, nulls);
	set->busy = true;
	PG_TRY();
	{
		setting_for_now("search_path", "pg_catalog, pg_temp");
		SPI_connect();
		caller = MemoryContextSwitchTo(set->context->ecxt_per_tuple_memory);
		compute(online, set, values, nulls);
		MemoryContextSwitchTo(caller);
		SPI_finish();
	}
	PG_CATCH();
	{
		/* Left in the middle of a row: nobody uses it again. */
		set->busy = false;
		set->stale = true;
		PG_RE_THROW();
	}
	PG_END_TRY();
	set->busy = false;
	AtEOXact_GUC(true, nest_level);
}

/*
 * features_set.c
 *		Makes a set of features ready to compute single rows, and keeps it for the
 *		session: expressions initialised, queries planned.
 *
 * What is kept is good until the view, the source, the rates, or any function, type or
 * role changes (the server's invalidation messages tell), for one user, since it is at
 * initialisation that the right to call a function is checked.
 *
 * The definition and the view do not come from one snapshot: the view is always the
 * latest. Where its definition is not the one that the statement sees, that is an error.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "pg/errors.h"
#include "pg/feature_set.h"
#include "pg/settings.h"
#include "scoring/features_set.h"
#include "scoring/features_trust.h"
#include "scoring/relation_trust.h"
#include "scoring/session_settings.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

static dlist_head sets = DLIST_STATIC_INIT(sets);
static MemoryContext cache_context = NULL;
static uint64 generations = 0;

/* Invalidation: may come at almost any moment, so it only marks. */

static void
on_relation_change(Datum argument, Oid relation)
{
	dlist_iter iter;

	dlist_foreach (iter, &sets)
	{
		FeaturesSet *set = dlist_container(FeaturesSet, node, iter.cur);

		/* Indexes and the like of a relation that is lent have identities of their own. */
		if (relation == InvalidOid || relation == set->view || relation == set->source ||
		    relation == set->registry || relation == set->rates || set->lent != NIL)
			set->stale = true;
	}
}

static void
on_catalog_change(Datum argument, int cache, uint32 hash)
{
	on_relation_change(argument, InvalidOid);
}

void
features_set_define(void)
{
	CacheRegisterRelcacheCallback(on_relation_change, (Datum) 0);
	/* Functions, and who may run whose. */
	CacheRegisterSyscacheCallback(PROCOID, on_catalog_change, (Datum) 0);
	CacheRegisterSyscacheCallback(TYPEOID, on_catalog_change, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, on_catalog_change, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, on_catalog_change, (Datum) 0);
}

static void
forget(FeaturesSet *set)
{
	dlist_delete(&set->node);
	for (int e = 0; e < set->n_entities; e++)
		feature_history_free(set->entities[e].history);
	MemoryContextDelete(set->memory);
}

/* Making */

static ExprState *
initialise(const FeaturesSet *set, Node *expression)
{
	features_trust_check(set->name, expression);
	return ExecInitExpr(expression_planner((Expr *) copyObject(expression)), NULL);
}

static void
make_entity(const FeaturesSet *set, const FeatureView *view, const ViewEntity *source,
            SetEntity *entity)
{
	int n = list_length(source->arguments);
	Oid *types = palloc(Max(n, 1) * sizeof(Oid));
	Oid *collations = palloc(Max(n, 1) * sizeof(Oid));

	entity->arguments = palloc(Max(n, 1) * sizeof(ExprState *));
	for (int i = 0; i < n; i++)
	{
		Node *argument = list_nth(source->arguments, i);

		types[i] = exprType(argument);
		collations[i] = exprCollation(argument);
		entity->arguments[i] = initialise(set, argument);
	}
	entity->n_columns = list_length(source->columns);
	entity->columns = palloc(entity->n_columns * sizeof(AttrNumber));
	for (int i = 0; i < entity->n_columns; i++)
		entity->columns[i] = list_nth_node(Var, source->columns, i)->varattno;
	entity->group = feature_group_create(source->description, n, types, collations);
	entity->history = feature_history_create(view, source, entity->group);
}

static void
add_attributes(Bitmapset **attributes, Node *node)
{
	pull_varattnos(node, 1, attributes);
}

static void
make_column(const FeaturesSet *set, const FeatureView *view, const ViewColumn *source,
            SetColumn *column)
{
	column->name = source->name;
	column->type = source->type;
	column->entity = source->entity;
	column->place = source->place;
	if (source->expression != NULL)
	{
		column->expression = initialise(set, (Node *) source->expression);
		if (IsA(source->expression, Var))
			column->source_column = ((Var *) source->expression)->varattno;
		add_attributes(&column->attributes, (Node *) source->expression);
		return;
	}
	if (source->place < 0 || source->place >= set->entities[source->entity].group->n_features)
		ereport(ERROR, (errcode(ERRCODE_FRAUD_FEATURES_CHANGED),
		                errmsg("there is no window feature %d", source->place + 1)));
	add_attributes(&column->attributes, (Node *) view->event_time);
	add_attributes(&column->attributes, (Node *) view->entities[source->entity].columns);
	add_attributes(&column->attributes, (Node *) view->entities[source->entity].arguments);
}

/* In the set's memory; SPI is connected. */
static void
make(FeaturesSet *set, const FeatureView *view)
{
	Relation source;

	set->lent =
	    relation_trust_check(view->source, psprintf("the set of features \"%s\"", set->name));
	source = relation_open(view->source, AccessShareLock);
	set->source_columns = CreateTupleDescCopy(RelationGetDescr(source));
	relation_close(source, AccessShareLock);
	set->view = view->view;
	set->source = view->source;
	set->event_time = view->event_time == NULL ? 0 : view->event_time->varattno;
	set->time_type = view->event_time == NULL ? InvalidOid : getBaseType(view->event_time->vartype);
	set->row = MakeSingleTupleTableSlot(set->source_columns, &TTSOpsVirtual);
	set->context = CreateStandaloneExprContext();
	set->context->ecxt_scantuple = set->row;
	set->n_entities = view->n_entities;
	set->entities = palloc0(Max(view->n_entities, 1) * sizeof(SetEntity));
	for (int e = 0; e < view->n_entities; e++)
		make_entity(set, view, &view->entities[e], &set->entities[e]);
	set->n_columns = view->n_columns;
	set->columns = palloc0(view->n_columns * sizeof(SetColumn));
	for (int c = 0; c < view->n_columns; c++)
		make_column(set, view, &view->columns[c], &set->columns[c]);
}

static bool
uses_rates(const FeaturesSet *set)
{
	for (int e = 0; e < set->n_entities; e++)
	{
		const FeatureGroup *group = set->entities[e].group;

		for (int i = 0; i < group->n_features; i++)
		{
			if (group->features[i].overall != NULL)
				return true;
		}
	}
	return false;
}

/*
 * How long it is good. A statement may have begun before rates were added, whose
 * invalidation it has seen by now: the next one must not be given what it sees.
 */
static void
limit_life(FeaturesSet *set)
{
	set->transaction = IsolationUsesXactSnapshot() ? GetCurrentTransactionStartTimestamp() : 0;
	set->for_one_statement = uses_rates(set) && !feature_set_rates_are_latest(set->definition);
	set->statement = statement_identity(GetActiveSnapshot());
}

static FeaturesSet *
create(const char *name, const char *definition)
{
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "fraud_detect features",
	                                             ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(memory);
	FeaturesSet *set = palloc0(sizeof(FeaturesSet));
	Oid schema = get_namespace_oid("fraud", false);
	int nest_level = NewGUCNestLevel();

	/* Queries are written, read and planned with names that mean the same to everybody. */
	setting_for_now("search_path", "pg_catalog, pg_temp");
	session_settings_pin_meaning();
	session_settings_pin_plans();
	/* Some hundred events at most, in the order of an index: a bitmap would have to be sorted. */
	setting_for_now("enable_bitmapscan", "off");
	set->memory = memory;
	set->name = pstrdup(name);
	set->definition = pstrdup(definition);
	MemoryContextSetIdentifier(memory, set->name);
	set->generation = ++generations;
	set->user = GetUserId();
	set->registry = get_relname_relid("feature_set", schema);
	set->rates = get_relname_relid("feature_rate", schema);
	SPI_connect();
	MemoryContextSwitchTo(memory);
	make(set, feature_view_read(name));
	limit_life(set);
	for (int e = 0; e < set->n_entities; e++)
		feature_history_keep(set->entities[e].history);
	/* From here on it is ours to free. */
	if (cache_context == NULL)
		cache_context = AllocSetContextCreate(CacheMemoryContext, "fraud_detect features cache",
		                                      ALLOCSET_SMALL_SIZES);
	MemoryContextSetParent(memory, cache_context);
	dlist_push_head(&sets, &set->node);
	for (int e = 0; e < set->n_entities; e++)
		feature_history_plan(set->entities[e].history);
	SPI_finish();
	AtEOXact_GUC(true, nest_level);
	MemoryContextSwitchTo(caller);
	set->complete = true;
	return set;
}

/* Getting */

static void
pg_attribute_noreturn() set_changed(const char *name, const char *now, const char *asked_by)
{
	if (asked_by == NULL)
		ereport(ERROR, (errcode(ERRCODE_FRAUD_FEATURES_CHANGED),
		                now == NULL ? errmsg("there is no set of features \"%s\"", name)
		                            : errmsg("the set of features \"%s\" was defined anew", name)));
	ereport(ERROR, (errcode(ERRCODE_FRAUD_FEATURES_CHANGED),
	                now == NULL ? errmsg("the set of features \"%s\" is gone", name)
	                            : errmsg("the set of features \"%s\" was defined anew", name),
	                errdetail("%s was trained with it.", asked_by),
	                errhint("Train again, or score rows that have the features as columns.")));
}

static bool
is_good(const FeaturesSet *set, const char *definition)
{
	StatementIdentity now;

	if (!set->complete || set->stale || set->user != GetUserId() ||
	    (definition != NULL && strcmp(set->definition, definition) != 0) ||
	    (set->transaction != 0 && set->transaction != GetCurrentTransactionStartTimestamp()))
		return false;
	if (!set->for_one_statement)
		return true;
	now = statement_identity(GetActiveSnapshot());
	return statement_same(&now, &set->statement);
}

/*
 * With these locks, nothing is planned anew before the next check: who changes what
 * hangs on these relations is known of from here on, or waits.
 */
static void
lock_lent(const FeaturesSet *set)
{
	ListCell *cell;

	foreach (cell, set->lent)
		LockRelationOid(lfirst_oid(cell), AccessShareLock);
}

static FeaturesSet *
find(const char *name, const char *definition)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &sets)
	{
		FeaturesSet *set = dlist_container(FeaturesSet, node, iter.cur);

		if (strcmp(set->name, name) != 0)
			continue;
		if (set->busy)
			ereport(ERROR, (errcode(ERRCODE_INVALID_RECURSION),
			                errmsg("the set of features \"%s\" is computed by itself", name)));
		lock_lent(set);
		if (is_good(set, definition))
			return set;
		forget(set);
	}
	return NULL;
}

FeaturesSet *
features_set_get(const char *name, const char *definition, const char *asked_by)
{
	FeaturesSet *set = find(name, definition);
	char *now;

	if (set != NULL)
		return set;
	now = feature_set_definition(name);
	if (now == NULL || (definition != NULL && strcmp(now, definition) != 0))
		set_changed(name, now, asked_by);
	/* The view is always the latest one: is it this definition's? */
	definition = now;
	now = feature_set_latest_definition(name);
	if (now == NULL || strcmp(now, definition) != 0)
		set_changed(name, now, asked_by);
	return create(name, definition);
}

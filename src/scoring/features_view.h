/*
 * features_view.h
 *		What the view of a set of features says, as expressions over its source.
 */
#ifndef FRAUD_DETECT_FEATURES_VIEW_H
#define FRAUD_DETECT_FEATURES_VIEW_H

#include "nodes/parsenodes.h"
#include "utils/jsonb.h"

/* The entity of some window features: one call of fraud.window_features. */
typedef struct ViewEntity
{
	Jsonb *description;
	List *columns;   /* Vars: what makes the entity */
	List *operators; /* Oids: equality of each */
	List *arguments; /* expressions of the group's arguments */
} ViewEntity;

/* A column of the view: an expression, or a place among the features of an entity. */
typedef struct ViewColumn
{
	char *name;
	Oid type;
	Expr *expression; /* NULL: a window feature */
	int entity;
	int place; /* from 0 */
} ViewColumn;

typedef struct FeatureView
{
	Oid view;
	Oid source;
	Var *event_time; /* NULL where there are no window features */
	int n_columns;
	ViewColumn *columns;
	int n_entities;
	ViewEntity *entities;
} FeatureView;

/*
 * Reads it, in CurrentMemoryContext; all Vars have varno 1. The caller holds a lock
 * on neither. FD009 where there is no such view or it has another form than
 * fraud_define_features gives it.
 */
extern FeatureView *feature_view_read(const char *name);

#endif

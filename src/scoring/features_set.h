/*
 * features_set.h
 *		Sets of features, made ready to compute single rows, as this session keeps them.
 */
#ifndef FRAUD_DETECT_FEATURES_SET_H
#define FRAUD_DETECT_FEATURES_SET_H

#include "executor/tuptable.h"
#include "lib/ilist.h"
#include "nodes/execnodes.h"
#include "scoring/features_history.h"
#include "scoring/statement.h"

typedef struct SetEntity
{
	FeatureGroup *group;
	FeatureHistory *history;
	int n_columns;
	AttrNumber *columns; /* of the source */
	ExprState **arguments;
} SetEntity;

typedef struct SetColumn
{
	char *name;
	Oid type;
	ExprState *expression; /* NULL: a window feature */
	int entity;
	int place;
	AttrNumber source_column; /* the column of the source that it is; 0: it is computed */
	Bitmapset *attributes; /* of the source that it is computed from, offset as in pull_varattnos */
} SetColumn;

typedef struct FeaturesSet
{
	char *name;
	char *definition;
	uint64 generation;     /* differs between any two that were ever made */
	AttrNumber event_time; /* 0 where there are no window features */
	Oid time_type;
	TupleDesc source_columns;
	TupleTableSlot *row; /* of the source's columns */
	ExprContext *context;
	int n_columns;
	SetColumn *columns;
	int n_entities;
	SetEntity *entities;

	/* Of the cache. */
	dlist_node node;
	MemoryContext memory;
	Oid view, source, registry, rates;
	List *lent; /* relations, where one is of a role that is not trusted with code; NIL: none */
	Oid user;   /* functions were checked for */
	TimestampTz transaction; /* of a snapshot that later ones outdate; 0: any */
	bool for_one_statement;  /* others see later rates */
	StatementIdentity statement;
	bool complete;
	bool stale;
	bool busy;
} FeaturesSet;

extern void features_set_define(void); /* _PG_init only */

/*
 * The set as it is now; good until the next call of any function here. FD009 where
 * there is none, or its definition is not the one that is asked for (NULL: any);
 * asked_by is who asks, for the message.
 */
extern FeaturesSet *features_set_get(const char *name, const char *definition,
                                     const char *asked_by);

#endif

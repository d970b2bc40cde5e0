/*
 * feature_source.c
 *		Which columns of a source are features of a set.
 *
 * By the parser's record of where each column of a query comes from, which sees
 * through subqueries and joins: a query that selects, filters or joins the view
 * keeps its features; what is computed from a feature is a column like any other.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "nodes/primnodes.h"
#include "pg/feature_set.h"
#include "training/feature_source.h"
#include "utils/lsyscache.h"

/* The only view of a set among the relations; InvalidOid without one. */
static Oid
feature_view(const List *relations, char **set)
{
	Oid found = InvalidOid;
	ListCell *cell;

	foreach (cell, relations)
	{
		Oid relation = lfirst_oid(cell);
		char *name = relation == found ? NULL : feature_set_of_view(relation);

		if (name == NULL)
			continue;
		if (OidIsValid(found))
			ereport(ERROR,
			        (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			         errmsg("the source reads two sets of features, \"%s\" and \"%s\"", *set, name),
			         errhint("Define one set with all of the features.")));
		found = relation;
		*set = name;
	}
	return found;
}

/* Columns of the source's rows are its targets that are not junk, in order. */
static const TargetEntry *
target_of(const List *targets, AttrNumber attribute)
{
	ListCell *cell;

	foreach (cell, targets)
	{
		const TargetEntry *target = lfirst_node(TargetEntry, cell);

		if (!target->resjunk && target->resno == attribute)
			return target;
	}
	return NULL;
}

void
feature_source_mark(const Source *source, ColumnChoice *choice)
{
	char *set = NULL;
	Oid view = feature_view(source->relations, &set);

	if (!OidIsValid(view))
		return;
	choice->feature_set = pstrdup(set);
	choice->definition = feature_set_definition(set);
	for (int i = 0; i < choice->n_columns; i++)
	{
		TrainingColumn *column = &choice->columns[i];
		const TargetEntry *target = target_of(source->targets, column->attribute);
		char *name;

		if (target == NULL || target->resorigtbl != view)
			continue;
		name = get_attname(view, target->resorigcol, false);
		column->computed = strcmp(name, column->name) == 0;
	}
}

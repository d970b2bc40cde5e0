/*
 * columns.c
 *		Which columns of a source become features, and which play another part.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "core/nearest_name.h"
#include "pg/errors.h"
#include "pg/source.h"
#include "training/columns.h"
#include "training/leakage.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#define LABEL_TIME "label_time"

static bool
is_time_type(Oid type)
{
	return column_class(type) == COLUMN_TIMESTAMP;
}

/* argument: the argument of fraud_train that holds the name. */
static AttrNumber
require_attribute(TupleDesc tupdesc, const char *name, const char *argument)
{
	AttrNumber found = source_find_column(tupdesc, name);
	const char **names;
	const char *nearest;
	int n = 0;

	if (found != 0)
		return found;
	names = palloc(sizeof(char *) * Max(tupdesc->natts, 1));
	for (int i = 0; i < tupdesc->natts; i++)
	{
		if (!TupleDescAttr(tupdesc, i)->attisdropped)
			names[n++] = NameStr(TupleDescAttr(tupdesc, i)->attname);
	}
	nearest = nearest_name(name, names, n);
	ereport(ERROR,
	        (errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("the source has no column \"%s\"", name),
	         errdetail("It is named in the argument \"%s\".", argument),
	         nearest != NULL ? errhint("Did you mean \"%s\"?", nearest)
	         : strcmp(argument, "label") == 0
	             ? errhint("Name the column that says which rows are frauds: label => '...'.")
	             : 0));
}

static AttrNumber
require_time_attribute(TupleDesc tupdesc, const char *name, const char *argument)
{
	AttrNumber found = require_attribute(tupdesc, name, argument);
	Oid type = TupleDescAttr(tupdesc, found - 1)->atttypid;

	if (!is_time_type(type))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("column \"%s\" in the argument \"%s\" has type %s", name, argument,
		                       format_type_be(type)),
		                errhint("It must be a timestamp, a timestamptz or a date.")));
	return found;
}

static bool
is_listed(const char *name, char **names, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/*
 * The only time column there is, apart from the time of the label and from
 * excluded ones; 0 and a NOTICE where there are several.
 */
static AttrNumber
unambiguous_event_time(TupleDesc tupdesc, const TrainingRequest *request, AttrNumber label_time)
{
	AttrNumber found = 0;
	bool several = false;
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);

		if (attribute->attisdropped || i + 1 == label_time || !is_time_type(attribute->atttypid) ||
		    is_listed(NameStr(attribute->attname), request->exclude, request->n_exclude))
			continue;
		appendStringInfo(&list, "%s\"%s\"", found == 0 ? "" : ", ", NameStr(attribute->attname));
		several = found != 0;
		if (found == 0)
			found = i + 1;
	}
	if (several)
	{
		ereport(NOTICE,
		        (errmsg("rows are split at random, not by time: several columns hold times"),
		         errdetail("They are %s.", list.data),
		         errhint("Name the time of the event in the argument \"event_time\".")));
		return 0;
	}
	return found;
}

static void
choose_roles(TupleDesc tupdesc, const TrainingRequest *request, ColumnChoice *choice)
{
	choice->label = require_attribute(tupdesc, request->label, "label");
	choice->label_time = 0;
	if (request->label_time != NULL)
		choice->label_time = require_time_attribute(tupdesc, request->label_time, "label_time");
	else
	{
		AttrNumber found = source_find_column(tupdesc, LABEL_TIME);

		if (found != 0 && found != choice->label &&
		    is_time_type(TupleDescAttr(tupdesc, found - 1)->atttypid))
			choice->label_time = found;
	}
	if (request->event_time != NULL)
		choice->event_time = require_time_attribute(tupdesc, request->event_time, "event_time");
	else
		choice->event_time = unambiguous_event_time(tupdesc, request, choice->label_time);
	if (choice->event_time != 0 && choice->event_time == choice->label_time)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		     errmsg("event_time and label_time are the same column"),
		     errhint("event_time is when the event was, label_time when its label became known; "
		             "leave out the one that the source lacks.")));
	choice->entity =
	    request->entity == NULL ? 0 : require_attribute(tupdesc, request->entity, "entity");
	if (choice->entity != 0 && choice->entity == choice->label)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the label cannot be the entity"),
		         errhint("An entity is whose row it is, such as a card.")));

	for (int i = 0; i < request->n_features; i++)
	{
		if (require_attribute(tupdesc, request->features[i], "features") == choice->label)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("the label \"%s\" cannot be a feature", request->label),
			                errhint("Take it out of the argument \"features\".")));
	}
	for (int i = 0; i < request->n_exclude; i++)
		(void) require_attribute(tupdesc, request->exclude[i], "exclude");
}

/* Is this column, by its part and the arguments, a candidate for a feature? */
static bool
is_candidate(const TrainingRequest *request, const ColumnChoice *choice, AttrNumber attribute,
             const char *name)
{
	if (attribute == choice->label || is_listed(name, request->exclude, request->n_exclude))
		return false;
	if (request->has_features)
		return is_listed(name, request->features, request->n_features);
	/* What identifies an entity says nothing about an entity not seen yet. */
	return attribute != choice->entity;
}

static void
add_slot(ColumnChoice *choice, TrainingColumn *column, FeatureKind kind)
{
	column->kinds[column->n_slots] = kind;
	if (column->class != COLUMN_TEXT)
		column->convert[column->n_slots] = number_converter(kind, column->type);
	column->n_slots++;
	choice->n_slots++;
}

static void
add_column(ColumnChoice *choice, Form_pg_attribute attribute, bool named)
{
	TrainingColumn *column = &choice->columns[choice->n_columns++];

	memset(column, 0, sizeof(*column));
	column->name = pstrdup(NameStr(attribute->attname));
	column->attribute = attribute->attnum;
	column->type = attribute->atttypid;
	column->class = column_class(attribute->atttypid);
	column->named = named;
	column->first_slot = choice->n_slots;
	switch (column->class)
	{
		case COLUMN_NUMBER:
			add_slot(choice, column, FEATURE_NUMBER);
			break;
		case COLUMN_BOOLEAN:
			add_slot(choice, column, FEATURE_BOOLEAN);
			break;
		case COLUMN_TEXT:
			column->category = category_converter(column->type);
			add_slot(choice, column, FEATURE_CATEGORY);
			break;
		case COLUMN_TIMESTAMP:
			if (feature_accepts_type(FEATURE_HOUR, column->type))
				add_slot(choice, column, FEATURE_HOUR);
			add_slot(choice, column, FEATURE_WEEKDAY);
			break;
		case COLUMN_TIME:
			add_slot(choice, column, FEATURE_HOUR);
			break;
		case COLUMN_INTERVAL:
			add_slot(choice, column, FEATURE_DURATION);
			break;
		case COLUMN_UNSUPPORTED:
			break;
	}
}

static AttrNumber
last_attribute(const ColumnChoice *choice)
{
	AttrNumber last = Max(choice->label, choice->event_time);

	last = Max(last, Max(choice->label_time, choice->entity));
	for (int i = 0; i < choice->n_columns; i++)
		last = Max(last, choice->columns[i].attribute);
	return last;
}

void
columns_choose(TupleDesc tupdesc, const TrainingRequest *request, ColumnChoice *choice)
{
	StringInfoData unsupported;

	memset(choice, 0, sizeof(*choice));
	choose_roles(tupdesc, request, choice);
	choice->columns = palloc0(sizeof(TrainingColumn) * tupdesc->natts);
	initStringInfo(&unsupported);

	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);
		const char *name = NameStr(attribute->attname);

		if (attribute->attisdropped || !is_candidate(request, choice, i + 1, name))
			continue;
		if (leakage_by_name(name, i + 1 == choice->label_time, request->has_features))
			continue;
		if (column_class(attribute->atttypid) != COLUMN_UNSUPPORTED)
		{
			(void) source_find_column(tupdesc, name); /* a feature's column is found by its name */
			add_column(choice, attribute, request->has_features);
			choice->columns[choice->n_columns - 1].attribute = i + 1;
			continue;
		}
		if (request->has_features)
			ereport(ERROR,
			        (errcode(ERRCODE_DATATYPE_MISMATCH),
			         errmsg("column \"%s\" of type %s cannot be a feature", name,
			                format_type_be(attribute->atttypid)),
			         errhint("Turn it into a number, a boolean, a text or a time in a query.")));
		appendStringInfo(&unsupported, "%s\"%s\" (%s)", unsupported.len == 0 ? "" : ", ", name,
		                 format_type_be(attribute->atttypid));
	}
	if (unsupported.len > 0)
		ereport(NOTICE,
		        (errmsg("columns whose type has no encoding are left out: %s", unsupported.data)));
	if (choice->n_columns == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_FRAUD_UNUSABLE_DATA),
		         errmsg("no column of the source can be a feature"),
		         errhint("The label, excluded columns and types without an encoding are none.")));
	choice->last_attribute = last_attribute(choice);
}

char *
feature_name(const TrainingColumn *column, int slot)
{
	if (column->class == COLUMN_TIMESTAMP || column->class == COLUMN_TIME)
		return psprintf("%s:%s", column->name, feature_kind_name(column->kinds[slot]));
	return pstrdup(column->name);
}

int64
time_from_datum(Datum value, Oid type)
{
	if (getBaseType(type) == DATEOID)
	{
		int overflow;

		return date2timestamp_opt_overflow(DatumGetDateADT(value), &overflow);
	}
	return DatumGetTimestamp(value);
}

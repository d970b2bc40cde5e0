/*
 * columns.h
 *		Which columns of a source become features, and which play another part:
 *		label, event time, time the label became known, entity.
 *
 * A time column gives an hour and a weekday, never the instant itself. A
 * feature is a slot: one float of a row.
 */
#ifndef FRAUD_DETECT_COLUMNS_H
#define FRAUD_DETECT_COLUMNS_H

#include "pg/encode.h"
#include "training/distinct.h"
#include "training/request.h"

#define COLUMN_MAX_SLOTS 2

typedef struct TrainingColumn
{
	char *name;
	AttrNumber attribute;
	Oid type;
	ColumnClass class;
	bool named; /* in the argument features */
	bool left_out;
	bool computed; /* a feature of the source's set */
	int first_slot;
	int n_slots;
	FeatureKind kinds[COLUMN_MAX_SLOTS];
	NumberConverter convert[COLUMN_MAX_SLOTS];
	CategoryConverter category;

	/* Gathered while the source is read, over all rows. */
	Dictionary *dictionary; /* text: codes in order of appearance */
	bool watched;           /* an integer: distinct is in use */
	DistinctSet distinct;   /* of integers; of texts it is the dictionary */
	uint64 filled[2];       /* rows with a value, legitimate and fraud */
} TrainingColumn;

typedef struct ColumnChoice
{
	/* Attribute numbers; 0 where there is none. */
	AttrNumber label;
	AttrNumber event_time;
	AttrNumber label_time;
	AttrNumber entity;
	AttrNumber last_attribute; /* the highest one that is read */
	TrainingColumn *columns;
	int n_columns;
	int n_slots;
	char *feature_set; /* or NULL: the set whose view the source reads */
	char *definition;
} ColumnChoice;

/*
 * 42703 for a name that is no column, 42702 for one that is several, 42804 for
 * a column whose type cannot play its part, 22023 for a feature that would give
 * the label away, FD006 where no column is left. Columns of types without an encoding are left out with one NOTICE.
 */
extern void columns_choose(TupleDesc tupdesc, const TrainingRequest *request, ColumnChoice *choice);

/* "amount", "tx_time:hour": in CurrentMemoryContext. */
extern char *feature_name(const TrainingColumn *column, int slot);

/* Microseconds since 2000-01-01 UTC of a timestamp, timestamptz or date. */
extern int64 time_from_datum(Datum value, Oid type);

#endif

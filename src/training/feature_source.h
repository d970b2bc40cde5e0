/*
 * feature_source.h
 *		Training on the view of a set of features: the version remembers the set, so that
 *		rows that lack the features can be scored.
 */
#ifndef FRAUD_DETECT_FEATURE_SOURCE_H
#define FRAUD_DETECT_FEATURE_SOURCE_H

#include "pg/source.h"
#include "training/columns.h"

/*
 * Marks the columns that come straight from such a view, under their own names, and
 * notes its set. 0A000 where the source reads the views of several sets.
 */
extern void feature_source_mark(const Source *source, ColumnChoice *choice);

#endif

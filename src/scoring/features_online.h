/*
 * features_online.h
 *		The features of a single row, computed at this moment from its own columns and
 *		from the history of its source.
 */
#ifndef FRAUD_DETECT_FEATURES_ONLINE_H
#define FRAUD_DETECT_FEATURES_ONLINE_H

#include "access/tupdesc.h"
#include "nodes/pg_list.h"
#include "pg/signature.h"

typedef struct FeaturesOnline FeaturesOnline;

/*
 * For rows of this type: the features of the signature that rows lack and that its
 * set computes. NULL where there are none. In CurrentMemoryContext; the signature
 * must outlive it. model is how messages call the model. FD004 where rows lack a
 * column that a feature is computed from, FD009 where the set is not the one that the
 * model was trained with.
 */
extern FeaturesOnline *features_online_bind(const Signature *signature, TupleDesc record,
                                            const char *model);

/*
 * For rows of the set's view: all that it computes, once more. Source's columns have
 * their present names in the tupdesc, whatever the view calls them.
 */
extern FeaturesOnline *features_online_bind_view(const char *set, TupleDesc view);

/* How many columns are computed, and which column of the record each one has as its value. */
extern int features_online_n_columns(const FeaturesOnline *online);
extern const char *features_online_column(const FeaturesOnline *online, int i, int *record_place);

/* The record's columns, and the computed ones after them. */
extern TupleDesc features_online_tupdesc(const FeaturesOnline *online);

/* The record's columns by which windows are grouped: a list of names (C strings), each once. */
extern List *features_online_entities(const FeaturesOnline *online);

/*
 * Computes: values and nulls have room for all columns of the tupdesc above, with the
 * record's own filled in. What is filled in lives until the next call for the same
 * set. Reads the source as the caller, under the active snapshot: 42501.
 */
extern void features_online_compute(FeaturesOnline *online, Datum *values, bool *nulls);

#endif

/*
 * registry_label.h
 *		What is recorded of one row in fraud.label (sql/label.sql).
 */
#ifndef FRAUD_DETECT_REGISTRY_LABEL_H
#define FRAUD_DETECT_REGISTRY_LABEL_H

#include "datatype/timestamp.h"
#include "utils/array.h"
#include "utils/snapshot.h"

typedef struct LabelEvent
{
	int64 label_id;
	bool is_fraud;
	TimestampTz known_at;
} LabelEvent;

/* 42501 unless the caller may SELECT from fraud.label, all of it. */
extern void registry_label_check_privilege(void);

/*
 * The events of a row by these sources (text[]), in the order in which they became
 * known; NULL and 0 where there are none. In CurrentMemoryContext. An index look-up.
 */
extern LabelEvent *registry_label_events(Oid relation, Datum key, ArrayType *sources,
                                         Snapshot snapshot, int *n);

#endif

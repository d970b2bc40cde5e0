/*
 * reader.h
 *		Reads a source once: features of each row go to a row store, what has to
 *		be known of all rows at once stays in memory, about 40 bytes a row.
 *
 * Text columns are stored as int32 codes in order of appearance (-1 for NULL),
 * in the bits of the float: which values are kept, and how they are encoded, is
 * decided on the training part, which is not known yet.
 */
#ifndef FRAUD_DETECT_READER_H
#define FRAUD_DETECT_READER_H

#include "pg/source.h"
#include "training/columns.h"
#include "training/row_store.h"

#define READER_MAX_ROWS PG_UINT32_MAX
#define TIME_NEVER PG_INT64_MAX

/* Arrays by row number. Times in microseconds since 2000-01-01 UTC. */
typedef struct RowFacts
{
	uint32 n_rows;
	uint32 capacity;
	uint8 *labels;      /* 1 is fraud */
	uint64 *hashes;     /* of all features and the entity: a label may not be known yet */
	int64 *event_times; /* NULL where the source has none */
	int64 *known_times; /* when a fraud became known, TIME_NEVER; NULL where the source has none */
	uint64 *entities;   /* a hash of the entity; NULL where none was asked for */
	uint64 n_frauds;
} RowFacts;

/* The code of a text in the slot of a stored row. */
static inline int32
stored_code(float slot)
{
	int32 code;

	memcpy(&code, &slot, sizeof(code));
	return code;
}

/*
 * FD006 for no rows, one class, NULL labels, event times that are NULL or
 * infinite, and infinite feature values. Allocates in CurrentMemoryContext.
 */
extern void reader_read(Source *source, const TrainingRequest *request, ColumnChoice *choice,
                        RowStore *store, RowFacts *facts);

/*
 * Forgets the event time where nobody asked for it and it is the same in all
 * rows, such as the time of loading: it orders nothing. Says so in a NOTICE.
 */
extern void reader_forget_constant_time(const TrainingRequest *request, const Source *source,
                                        ColumnChoice *choice, RowFacts *facts);

/* Row numbers by event time (if there is one), then by content, then by label. */
extern uint32 *reader_order(const RowFacts *facts);

/* Puts that order right after labels have changed. O(n). */
extern void reader_order_labels(uint32 *order, const RowFacts *facts);

#endif

/*
 * leakage.h
 *		Columns that give the label away: what is known only once a fraud is
 *		known, or what a model could learn by heart.
 *
 * Found by name: fraud_scenario, and the column that says when the label became
 * known. Found in the data:
 *	 filled      being filled in, or being NULL, all but proves fraud
 *	 value       texts that occur in frauds only cover half of them
 *	 order       one threshold all but proves half of the frauds, or the column
 *				 alone has an area under the ROC curve of at least .999
 *	 clock       a number that rises with the event time
 *	 unique      an integer or text that differs in every row
 * "All but proves" is a precision of .999; "half" is a recall of .5. Judged from
 * LEAKAGE_MIN_FRAUDS frauds on, and from LEAKAGE_MIN_PERFECT on where nothing
 * contradicts (precision and recall of 1).
 *
 * Such a column is left out with a WARNING that says why; 22023 where it is
 * named in the argument features.
 */
#ifndef FRAUD_DETECT_LEAKAGE_H
#define FRAUD_DETECT_LEAKAGE_H

#include "training/columns.h"
#include "training/reader.h"

#define LEAKAGE_MIN_FRAUDS 50
#define LEAKAGE_MIN_PERFECT 10
/* Rows from which on a column can be called unique, or a clock. */
#define LEAKAGE_MIN_ROWS 100

/* True, after the WARNING, where a column is left out for its name alone. */
extern bool leakage_by_name(const char *name, bool is_label_time, bool named);

/* Marks columns as left_out. order: row numbers by event time (or hash). */
extern void leakage_check(ColumnChoice *choice, RowStore *store, const RowFacts *facts,
                          const uint32 *order);

#endif

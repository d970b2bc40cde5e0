/*
 * record_keeping.h
 *		Records are append-only, for their owner and for superusers, too: their triggers
 *		(fraud.keep_record) let nothing through but a restore and what our own code does.
 */
#ifndef FRAUD_DETECT_RECORD_KEEPING_H
#define FRAUD_DETECT_RECORD_KEEPING_H

#include "executor/spi.h"

/*
 * Runs a command that changes or deletes rows of a record, as the current user, and
 * returns how many rows it processed. SPI must be connected. While it runs, and for this
 * relation only, the triggers let changes through.
 */
extern uint64 record_change(Oid relation, const char *command, int n_values, Oid *types,
                            Datum *values, const char *nulls);

#endif

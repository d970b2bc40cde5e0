/*
 * statement.h
 *		Does this call still belong to the statement for which something was
 *		looked up?
 *
 * What a call site keeps in fn_extra lives longer than a statement: PL/pgSQL
 * keeps the state of a simple expression for a transaction. Two calls see the
 * same registry if nothing in a StatementIdentity differs: the snapshot, what
 * this transaction has done or undone, the user, and fraud_detect.model.
 */
#ifndef FRAUD_DETECT_STATEMENT_H
#define FRAUD_DETECT_STATEMENT_H

#include "utils/snapshot.h"

typedef struct StatementIdentity
{
	TransactionId xmin;
	TransactionId xmax;
	uint32 n_running;
	int32 n_running_sub;
	CommandId command;
	bool overflowed;
	bool in_recovery;
	Oid user;
	uint64 transaction_end;  /* counts ends of transactions and aborts of subtransactions */
	uint64 scoring_settings; /* counts assignments of settings that decide what scores */
} StatementIdentity;

extern void statement_define(void); /* _PG_init only */

/* The active snapshot; XX000 where a caller has set none. */
extern Snapshot statement_snapshot(void);

extern StatementIdentity statement_identity(Snapshot snapshot);

static inline bool
statement_same(const StatementIdentity *a, const StatementIdentity *b)
{
	return a->xmax == b->xmax && a->command == b->command && a->n_running == b->n_running &&
	       a->n_running_sub == b->n_running_sub && a->xmin == b->xmin &&
	       a->overflowed == b->overflowed && a->in_recovery == b->in_recovery &&
	       a->user == b->user && a->transaction_end == b->transaction_end &&
	       a->scoring_settings == b->scoring_settings;
}

#endif

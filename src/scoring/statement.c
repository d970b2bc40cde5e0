/*
 * statement.c
 *		Identity of a statement, by what it can see.
 *
 * Why these few numbers identify a snapshot: the transactions that a snapshot
 * takes as running are those below xmax that have not ended. For one xmax that
 * set only ever shrinks, so equal counts mean equal sets. Our own transaction
 * is not in it: what it has done is told by the command id, which never goes
 * back, and what it has undone by the count of ends. (The counter of completed
 * transactions, snapXactCompletionCount, would say it in one number, but it is
 * zero in the copies that are pushed as the active snapshot.)
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pg/settings.h"
#include "scoring/statement.h"
#include "utils/snapmgr.h"

static uint64 transaction_ends = 0;

static void
on_transaction_event(XactEvent event, void *argument)
{
	transaction_ends++;
}

static void
on_subtransaction_event(SubXactEvent event, SubTransactionId id, SubTransactionId parent,
                        void *argument)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		transaction_ends++;
}

void
statement_define(void)
{
	RegisterXactCallback(on_transaction_event, NULL);
	RegisterSubXactCallback(on_subtransaction_event, NULL);
}

Snapshot
statement_snapshot(void)
{
	if (!ActiveSnapshotSet())
		elog(ERROR, "scoring needs an active snapshot");
	return GetActiveSnapshot();
}

StatementIdentity
statement_identity(Snapshot snapshot)
{
	StatementIdentity identity = {
	    .xmin = snapshot->xmin,
	    .xmax = snapshot->xmax,
	    .n_running = snapshot->xcnt,
	    .n_running_sub = snapshot->subxcnt,
	    .command = snapshot->curcid,
	    .overflowed = snapshot->suboverflowed,
	    .in_recovery = snapshot->takenDuringRecovery,
	    .user = GetUserId(),
	    .transaction_end = transaction_ends,
	    .scoring_settings = setting_scoring_assignments(),
	};

	return identity;
}

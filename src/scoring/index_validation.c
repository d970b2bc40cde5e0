/*
 * index_validation.c
 *		Finds who validates an index by what it reports of its progress, as
 *		pg_stat_progress_create_index shows it, and waits for the end of its transaction.
 *
 * No lock says so much: CREATE INDEX CONCURRENTLY holds the same one from its beginning to its
 * end, and waits for writers before and after, so waiting for that would be a
 * deadlock. While it validates it waits for nobody. Who has turned track_activities
 * off is not seen, nor is the instant between its last wait and its first report.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "commands/progress.h"
#include "miscadmin.h"
#include "scoring/index_validation.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/backend_status.h"

static bool
validates(const PgBackendStatus *backend, Oid table)
{
	int64 phase = backend->st_progress_param[PROGRESS_CREATEIDX_PHASE];

	return backend->st_progress_command == PROGRESS_COMMAND_CREATE_INDEX &&
	       backend->st_databaseid == MyDatabaseId && backend->st_progress_command_target == table &&
	       phase >= PROGRESS_CREATEIDX_PHASE_VALIDATE_IDXSCAN &&
	       phase <= PROGRESS_CREATEIDX_PHASE_VALIDATE_TABLESCAN;
}

/* Process that validates an index of the table now; 0: none. */
static int
validating_process(Oid table)
{
	int n;

	pgstat_clear_backend_activity_snapshot();
	n = pgstat_fetch_stat_numbackends();
	for (int i = 1; i <= n; i++)
	{
		const LocalPgBackendStatus *backend = BACKEND_STATUS(i);

		if (backend != NULL && validates(&backend->backendStatus, table))
			return backend->backendStatus.st_procpid;
	}
	return 0;
}

void
index_validation_wait(Oid table)
{
	int process;

	while ((process = validating_process(table)) != 0)
	{
		PGPROC *backend = BackendPidGetProc(process);
		VirtualTransactionId transaction;

		CHECK_FOR_INTERRUPTS();
		if (backend == NULL)
			continue;
		GET_VXID_FROM_PGPROC(transaction, *backend);
		/* It is the transaction that validates only if that goes on after we have read it. */
		if (validating_process(table) == process)
			(void) VirtualXactLock(transaction, true);
	}
}

/*
 * threads.c
 *		Starts as many threads as a training will have, and ends them again.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <pthread.h>

#include "training/threads.h"
#include "training/xgboost_library.h"

/* A thread lasts until the gate opens, so that all of them exist at once. */
static void *
wait_at_gate(void *argument)
{
	pthread_mutex_t *gate = argument;

	pthread_mutex_lock(gate);
	pthread_mutex_unlock(gate);
	return NULL;
}

/* How many of n threads could be started. */
static int
start_threads(pthread_t *threads, int n, int *error)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	int started = 0;

	pthread_mutex_lock(&gate);
	*error = 0;
	while (started < n &&
	       (*error = pthread_create(&threads[started], NULL, wait_at_gate, &gate)) == 0)
		started++;
	pthread_mutex_unlock(&gate);
	for (int i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	return started;
}

void
threads_require(int n)
{
	/* The backend's own thread is one of them. */
	int wanted = n - 1;
	pthread_t *threads = palloc(sizeof(pthread_t) * Max(wanted, 1));
	int started;
	int error;
	sigset_t signals;

	/* As in every call of XGBoost: no signal of the backend goes to another thread. */
	xgboost_enter(&signals);
	started = start_threads(threads, wanted, &error);
	xgboost_leave(&signals);
	pfree(threads);
	if (started == wanted)
		return;
	errno = error;
	ereport(ERROR,
	        (errcode(ERRCODE_INSUFFICIENT_RESOURCES), errmsg("could not start %d threads: %m", n),
	         errdetail("The system allows %d at this moment.", started + 1),
	         errhint("Lower threads in params, or raise the limit on processes or memory.")));
}

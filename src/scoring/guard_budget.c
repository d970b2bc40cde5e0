/*
 * guard_budget.c
 *		A timeout of the server's own kind, which cancels what runs as Ctrl-C does. A flag
 *		tells the two apart: whoever catches the cancellation asks for it.
 *
 * If somebody else has asked for a cancellation already, ours stays silent: theirs is
 * what counts.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "miscadmin.h"
#include "scoring/guard_budget.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/timeout.h"

static TimeoutId timeout = MAX_TIMEOUTS; /* not registered yet */
static bool running = false;
static volatile sig_atomic_t ran_out = false;

/* In a signal handler. */
static void
on_timeout(void)
{
	if (QueryCancelPending)
		return;
	ran_out = true;
	QueryCancelPending = true;
	InterruptPending = true;
	SetLatch(MyLatch);
}

void
guard_budget_begin(TimestampTz deadline)
{
	ran_out = false;
	if (deadline == 0)
		return;
	if (timeout == MAX_TIMEOUTS)
		timeout = RegisterTimeout(USER_TIMEOUT, on_timeout);
	running = true;
	enable_timeout_at(timeout, deadline);
}

bool
guard_budget_end(void)
{
	bool late;

	if (running)
		disable_timeout(timeout, false);
	running = false;
	late = ran_out;
	/* Whether the server has acted on it or not: it was ours. */
	if (late)
		QueryCancelPending = false;
	ran_out = false;
	return late;
}

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
static TimestampTz in_force = 0;         /* deadline, 0: none */
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

static void
run_until(TimestampTz deadline)
{
	if (in_force != 0)
		disable_timeout(timeout, false);
	in_force = deadline;
	if (deadline == 0)
		return;
	if (timeout == MAX_TIMEOUTS)
		timeout = RegisterTimeout(USER_TIMEOUT, on_timeout);
	enable_timeout_at(timeout, deadline);
}

TimestampTz
guard_budget_begin(TimestampTz deadline)
{
	TimestampTz outer = in_force;

	run_until(deadline == 0 || (outer != 0 && outer < deadline) ? outer : deadline);
	return outer;
}

bool
guard_budget_end(TimestampTz outer)
{
	bool late;

	/* Nothing fires while we look. */
	run_until(0);
	late = ran_out;
	/* Whether the server has acted on it or not: it was ours. */
	if (late)
		QueryCancelPending = false;
	ran_out = false;
	/* Where it is later than that already, it fires at once. */
	run_until(outer);
	return late;
}

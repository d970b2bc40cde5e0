/*
 * guard_attempt.c
 *		Steps of a decision in a subtransaction of their own.
 *
 * The subtransaction begins under the caller's identity, and the server restores the
 * identity that a subtransaction began with when it rolls it back; so an error between
 * the change of the user and its end cannot leave the owner's rights behind.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/xact.h"
#include "core/card_number.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pg/errors.h"
#include "scoring/guard_attempt.h"
#include "scoring/guard_budget.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

void
guard_attempt_as(Oid owner)
{
	Oid user;
	int context;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(owner,
	                       context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
}

static bool
is_ours_to_decide(GuardStep kind, int sqlstate, bool late)
{
	switch (sqlstate)
	{
		case ERRCODE_QUERY_CANCELED:
			return late;
		case ERRCODE_FRAUD_CARD_NUMBER:
		case ERRCODE_FRAUD_BLOCKED:
		case ERRCODE_CRASH_SHUTDOWN:
		case ERRCODE_ADMIN_SHUTDOWN:
		case ERRCODE_DATABASE_DROPPED:
			return false;
		case ERRCODE_STATEMENT_TOO_COMPLEX: /* the stack */
		case ERRCODE_LOCK_NOT_AVAILABLE:
			return kind == STEP_ADDS;
	}
	if (ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_INSUFFICIENT_RESOURCES)
		return kind == STEP_ADDS;
	/* Serialization failures and deadlocks: who retries the transaction asks again. */
	return ERRCODE_TO_CATEGORY(sqlstate) != ERRCODE_TRANSACTION_ROLLBACK;
}

/*
 * Messages quote values: what becomes of them is a record, which no card number belongs in, and which
 * has no room for a text of hundreds of megabytes.
 */
static char *
recordable(char *text)
{
	int length = text == NULL ? 0 : (int) strlen(text);

	if (length > 0)
		(void) card_number_mask_text(text, length);
	if (length > GUARD_MOST_RECORDED)
		text[pg_mbcliplen(text, length, GUARD_MOST_RECORDED)] = '\0';
	return text;
}

/* After an error: the failure, or the error once more. */
static void
take_failure(GuardStep kind, MemoryContext caller, ResourceOwner owner, TimestampTz outer,
             GuardFailure *failure)
{
	bool late = guard_budget_end(outer);
	ErrorData *error;

	MemoryContextSwitchTo(caller);
	error = CopyErrorData();
	FlushErrorState();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	if (!is_ours_to_decide(kind, error->sqlerrcode, late))
		ReThrowError(error);
	*failure =
	    (GuardFailure){error->sqlerrcode, recordable(error->message), recordable(error->context)};
	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
	{
		failure->sqlstate = ERRCODE_FRAUD_OUT_OF_TIME;
		failure->message = "the decision took too long";
	}
}

bool
guard_attempt(GuardStep kind, void (*step)(void *argument), void *argument, TimestampTz deadline,
              GuardFailure *failure)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner resource_owner = CurrentResourceOwner;
	volatile bool done = false;
	ErrorContextCallback *errors = error_context_stack;
	TimestampTz outer;
	Oid user;
	int context;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	outer = guard_budget_begin(deadline);
	PG_TRY();
	{
		GetUserIdAndSecContext(&user, &context);
		/* What is recorded says where in the decision it failed; COPY would add the row. */
		error_context_stack = NULL;
		step(argument);
		error_context_stack = errors;
		(void) guard_budget_end(outer);
		SetUserIdAndSecContext(user, context);
		ReleaseCurrentSubTransaction();
		done = true;
	}
	PG_CATCH();
	{
		take_failure(kind, caller, resource_owner, outer, failure);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = resource_owner;
	return done;
}

/*
 * xgboost_library.c
 *		Calls into libxgboost with signals blocked, and the handles they create.
 */
#include "postgres.h"
#include "pg/compat.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "mb/pg_wchar.h"
#include "pg/errors.h"
#include "training/xgboost_library.h"
#include "utils/memutils.h"

static void release_handles(void *argument);

/*
 * Left to itself glibc raises the size from which on a block is a mapping of its
 * own to 32 MB after the first large one was freed. The arrays of a training then
 * lie in the heap, whose holes an idle session keeps: measured 109 MB after a
 * million rows of 31 features, 8 MB with this and xgboost_release_heap, and a lower peak.
 */
#define SMALLEST_MAPPING (1024 * 1024)

/*
 * Quantile sketches are some blocks of 16 to 500 kB a feature that grow and are freed
 * by turns; in the heap they leave holes of about their own size. Measured for 12,800
 * rows of 1,500 features: 768 MB at the peak, 618 MB with this.
 */
#define SMALLEST_SKETCH_MAPPING (16 * 1024)

static void
map_blocks_from(int size)
{
#ifdef __GLIBC__
	(void) mallopt(M_MMAP_THRESHOLD, size);
#endif
}

void
xgboost_map_sketches(bool on)
{
	map_blocks_from(on ? SMALLEST_SKETCH_MAPPING : SMALLEST_MAPPING);
}

void
xgboost_release_heap(void)
{
#ifdef __GLIBC__
	(void) malloc_trim(0);
#endif
}

XgboostSession *
xgboost_session_create(void)
{
	XgboostSession *session = palloc0(sizeof(XgboostSession));

	map_blocks_from(SMALLEST_MAPPING);
	session->release.func = release_handles;
	session->release.arg = session;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &session->release);

	/* Its log goes to stderr, which is the server's log. Failures are reported by return value. */
	xgboost_call(session, "set its log level", XGBSetGlobalConfig("{\"verbosity\": 0}"));
	return session;
}

DMatrixHandle *
xgboost_new_matrix(XgboostSession *session)
{
	if (session->n_matrices == XGBOOST_MAX_MATRICES)
		elog(ERROR, "too many XGBoost matrices in one session");
	return &session->matrices[session->n_matrices++];
}

BoosterHandle *
xgboost_new_booster(XgboostSession *session)
{
	if (session->n_boosters == XGBOOST_MAX_BOOSTERS)
		elog(ERROR, "too many XGBoost boosters in one session");
	return &session->boosters[session->n_boosters++];
}

void
xgboost_free_matrix(XgboostSession *session, DMatrixHandle matrix)
{
	for (int i = 0; i < session->n_matrices; i++)
	{
		if (session->matrices[i] != matrix)
			continue;
		session->matrices[i] = NULL;
		xgboost_call(session, "free a matrix", XGDMatrixFree(matrix));
		return;
	}
}

void
xgboost_free_booster(XgboostSession *session, BoosterHandle booster)
{
	for (int i = 0; i < session->n_boosters; i++)
	{
		if (session->boosters[i] != booster)
			continue;
		session->boosters[i] = NULL;
		xgboost_call(session, "free a booster", XGBoosterFree(booster));
		return;
	}
}

void
xgboost_enter(sigset_t *saved)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, saved);
}

void
xgboost_leave(const sigset_t *saved)
{
	pthread_sigmask(SIG_SETMASK, saved, NULL);
}

/* Boosters first: they keep references to matrices. */
static void
release_handles(void *argument)
{
	XgboostSession *session = argument;
	sigset_t saved;

	xgboost_enter(&saved);
	for (int i = 0; i < session->n_boosters; i++)
	{
		if (session->boosters[i] != NULL)
			XGBoosterFree(session->boosters[i]);
	}
	for (int i = 0; i < session->n_matrices; i++)
	{
		if (session->matrices[i] != NULL)
			XGDMatrixFree(session->matrices[i]);
	}
	xgboost_release_heap();
	xgboost_leave(&saved);
	session->n_boosters = 0;
	session->n_matrices = 0;
}

void
xgboost_session_end(XgboostSession *session)
{
	release_handles(session);
}

/*
 * XGBoost's last message without its time stamp, source line and stack trace:
 * "[12:00:00] ./src/data/data.cc:1104: Check failed: valid: Input data ...".
 */
static char *
last_error(void)
{
	const char *message = XGBGetLastError();
	const char *start = message;
	char *copy;

	if (*start == '[' && strchr(start, ']') != NULL)
	{
		const char *rest = strstr(start, ": ");

		if (rest != NULL)
			start = rest + 2;
	}
	copy = pnstrdup(start, strcspn(start, "\n"));
	/* What it quotes from us may have been cut in the middle of a character. */
	if (!pg_verifymbstr(copy, strlen(copy), true))
	{
		for (char *c = copy; *c != '\0'; c++)
		{
			if (IS_HIGHBIT_SET(*c))
				*c = '?';
		}
	}
	return copy;
}

void
xgboost_fail(XgboostSession *session, const char *task)
{
	char *detail = last_error();

	release_handles(session);
	ereport(ERROR, (errcode(ERRCODE_FRAUD_XGBOOST), errmsg("XGBoost failed to %s", task),
	                errdetail("XGBoost reports: %s", detail)));
}

char *
xgboost_library_version(void)
{
	int major;
	int minor;
	int patch;
	sigset_t saved;

	xgboost_enter(&saved);
	XGBoostVersion(&major, &minor, &patch);
	xgboost_leave(&saved);
	return psprintf("%d.%d.%d", major, minor, patch);
}

void
xgboost_array_interface(char *buffer, size_t size, const float *values, uint64 n_rows,
                        uint64 n_columns)
{
	snprintf(buffer, size,
	         "{\"data\": [" UINT64_FORMAT ", true], \"shape\": [" UINT64_FORMAT ", " UINT64_FORMAT
	         "], \"typestr\": \"<f4\", \"version\": 3}",
	         (uint64) (uintptr_t) values, n_rows, n_columns);
}

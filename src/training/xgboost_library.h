/*
 * xgboost_library.h
 *		Every call into libxgboost goes through xgboost_call.
 *
 * libgomp keeps worker threads after a parallel region; a thread that is
 * created while all signals are blocked never takes a signal meant for the
 * backend. So each call runs with all signals blocked, and interrupts are
 * looked at between calls.
 *
 * Handles belong to an XgboostSession, which frees them when its memory context
 * is reset: on success, on error and on cancel alike. A failed call frees all
 * of them at once: an update after a failed update crashes in XGBoost.
 */
#ifndef FRAUD_DETECT_XGBOOST_LIBRARY_H
#define FRAUD_DETECT_XGBOOST_LIBRARY_H

#include <signal.h>
#include <xgboost/c_api.h>

#include "utils/palloc.h"

#define XGBOOST_MAX_MATRICES 4
#define XGBOOST_MAX_BOOSTERS 2

typedef struct XgboostSession
{
	int n_matrices;
	DMatrixHandle matrices[XGBOOST_MAX_MATRICES];
	int n_boosters;
	BoosterHandle boosters[XGBOOST_MAX_BOOSTERS];
	MemoryContextCallback release;
} XgboostSession;

/*
 * In CurrentMemoryContext, which ends the session when it is reset or deleted. Silences XGBoost's log.
 * From then on large blocks go back to the system when they are freed; small ones with
 * xgboost_release_heap, which the end of the session does too.
 */
extern XgboostSession *xgboost_session_create(void);
extern void xgboost_release_heap(void);
/* While a matrix is built, blocks of its sketches too go back when they are freed. */
extern void xgboost_map_sketches(bool on);
/* Frees all handles before the context does. */
extern void xgboost_session_end(XgboostSession *session);

/* The next free place for a handle: pass it to a creating function at once. */
extern DMatrixHandle *xgboost_new_matrix(XgboostSession *session);
extern BoosterHandle *xgboost_new_booster(XgboostSession *session);
/* Free one of them before the session ends. */
extern void xgboost_free_matrix(XgboostSession *session, DMatrixHandle matrix);
extern void xgboost_free_booster(XgboostSession *session, BoosterHandle booster);

extern void xgboost_enter(sigset_t *saved);
extern void xgboost_leave(const sigset_t *saved);

/* Frees all handles and raises FD007: "XGBoost failed to <task>", with its own words as detail. */
extern void xgboost_fail(XgboostSession *session, const char *task) pg_attribute_noreturn();

/* Runs a C API call that returns 0 on success; anything else raises FD007. */
#define xgboost_call(session, task, call)                                                          \
	do                                                                                             \
	{                                                                                              \
		sigset_t saved_;                                                                           \
		int result_;                                                                               \
                                                                                                   \
		xgboost_enter(&saved_);                                                                    \
		result_ = (call);                                                                          \
		xgboost_leave(&saved_);                                                                    \
		if (result_ != 0)                                                                          \
			xgboost_fail((session), (task));                                                       \
	} while (0)

/* The version of the library that is loaded, e.g. "1.7.4". */
extern char *xgboost_library_version(void);

/*
 * XGBoost's description of a dense row-major float32 matrix in our memory. Does
 * not allocate: it is called from XGBoost's callbacks.
 */
extern void xgboost_array_interface(char *buffer, size_t size, const float *values, uint64 n_rows,
                                    uint64 n_columns);

#endif

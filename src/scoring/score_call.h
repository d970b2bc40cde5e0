/*
 * score_call.h
 *		Calls of fraud_score and fraud_margin in parse and plan trees.
 */
#ifndef FRAUD_DETECT_SCORE_CALL_H
#define FRAUD_DETECT_SCORE_CALL_H

#include "nodes/primnodes.h"
#include "pg/registry.h"

typedef enum ScoreKind
{
	SCORE_PROBABILITY, /* fraud_score */
	SCORE_MARGIN       /* fraud_margin */
} ScoreKind;

typedef struct ScoreCall
{
	ScoreKind kind;
	Expr *record;
	Expr *model;
	Expr *version;
} ScoreCall;

/* Is this a call of one of the two, with all its arguments? */
extern bool score_call_recognize(Node *node, ScoreCall *call);

/*
 * The range table index of the relation whose whole rows the call scores, 0 where it scores
 * anything else. A partition's or an inheritance child's row, seen as its parent's, counts: it has
 * the columns of the parent by their names.
 */
extern int score_call_relation(const ScoreCall *call);

/* 22023 for a version that no model can have. */
extern void score_call_check_version(int32 version);

/*
 * The version that the call means under the active snapshot, where planning can know: its
 * arguments are constants and the caller may use the model. Raises no error where it cannot.
 * The snapshot is that under which *id was found.
 */
extern bool score_call_find_version(const ScoreCall *call, VersionId *id, Snapshot *snapshot);

#endif

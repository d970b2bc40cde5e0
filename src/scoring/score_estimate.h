/*
 * score_estimate.h
 *		Estimates of conditions on fraud_score for the planner.
 */
#ifndef FRAUD_DETECT_SCORE_ESTIMATE_H
#define FRAUD_DETECT_SCORE_ESTIMATE_H

extern void score_estimate_define(void); /* _PG_init only */

#endif

/*
 * guard_thresholds.h
 *		From what score on a row is reviewed or blocked.
 */
#ifndef FRAUD_DETECT_GUARD_THRESHOLDS_H
#define FRAUD_DETECT_GUARD_THRESHOLDS_H

#include "pg/registry.h"
#include "scoring/guard_policy.h"

/*
 * By budgets of alerts, shares of all transactions: the least scores that no more than such a share
 * of the rows that the version was measured on exceed. NaN (never) for a share of 0. FD005 where the
 * version has no quantiles.
 */
extern void guard_thresholds_by_budget(const VersionId *id, Snapshot snapshot, double alert_budget,
                                       double block_budget, double *review_at, double *block_at);

/*
 * By cost: a row is blocked where score * amount > cost, the loss that is to be expected is larger
 * than what looking at it costs (Bahnsen et al. 2014). NaN where that is so for no score.
 */
extern double guard_threshold_by_cost(double cost, double amount);

#endif

/*
 * errors.h
 *		SQLSTATEs of our own, class FD (docs/errors.md). A client tells "blocked
 *		as fraud" from "model missing" by code. What PostgreSQL has a code for
 *		(wrong parameter, no privilege, undefined table) uses that code.
 */
#ifndef FRAUD_DETECT_ERRORS_H
#define FRAUD_DETECT_ERRORS_H

#include "utils/elog.h"

#define ERRCODE_FRAUD_BLOCKED MAKE_SQLSTATE('F', 'D', '0', '0', '1')
/* no model of that name, no model at all, or several and none named */
#define ERRCODE_FRAUD_NO_MODEL MAKE_SQLSTATE('F', 'D', '0', '0', '2')
/* the model has no such version or alias */
#define ERRCODE_FRAUD_NO_VERSION MAKE_SQLSTATE('F', 'D', '0', '0', '3')
/* a record lacks a feature's column, or the column's type cannot be used */
#define ERRCODE_FRAUD_ROW_NOT_BINDABLE MAKE_SQLSTATE('F', 'D', '0', '0', '4')
/* stored bytes of a version fail verification, or give other margins than recorded */
#define ERRCODE_FRAUD_MODEL_DAMAGED MAKE_SQLSTATE('F', 'D', '0', '0', '5')
#define errhint_model_damaged()                                                                    \
	errhint("Restore the row of fraud.model_version from a backup, or promote another version.")
/* rows that no model can be trained on: none, one class, no usable column */
#define ERRCODE_FRAUD_UNUSABLE_DATA MAKE_SQLSTATE('F', 'D', '0', '0', '6')
/* XGBoost reported a failure of its own */
#define ERRCODE_FRAUD_XGBOOST MAKE_SQLSTATE('F', 'D', '0', '0', '7')
/* scheduling was asked for and pg_cron is not there */
#define ERRCODE_FRAUD_NO_SCHEDULER MAKE_SQLSTATE('F', 'D', '0', '0', '8')
/* a set of features is not there, or not the one that a version was trained with */
#define ERRCODE_FRAUD_FEATURES_CHANGED MAKE_SQLSTATE('F', 'D', '0', '0', '9')
/* a value that looks like a card number where a token belongs */
#define ERRCODE_FRAUD_CARD_NUMBER MAKE_SQLSTATE('F', 'D', '0', '1', '0')
/* a decision took longer than its policy allows; raised inside a decision, for on_error */
#define ERRCODE_FRAUD_OUT_OF_TIME MAKE_SQLSTATE('F', 'D', '0', '1', '1')
/* the relation has no guard */
#define ERRCODE_FRAUD_NOT_GUARDED MAKE_SQLSTATE('F', 'D', '0', '1', '2')

#endif

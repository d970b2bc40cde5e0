/*
 * module.c
 *		fraud_detect_train.so: the only library that links XGBoost.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "fmgr.h"

PG_MODULE_MAGIC;

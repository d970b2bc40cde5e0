/*
 * module.c
 *		fraud_detect.so: what runs in every backend that scores.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "fmgr.h"

PG_MODULE_MAGIC;

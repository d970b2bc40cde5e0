/*
 * guard_release.h
 *		The one row that fraud_release is inserting: its guard has decided already, and
 *		must not be asked again.
 */
#ifndef FRAUD_DETECT_GUARD_RELEASE_H
#define FRAUD_DETECT_GUARD_RELEASE_H

#include "utils/relcache.h"

/*
 * To be asked by a guard's trigger, of the relation that it fires for: is the row at hand
 * the one that is released? True once; rows that other triggers of the same INSERT insert,
 * into the same table, too, are not it. A guard lets such a row through and records nothing.
 */
extern bool guard_releases(Relation relation);

#endif

/*
 * features_trust.h
 *		May an expression of a view of features be evaluated as the current user?
 */
#ifndef FRAUD_DETECT_FEATURES_TRUST_H
#define FRAUD_DETECT_FEATURES_TRUST_H

#include "nodes/nodes.h"

/*
 * Before anything of it is planned, which may call functions already. set is its
 * name, for messages. FD009 where the expression is none of a row's columns alone or not
 * immutable (any more), 42501 and 42P17 as code_trust_check.
 */
extern void features_trust_check(const char *set, Node *expression);

#endif

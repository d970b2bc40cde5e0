/*
 * code_trust.h
 *		May an expression that somebody wrote be evaluated as the current user?
 */
#ifndef FRAUD_DETECT_CODE_TRUST_H
#define FRAUD_DETECT_CODE_TRUST_H

#include "nodes/nodes.h"

/*
 * 42501 where the expression, analysed and not yet planned, calls a function or checks a domain of
 * a role without the current user's rights; 42P17 where one of them is temporary. what: who
 * cannot use it, for the message.
 */
extern void code_trust_check(Node *expression, const char *what);

/* The same for a type, and for all that it is made of. */
extern void code_trust_check_type(Oid type, const char *what);

#endif

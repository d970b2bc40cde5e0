/*
 * relation_trust.h
 *		May a relation be read as the current user, who did not ask for it?
 */
#ifndef FRAUD_DETECT_RELATION_TRUST_H
#define FRAUD_DETECT_RELATION_TRUST_H

#include "nodes/pg_list.h"

/*
 * 42501 and 42P17 as code_trust_check for a table whose owner lacks the current user's rights, where reading
 * it, or one of its partitions and children, would run code of such a role. what is what
 * reads it, for messages. Takes AccessShareLocks, which stay. Returns the Oids of all these
 * relations where one has such an owner, in CurrentMemoryContext; NIL where none has.
 */
extern List *relation_trust_check(Oid relation, const char *what);

#endif

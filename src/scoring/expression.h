/*
 * expression.h
 *		A single expression of SQL, as users write it for a feature or a rule.
 */
#ifndef FRAUD_DETECT_EXPRESSION_H
#define FRAUD_DETECT_EXPRESSION_H

#include "parser/parse_node.h"

/* The expression that a text is, not yet analysed; 42601 for what is anything else or more. */
extern Node *expression_parse(const char *text);

/*
 * What was parsed from the text, analysed in the namespace of the state; the kind says what is
 * forbidden. construct: what has to be boolean, for the message; NULL where any type will
 * do, and literals of none become text. Errors point into the text, as those of the parser do.
 */
extern Node *expression_analyse(ParseState *state, Node *parsed, const char *text,
                                ParseExprKind kind, const char *construct);

/* Does it use system columns or whole rows? */
extern bool expression_uses_rows(Node *expression);

/* Parts of a timestamptz taken in UTC, where they would be taken in the session's time zone. */
extern Node *expression_in_utc(Node *expression);

#endif

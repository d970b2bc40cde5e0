/*
 * json_member.h
 *		Looking into jsonb objects.
 */
#ifndef FRAUD_DETECT_JSON_MEMBER_H
#define FRAUD_DETECT_JSON_MEMBER_H

#include "utils/jsonb.h"

/* The member of an object, NULL where it has none. The value points into the document. */
extern JsonbValue *json_member(JsonbContainer *object, const char *key);

#endif

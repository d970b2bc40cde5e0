/*
 * json_member.c
 *		Looking into jsonb objects.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "pg/json_member.h"

JsonbValue *
json_member(JsonbContainer *object, const char *key)
{
	JsonbValue name;

	name.type = jbvString;
	name.val.string.val = unconstify(char *, key);
	name.val.string.len = (int) strlen(key);
	return findJsonbValueFromContainer(object, JB_FOBJECT, &name);
}

/*
 * profile.c
 *		Input and output of the type fraud.profile. Whatever comes in is read, and
 *		written anew: what is stored is always the one form.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "pg/profile.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(fraud_profile_in);
PG_FUNCTION_INFO_V1(fraud_profile_out);
PG_FUNCTION_INFO_V1(fraud_profile_recv);
PG_FUNCTION_INFO_V1(fraud_profile_send);
PGDLLEXPORT Datum fraud_profile_in(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_profile_out(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_profile_recv(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_profile_send(PG_FUNCTION_ARGS);

Datum
fraud_profile_in(PG_FUNCTION_ARGS)
{
	const char *input = PG_GETARG_CSTRING(0);
	Profile profile = profile_of_bytes(input, strlen(input));

	PG_RETURN_TEXT_P(text_of_profile(&profile));
}

Datum
fraud_profile_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(text_to_cstring(PG_GETARG_TEXT_PP(0)));
}

Datum
fraud_profile_recv(PG_FUNCTION_ARGS)
{
	StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
	int size;
	char *input = pq_getmsgtext(message, message->len - message->cursor, &size);
	Profile profile = profile_of_bytes(input, size);

	PG_RETURN_TEXT_P(text_of_profile(&profile));
}

Datum
fraud_profile_send(PG_FUNCTION_ARGS)
{
	text *profile = PG_GETARG_TEXT_PP(0);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendtext(&message, VARDATA_ANY(profile), VARSIZE_ANY_EXHDR(profile));
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/*
 * nearest_name.c
 *		fraud.nearest_name: nearest_name_index for the hints of PL/pgSQL functions.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "core/nearest_name.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(fraud_nearest_name);
PGDLLEXPORT Datum fraud_nearest_name(PG_FUNCTION_ARGS);

Datum
fraud_nearest_name(PG_FUNCTION_ARGS)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Datum *elements;
	bool *nulls;
	int n_elements;
	const char **candidates;
	int nearest;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls,
	                  &n_elements);
	candidates = palloc(sizeof(char *) * (Size) Max(n_elements, 1));
	for (int i = 0; i < n_elements; i++)
		candidates[i] = nulls[i] ? NULL : TextDatumGetCString(elements[i]);
	nearest = nearest_name_index(name, candidates, n_elements);
	if (nearest < 0)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(elements[nearest]);
}

/*
 * drift_method.c
 *		The names of the methods of the drift aggregates.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "scoring/drift_method.h"

DriftMethod
drift_method_of_name(const text *name)
{
	static const char *const names[] = {"quantile", "evidently"};
	int length = VARSIZE_ANY_EXHDR(name);

	for (int i = 0; i < lengthof(names); i++)
		if (length == (int) strlen(names[i]) && memcmp(VARDATA_ANY(name), names[i], length) == 0)
			return (DriftMethod) i;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("there is no method \"%.*s\"", Min(length, 64), VARDATA_ANY(name)),
	                errhint("The methods are quantile, the default, and evidently.")));
}

DriftMethod
drift_method(const TwoSamples *samples)
{
	double parameter = two_samples_parameter(samples);

	return isnan(parameter) ? DRIFT_METHOD_QUANTILE : (DriftMethod) (int) parameter;
}

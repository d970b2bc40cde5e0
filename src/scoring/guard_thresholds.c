/*
 * guard_thresholds.c
 *		Thresholds where a policy gives none.
 *
 * Source of the rule by cost: Bahnsen, Stojanovic, Aouada, Ottersten: Improving credit card
 * fraud detection with calibrated probabilities, SDM 2014.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "pg/errors.h"
#include "scoring/guard_thresholds.h"
#include "utils/array.h"

/*
 * Quantiles lie at equal steps of rank. What is equal to a threshold is above it, so where the
 * wanted place is within equal scores, or between two, the next higher one is taken.
 */
static double
exceeded_by(const double *quantiles, int n, double share)
{
	int place = (int) ceil((1 - share) * (n - 1));

	if (share <= 0)
		return NAN;
	place = Max(Min(place, n - 1), 0);
	while (place < n - 1 && place > 0 && quantiles[place - 1] == quantiles[place])
		place++;
	return quantiles[place];
}

void
guard_thresholds_by_budget(const VersionId *id, Snapshot snapshot, double alert_budget,
                           double block_budget, double *review_at, double *block_at)
{
	ArrayType *array = (ArrayType *) registry_version_facts(id, snapshot).score_quantiles;
	const double *quantiles;
	int n;

	if (array == NULL || ARR_ELEMTYPE(array) != FLOAT8OID || ARR_NDIM(array) != 1 ||
	    ARR_HASNULL(array) || ARR_DIMS(array)[0] < 2)
		ereport(ERROR, (errcode(ERRCODE_FRAUD_MODEL_DAMAGED),
		                errmsg("version %d of model \"%s\" has no quantiles of scores", id->version,
		                       id->model),
		                errhint("Give the guard thresholds: review_at, block_at.")));
	quantiles = (const double *) ARR_DATA_PTR(array);
	n = ARR_DIMS(array)[0];
	*review_at = exceeded_by(quantiles, n, alert_budget);
	*block_at = exceeded_by(quantiles, n, block_budget);
}

double
guard_threshold_by_cost(double cost, double amount)
{
	double threshold = cost / amount;

	return amount > 0 && threshold <= 1 ? threshold : NAN;
}

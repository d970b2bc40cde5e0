/*
 * ranking_ties.h
 *		The metrics of ranking.h as small states that ties are added to, in
 *		descending order of score, so that one walk can serve any number of them,
 *		over rows that are sorted in memory (ranking.c) or merged from runs.
 */
#ifndef FRAUD_DETECT_RANKING_TIES_H
#define FRAUD_DETECT_RANKING_TIES_H

#include <math.h>

#include "core/core.h"

#define SMALLEST_PROBABILITY 1e-15

/* The rows of one score. */
typedef struct Tie
{
	double score;
	uint64_t frauds;
	uint64_t others;
} Tie;

/* A sum with the rounding errors kept (Neumaier 1974). */
typedef struct Sum
{
	double total;
	double lost;
} Sum;

static inline void
sum_add(Sum *sum, double term)
{
	double total = sum->total + term;

	if (fabs(sum->total) >= fabs(term))
		sum->lost += (sum->total - total) + term;
	else
		sum->lost += (term - total) + sum->total;
	sum->total = total;
}

static inline double
sum_value(const Sum *sum)
{
	return sum->total + sum->lost;
}

/* Twice the number of pairs in the right order, a tied pair counting one: exact. */
typedef struct Auc
{
	unsigned __int128 twice_pairs;
	uint64_t frauds;
	uint64_t others;
} Auc;

static inline void
auc_add(Auc *auc, const Tie *tie)
{
	auc->twice_pairs +=
	    (unsigned __int128) tie->others * (2 * (unsigned __int128) auc->frauds + tie->frauds);
	auc->frauds += tie->frauds;
	auc->others += tie->others;
}

static inline double
auc_value(const Auc *auc)
{
	if (auc->frauds == 0 || auc->others == 0)
		return NAN;
	return (double) auc->twice_pairs / (2.0 * (double) auc->frauds * (double) auc->others);
}

/* Needs no total of frauds beforehand: the recall gained is divided by it in the end. */
typedef struct AveragePrecision
{
	Sum sum;
	uint64_t frauds;
	uint64_t rows;
} AveragePrecision;

static inline void
average_precision_add(AveragePrecision *state, const Tie *tie)
{
	state->frauds += tie->frauds;
	state->rows += tie->frauds + tie->others;
	if (tie->frauds > 0)
		sum_add(&state->sum,
		        (double) tie->frauds * ((double) state->frauds / (double) state->rows));
}

static inline double
average_precision_value(const AveragePrecision *state)
{
	return state->frauds > 0 ? sum_value(&state->sum) / (double) state->frauds : NAN;
}

/* A mean over rows, of log losses or of squared errors. */
typedef struct Mean
{
	Sum sum;
	uint64_t rows;
} Mean;

static inline double
mean_value(const Mean *mean)
{
	return mean->rows > 0 ? sum_value(&mean->sum) / (double) mean->rows : NAN;
}

static inline bool
is_probability(double score)
{
	return score >= 0.0 && score <= 1.0;
}

static inline void
log_loss_add(Mean *mean, const Tie *tie)
{
	double p = tie->score;
	double loss = 0.0;

	mean->rows += tie->frauds + tie->others;
	p = p < SMALLEST_PROBABILITY ? SMALLEST_PROBABILITY : p;
	p = p > 1.0 - SMALLEST_PROBABILITY ? 1.0 - SMALLEST_PROBABILITY : p;
	if (tie->frauds > 0)
		loss -= (double) tie->frauds * log(p);
	if (tie->others > 0)
		loss -= (double) tie->others * log1p(-p);
	sum_add(&mean->sum, is_probability(tie->score) ? loss : NAN);
}

static inline void
brier_add(Mean *mean, const Tie *tie)
{
	double p = tie->score;
	double q = 1.0 - p;

	mean->rows += tie->frauds + tie->others;
	sum_add(&mean->sum,
	        is_probability(p) ? (double) tie->frauds * q * q + (double) tie->others * p * p : NAN);
}

/* Scores descend, so bins come one after the other and only the current one is kept. */
typedef struct Ece
{
	uint32_t bins;
	uint32_t bin;
	Sum scores; /* of the current bin */
	uint64_t frauds;
	Sum errors; /* of the bins before it */
	uint64_t rows;
} Ece;

static inline void
ece_close_bin(Ece *ece)
{
	sum_add(&ece->errors, fabs(sum_value(&ece->scores) - (double) ece->frauds));
	ece->scores = (Sum){0.0, 0.0};
	ece->frauds = 0;
}

static inline void
ece_add(Ece *ece, const Tie *tie)
{
	uint32_t bin;

	if (!is_probability(tie->score))
	{
		sum_add(&ece->errors, NAN);
		return;
	}
	bin = (uint32_t) (tie->score * ece->bins);
	if (bin >= ece->bins)
		bin = ece->bins - 1;
	if (bin != ece->bin)
		ece_close_bin(ece);
	ece->bin = bin;
	ece->rows += tie->frauds + tie->others;
	ece->frauds += tie->frauds;
	sum_add(&ece->scores, (double) (tie->frauds + tie->others) * tie->score);
}

static inline double
ece_value(Ece *ece)
{
	ece_close_bin(ece);
	return ece->rows > 0 ? sum_value(&ece->errors) / (double) ece->rows : NAN;
}

/* The best precision from the first threshold on that has the recall. */
typedef struct BestPrecision
{
	double recall;
	uint64_t all_frauds;
	uint64_t frauds;
	uint64_t rows;
	double best;
} BestPrecision;

/* A quotient, not a product: frauds / all_frauds rounds to the same double as the literal does. */
static inline void
best_precision_add(BestPrecision *state, const Tie *tie)
{
	double precision;

	state->frauds += tie->frauds;
	state->rows += tie->frauds + tie->others;
	if ((double) state->frauds / (double) state->all_frauds < state->recall)
		return;
	precision = (double) state->frauds / (double) state->rows;
	if (!(precision <= state->best))
		state->best = precision;
}

static inline double
best_precision_value(const BestPrecision *state)
{
	return state->all_frauds > 0 ? state->best : NAN;
}

#endif

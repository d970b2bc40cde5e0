/*
 * ranking_curve.h
 *		ROC and precision-recall curves of few points that keep the area.
 *
 * Ties come in descending order of score. Vertices that lie within a small step
 * of each other are thinned while they come, so memory is bounded; in the end
 * the vertices that change the area least are left out one by one (Visvalingam
 * and Whyatt 1993) until as many points are left as asked for, or until leaving
 * out one more would change the area by more than RANKING_CURVE_TOLERANCE.
 */
#ifndef FRAUD_DETECT_RANKING_CURVE_H
#define FRAUD_DETECT_RANKING_CURVE_H

#include "core/ranking_ties.h"

/* Half of what is promised: the other half is for rounding and for who computes the area. */
#define RANKING_CURVE_TOLERANCE 5e-5
/* Steps of thinning, so most points of a curve. */
#define RANKING_CURVE_STEPS 20000

typedef enum RankingCurveKind
{
	RANKING_CURVE_ROC, /* x: share of legitimate rows flagged, y: of frauds; area by trapezoids */
	RANKING_CURVE_PR   /* x: recall, y: precision; area by steps: sum of (x[i] - x[i-1]) * y[i] */
} RankingCurveKind;

typedef struct RankingCurvePoint
{
	double threshold; /* rows with this score or a higher one are flagged */
	double x;
	double y;
} RankingCurvePoint;

typedef struct RankingCurve
{
	RankingCurveKind kind;
	uint64_t all_frauds;
	uint64_t all_others;
	uint64_t frauds; /* seen so far */
	uint64_t others;
	double area; /* of all vertices */
	double last_x, last_y;
	size_t step;               /* of the last point kept */
	RankingCurvePoint *points; /* RANKING_CURVE_STEPS + 3 of them */
	size_t n;
} RankingCurve;

/* all_frauds is positive; for ROC all_others is, too. False where memory is short. */
extern bool ranking_curve_begin(RankingCurve *curve, RankingCurveKind kind, uint64_t all_frauds,
                                uint64_t all_others, const CoreAllocator *allocator);
extern void ranking_curve_add(RankingCurve *curve, const Tie *tie);
/* Leaves points in ascending order of x, about `wanted` (at least 2). False where memory is short. */
extern bool ranking_curve_reduce(RankingCurve *curve, size_t wanted,
                                 const CoreAllocator *allocator);
/* The area of the points that are left. */
extern double ranking_curve_area(const RankingCurve *curve);

#endif

/*
 * ranking_curve.c
 *		Curves of few points that keep the area.
 */
#include "core/ranking_curve.h"

bool
ranking_curve_begin(RankingCurve *curve, RankingCurveKind kind, uint64_t all_frauds,
                    uint64_t all_others, const CoreAllocator *allocator)
{
	*curve = (RankingCurve){.kind = kind, .all_frauds = all_frauds, .all_others = all_others};
	curve->points = allocator->allocate(allocator->context,
	                                    (RANKING_CURVE_STEPS + 3) * sizeof(RankingCurvePoint));
	if (curve->points == NULL)
		return false;
	if (kind == RANKING_CURVE_ROC)
		curve->points[curve->n++] = (RankingCurvePoint){INFINITY, 0.0, 0.0};
	return true;
}

static double
area_between(RankingCurveKind kind, double x0, double y0, double x1, double y1)
{
	return kind == RANKING_CURVE_ROC ? (x1 - x0) * (y0 + y1) / 2.0 : (x1 - x0) * y1;
}

void
ranking_curve_add(RankingCurve *curve, const Tie *tie)
{
	RankingCurvePoint point = {.threshold = tie->score};
	double way;
	size_t step;

	curve->frauds += tie->frauds;
	curve->others += tie->others;
	if (curve->kind == RANKING_CURVE_ROC)
	{
		point.x = (double) curve->others / (double) curve->all_others;
		point.y = (double) curve->frauds / (double) curve->all_frauds;
		way = (point.x + point.y) / 2.0;
	}
	else
	{
		/* Without a fraud there is no step. */
		if (tie->frauds == 0)
			return;
		point.x = (double) curve->frauds / (double) curve->all_frauds;
		point.y = (double) curve->frauds / (double) (curve->frauds + curve->others);
		way = point.x;
	}
	curve->area += area_between(curve->kind, curve->last_x, curve->last_y, point.x, point.y);
	curve->last_x = point.x;
	curve->last_y = point.y;
	/* The last vertex of a step stands for all of it. Step 0 is for those before the first. */
	step = 1 + (size_t) (way * RANKING_CURVE_STEPS);
	if (step == curve->step)
		curve->n--;
	curve->step = step;
	curve->points[curve->n++] = point;
}

/* Vertices as a list, and a heap of what leaving each out would change. */
typedef struct Removal
{
	double change; /* of the area, with its sign */
	uint32_t point;
	uint32_t turn; /* outdated where it is not the point's */
} Removal;

typedef struct Reduction
{
	RankingCurve *curve;
	uint32_t *before;
	uint32_t *after;
	uint32_t *turn;
	Removal *heap;
	size_t heap_size;
} Reduction;

static bool
smaller(const Removal *a, const Removal *b)
{
	double x = fabs(a->change);
	double y = fabs(b->change);

	return x != y ? x < y : a->point < b->point;
}

static void
heap_push(Reduction *reduction, Removal removal)
{
	size_t at = reduction->heap_size++;

	while (at > 0 && smaller(&removal, &reduction->heap[(at - 1) / 2]))
	{
		reduction->heap[at] = reduction->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	reduction->heap[at] = removal;
}

static Removal
heap_pop(Reduction *reduction)
{
	Removal first = reduction->heap[0];
	Removal last = reduction->heap[--reduction->heap_size];
	size_t at = 0;

	for (;;)
	{
		size_t child = 2 * at + 1;

		if (child >= reduction->heap_size)
			break;
		if (child + 1 < reduction->heap_size &&
		    smaller(&reduction->heap[child + 1], &reduction->heap[child]))
			child++;
		if (!smaller(&reduction->heap[child], &last))
			break;
		reduction->heap[at] = reduction->heap[child];
		at = child;
	}
	reduction->heap[at] = last;
	return first;
}

static void
consider(Reduction *reduction, uint32_t b)
{
	RankingCurveKind kind = reduction->curve->kind;
	const RankingCurvePoint *points = reduction->curve->points;
	const RankingCurvePoint *a, *c;
	double without, with;

	/* The ends stay. */
	if (b == 0 || b == reduction->curve->n - 1)
		return;
	a = &points[reduction->before[b]];
	c = &points[reduction->after[b]];
	with = area_between(kind, a->x, a->y, points[b].x, points[b].y) +
	       area_between(kind, points[b].x, points[b].y, c->x, c->y);
	without = area_between(kind, a->x, a->y, c->x, c->y);
	heap_push(reduction, (Removal){without - with, b, ++reduction->turn[b]});
}

static void
leave_out(Reduction *reduction, uint32_t point)
{
	uint32_t before = reduction->before[point];
	uint32_t after = reduction->after[point];

	reduction->after[before] = after;
	reduction->before[after] = before;
	reduction->turn[point] = 0;
	consider(reduction, before);
	consider(reduction, after);
}

static void
reduce(Reduction *reduction, size_t wanted)
{
	RankingCurve *curve = reduction->curve;
	double error = ranking_curve_area(curve) - curve->area;
	size_t left = curve->n;

	for (uint32_t i = 0; i < curve->n; i++)
	{
		reduction->before[i] = i > 0 ? i - 1 : 0;
		reduction->after[i] = i + 1;
		reduction->turn[i] = 0;
	}
	for (uint32_t i = 0; i < curve->n; i++)
		consider(reduction, i);
	while (reduction->heap_size > 0)
	{
		Removal removal = heap_pop(reduction);

		if (removal.turn != reduction->turn[removal.point])
			continue;
		if ((left <= wanted && removal.change != 0.0) ||
		    fabs(error + removal.change) > RANKING_CURVE_TOLERANCE)
			break;
		error += removal.change;
		left--;
		leave_out(reduction, removal.point);
	}
}

bool
ranking_curve_reduce(RankingCurve *curve, size_t wanted, const CoreAllocator *allocator)
{
	Reduction reduction = {.curve = curve};
	size_t n = curve->n;
	size_t kept = 0;

	if (n < 3)
		return true;
	reduction.before = allocator->allocate(allocator->context, 3 * n * sizeof(uint32_t));
	reduction.heap = allocator->allocate(allocator->context, 3 * n * sizeof(Removal));
	if (reduction.before == NULL || reduction.heap == NULL)
		return false;
	reduction.after = reduction.before + n;
	reduction.turn = reduction.after + n;
	reduce(&reduction, wanted);
	for (uint32_t i = 0; i < n; i = reduction.after[i])
		curve->points[kept++] = curve->points[i];
	curve->n = kept;
	allocator->release(allocator->context, reduction.heap);
	allocator->release(allocator->context, reduction.before);
	return true;
}

double
ranking_curve_area(const RankingCurve *curve)
{
	double x = 0.0, y = 0.0, area = 0.0;

	for (size_t i = 0; i < curve->n; i++)
	{
		area += area_between(curve->kind, x, y, curve->points[i].x, curve->points[i].y);
		x = curve->points[i].x;
		y = curve->points[i].y;
	}
	return area;
}

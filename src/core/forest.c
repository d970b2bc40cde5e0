/*
 * forest.c
 *		Sends the rows of a forest down its path.
 */
#include "core/forest_slots.h"

bool
forest_use_path(Forest *forest, ForestPath path)
{
	if (path >= FOREST_PATHS || !forest_path_available(path))
		return false;
	if (forest->lanes.shape == FOREST_SHAPE_NONE)
		path = FOREST_PATH_NODES;
	else if (path == FOREST_PATH_NODES && forest->nodes == NULL)
		return false;
	forest->path = path;
	return true;
}

float
forest_margin(const Forest *forest, const float *row)
{
	switch (forest->path)
	{
#if FOREST_HAS_X86_PATHS
		case FOREST_PATH_AVX512:
			return forest_margin_avx512(forest, row);
		case FOREST_PATH_AVX2:
			return forest_margin_avx2(forest, row);
#endif
		case FOREST_PATH_SCALAR:
			return forest_margin_scalar(forest, row);
		default:
			return forest_margin_nodes(forest, row);
	}
}

void
forest_margins(const Forest *forest, const float *rows, size_t stride, size_t n, float *margins)
{
	switch (forest->path)
	{
#if FOREST_HAS_X86_PATHS
		case FOREST_PATH_AVX512:
			forest_margins_avx512(forest, rows, stride, n, margins);
			break;
		case FOREST_PATH_AVX2:
			forest_margins_avx2(forest, rows, stride, n, margins);
			break;
#endif
		case FOREST_PATH_SCALAR:
			forest_margins_scalar(forest, rows, stride, n, margins);
			break;
		default:
			forest_margins_nodes(forest, rows, stride, n, margins);
	}
}

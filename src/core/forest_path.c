/*
 * forest_path.c
 *		Which ways of evaluation this machine has.
 *
 * The compiler's runtime asks CPUID once and, for the wide registers, whether
 * the operating system saves them (XGETBV).
 */
#include "core/forest_path.h"

#include <string.h>

#include "core/forest_lanes.h"

static const char *const names[FOREST_PATHS] = {"nodes", "scalar", "avx2", "avx512"};

bool
forest_path_available(ForestPath path)
{
	switch (path)
	{
		case FOREST_PATH_NODES:
		case FOREST_PATH_SCALAR:
			return true;
#if FOREST_HAS_X86_PATHS
		case FOREST_PATH_AVX2:
			__builtin_cpu_init();
			return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
			       __builtin_cpu_supports("popcnt");
		case FOREST_PATH_AVX512:
			__builtin_cpu_init();
			return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
			       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
			       __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bitalg") &&
			       __builtin_cpu_supports("popcnt");
#endif
		default:
			return false;
	}
}

ForestPath
forest_path_best(void)
{
	ForestPath path = (ForestPath) (FOREST_PATHS - 1);

	while (!forest_path_available(path))
		path = (ForestPath) (path - 1);
	return path;
}

const char *
forest_path_name(ForestPath path)
{
	return names[path];
}

bool
forest_path_from_name(const char *name, ForestPath *path)
{
	for (int i = 0; i < FOREST_PATHS; i++)
		if (strcmp(name, names[i]) == 0)
		{
			*path = (ForestPath) i;
			return true;
		}
	return false;
}

/*
 * forest_path.h
 *		The ways to evaluate a forest, of which the processor has some. All give
 *		the same bits.
 */
#ifndef FRAUD_DETECT_FOREST_PATH_H
#define FRAUD_DETECT_FOREST_PATH_H

#include <stdbool.h>

typedef enum ForestPath
{
	FOREST_PATH_NODES,  /* any machine, any forest */
	FOREST_PATH_SCALAR, /* any machine; this and what follows: forests with a layout for vectors */
	FOREST_PATH_AVX2,
	FOREST_PATH_AVX512, /* with VBMI */
	FOREST_PATHS
} ForestPath;

/* True if this processor, operating system and build can run it. */
extern bool forest_path_available(ForestPath path);

/* The fastest of the available paths. */
extern ForestPath forest_path_best(void);

/* "nodes", "scalar", "avx2" or "avx512". */
extern const char *forest_path_name(ForestPath path);

/* The path of that name; false if there is none. */
extern bool forest_path_from_name(const char *name, ForestPath *path);

#endif

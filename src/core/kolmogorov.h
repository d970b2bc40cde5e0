/*
 * kolmogorov.h
 *		The distribution of Kolmogorov-Smirnov statistics, for p-values.
 */
#ifndef FRAUD_DETECT_KOLMOGOROV_H
#define FRAUD_DETECT_KOLMOGOROV_H

#include "core/core.h"

/*
 * P(D >= d) for two samples of n0 and n1 rows from one continuous distribution,
 * exact. The distance is given in steps: d = steps / lcm(n0, n1). Takes
 * O(n0 * n1) time at most and 8 * n1 bytes from the allocator; NaN where there
 * are none.
 */
extern double kolmogorov_two_samples(uint64_t n0, uint64_t n1, uint64_t steps,
                                     const CoreAllocator *allocator);

/*
 * P(D >= d) for the distance of one sample of n rows from its distribution; with
 * n = n0 * n1 / (n0 + n1) also the large-sample p-value of two. By the method
 * that is exact, or accurate, for these n and d (Simard and L'Ecuyer 2011).
 */
extern double kolmogorov_one_sample(uint64_t n, double d, const CoreAllocator *allocator);

#endif

/*
 * random.c
 *		Seeding of the random number generator.
 */
#include "core/random.h"

void
random_seed(RandomState *state, uint64_t seed, uint64_t stream)
{
	uint64_t x = seed ^ random_mix(stream + UINT64_C(0x9e3779b97f4a7c15));

	for (int i = 0; i < 4; i++)
	{
		x += UINT64_C(0x9e3779b97f4a7c15);
		state->s[i] = random_mix(x);
	}
}

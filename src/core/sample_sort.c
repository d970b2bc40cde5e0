/*
 * sample_sort.c
 *		Sorting and merging keys.
 *
 * Least significant digit first, in digits of 11 bits. Of keys that differ in many
 * digits, which measured values do, the upper ones decide almost always: after passes
 * over the uppermost MOST_PASSES digits that vary, neighbours that agree in these are few,
 * and are put in order where they stand. Where too many agree, all digits are gone through.
 */
#include "core/sample.h"

#define DIGIT_BITS 11
#define N_DIGITS 6
#define DIGIT_VALUES (1 << DIGIT_BITS)
#define MOST_PASSES 3
#define FEW 64

static void
sort_few(uint64_t *keys, size_t n)
{
	for (size_t i = 1; i < n; i++)
	{
		uint64_t key = keys[i];
		size_t at = i;

		for (; at > 0 && keys[at - 1] > key; at--)
			keys[at] = keys[at - 1];
		keys[at] = key;
	}
}

static inline uint32_t
digit_of(uint64_t key, int digit)
{
	return (uint32_t) (key >> (digit * DIGIT_BITS)) & (DIGIT_VALUES - 1);
}

/* The bits in which keys differ. */
static uint64_t
varying_bits(const uint64_t *keys, size_t n)
{
	uint64_t bits = 0;

	for (size_t i = 1; i < n; i++)
		bits |= keys[i] ^ keys[0];
	return bits;
}

/* One pass: stable, what the digits before have ordered stays so. */
static void
sort_by_digit(const uint64_t *from, uint64_t *to, size_t n, int digit)
{
	size_t places[DIGIT_VALUES] = {0};
	size_t place = 0;

	for (size_t i = 0; i < n; i++)
		places[digit_of(from[i], digit)]++;
	for (uint32_t value = 0; value < DIGIT_VALUES; value++)
	{
		size_t count = places[value];

		places[value] = place;
		place += count;
	}
	for (size_t i = 0; i < n; i++)
		to[places[digit_of(from[i], digit)]++] = from[i];
}

/* By the digits from this one up that vary. */
static void
sort_from_digit(uint64_t *keys, uint64_t *scratch, size_t n, int lowest, uint64_t varying)
{
	uint64_t *from = keys;
	uint64_t *to = scratch;

	for (int digit = lowest; digit < N_DIGITS; digit++)
	{
		uint64_t *swap = from;

		if (digit_of(varying, digit) == 0)
			continue;
		sort_by_digit(from, to, n, digit);
		from = to;
		to = swap;
	}
	if (from != keys)
		memcpy(keys, from, n * sizeof(uint64_t));
}

/* The lowest of the uppermost digits that are to be sorted by; 0 where there are no more. */
static int
lowest_digit(uint64_t varying)
{
	int passes = 0;

	for (int digit = N_DIGITS - 1; digit > 0; digit--)
		if (digit_of(varying, digit) != 0 && ++passes == MOST_PASSES)
			return digit;
	return 0;
}

/* Sorts neighbours that agree above the lowest digit; false where they are too many at a place. */
static bool
sort_neighbours(uint64_t *keys, size_t n, int lowest)
{
	int shift = lowest * DIGIT_BITS;
	size_t end;

	for (size_t i = 0; i < n; i = end)
	{
		uint64_t upper = keys[i] >> shift;
		bool ascend = true;

		for (end = i + 1; end < n && keys[end] >> shift == upper; end++)
			ascend = ascend && keys[end - 1] <= keys[end];
		if (ascend)
			continue;
		if (end - i > FEW)
			return false;
		sort_few(keys + i, end - i);
	}
	return true;
}

void
sample_sort(uint64_t *keys, uint64_t *scratch, size_t n)
{
	uint64_t varying;
	int lowest;

	if (n <= FEW)
	{
		sort_few(keys, n);
		return;
	}
	varying = varying_bits(keys, n);
	lowest = lowest_digit(varying);
	sort_from_digit(keys, scratch, n, lowest, varying);
	if (lowest > 0 && !sort_neighbours(keys, n, lowest))
		sort_from_digit(keys, scratch, n, 0, varying);
}

/* Without a branch that depends on the keys, which no processor could foresee. */
void
sample_merge(const uint64_t *a, size_t n_a, const uint64_t *b, size_t n_b, uint64_t *out)
{
	size_t i = 0, j = 0;

	while (i < n_a && j < n_b)
	{
		uint64_t x = a[i], y = b[j];
		bool first = x <= y;

		*out++ = first ? x : y;
		i += first;
		j += !first;
	}
	memcpy(out, a + i, (n_a - i) * sizeof(uint64_t));
	memcpy(out + (n_a - i), b + j, (n_b - j) * sizeof(uint64_t));
}

/*
 * ranking_sort.c
 *		Sorting scored rows in place: American flag sort (McIlroy, Bostic and
 *		McIlroy, "Engineering radix sort", 1993) on the bits of the score.
 *
 * At most eight passes over the rows whatever they hold, no memory beside the
 * stack (256 counters a level, eight levels), and ties, of which calibrated
 * scores have many, cost no more than other rows.
 */
#include "core/ranking.h"

#include <string.h>

#define SMALL 48
#define LAST_SHIFT 0
#define FIRST_SHIFT 56

/*
 * While rows are sorted, the score's place holds a key whose ascending order as
 * an unsigned integer is the score's descending order. Minus zero equals zero.
 */
static uint64_t
key_from_score(double score)
{
	uint64_t bits;

	score += 0.0;
	memcpy(&bits, &score, sizeof(bits));
	return (bits >> 63) != 0 ? bits : bits ^ UINT64_C(0x7fffffffffffffff);
}

static double
score_from_key(uint64_t key)
{
	double score;

	if ((key >> 63) == 0)
		key ^= UINT64_C(0x7fffffffffffffff);
	memcpy(&score, &key, sizeof(score));
	return score;
}

static inline uint64_t
row_key(const ScoredRow *row)
{
	uint64_t key;

	memcpy(&key, &row->score, sizeof(key));
	return key;
}

static inline bool
row_before(const ScoredRow *a, const ScoredRow *b)
{
	uint64_t x = row_key(a);
	uint64_t y = row_key(b);

	return x != y ? x < y : a->label > b->label;
}

static void
sort_few(ScoredRow *rows, size_t n)
{
	for (size_t i = 1; i < n; i++)
	{
		ScoredRow row = rows[i];
		size_t at = i;

		for (; at > 0 && row_before(&row, &rows[at - 1]); at--)
			rows[at] = rows[at - 1];
		rows[at] = row;
	}
}

/* Equal scores: frauds to the front. */
static void
sort_labels(ScoredRow *rows, size_t n)
{
	size_t frauds = 0;

	for (size_t i = 0; i < n; i++)
		frauds += rows[i].label;
	for (size_t i = 0; i < n; i++)
		rows[i].label = i < frauds;
}

static void
sort_by_byte(ScoredRow *rows, size_t n, int shift)
{
	size_t next[256];
	size_t end[256] = {0};
	size_t start = 0;

	for (size_t i = 0; i < n; i++)
		end[(row_key(&rows[i]) >> shift) & 255]++;
	for (int digit = 0; digit < 256; digit++)
	{
		next[digit] = start;
		start += end[digit];
		end[digit] = start;
	}
	for (int digit = 0; digit < 256; digit++)
	{
		while (next[digit] < end[digit])
		{
			ScoredRow row = rows[next[digit]];
			int home = (int) ((row_key(&row) >> shift) & 255);

			/* Carry a row home, take the one that was there, until one belongs here. */
			while (home != digit)
			{
				ScoredRow displaced = rows[next[home]];

				rows[next[home]++] = row;
				row = displaced;
				home = (int) ((row_key(&row) >> shift) & 255);
			}
			rows[next[digit]++] = row;
		}
	}
	start = 0;
	for (int digit = 0; digit < 256; digit++)
	{
		size_t count = end[digit] - start;

		if (count > 1 && shift == LAST_SHIFT)
			sort_labels(rows + start, count);
		else if (count > SMALL)
			sort_by_byte(rows + start, count, shift - 8);
		else if (count > 1)
			sort_few(rows + start, count);
		start = end[digit];
	}
}

void
ranking_sort(ScoredRow *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		uint64_t key = key_from_score(rows[i].score);

		memcpy(&rows[i].score, &key, sizeof(key));
	}
	if (n > SMALL)
		sort_by_byte(rows, n, FIRST_SHIFT);
	else
		sort_few(rows, n);
	for (size_t i = 0; i < n; i++)
		rows[i].score = score_from_key(row_key(&rows[i]));
}

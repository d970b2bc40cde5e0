/*
 * nearest_name.c
 *		Optimal string alignment distance (Damerau's distance without moving what
 *		was edited before: insert, delete, replace, swap of neighbours) between
 *		names, over bytes, without regard to the case of ASCII letters.
 */
#include "core/nearest_name.h"

#include <stddef.h>
#include <string.h>

static unsigned char
fold(char c)
{
	return (unsigned char) (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static int
min(int a, int b)
{
	return a < b ? a : b;
}

/* Both lengths are at most NEAREST_NAME_MAX. Three rows of the table are kept: a swap looks two up.
 */
static int
distance(const char *a, int a_length, const char *b, int b_length)
{
	int rows[3][NEAREST_NAME_MAX + 1];

	for (int j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (int i = 1; i <= a_length; i++)
	{
		int *row = rows[i % 3];
		const int *above = rows[(i + 2) % 3];
		const int *above_two = rows[(i + 1) % 3];

		row[0] = i;
		for (int j = 1; j <= b_length; j++)
		{
			unsigned char ca = fold(a[i - 1]);
			unsigned char cb = fold(b[j - 1]);

			row[j] = min(min(above[j], row[j - 1]) + 1, above[j - 1] + (ca != cb));
			if (i > 1 && j > 1 && ca == fold(b[j - 2]) && fold(a[i - 2]) == cb)
				row[j] = min(row[j], above_two[j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

int
nearest_name_index(const char *name, const char *const *candidates, int n_candidates)
{
	size_t length = strlen(name);
	int nearest = -1;
	int nearest_distance = 0;

	if (length > NEAREST_NAME_MAX)
		return -1;
	for (int i = 0; i < n_candidates; i++)
	{
		size_t other = candidates[i] != NULL ? strlen(candidates[i]) : NEAREST_NAME_MAX + 1;
		int longer = (int) (other > length ? other : length);
		int limit = longer / 3 > 2 ? longer / 3 : 2;
		int changes;

		/* A distance of the whole name says nothing: "x" is not near "ab". */
		if (other > NEAREST_NAME_MAX)
			continue;
		changes = distance(name, (int) length, candidates[i], (int) other);
		if (changes > limit || changes >= longer)
			continue;
		if (nearest < 0 || changes < nearest_distance)
		{
			nearest = i;
			nearest_distance = changes;
		}
	}
	return nearest;
}

/*
 * test_sample.c
 *		Promises of core/sample.h: keys keep the order of doubles; sorting sorts; runs
 *		give back what was put in, or are refused; a walk over any split of the same
 *		values gives the same ties.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/random.h"
#include "core/sample.h"

#define N 5000

#define N_KINDS 6

static double
draw(RandomState *random, int kind)
{
	double uniform = random_uniform(random);

	switch (kind)
	{
		case 0:
			return uniform;
		case 1:
			return floor(uniform * 20.0) - 10.0;
		case 2:
			return (uniform - 0.5) * 1e300;
		case 3:
			/* Clusters of a few values that differ in their last digits. */
			return floor(uniform * 1000.0) + 1e-9 * random_uniform(random);
		case 4:
			/* One large cluster among others. */
			return uniform < 0.5 ? 1e6 + 1e-6 * uniform : -uniform * 1e9;
		default:
			return uniform < 0.1   ? -INFINITY
			       : uniform < 0.2 ? INFINITY
			       : uniform < 0.5 ? 0.0
			                       : -uniform;
	}
}

static void
keys_keep_the_order(void **state)
{
	const double values[] = {-INFINITY, -1e308, -1.0, -5e-324, 0.0, 5e-324, 1.0, 1e308, INFINITY};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
	{
		assert_true(sample_value(sample_key(values[i])) == values[i]);
		assert_true(i == 0 || sample_key(values[i - 1]) < sample_key(values[i]));
	}
	assert_true(sample_key(-0.0) == sample_key(0.0));
	assert_true(sample_key(INFINITY) == SAMPLE_GREATEST_KEY);
}

static int
compare_keys(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *) a;
	uint64_t y = *(const uint64_t *) b;

	return x < y ? -1 : x > y;
}

static void
sorting_sorts(void **state)
{
	for (int kind = 0; kind < N_KINDS; kind++)
		for (size_t n = 0; n <= N; n = n * 3 + 1)
		{
			uint64_t keys[N], expected[N], scratch[N];
			RandomState random;

			random_seed(&random, n, (uint64_t) kind);
			for (size_t i = 0; i < n; i++)
				expected[i] = keys[i] = sample_key(draw(&random, kind));
			qsort(expected, n, sizeof(uint64_t), compare_keys);
			sample_sort(keys, scratch, n);
			assert_memory_equal(keys, expected, n * sizeof(uint64_t));
		}
}

static void
merging_merges(void **state)
{
	for (int kind = 0; kind < N_KINDS; kind++)
		for (size_t n = 0; n <= N; n = n * 3 + 1)
		{
			uint64_t keys[N], expected[N], scratch[N];
			size_t first = n / 3;
			RandomState random;

			random_seed(&random, n, (uint64_t) kind);
			for (size_t i = 0; i < n; i++)
				expected[i] = keys[i] = sample_key(draw(&random, kind));
			sample_sort(expected, scratch, n);
			sample_sort(keys, scratch, first);
			sample_sort(keys + first, scratch, n - first);
			sample_merge(keys, first, keys + first, n - first, scratch);
			assert_memory_equal(scratch, expected, n * sizeof(uint64_t));
		}
}

typedef struct Bytes
{
	uint8_t *bytes;
	size_t size;
	size_t given;
	size_t step; /* bytes at a time */
	uint8_t window[SAMPLE_RUN_ENTRY + 64];
} Bytes;

static size_t
give_bytes(SampleCursor *cursor, const uint8_t **bytes)
{
	Bytes *source = cursor->source_state;
	size_t left = cursor->n_bytes;
	size_t size = source->size - source->given;

	if (size == 0)
		return 0;
	if (size > source->step)
		size = source->step;
	if (left > 0)
		memmove(source->window, cursor->at, left);
	memcpy(source->window + left, source->bytes + source->given, size);
	source->given += size;
	*bytes = source->window;
	return left + size;
}

static Bytes
encode(const uint64_t *keys, size_t n)
{
	Bytes run = {.bytes = malloc((n + 1) * SAMPLE_RUN_ENTRY), .step = 40};
	SampleRunWriter writer = {0};

	for (size_t i = 0; i < n; i++)
		run.size += sample_run_add(&writer, keys[i], 1, run.bytes + run.size);
	run.size += sample_run_end(&writer, run.bytes + run.size);
	return run;
}

/* All ties of a walk over cursors, compared with the walk over two sorted arrays. */
static void
compare_walks(SampleCursor **cursors, size_t n, const uint64_t *left, const uint64_t *right)
{
	SampleCursor whole[2];
	SampleCursor *wholes[2] = {&whole[0], &whole[1]};
	SampleWalk walk, expected;
	SampleTie ties[100], others[100];
	size_t given;

	sample_cursor_of_keys(&whole[0], 0, left, N);
	sample_cursor_of_keys(&whole[1], 1, right, N);
	sample_walk_begin(&expected, wholes, 2);
	sample_walk_begin(&walk, cursors, n);
	while ((given = sample_walk_next(&expected, ties, 100)) > 0)
	{
		assert_int_equal(sample_walk_next(&walk, others, 100), given);
		for (size_t i = 0; i < given; i++)
		{
			assert_true(ties[i].value == others[i].value);
			assert_int_equal(ties[i].counts[0], others[i].counts[0]);
			assert_int_equal(ties[i].counts[1], others[i].counts[1]);
			assert_true(i == 0 || ties[i - 1].value < ties[i].value);
		}
	}
	assert_int_equal(sample_walk_next(&walk, others, 100), 0);
}

static void
a_walk_over_any_split_is_the_same(void **state)
{
	for (int kind = 0; kind < N_KINDS; kind++)
	{
		uint64_t keys[2][N], parts[2][N], scratch[N];
		SampleCursor cursor[2][4];
		SampleCursor *cursors[8];
		Bytes runs[2][3];
		RandomState random;

		random_seed(&random, 1, (uint64_t) kind);
		for (int side = 0; side < 2; side++)
		{
			const size_t ends[] = {0, 1000, 1001, 4000, N};

			for (size_t i = 0; i < N; i++)
				parts[side][i] = keys[side][i] = sample_key(draw(&random, kind));
			sample_sort(keys[side], scratch, N);
			for (int part = 0; part < 4; part++)
			{
				size_t size = ends[part + 1] - ends[part];

				cursors[side * 4 + part] = &cursor[side][part];
				sample_sort(parts[side] + ends[part], scratch, size);
				if (part == 3)
				{
					sample_cursor_of_keys(&cursor[side][part], side, parts[side] + ends[part],
					                      size);
					continue;
				}
				runs[side][part] = encode(parts[side] + ends[part], size);
				sample_cursor_of_run(&cursor[side][part], side, give_bytes, &runs[side][part]);
			}
		}
		compare_walks(cursors, 8, keys[0], keys[1]);
		for (int i = 0; i < 6; i++)
			free(runs[i / 3][i % 3].bytes);
	}
}

/* Whatever the bytes are, a cursor ends, with keys that ascend. */
static void
damaged_runs_are_noticed(void **state)
{
	uint64_t keys[200], scratch[200];
	RandomState random;
	Bytes run;
	size_t damaged = 0;

	random_seed(&random, 9, 0);
	for (size_t i = 0; i < 200; i++)
		keys[i] = sample_key(draw(&random, 0));
	sample_sort(keys, scratch, 200);
	run = encode(keys, 200);
	for (size_t cut = 1; cut < run.size; cut++)
	{
		Bytes part = {.bytes = run.bytes, .size = cut, .step = 33};
		SampleCursor cursor;
		uint64_t previous = 0;

		sample_cursor_of_run(&cursor, 0, give_bytes, &part);
		while (sample_cursor_ready(&cursor))
		{
			assert_true(cursor.keys[cursor.next] > previous);
			previous = cursor.keys[cursor.next++];
		}
		damaged += cursor.damaged;
	}
	assert_int_equal(damaged, run.size - 200);
	for (int i = 0; i < 20000; i++)
	{
		uint8_t bytes[64];
		Bytes any = {.bytes = bytes, .size = sizeof(bytes), .step = 64};
		SampleCursor cursor;
		uint64_t previous = 0;
		size_t n = 0;

		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t) random_below(&random, 256) & (i % 2 ? 255 : 0x33);
		sample_cursor_of_run(&cursor, 0, give_bytes, &any);
		for (; sample_cursor_ready(&cursor); n++)
		{
			assert_true(n == 0 || cursor.keys[cursor.next] > previous);
			assert_true(cursor.keys[cursor.next] <= SAMPLE_GREATEST_KEY);
			previous = cursor.keys[cursor.next++];
		}
	}
	free(run.bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_keep_the_order),
	    cmocka_unit_test(sorting_sorts),
	    cmocka_unit_test(merging_merges),
	    cmocka_unit_test(a_walk_over_any_split_is_the_same),
	    cmocka_unit_test(damaged_runs_are_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_sample_walk.c
 *		Promises of core/sample_run.h and core/sample_walk.h: runs give back what was put
 *		in, or are refused; a walk over any split of the same values gives the same
 *		ties, and passes over as many rows as it says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/sample_walk.h"
#include "drawn_values.h"

#define TIES 100
#define PARTS 4

typedef struct Run
{
	uint8_t *bytes;
	size_t size;
	size_t given;
	size_t step; /* bytes at a time */
	uint8_t *window;
	SampleBlockPlace *places;
	size_t n_places;
} Run;

static size_t
give_bytes(SampleCursor *cursor, size_t least, const uint8_t **bytes)
{
	Run *run = cursor->source_state;
	size_t left = cursor->n_bytes;
	size_t size = run->size - run->given;

	if (size == 0)
		return 0;
	if (size > run->step)
		size = run->step;
	if (left + size < least)
		size = least - left < run->size - run->given ? least - left : run->size - run->given;
	if (left > 0)
		memmove(run->window, cursor->at, left);
	memcpy(run->window + left, run->bytes + run->given, size);
	run->given += size;
	*bytes = run->window;
	return left + size;
}

static void
seek_bytes(SampleCursor *cursor, uint64_t offset)
{
	Run *run = cursor->source_state;

	run->given = offset;
}

static Run
encode(const uint64_t *keys, size_t n)
{
	Run run = {.step = SAMPLE_BLOCK_MOST};
	size_t taken;

	run.bytes = malloc(sample_run_most_bytes(n) + SAMPLE_BLOCK_MOST);
	run.window = malloc(2 * SAMPLE_BLOCK_MOST);
	for (size_t i = 0; i < n; i += taken)
	{
		run.size += sample_block_write(keys + i, n - i, run.bytes + run.size, &taken);
		run.n_places++;
	}
	/* Nothing reads beyond it: the sanitizer sees to that. */
	run.bytes = realloc(run.bytes, run.size);
	run.places = malloc((run.n_places + 1) * sizeof(SampleBlockPlace));
	assert_true(sample_run_blocks(run.bytes, run.size, n, run.places, &taken));
	assert_int_equal(taken, run.n_places);
	return run;
}

static void
free_run(Run *run)
{
	free(run->bytes);
	free(run->window);
	free(run->places);
}

/* Both sides of a kind, sorted whole, and in parts: the last one an array, the others runs. */
typedef struct Samples
{
	uint64_t keys[2][N];
	uint64_t parts[2][N];
	Run runs[2][PARTS - 1];
	SampleCursor cursors[2][PARTS];
	SampleCursor *all[2 * PARTS];
} Samples;

static void
make_samples(Samples *samples, int kind)
{
	const size_t ends[] = {0, 1000, 1001, 4000, N};
	uint64_t scratch[N];
	RandomState random;

	random_seed(&random, 1, (uint64_t) kind);
	for (int side = 0; side < 2; side++)
	{
		for (size_t i = 0; i < N; i++)
			samples->parts[side][i] = samples->keys[side][i] = sample_key(draw(&random, kind));
		sample_sort(samples->keys[side], scratch, N);
		for (int part = 0; part < PARTS; part++)
			sample_sort(samples->parts[side] + ends[part], scratch, ends[part + 1] - ends[part]);
		for (int part = 0; part < PARTS - 1; part++)
			samples->runs[side][part] =
			    encode(samples->parts[side] + ends[part], ends[part + 1] - ends[part]);
	}
}

/* How runs are read. */
typedef enum Way
{
	IN_ORDER, /* their blocks are not known */
	IN_MEMORY,
	BY_SEEKING,
	N_WAYS
} Way;

/* Cursors over the parts. */
static void
open_samples(Samples *samples, Way way)
{
	const size_t ends[] = {0, 1000, 1001, 4000, N};

	for (int side = 0; side < 2; side++)
		for (int part = 0; part < PARTS; part++)
		{
			SampleCursor *cursor = &samples->cursors[side][part];
			size_t size = ends[part + 1] - ends[part];

			samples->all[side * PARTS + part] = cursor;
			if (part == PARTS - 1)
				sample_cursor_of_keys(cursor, side, samples->parts[side] + ends[part], size);
			else
			{
				Run *run = &samples->runs[side][part];

				run->given = 0;
				/* As little as a source may give, or more. */
				run->step = way == BY_SEEKING ? 1 : SAMPLE_BLOCK_MOST;
				if (way == IN_MEMORY)
					sample_cursor_of_bytes(cursor, side, run->bytes, run->size);
				else
					sample_cursor_of_run(cursor, side, give_bytes, run);
				if (way != IN_ORDER)
					sample_cursor_know_blocks(cursor, size, run->places, run->n_places, seek_bytes);
			}
		}
}

static void
free_samples(Samples *samples)
{
	for (int i = 0; i < 2 * (PARTS - 1); i++)
		free_run(&samples->runs[i / (PARTS - 1)][i % (PARTS - 1)]);
}

/* What a walk should give next: the tie at these places, which move on. */
static SampleTie
expected_tie(const Samples *samples, size_t places[2])
{
	SampleTie tie = {0};
	uint64_t key = UINT64_MAX;

	for (int side = 0; side < 2; side++)
		if (places[side] < N && samples->keys[side][places[side]] < key)
			key = samples->keys[side][places[side]];
	tie.value = sample_value(key);
	for (int side = 0; side < 2; side++)
		for (; places[side] < N && samples->keys[side][places[side]] == key; places[side]++)
			tie.counts[side]++;
	return tie;
}

static void
compare_ties(const Samples *samples, size_t places[2], const SampleTie *ties, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		SampleTie expected = expected_tie(samples, places);

		assert_true(ties[i].value == expected.value);
		assert_int_equal(ties[i].counts[0], expected.counts[0]);
		assert_int_equal(ties[i].counts[1], expected.counts[1]);
	}
}

static void
a_walk_over_any_split_is_the_same(void **state)
{
	static Samples samples;
	static SampleWalk walk;
	SampleTie ties[TIES];

	for (int kind = 0; kind < N_KINDS; kind++)
	{
		make_samples(&samples, kind);
		for (Way way = 0; way < N_WAYS; way++)
		{
			size_t places[2] = {0, 0};
			size_t n;

			open_samples(&samples, way);
			sample_walk_begin(&walk, samples.all, 2 * PARTS);
			while ((n = sample_walk_next(&walk, ties, TIES)) > 0)
				compare_ties(&samples, places, ties, n);
			assert_true(places[0] == N && places[1] == N);
		}
		free_samples(&samples);
	}
}

/* Passes over the rows of a walk that are said to have been, and returns the last value. */
static double
pass(const Samples *samples, size_t places[2], uint64_t rows)
{
	SampleTie tie = {0};

	while (rows > 0)
	{
		tie = expected_tie(samples, places);
		assert_true(tie.counts[0] + tie.counts[1] <= rows);
		rows -= tie.counts[0] + tie.counts[1];
	}
	return tie.value;
}

static void
a_walk_skips_what_it_says(void **state)
{
	static Samples samples;
	static SampleWalk walk;
	SampleTie ties[TIES];
	uint64_t all_skipped = 0;

	for (int kind = 0; kind < N_KINDS; kind++)
	{
		RandomState random;

		random_seed(&random, 2, (uint64_t) kind);
		make_samples(&samples, kind);
		for (int round = 0; round < 20; round++)
		{
			size_t places[2] = {0, 0};

			open_samples(&samples, round % 2 == 0 ? IN_MEMORY : BY_SEEKING);
			sample_walk_begin(&walk, samples.all, 2 * PARTS);
			for (;;)
			{
				uint64_t most = random_below(&random, 4000);
				double last = NAN;
				uint64_t skipped = sample_walk_skip(&walk, most, &last);
				size_t n;

				assert_true(skipped <= most);
				if (skipped > 0)
					assert_true(pass(&samples, places, skipped) == last);
				all_skipped += skipped;
				n = sample_walk_next(&walk, ties, 1 + random_below(&random, TIES));
				if (n == 0)
					break;
				compare_ties(&samples, places, ties, n);
			}
			assert_true(places[0] == N && places[1] == N);
		}
		free_samples(&samples);
	}
	/* It is worth it: half of all rows at least. */
	assert_true(all_skipped > (uint64_t) N_KINDS * 20 * N);
}

/* Of one side, of keys that differ, it is often as many as were asked for: fewer where a block's last key is met. */
static void
a_walk_of_one_side_skips_within_blocks(void **state)
{
	static Samples samples;
	static SampleWalk walk;
	SampleTie tie;
	int skips = 0, whole = 0;

	make_samples(&samples, 0);
	for (int round = 0; round < 20; round++)
	{
		size_t places[2] = {0, N};
		RandomState random;
		size_t n;

		random_seed(&random, 3, (uint64_t) round);
		open_samples(&samples, round % 2 == 0 ? IN_MEMORY : BY_SEEKING);
		sample_walk_begin(&walk, samples.all, PARTS);
		do
		{
			size_t left = N - places[0];
			uint64_t most = random_below(&random, 2000);
			double last;
			uint64_t skipped = sample_walk_skip(&walk, most, &last);

			assert_true(skipped <= most && (skipped < left || left == 0));
			if (skipped > 0)
				assert_true(pass(&samples, places, skipped) == last);
			skips += most < left;
			whole += most < left && skipped == most;
			n = sample_walk_next(&walk, &tie, 1);
			compare_ties(&samples, places, &tie, n);
		} while (n > 0);
		assert_true(places[0] == N);
	}
	assert_true(whole > skips / 3);
	free_samples(&samples);
}

static void
a_run_whose_blocks_are_not_known_is_not_skipped(void **state)
{
	static Samples samples;
	static SampleWalk walk;
	double last;

	make_samples(&samples, 0);
	open_samples(&samples, IN_ORDER);
	sample_walk_begin(&walk, samples.all, 2 * PARTS);
	assert_int_equal(sample_walk_skip(&walk, N, &last), 0);
	free_samples(&samples);
}

/* A walk that ends in the middle is damaged, and gives no value that the samples do not have. */
static void
what_is_known_of_blocks_is_compared_with_them(void **state)
{
	static Samples samples;
	static SampleWalk walk;
	SampleTie ties[TIES];
	int noticed = 0;

	for (int round = 0; round < 40; round++)
	{
		SampleBlockPlace *place;
		RandomState random;
		bool damaged = false;
		uint64_t rows = 0;
		double last;
		size_t n;

		random_seed(&random, 10, (uint64_t) round);
		make_samples(&samples, 0);
		open_samples(&samples, round % 2 == 0 ? IN_MEMORY : BY_SEEKING);
		/* Of the longest run, not the first block. */
		place =
		    &samples.runs[0][2].places[1 + random_below(&random, samples.runs[0][2].n_places - 1)];
		if (round % 4 < 2)
			place->first++;
		else
			place->before++;
		sample_walk_begin(&walk, samples.all, 2 * PARTS);
		while ((n = sample_walk_next(&walk, ties, TIES)) > 0 && rows < 4 * N)
		{
			for (size_t i = 0; i < n; i++)
				rows += ties[i].counts[0] + ties[i].counts[1];
			rows += sample_walk_skip(&walk, random_below(&random, 300), &last);
		}
		for (int i = 0; i < 2 * PARTS; i++)
			damaged |= samples.cursors[i / PARTS][i % PARTS].damaged;
		assert_true(damaged || rows == 2 * N);
		noticed += damaged;
		free_samples(&samples);
	}
	assert_true(noticed > 30);
}

/* Whatever the bytes are, a cursor ends, with keys that ascend. */
static void
read_all(SampleCursor *cursor)
{
	uint64_t previous = 0;

	for (size_t n = 0; sample_cursor_ready(cursor); n++)
	{
		assert_true(n == 0 || cursor->keys[cursor->next] > previous);
		assert_true(cursor->keys[cursor->next] <= SAMPLE_GREATEST_KEY);
		assert_true(cursor->counts == NULL || cursor->counts[cursor->next] > 0);
		previous = cursor->keys[cursor->next++];
	}
}

static void
a_cut_run_is_noticed(void **state)
{
	uint64_t keys[N], scratch[N];
	RandomState random;
	Run run;
	size_t damaged = 0;

	random_seed(&random, 9, 0);
	for (size_t i = 0; i < N; i++)
		keys[i] = sample_key(draw(&random, 0));
	sample_sort(keys, scratch, N);
	run = encode(keys, N);
	assert_true(run.n_places == (N + SAMPLE_BLOCK_KEYS - 1) / SAMPLE_BLOCK_KEYS);
	assert_false(sample_run_blocks(run.bytes, run.size, N + 1, NULL, &damaged));
	assert_false(sample_run_blocks(run.bytes, run.size, N - 1, NULL, &damaged));
	damaged = 0;
	for (size_t cut = 1; cut < run.size; cut++)
	{
		uint8_t *bytes = malloc(cut);
		Run part = {.bytes = bytes, .size = cut, .step = 4000, .window = run.window};
		SampleCursor cursor;
		size_t n;

		memcpy(bytes, run.bytes, cut);
		sample_cursor_of_run(&cursor, 0, give_bytes, &part);
		read_all(&cursor);
		damaged += cursor.damaged;
		assert_false(sample_run_blocks(bytes, cut, N, NULL, &n));
		free(bytes);
	}
	/* Every cut but those between two blocks. */
	assert_int_equal(damaged, run.size - run.n_places);
	free_run(&run);
}

static void
any_bytes_can_be_read(void **state)
{
	RandomState random;
	size_t opened = 0;

	random_seed(&random, 10, 0);
	for (int i = 0; i < 50000; i++)
	{
		uint8_t bytes[200];
		uint8_t window[2 * SAMPLE_BLOCK_MOST];
		Run any = {.bytes = bytes, .size = sizeof(bytes), .step = 200, .window = window};
		SampleCursor cursor;
		SampleBlock block;

		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t) random_below(&random, 256) & (i % 2 ? 255 : 0x11);
		/* Few rows, keys and bits, so that not all are refused at once. */
		memset(bytes + 8, 0, 8);
		bytes[8] = (uint8_t) random_below(&random, 100);
		bytes[16] &= 15;
		bytes[17] &= i % 3 == 0 ? 64 : 15;
		bytes[18] &= i % 5 == 0 ? 64 : 3;
		opened += sample_block_open(bytes, sizeof(bytes), &block);
		sample_cursor_of_run(&cursor, 0, give_bytes, &any);
		read_all(&cursor);
	}
	assert_true(opened > 1000);
}

/* Values with few digits take few bytes, and so do values that repeat. */
static void
runs_are_small(void **state)
{
	uint64_t keys[N], scratch[N];
	RandomState random;
	Run run;

	random_seed(&random, 11, 0);
	for (size_t i = 0; i < N; i++)
		keys[i] = sample_key(random_uniform(&random));
	sample_sort(keys, scratch, N);
	run = encode(keys, N);
	assert_true(run.size < N * 6);
	free_run(&run);
	for (size_t i = 0; i < N; i++)
		keys[i] = sample_key((double) random_below(&random, 100));
	sample_sort(keys, scratch, N);
	run = encode(keys, N);
	assert_true(run.size < 1000 && run.n_places == 1);
	free_run(&run);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_walk_over_any_split_is_the_same),
	    cmocka_unit_test(a_walk_skips_what_it_says),
	    cmocka_unit_test(a_walk_of_one_side_skips_within_blocks),
	    cmocka_unit_test(a_run_whose_blocks_are_not_known_is_not_skipped),
	    cmocka_unit_test(what_is_known_of_blocks_is_compared_with_them),
	    cmocka_unit_test(a_cut_run_is_noticed),
	    cmocka_unit_test(any_bytes_can_be_read),
	    cmocka_unit_test(runs_are_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * sample_walk.c
 *		Merging sorted arrays and runs.
 *
 * Where keys have no counts, which is where there are many, some of each cursor are
 * merged at a time: those below a bound that no cursor has keys below behind them. Which
 * key is next cannot be foreseen, so nothing branches on it. Else a heap finds the next key.
 */
#include "core/sample_walk.h"

static void
sift_down(SampleWalk *walk, size_t at)
{
	SampleCursor *cursor = walk->heap[at];
	uint64_t key = sample_cursor_key(cursor);

	for (;;)
	{
		size_t child = 2 * at + 1;

		if (child >= walk->n)
			break;
		if (child + 1 < walk->n &&
		    sample_cursor_key(walk->heap[child + 1]) < sample_cursor_key(walk->heap[child]))
			child++;
		if (sample_cursor_key(walk->heap[child]) >= key)
			break;
		walk->heap[at] = walk->heap[child];
		at = child;
	}
	walk->heap[at] = cursor;
}

/* Drops cursors that are exhausted, and puts the others in order. */
static void
restore_order(SampleWalk *walk)
{
	for (size_t i = walk->n; i-- > 0;)
		if (!sample_cursor_ready(walk->heap[i]))
			walk->heap[i] = walk->heap[--walk->n];
	for (size_t i = walk->n / 2; i-- > 0;)
		sift_down(walk, i);
}

void
sample_walk_begin(SampleWalk *walk, SampleCursor **cursors, size_t n)
{
	walk->heap = cursors;
	walk->n = n;
	for (int side = 0; side < 2; side++)
		walk->stages[side].next = walk->stages[side].n = 0;
	restore_order(walk);
}

static inline size_t
keys_at_hand(const SampleCursor *cursor)
{
	size_t n = cursor->n - cursor->next;

	return n < SAMPLE_BLOCK_KEYS ? n : SAMPLE_BLOCK_KEYS;
}

/* The greatest key up to which all keys below are at hand; false where keys have counts, or cursors are many. */
static bool
find_bound(const SampleWalk *walk, uint64_t *bound)
{
	size_t cursors[2] = {0, 0};

	*bound = UINT64_MAX;
	for (size_t i = 0; i < walk->n; i++)
	{
		const SampleCursor *cursor = walk->heap[i];
		uint64_t last;

		if (cursor->counts != NULL || ++cursors[cursor->side] > SAMPLE_STAGE_CURSORS)
			return false;
		last = cursor->keys[cursor->next + keys_at_hand(cursor) - 1];
		*bound = last < *bound ? last : *bound;
	}
	return true;
}

static void
add_to_stage(SampleStage *stage, const uint64_t *keys, size_t n)
{
	uint64_t *out = stage->keys == stage->merged[0] ? stage->merged[1] : stage->merged[0];

	if (stage->n > 0)
	{
		sample_merge(stage->keys, stage->n, keys, n, out);
		stage->keys = out;
	}
	else
		stage->keys = keys;
	stage->n += n;
}

/*
 * Takes keys off the cursors, sorted by side; false where there are none that can be. They may stay where they
 * are: the last one at hand is never taken, so a cursor's block is not unpacked over before it has been.
 */
static bool
fill_stages(SampleWalk *walk)
{
	uint64_t bound;
	bool any = false;

	if (walk->n == 0 || !find_bound(walk, &bound))
		return false;
	for (int side = 0; side < 2; side++)
	{
		walk->stages[side].keys = NULL;
		walk->stages[side].next = walk->stages[side].n = 0;
	}
	for (size_t i = 0; i < walk->n; i++)
	{
		SampleCursor *cursor = walk->heap[i];
		const uint64_t *keys = cursor->keys + cursor->next;
		size_t n = sample_keys_below(keys, keys_at_hand(cursor), bound);

		if (n == 0)
			continue;
		add_to_stage(&walk->stages[cursor->side], keys, n);
		cursor->next += n;
		any = true;
	}
	if (any)
		restore_order(walk);
	return any;
}

/* Keys of both stages. Leaves when one of them is exhausted, or the ties are full. */
static size_t
merge_stages(SampleStage *a, SampleStage *b, SampleTie *ties, size_t capacity)
{
	const uint64_t *a_keys = a->keys, *b_keys = b->keys;
	size_t i = a->next, j = b->next, n = 0;

	for (; n < capacity && i < a->n && j < b->n; n++)
	{
		uint64_t x = a_keys[i], y = b_keys[j];
		uint64_t key = x < y ? x : y;
		size_t from_a = x <= y, from_b = y <= x;

		i += from_a;
		j += from_b;
		while (i < a->n && a_keys[i] == key)
			i++, from_a++;
		while (j < b->n && b_keys[j] == key)
			j++, from_b++;
		ties[n] = (SampleTie){sample_value(key), {from_a, from_b}};
	}
	a->next = i;
	b->next = j;
	return n;
}

/* What is left of a side. */
static size_t
take_stage(SampleStage *stage, int side, SampleTie *ties, size_t capacity)
{
	const uint64_t *keys = stage->keys;
	size_t i = stage->next, n = 0;

	for (; n < capacity && i < stage->n; n++)
	{
		uint64_t key = keys[i];
		size_t start = i;

		do
			i++;
		while (i < stage->n && keys[i] == key);
		ties[n].value = sample_value(key);
		ties[n].counts[side] = i - start;
		ties[n].counts[1 - side] = 0;
	}
	stage->next = i;
	return n;
}

static size_t
take_staged(SampleWalk *walk, SampleTie *ties, size_t capacity)
{
	size_t n = merge_stages(&walk->stages[0], &walk->stages[1], ties, capacity);

	for (int side = 0; side < 2; side++)
		n += take_stage(&walk->stages[side], side, ties + n, capacity - n);
	return n;
}

/* Takes all of the first cursor's keys that are equal to this one. */
static inline uint64_t
take_equal(SampleCursor *cursor, uint64_t key)
{
	uint64_t count = 0;

	do
	{
		count += cursor->counts != NULL ? cursor->counts[cursor->next] : 1;
		cursor->next++;
	} while (cursor->next < cursor->n && cursor->keys[cursor->next] == key);
	return count;
}

static SampleTie
take_tie(SampleWalk *walk)
{
	uint64_t key = sample_cursor_key(walk->heap[0]);
	SampleTie tie = {sample_value(key), {0, 0}};

	do
	{
		SampleCursor *cursor = walk->heap[0];

		tie.counts[cursor->side] += take_equal(cursor, key);
		if (!sample_cursor_ready(cursor))
			walk->heap[0] = walk->heap[--walk->n];
		if (walk->n > 1)
			sift_down(walk, 0);
	} while (walk->n > 0 && sample_cursor_key(walk->heap[0]) == key);
	return tie;
}

size_t
sample_walk_next(SampleWalk *walk, SampleTie *ties, size_t capacity)
{
	size_t n = 0;

	while (n < capacity)
	{
		n += take_staged(walk, ties + n, capacity - n);
		if (n == capacity || fill_stages(walk))
			continue;
		if (walk->n == 0)
			break;
		ties[n++] = take_tie(walk);
	}
	return n;
}

/* Rows, in whole blocks, that have all rows below a key among them. */
static uint64_t
most_rows_below(const SampleWalk *walk, const uint64_t *before, uint64_t key)
{
	uint64_t rows = 0;

	for (size_t i = 0; i < walk->n; i++)
	{
		const SampleCursor *cursor = walk->heap[i];

		if (sample_cursor_key(cursor) < key)
			rows +=
			    sample_cursor_rows_before_block(
			        cursor, sample_cursor_block_from(cursor, sample_cursor_block(cursor), key)) -
			    before[i];
	}
	return rows;
}

/* The greatest key that begins a block and has no more rows below it; 0 where there is none. */
static uint64_t
key_after_rows(const SampleWalk *walk, const uint64_t *before, uint64_t most)
{
	uint64_t greatest = 0;

	for (size_t i = 0; i < walk->n; i++)
	{
		const SampleCursor *cursor = walk->heap[i];
		size_t low = sample_cursor_block(cursor), high = sample_cursor_blocks(cursor);

		/* The block low is known to do, or to be passed already; the block high not to. */
		while (high - low > 1)
		{
			size_t middle = low + (high - low) / 2;

			if (most_rows_below(walk, before, sample_cursor_first_of_block(cursor, middle)) <= most)
				low = middle;
			else
				high = middle;
		}
		if (low > sample_cursor_block(cursor) &&
		    sample_cursor_first_of_block(cursor, low) > greatest)
			greatest = sample_cursor_first_of_block(cursor, low);
	}
	return greatest;
}

static inline size_t
keys_left(const SampleStage *stage)
{
	return stage->n - stage->next;
}

/* The first rows that are staged: none of a tie of which not all are among them. */
static uint64_t
skip_in_stage(SampleStage *stage, uint64_t rows, uint64_t *last)
{
	const uint64_t *keys;

	if (rows == 0)
		return 0;
	keys = stage->keys + stage->next;
	if (rows < keys_left(stage))
		while (rows > 0 && keys[rows - 1] == keys[rows])
			rows--;
	if (rows > 0 && keys[rows - 1] > *last)
		*last = keys[rows - 1];
	stage->next += rows;
	return rows;
}

/* All that is staged, or where it is more than most rows, and of one side, some of it. */
static uint64_t
skip_stages(SampleWalk *walk, uint64_t most, uint64_t *last)
{
	size_t left[2] = {keys_left(&walk->stages[0]), keys_left(&walk->stages[1])};
	uint64_t rows = 0;

	if (left[0] + left[1] > most && left[0] > 0 && left[1] > 0)
		return 0;
	for (int side = 0; side < 2; side++)
		rows += skip_in_stage(&walk->stages[side], left[side] < most ? left[side] : most, last);
	return rows;
}

static bool
can_skip(const SampleWalk *walk)
{
	for (int side = 0; side < 2; side++)
		if (keys_left(&walk->stages[side]) > 0)
			return false;
	for (size_t i = 0; i < walk->n; i++)
		if (!sample_cursor_knows_blocks(walk->heap[i]))
			return false;
	return walk->n > 0 && walk->n <= SAMPLE_WALK_SKIPPED_CURSORS;
}

/* All rows up to the greatest beginning of a block that is not too far. */
static uint64_t
skip_blocks(SampleWalk *walk, uint64_t most, uint64_t *last)
{
	uint64_t before[SAMPLE_WALK_SKIPPED_CURSORS];
	uint64_t rows = 0;
	uint64_t key;

	for (size_t i = 0; i < walk->n; i++)
		before[i] = sample_cursor_rows_before(walk->heap[i]);
	key = key_after_rows(walk, before, most);
	for (size_t i = 0; i < walk->n; i++)
	{
		SampleCursor *cursor = walk->heap[i];
		uint64_t previous;

		if (sample_cursor_key(cursor) >= key)
			continue;
		previous = sample_cursor_seek(cursor, key);
		*last = previous > *last ? previous : *last;
		rows += sample_cursor_rows_before(cursor) - before[i];
	}
	restore_order(walk);
	return rows;
}

/* What is staged, then whole blocks, then what can be staged of those that are too large. */
uint64_t
sample_walk_skip(SampleWalk *walk, uint64_t most, double *last)
{
	uint64_t greatest = 0;
	uint64_t rows = skip_stages(walk, most, &greatest);

	if (rows < most && can_skip(walk))
		rows += skip_blocks(walk, most - rows, &greatest);
	while (rows < most && can_skip(walk) && fill_stages(walk))
		rows += skip_stages(walk, most - rows, &greatest);
	if (rows > 0)
		*last = sample_value(greatest);
	return rows;
}

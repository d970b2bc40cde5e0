/*
 * sample_walk.c
 *		Merging sorted arrays and runs.
 *
 * Where keys have no counts, which is where there are many, some of each cursor are
 * merged at a time: those below a bound that no cursor has keys below behind them. Which
 * key is next cannot be foreseen, so nothing branches on it. Else a heap finds the next key.
 */
#include "core/sample_walk.h"

void
sample_cursor_of_keys(SampleCursor *cursor, int side, const uint64_t *keys, size_t n)
{
	cursor->keys = keys;
	cursor->counts = NULL;
	cursor->next = 0;
	cursor->n = n;
	cursor->side = side;
	cursor->is_run = false;
	cursor->damaged = false;
}

static void
begin_run(SampleCursor *cursor, int side)
{
	cursor->keys = cursor->unpacked_keys;
	cursor->counts = NULL;
	cursor->next = 0;
	cursor->n = 0;
	cursor->side = side;
	cursor->is_run = true;
	cursor->source = NULL;
	cursor->at = NULL;
	cursor->n_bytes = 0;
	cursor->last = 0;
	cursor->started = false;
	cursor->damaged = false;
	cursor->places = NULL;
	cursor->block = 0;
}

void
sample_cursor_of_run(SampleCursor *cursor, int side, SampleRunSource source, void *source_state)
{
	begin_run(cursor, side);
	cursor->source = source;
	cursor->source_state = source_state;
}

void
sample_cursor_of_bytes(SampleCursor *cursor, int side, const uint8_t *bytes, size_t size)
{
	begin_run(cursor, side);
	cursor->at = cursor->bytes = bytes;
	cursor->n_bytes = cursor->size = size;
}

void
sample_cursor_know_blocks(SampleCursor *cursor, uint64_t rows, const SampleBlockPlace *places,
                          size_t n_places, SampleRunSeek seek)
{
	cursor->rows = rows;
	cursor->places = places;
	cursor->n_places = n_places;
	cursor->seek = seek;
}

static inline size_t
blocks_of(const SampleCursor *cursor)
{
	return cursor->is_run ? cursor->n_places
	                      : (cursor->n + SAMPLE_BLOCK_KEYS - 1) / SAMPLE_BLOCK_KEYS;
}

static inline uint64_t
rows_before_block(const SampleCursor *cursor, size_t block)
{
	if (block == blocks_of(cursor))
		return cursor->is_run ? cursor->rows : cursor->n;
	return cursor->is_run ? cursor->places[block].before : block * SAMPLE_BLOCK_KEYS;
}

/* Whether the block is what is known of it, where something is. */
static bool
is_in_place(const SampleCursor *cursor, const SampleBlock *block)
{
	size_t i = cursor->block;

	return cursor->places == NULL ||
	       (i < cursor->n_places && block->first == cursor->places[i].first &&
	        block->rows == rows_before_block(cursor, i + 1) - rows_before_block(cursor, i));
}

static bool
unpack_block(SampleCursor *cursor)
{
	SampleBlock block;

	cursor->next = cursor->n = 0;
	if (cursor->source != NULL && cursor->n_bytes < SAMPLE_BLOCK_MOST)
	{
		/* A source that has no more leaves what there is. */
		size_t given = cursor->source(cursor, &cursor->at);

		if (given > 0)
			cursor->n_bytes = given;
	}
	if (cursor->n_bytes == 0)
		return false;
	if (!sample_block_open(cursor->at, cursor->n_bytes, &block) ||
	    (cursor->started && block.first <= cursor->last) || !is_in_place(cursor, &block) ||
	    !sample_block_read(cursor->at, &block, cursor->unpacked_keys, cursor->unpacked_counts))
	{
		cursor->damaged = true;
		cursor->n_bytes = 0;
		return false;
	}
	cursor->counts = block.count_bits > 0 ? cursor->unpacked_counts : NULL;
	cursor->n = block.n;
	cursor->last = cursor->unpacked_keys[block.n - 1];
	cursor->started = true;
	cursor->at += block.size;
	cursor->n_bytes -= block.size;
	cursor->block++;
	return true;
}

bool
sample_cursor_ready(SampleCursor *cursor)
{
	if (cursor->next < cursor->n)
		return true;
	return cursor->is_run && unpack_block(cursor);
}

static inline uint64_t
cursor_key(const SampleCursor *cursor)
{
	return cursor->keys[cursor->next];
}

static void
sift_down(SampleWalk *walk, size_t at)
{
	SampleCursor *cursor = walk->heap[at];
	uint64_t key = cursor_key(cursor);

	for (;;)
	{
		size_t child = 2 * at + 1;

		if (child >= walk->n)
			break;
		if (child + 1 < walk->n &&
		    cursor_key(walk->heap[child + 1]) < cursor_key(walk->heap[child]))
			child++;
		if (cursor_key(walk->heap[child]) >= key)
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

/* The number of sorted keys that are below a key. */
static inline size_t
keys_below(const uint64_t *keys, size_t n, uint64_t key)
{
	const uint64_t *from = keys;

	while (n > 0)
	{
		size_t half = (n + 1) / 2;

		from += from[half - 1] < key ? half : 0;
		n -= half;
	}
	return (size_t) (from - keys);
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
		size_t n = keys_below(keys, keys_at_hand(cursor), bound);

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
	uint64_t key = cursor_key(walk->heap[0]);
	SampleTie tie = {sample_value(key), {0, 0}};

	do
	{
		SampleCursor *cursor = walk->heap[0];

		tie.counts[cursor->side] += take_equal(cursor, key);
		if (!sample_cursor_ready(cursor))
			walk->heap[0] = walk->heap[--walk->n];
		if (walk->n > 1)
			sift_down(walk, 0);
	} while (walk->n > 0 && cursor_key(walk->heap[0]) == key);
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

static inline bool
knows_blocks(const SampleCursor *cursor)
{
	return !cursor->is_run || cursor->places != NULL;
}

static inline uint64_t
first_of_block(const SampleCursor *cursor, size_t block)
{
	return cursor->is_run ? cursor->places[block].first : cursor->keys[block * SAMPLE_BLOCK_KEYS];
}

/* The block that the cursor is in. */
static inline size_t
block_at(const SampleCursor *cursor)
{
	return cursor->is_run ? cursor->block - 1 : cursor->next / SAMPLE_BLOCK_KEYS;
}

static uint64_t
rows_before_cursor(const SampleCursor *cursor)
{
	uint64_t rows;

	if (!cursor->is_run)
		return cursor->next;
	rows = cursor->places[cursor->block - 1].before;
	if (cursor->counts == NULL)
		return rows + cursor->next;
	for (size_t i = 0; i < cursor->next; i++)
		rows += cursor->counts[i];
	return rows;
}

/* The first block from this one on that begins with a key or one above it. */
static size_t
block_from(const SampleCursor *cursor, size_t block, uint64_t key)
{
	size_t end = blocks_of(cursor);

	while (block < end)
	{
		size_t middle = block + (end - block) / 2;

		if (first_of_block(cursor, middle) < key)
			block = middle + 1;
		else
			end = middle;
	}
	return block;
}

/* Rows, in whole blocks, that have all rows below a key among them. */
static uint64_t
most_rows_below(const SampleWalk *walk, const uint64_t *before, uint64_t key)
{
	uint64_t rows = 0;

	for (size_t i = 0; i < walk->n; i++)
	{
		const SampleCursor *cursor = walk->heap[i];

		if (cursor_key(cursor) < key)
			rows +=
			    rows_before_block(cursor, block_from(cursor, block_at(cursor), key)) - before[i];
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
		size_t low = block_at(cursor), high = blocks_of(cursor);

		/* The block low is known to do, or to be passed already; the block high not to. */
		while (high - low > 1)
		{
			size_t middle = low + (high - low) / 2;

			if (most_rows_below(walk, before, first_of_block(cursor, middle)) <= most)
				low = middle;
			else
				high = middle;
		}
		if (low > block_at(cursor) && first_of_block(cursor, low) > greatest)
			greatest = first_of_block(cursor, low);
	}
	return greatest;
}

static void
go_to_block(SampleCursor *cursor, size_t block)
{
	uint64_t offset = cursor->places[block].offset;

	cursor->block = block;
	if (cursor->source != NULL)
	{
		cursor->n_bytes = 0;
		cursor->seek(cursor, offset);
		return;
	}
	cursor->at = cursor->bytes + offset;
	cursor->n_bytes = cursor->size - offset;
}

/* Moves on to the first key that is not below this one, which is above the cursor's; returns the key before it. */
static uint64_t
seek(SampleCursor *cursor, uint64_t key)
{
	size_t block = block_from(cursor, block_at(cursor), key) - 1;

	if (!cursor->is_run)
	{
		size_t end = (block + 1) * SAMPLE_BLOCK_KEYS;

		end = end < cursor->n ? end : cursor->n;
		cursor->next += keys_below(cursor->keys + cursor->next, end - cursor->next, key);
		return cursor->keys[cursor->next - 1];
	}
	if (block > block_at(cursor))
	{
		go_to_block(cursor, block);
		if (!unpack_block(cursor))
			return 0;
	}
	cursor->next = keys_below(cursor->keys, cursor->n, key);
	return cursor->keys[cursor->next - 1];
}

/* All that is staged, where it is not more than most rows. */
static uint64_t
skip_stages(SampleWalk *walk, uint64_t most, uint64_t *last)
{
	size_t left = 0;

	for (int side = 0; side < 2; side++)
		left += walk->stages[side].n - walk->stages[side].next;
	if (left > most)
		return 0;
	for (int side = 0; side < 2; side++)
	{
		SampleStage *stage = &walk->stages[side];

		if (stage->next < stage->n && stage->keys[stage->n - 1] > *last)
			*last = stage->keys[stage->n - 1];
		stage->next = stage->n;
	}
	return left;
}

static bool
can_skip(const SampleWalk *walk)
{
	for (int side = 0; side < 2; side++)
		if (walk->stages[side].next < walk->stages[side].n)
			return false;
	for (size_t i = 0; i < walk->n; i++)
		if (!knows_blocks(walk->heap[i]))
			return false;
	return walk->n > 0 && walk->n <= SAMPLE_WALK_SKIPPED_CURSORS;
}

uint64_t
sample_walk_skip(SampleWalk *walk, uint64_t most, double *last)
{
	uint64_t before[SAMPLE_WALK_SKIPPED_CURSORS];
	uint64_t greatest = 0;
	uint64_t rows = skip_stages(walk, most, &greatest);

	if (can_skip(walk))
	{
		uint64_t key;

		for (size_t i = 0; i < walk->n; i++)
			before[i] = rows_before_cursor(walk->heap[i]);
		key = key_after_rows(walk, before, most - rows);
		for (size_t i = 0; i < walk->n; i++)
		{
			SampleCursor *cursor = walk->heap[i];
			uint64_t previous;

			if (cursor_key(cursor) >= key)
				continue;
			previous = seek(cursor, key);
			greatest = previous > greatest ? previous : greatest;
			rows += rows_before_cursor(cursor) - before[i];
		}
		restore_order(walk);
	}
	if (rows > 0)
		*last = sample_value(greatest);
	return rows;
}

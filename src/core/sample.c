/*
 * sample.c
 *		Runs of keys as bytes, and the walk over two samples.
 */
#include "core/sample.h"

static uint8_t *
put_number(uint64_t number, uint8_t *out, int *n_bytes)
{
	int n = 0;

	for (; number > 0; number >>= 8)
		out[n++] = (uint8_t) number;
	*n_bytes = n;
	return out + n;
}

static size_t
put_entry(SampleRunWriter *writer, uint8_t *out)
{
	int key_bytes, count_bytes;
	uint8_t *end = put_number(writer->key - writer->previous, out + 1, &key_bytes);

	end = put_number(writer->count - 1, end, &count_bytes);
	out[0] = (uint8_t) (key_bytes | count_bytes << 4);
	writer->previous = writer->key;
	return (size_t) (end - out);
}

size_t
sample_run_add(SampleRunWriter *writer, uint64_t key, uint64_t count, uint8_t *out)
{
	size_t written = 0;

	if (writer->count > 0 && writer->key == key)
	{
		writer->count += count;
		return 0;
	}
	if (writer->count > 0)
		written = put_entry(writer, out);
	writer->key = key;
	writer->count = count;
	return written;
}

size_t
sample_run_end(SampleRunWriter *writer, uint8_t *out)
{
	size_t written = writer->count > 0 ? put_entry(writer, out) : 0;

	writer->count = 0;
	return written;
}

void
sample_cursor_of_keys(SampleCursor *cursor, int side, const uint64_t *keys, size_t n)
{
	cursor->keys = keys;
	cursor->counts = NULL;
	cursor->next = 0;
	cursor->n = n;
	cursor->side = side;
	cursor->source = NULL;
	cursor->damaged = false;
}

void
sample_cursor_of_run(SampleCursor *cursor, int side, SampleRunSource source, void *source_state)
{
	cursor->keys = cursor->decoded_keys;
	cursor->counts = cursor->decoded_counts;
	cursor->next = 0;
	cursor->n = 0;
	cursor->side = side;
	cursor->source = source;
	cursor->source_state = source_state;
	cursor->at = NULL;
	cursor->n_bytes = 0;
	cursor->previous = 0;
	cursor->started = false;
	cursor->damaged = false;
}

static inline uint64_t
get_number(const uint8_t *bytes, size_t n)
{
	uint64_t number = 0;

	for (size_t i = 0; i < n; i++)
		number |= (uint64_t) bytes[i] << (8 * i);
	return number;
}

/* Takes the next entry off the bytes at hand; false where it is not all there or not a valid one. */
static bool
get_entry(SampleCursor *cursor, uint64_t *key, uint64_t *count)
{
	size_t key_bytes = cursor->at[0] & 15;
	size_t count_bytes = cursor->at[0] >> 4;
	size_t size = 1 + key_bytes + count_bytes;
	uint64_t step;

	if (key_bytes > 8 || count_bytes > 7 || size > cursor->n_bytes)
		return false;
	step = get_number(cursor->at + 1, key_bytes);
	*count = get_number(cursor->at + 1 + key_bytes, count_bytes) + 1;
	if ((step == 0 && cursor->started) || step > SAMPLE_GREATEST_KEY - cursor->previous)
		return false;
	*key = cursor->previous + step;
	cursor->previous = *key;
	cursor->started = true;
	cursor->at += size;
	cursor->n_bytes -= size;
	return true;
}

static bool
decode_some(SampleCursor *cursor)
{
	size_t n = 0;

	while (n < SAMPLE_CURSOR_KEYS)
	{
		if (cursor->n_bytes < SAMPLE_RUN_ENTRY)
		{
			/* A source that has no more leaves what there is. */
			size_t given = cursor->source(cursor, &cursor->at);

			if (given > 0)
				cursor->n_bytes = given;
		}
		if (cursor->n_bytes == 0)
			break;
		if (!get_entry(cursor, &cursor->decoded_keys[n], &cursor->decoded_counts[n]))
		{
			cursor->damaged = true;
			cursor->n_bytes = 0;
			break;
		}
		n++;
	}
	cursor->next = 0;
	cursor->n = n;
	return n > 0;
}

bool
sample_cursor_ready(SampleCursor *cursor)
{
	if (cursor->next < cursor->n)
		return true;
	return cursor->source != NULL && decode_some(cursor);
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

void
sample_walk_begin(SampleWalk *walk, SampleCursor **cursors, size_t n)
{
	walk->heap = cursors;
	walk->n = 0;
	for (size_t i = 0; i < n; i++)
		if (sample_cursor_ready(cursors[i]))
			cursors[walk->n++] = cursors[i];
	for (size_t i = walk->n / 2; i-- > 0;)
		sift_down(walk, i);
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

static void
replace_first(SampleWalk *walk)
{
	if (!sample_cursor_ready(walk->heap[0]))
		walk->heap[0] = walk->heap[--walk->n];
	if (walk->n > 1)
		sift_down(walk, 0);
}

/*
 * Two arrays: what most walks are over. Leaves when one of them is exhausted, or the ties are full.
 * Which array is next cannot be foreseen, so nothing branches on it.
 */
static size_t
merge_arrays(SampleWalk *walk, SampleTie *ties, size_t capacity)
{
	SampleCursor *a = walk->heap[0];
	SampleCursor *b = walk->heap[1];
	size_t i = a->next, j = b->next, n = 0;

	for (; n < capacity && i < a->n && j < b->n; n++)
	{
		uint64_t x = a->keys[i], y = b->keys[j];
		uint64_t key = x < y ? x : y;
		size_t from_a = x <= y, from_b = y <= x;

		i += from_a;
		j += from_b;
		while (i < a->n && a->keys[i] == key)
			i++, from_a++;
		while (j < b->n && b->keys[j] == key)
			j++, from_b++;
		ties[n].value = sample_value(key);
		ties[n].counts[0] = ties[n].counts[1] = 0;
		ties[n].counts[a->side] += from_a;
		ties[n].counts[b->side] += from_b;
	}
	a->next = i;
	b->next = j;
	return n;
}

/* What is left is in one array. */
static size_t
take_array(SampleWalk *walk, SampleTie *ties, size_t capacity)
{
	SampleCursor *cursor = walk->heap[0];
	const uint64_t *keys = cursor->keys;
	size_t i = cursor->next, n = 0;

	for (; n < capacity && i < cursor->n; n++)
	{
		uint64_t key = keys[i];
		size_t start = i;

		do
			i++;
		while (i < cursor->n && keys[i] == key);
		ties[n].value = sample_value(key);
		ties[n].counts[cursor->side] = i - start;
		ties[n].counts[1 - cursor->side] = 0;
	}
	cursor->next = i;
	return n;
}

static bool
is_over_two_arrays(const SampleWalk *walk)
{
	return walk->n == 2 && walk->heap[0]->source == NULL && walk->heap[1]->source == NULL;
}

/* Drops what is exhausted, and puts what is left in order again. */
static void
restore_order(SampleWalk *walk)
{
	for (size_t i = walk->n; i-- > 0;)
		if (!sample_cursor_ready(walk->heap[i]))
			walk->heap[i] = walk->heap[--walk->n];
	for (size_t i = walk->n / 2; i-- > 0;)
		sift_down(walk, i);
}

size_t
sample_walk_next(SampleWalk *walk, SampleTie *ties, size_t capacity)
{
	size_t n = 0;

	if (is_over_two_arrays(walk))
	{
		n = merge_arrays(walk, ties, capacity);
		restore_order(walk);
	}
	if (walk->n == 1 && walk->heap[0]->source == NULL)
	{
		n += take_array(walk, ties + n, capacity - n);
		restore_order(walk);
	}
	for (; n < capacity && walk->n > 0; n++)
	{
		uint64_t key = cursor_key(walk->heap[0]);
		uint64_t counts[2] = {0, 0};

		do
		{
			SampleCursor *cursor = walk->heap[0];

			counts[cursor->side] += take_equal(cursor, key);
			replace_first(walk);
		} while (walk->n > 0 && cursor_key(walk->heap[0]) == key);
		ties[n] = (SampleTie){sample_value(key), {counts[0], counts[1]}};
	}
	return n;
}

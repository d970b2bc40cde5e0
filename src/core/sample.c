/*
 * sample.c
 *		Sorting keys, runs of them as bytes, and the walk over two samples.
 */
#include "core/sample.h"

#define DIGIT_BITS 11
#define N_DIGITS 6
#define DIGIT_VALUES (1 << DIGIT_BITS)
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

/* Counts of a digit to places; false where all keys have the same digit. */
static bool
places_of_digit(size_t *counts, size_t n)
{
	size_t place = 0;

	for (uint32_t value = 0; value < DIGIT_VALUES; value++)
	{
		size_t count = counts[value];

		if (count == n)
			return false;
		counts[value] = place;
		place += count;
	}
	return true;
}

/* Least significant digit first: as many passes as there are digits that differ. */
void
sample_sort(uint64_t *keys, uint64_t *scratch, size_t n)
{
	size_t counts[N_DIGITS][DIGIT_VALUES];
	uint64_t *from = keys;
	uint64_t *to = scratch;

	if (n <= FEW)
	{
		sort_few(keys, n);
		return;
	}
	memset(counts, 0, sizeof(counts));
	for (size_t i = 0; i < n; i++)
		for (int digit = 0; digit < N_DIGITS; digit++)
			counts[digit][digit_of(keys[i], digit)]++;
	for (int digit = 0; digit < N_DIGITS; digit++)
	{
		uint64_t *swap = from;

		if (!places_of_digit(counts[digit], n))
			continue;
		for (size_t i = 0; i < n; i++)
			to[counts[digit][digit_of(from[i], digit)]++] = from[i];
		from = to;
		to = swap;
	}
	if (from != keys)
		memcpy(keys, from, n * sizeof(uint64_t));
}

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

/* Keys of an array from place i on that equal the one there. */
static inline size_t
equal_from(const uint64_t *keys, size_t i, size_t n)
{
	uint64_t key = keys[i];
	size_t start = i;

	do
		i++;
	while (i < n && keys[i] == key);
	return i - start;
}

/* Two arrays: what most walks are over. Leaves when one of them is exhausted, or the ties are full. */
static size_t
merge_arrays(SampleWalk *walk, SampleTie *ties, size_t capacity)
{
	SampleCursor *a = walk->heap[0];
	SampleCursor *b = walk->heap[1];
	size_t i = a->next, j = b->next, n = 0;

	for (; n < capacity && i < a->n && j < b->n; n++)
	{
		uint64_t x = a->keys[i], y = b->keys[j];
		SampleTie *tie = &ties[n];

		tie->value = sample_value(x < y ? x : y);
		tie->counts[0] = tie->counts[1] = 0;
		if (x <= y)
		{
			size_t equal = equal_from(a->keys, i, a->n);

			tie->counts[a->side] += equal;
			i += equal;
		}
		if (y <= x)
		{
			size_t equal = equal_from(b->keys, j, b->n);

			tie->counts[b->side] += equal;
			j += equal;
		}
	}
	a->next = i;
	b->next = j;
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

/*
 * sample_cursor.c
 *		Sorted keys of one side: of an array, or of a run as it is unpacked.
 */
#include "core/sample_cursor.h"

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

/* Whether the block is what is known of it, where something is. */
static bool
is_in_place(const SampleCursor *cursor, const SampleBlock *block)
{
	size_t i = cursor->block;

	return cursor->places == NULL ||
	       (i < cursor->n_places && block->first == cursor->places[i].first &&
	        block->rows == sample_cursor_rows_before_block(cursor, i + 1) -
	                           sample_cursor_rows_before_block(cursor, i));
}

/* Of the next block, as far as that is known. */
static size_t
bytes_to_unpack(const SampleCursor *cursor)
{
	uint64_t bytes = SAMPLE_BLOCK_MOST;

	if (cursor->places != NULL && cursor->block + 1 < cursor->n_places)
		bytes = cursor->places[cursor->block + 1].offset - cursor->places[cursor->block].offset;
	return bytes < SAMPLE_BLOCK_MOST ? bytes : SAMPLE_BLOCK_MOST;
}

static bool
unpack_block(SampleCursor *cursor)
{
	size_t least = cursor->source != NULL ? bytes_to_unpack(cursor) : 0;
	SampleBlock block;

	cursor->next = cursor->n = 0;
	if (cursor->n_bytes < least)
	{
		/* A source that has no more leaves what there is. */
		size_t given = cursor->source(cursor, least, &cursor->at);

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

uint64_t
sample_cursor_rows_before(const SampleCursor *cursor)
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

size_t
sample_cursor_block_from(const SampleCursor *cursor, size_t block, uint64_t key)
{
	size_t end = sample_cursor_blocks(cursor);

	while (block < end)
	{
		size_t middle = block + (end - block) / 2;

		if (sample_cursor_first_of_block(cursor, middle) < key)
			block = middle + 1;
		else
			end = middle;
	}
	return block;
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

uint64_t
sample_cursor_seek(SampleCursor *cursor, uint64_t key)
{
	size_t block = sample_cursor_block_from(cursor, sample_cursor_block(cursor), key) - 1;

	if (!cursor->is_run)
	{
		size_t end = (block + 1) * SAMPLE_BLOCK_KEYS;

		end = end < cursor->n ? end : cursor->n;
		cursor->next += sample_keys_below(cursor->keys + cursor->next, end - cursor->next, key);
		return cursor->keys[cursor->next - 1];
	}
	if (block > sample_cursor_block(cursor))
	{
		go_to_block(cursor, block);
		if (!unpack_block(cursor))
			return 0;
	}
	cursor->next = sample_keys_below(cursor->keys, cursor->n, key);
	return cursor->keys[cursor->next - 1];
}

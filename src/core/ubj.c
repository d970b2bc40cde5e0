/*
 * ubj.c
 *		The UBJSON reader: a state machine over a stack of open containers.
 *
 * Invariant: start <= at <= end; bytes are taken only by take(), which checks.
 */
#include "core/ubj.h"

#include <string.h>

void
ubj_open(UbjReader *reader, const void *document, size_t size)
{
	memset(reader, 0, sizeof(*reader));
	reader->start = document;
	reader->at = reader->start;
	reader->end = reader->start + size;
}

static UbjToken
fail(UbjReader *reader, const char *reason)
{
	core_fail(&reader->error, "not a valid UBJSON document: %s at byte %zu", reason,
	          (size_t) (reader->at - reader->start));
	reader->failed = true;
	reader->token = UBJ_ERROR;
	return UBJ_ERROR;
}

static size_t
bytes_left(const UbjReader *reader)
{
	return (size_t) (reader->end - reader->at);
}

/* Takes a big-endian integer of 1, 2, 4 or 8 bytes. */
static bool
take(UbjReader *reader, size_t size, uint64_t *value)
{
	if (bytes_left(reader) < size)
		return fail(reader, "unexpected end"), false;
	*value = 0;
	for (size_t i = 0; i < size; i++)
		*value = *value << 8 | *reader->at++;
	return true;
}

static bool
take_marker(UbjReader *reader, uint8_t *marker)
{
	uint64_t value;

	if (!take(reader, 1, &value))
		return false;
	*marker = (uint8_t) value;
	return true;
}

/* Bytes of a number with this marker, 0 when it is none. */
static size_t
number_size(uint8_t marker)
{
	switch (marker)
	{
		case 'i':
		case 'U':
			return 1;
		case 'I':
			return 2;
		case 'l':
		case 'd':
			return 4;
		case 'L':
		case 'D':
			return 8;
		default:
			return 0;
	}
}

static int64_t
integer_from_bits(uint8_t marker, uint64_t bits)
{
	switch (marker)
	{
		case 'i':
			return (int8_t) bits;
		case 'I':
			return (int16_t) bits;
		case 'l':
			return (int32_t) bits;
		default: /* U and L */
			return (int64_t) bits;
	}
}

static double
real_from_bits(uint8_t marker, uint64_t bits)
{
	double real;

	if (marker == 'd')
	{
		uint32_t bits32 = (uint32_t) bits;
		float real32;

		memcpy(&real32, &bits32, sizeof(real32));
		return real32;
	}
	memcpy(&real, &bits, sizeof(real));
	return real;
}

static UbjToken
read_number(UbjReader *reader, uint8_t marker)
{
	uint64_t bits;

	if (!take(reader, number_size(marker), &bits))
		return UBJ_ERROR;
	if (marker == 'd' || marker == 'D')
	{
		reader->real = real_from_bits(marker, bits);
		return UBJ_REAL;
	}
	reader->integer = integer_from_bits(marker, bits);
	return UBJ_INTEGER;
}

/* A length: an integer with its marker, not negative and at most `limit`. */
static bool
read_length(UbjReader *reader, uint64_t limit, uint64_t *length)
{
	uint8_t marker;

	if (!take_marker(reader, &marker))
		return false;
	if (number_size(marker) == 0 || marker == 'd' || marker == 'D')
		return fail(reader, "length is not an integer"), false;
	if (read_number(reader, marker) == UBJ_ERROR)
		return false;
	if (reader->integer < 0 || (uint64_t) reader->integer > limit)
		return fail(reader, "length exceeds the document"), false;
	*length = (uint64_t) reader->integer;
	return true;
}

static bool
read_text(UbjReader *reader, UbjText *text)
{
	uint64_t length;

	if (!read_length(reader, bytes_left(reader), &length))
		return false;
	if (length > bytes_left(reader))
		return fail(reader, "length exceeds the document"), false;
	text->bytes = (const char *) reader->at;
	text->length = (size_t) length;
	reader->at += length;
	return true;
}

static UbjContainer *
open_container(UbjReader *reader, bool is_object)
{
	UbjContainer *container;

	if (reader->depth == UBJ_MAX_DEPTH)
		return fail(reader, "containers are nested too deeply"), NULL;
	container = &reader->containers[reader->depth++];
	*container = (UbjContainer){.is_object = is_object};
	return container;
}

static UbjToken
begin_object(UbjReader *reader)
{
	if (open_container(reader, true) == NULL)
		return UBJ_ERROR;
	return UBJ_OBJECT_BEGIN;
}

/* [ , [#count , [$type#count */
static UbjToken
begin_array(UbjReader *reader)
{
	UbjContainer *array = open_container(reader, false);
	uint8_t marker;

	if (array == NULL)
		return UBJ_ERROR;
	reader->has_count = false;
	reader->count = 0;
	if (bytes_left(reader) == 0 || (*reader->at != '$' && *reader->at != '#'))
		return UBJ_ARRAY_BEGIN;
	if (!take_marker(reader, &marker))
		return UBJ_ERROR;
	if (marker == '$')
	{
		/* Elements without bytes of their own would make a short document endless. */
		if (!take_marker(reader, &array->type))
			return UBJ_ERROR;
		if (number_size(array->type) == 0)
			return fail(reader, "typed array of something that is not a number");
		if (!take_marker(reader, &marker))
			return UBJ_ERROR;
		if (marker != '#')
			return fail(reader, "typed array without a count");
	}
	if (!read_length(reader, bytes_left(reader), &array->remaining))
		return UBJ_ERROR;
	/* Each element takes at least one byte, a typed one its size. */
	if (array->remaining > bytes_left(reader) / (array->type ? number_size(array->type) : 1))
		return fail(reader, "array is longer than the document");
	array->counted = true;
	reader->has_count = true;
	reader->count = array->remaining;
	return UBJ_ARRAY_BEGIN;
}

static UbjToken
read_value(UbjReader *reader, uint8_t marker)
{
	if (number_size(marker) > 0)
		return read_number(reader, marker);
	switch (marker)
	{
		case 'Z':
			return UBJ_NULL;
		case 'T':
		case 'F':
			reader->boolean = marker == 'T';
			return UBJ_BOOLEAN;
		case 'C':
			if (bytes_left(reader) < 1)
				return fail(reader, "unexpected end");
			reader->string = (UbjText){(const char *) reader->at++, 1};
			return UBJ_STRING;
		case 'S':
			return read_text(reader, &reader->string) ? UBJ_STRING : UBJ_ERROR;
		case '[':
			return begin_array(reader);
		case '{':
			return begin_object(reader);
		default:
			reader->at--;
			return fail(reader, "unknown type marker");
	}
}

static UbjToken
end_container(UbjReader *reader, UbjToken token)
{
	reader->depth--;
	return token;
}

static UbjToken
next_in_array(UbjReader *reader, UbjContainer *array)
{
	uint8_t marker;

	if (array->counted)
	{
		if (array->remaining == 0)
			return end_container(reader, UBJ_ARRAY_END);
		array->remaining--;
		if (array->type != 0)
			return read_number(reader, array->type);
	}
	if (!take_marker(reader, &marker))
		return UBJ_ERROR;
	if (marker == ']' && !array->counted)
		return end_container(reader, UBJ_ARRAY_END);
	return read_value(reader, marker);
}

static UbjToken
next_in_object(UbjReader *reader)
{
	uint8_t marker;
	UbjText key;
	UbjToken token;

	if (bytes_left(reader) > 0 && *reader->at == '}')
	{
		reader->at++;
		return end_container(reader, UBJ_OBJECT_END);
	}
	if (!read_text(reader, &key) || !take_marker(reader, &marker))
		return UBJ_ERROR;
	token = read_value(reader, marker);
	if (token != UBJ_ERROR)
		reader->key = key;
	return token;
}

static UbjToken
next_at_top(UbjReader *reader)
{
	uint8_t marker;

	if (!reader->done)
	{
		reader->done = true;
		return take_marker(reader, &marker) ? read_value(reader, marker) : UBJ_ERROR;
	}
	if (bytes_left(reader) > 0)
		return fail(reader, "bytes after the document");
	return UBJ_END;
}

UbjToken
ubj_next(UbjReader *reader)
{
	UbjContainer *container;

	if (reader->failed)
		return UBJ_ERROR;
	reader->key = (UbjText){"", 0};
	if (reader->depth == 0)
		reader->token = next_at_top(reader);
	else
	{
		container = &reader->containers[reader->depth - 1];
		reader->token =
		    container->is_object ? next_in_object(reader) : next_in_array(reader, container);
	}
	return reader->token;
}

bool
ubj_skip(UbjReader *reader)
{
	int outside = reader->depth - 1;

	if (reader->failed)
		return false;
	if (reader->token != UBJ_ARRAY_BEGIN && reader->token != UBJ_OBJECT_BEGIN)
		return true;
	while (reader->depth > outside)
	{
		UbjContainer *container = &reader->containers[reader->depth - 1];

		if (container->type != 0)
		{
			/* begin_array has checked that the elements lie inside the document. */
			reader->at += container->remaining * number_size(container->type);
			container->remaining = 0;
		}
		if (ubj_next(reader) == UBJ_ERROR)
			return false;
	}
	return true;
}

bool
ubj_text_is(UbjText text, const char *expected)
{
	return text.length == strlen(expected) && memcmp(text.bytes, expected, text.length) == 0;
}

/*
 * ubj.h
 *		A pull reader for UBJSON (ubjson.org, draft 12), the subset that XGBoost
 *		writes and reads.
 *
 * Total: any bytes give tokens or an error, never a read outside of them, and
 * every token but the end of a counted array consumes at least one byte. No
 * allocation, no recursion; containers nest at most UBJ_MAX_DEPTH deep.
 * Not understood, hence errors: no-op markers, high-precision numbers, objects
 * with a count, typed arrays of anything but numbers.
 */
#ifndef FRAUD_DETECT_UBJ_H
#define FRAUD_DETECT_UBJ_H

#include "core/core.h"

#define UBJ_MAX_DEPTH 32

typedef enum UbjToken
{
	UBJ_ERROR, /* reader->error says why and where; every further call repeats it */
	UBJ_END,   /* the document's value is complete and nothing follows it */
	UBJ_NULL,
	UBJ_BOOLEAN,
	UBJ_INTEGER,
	UBJ_REAL,
	UBJ_STRING,
	UBJ_ARRAY_BEGIN,
	UBJ_ARRAY_END,
	UBJ_OBJECT_BEGIN,
	UBJ_OBJECT_END
} UbjToken;

/* Bytes inside the document; not terminated by a zero. */
typedef struct UbjText
{
	const char *bytes;
	size_t length;
} UbjText;

typedef struct UbjContainer
{
	bool is_object;
	bool counted;       /* ends after `remaining` elements, without an end marker */
	uint8_t type;       /* marker of all elements of a typed array, else 0 */
	uint64_t remaining; /* counted arrays only */
} UbjContainer;

typedef struct UbjReader
{
	const uint8_t *start;
	const uint8_t *at;
	const uint8_t *end;
	int depth;
	bool done; /* the document's value is complete */
	bool failed;
	UbjContainer containers[UBJ_MAX_DEPTH];

	/* Of the token just read. */
	UbjToken token;
	UbjText key;     /* of a value inside an object */
	bool boolean;    /* UBJ_BOOLEAN */
	int64_t integer; /* UBJ_INTEGER */
	double real;     /* UBJ_REAL: float32 and float64 values, both exact */
	UbjText string;  /* UBJ_STRING */
	uint64_t count;  /* UBJ_ARRAY_BEGIN of a counted array; at most the bytes that are left */
	bool has_count;

	CoreError error;
} UbjReader;

extern void ubj_open(UbjReader *reader, const void *document, size_t size);

/* The next token. */
extern UbjToken ubj_next(UbjReader *reader);

/* After the begin of a container: reads on to behind its end. After anything else: nothing to do. */
extern bool ubj_skip(UbjReader *reader);

extern bool ubj_text_is(UbjText text, const char *expected);

#endif

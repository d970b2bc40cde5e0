/*
 * core.h
 *		What every file of the core shares: how it reports failure and how it
 *		gets memory.
 *
 * The core is pure C: no PostgreSQL header, no XGBoost header, no global
 * state, no allocation hidden from the caller. A function that can fail
 * returns false and fills a CoreError; a function that needs memory takes a
 * CoreAllocator. The allocator of a server leaves by longjmp when memory is
 * short, so core code never holds anything that only it could release.
 */
#ifndef FRAUD_DETECT_CORE_H
#define FRAUD_DETECT_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct CoreError
{
	char message[256]; /* in the style of a PostgreSQL primary message */
} CoreError;

typedef struct CoreAllocator
{
	/* Returns memory aligned for any type, or NULL, or does not return. */
	void *(*allocate)(void *context, size_t size);
	/* Accepts NULL. May do nothing when the context is freed as a whole. */
	void (*release)(void *context, void *pointer);
	void *context;
} CoreAllocator;

/* Sorts items in place: qsort_r of glibc, or a server's own, which may leave by longjmp (interrupts). */
typedef int (*CoreCompare)(const void *a, const void *b, void *context);
typedef void (*CoreSort)(void *items, size_t n, size_t size, CoreCompare compare, void *context);

/* Formats the message and returns false, so that a caller can write `return core_fail(...)`. */
extern bool core_fail(CoreError *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The allocator of programs without a server: malloc and free. */
extern const CoreAllocator core_malloc_allocator;

#endif

/*
 * core.c
 *		Error reporting and the malloc allocator of the core.
 */
#include "core/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool
core_fail(CoreError *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	return false;
}

static void *
allocate_with_malloc(void *context, size_t size)
{
	(void) context;
	return malloc(size > 0 ? size : 1);
}

static void
release_with_free(void *context, void *pointer)
{
	(void) context;
	free(pointer);
}

const CoreAllocator core_malloc_allocator = {allocate_with_malloc, release_with_free, NULL};

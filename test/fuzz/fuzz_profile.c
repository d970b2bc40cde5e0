/*
 * fuzz_profile.c
 *		Any bytes are refused by profile_read, or give a profile that can be written,
 *		read again to the same text, and merged with itself.
 */
#include <stdlib.h>
#include <string.h>

#include "core/profile.h"

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Memory of a run, freed as a whole. */
typedef struct Arena
{
	void *blocks[200000];
	size_t n;
} Arena;

static void *
arena_allocate(void *context, size_t size)
{
	Arena *arena = context;

	if (arena->n == sizeof(arena->blocks) / sizeof(arena->blocks[0]))
		return NULL;
	return arena->blocks[arena->n++] = malloc(size > 0 ? size : 1);
}

static void
arena_release(void *context, void *pointer)
{
}

static void
use(const Profile *profile, const CoreAllocator *allocator)
{
	size_t size = profile_write(profile, NULL, 0);
	char *text = arena_allocate(allocator->context, size);
	char *again = arena_allocate(allocator->context, size);
	Profile copy;
	CoreError error;

	if (text == NULL || again == NULL)
		return;
	profile_write(profile, text, size);
	if (!profile_read(text, size, &copy, allocator, &error) ||
	    profile_write(&copy, again, size) != size || memcmp(text, again, size) != 0)
		abort();
	for (uint32_t i = 0; i < profile->n; i++)
	{
		const ProfileFeature *parts[2] = {&profile->features[i], &copy.features[i]};
		ProfileFeature merged;

		if (profile->features[i].is_text)
			continue;
		if (profile_merge_number(parts, 2, &merged, allocator) &&
		    merged.present != 2 * profile->features[i].present)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static Arena arena;
	CoreAllocator allocator = {arena_allocate, arena_release, &arena};
	Profile profile;
	CoreError error;

	arena.n = 0;
	if (profile_read((const char *) data, size, &profile, &allocator, &error))
		use(&profile, &allocator);
	for (size_t i = 0; i < arena.n; i++)
		free(arena.blocks[i]);
	return 0;
}

/*
 * profile.c
 *		Profiles as texts, and of the features of a model.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "mb/pg_wchar.h"
#include "pg/memory.h"
#include "pg/profile.h"

Profile
profile_of_bytes(const char *bytes, Size size)
{
	CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);
	Profile profile;
	CoreError error;

	if (!profile_read(bytes, size, &profile, &allocator, &error))
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
		                errmsg("invalid input for type fraud.profile"),
		                errdetail("In the profile: %s.", error.message)));
	return profile;
}

Profile
profile_of_text(const text *profile)
{
	return profile_of_bytes(VARDATA_ANY(profile), VARSIZE_ANY_EXHDR(profile));
}

text *
text_of_profile(const Profile *profile)
{
	Size size = profile_write(profile, NULL, 0);
	text *result = palloc(VARHDRSZ + size);

	profile_write(profile, VARDATA(result), size);
	SET_VARSIZE(result, VARHDRSZ + size);
	return result;
}

bool
feature_profiled_as_text(const Feature *feature)
{
	return feature->kind == FEATURE_CATEGORY;
}

ProfileCategory
feature_profile_category(const Feature *feature, uint32 code)
{
	size_t length;
	const char *bytes = dictionary_key(feature->dictionary, code, &length);

	if (length > PROFILE_MOST_VALUE_BYTES)
		length = pg_mbcliplen(bytes, (int) length, PROFILE_MOST_VALUE_BYTES);
	return (ProfileCategory){.value = bytes, .length = (uint32) length};
}

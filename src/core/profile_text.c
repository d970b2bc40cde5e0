/*
 * profile_text.c
 *		The text form of a profile, read with distrust.
 */
#include "core/profile.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Reader
{
	const char *at;
	const char *end;
	const CoreAllocator *allocator;
	CoreError *error;
} Reader;

static bool
fail(Reader *reader, const char *what)
{
	return core_fail(reader->error, "%s", what);
}

static void
skip_blanks(Reader *reader)
{
	while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n'))
		reader->at++;
}

/* A word up to the next blank, terminated, in a buffer. */
static bool
read_word(Reader *reader, char *word, size_t capacity)
{
	size_t length = 0;

	skip_blanks(reader);
	while (reader->at < reader->end && *reader->at != ' ' && *reader->at != '\n')
	{
		if (length + 1 == capacity)
			return fail(reader, "a word of the profile is too long");
		word[length++] = *reader->at++;
	}
	word[length] = '\0';
	return length > 0 || fail(reader, "the profile ends too early");
}

static bool
read_count(Reader *reader, uint64_t most, uint64_t *count)
{
	char word[32];
	uint64_t value = 0;

	if (!read_word(reader, word, sizeof(word)))
		return false;
	for (const char *c = word; *c != '\0'; c++)
	{
		if (*c < '0' || *c > '9')
			return fail(reader, "a count of the profile is not a number");
		if (value > (most - (uint64_t) (*c - '0')) / 10)
			return fail(reader, "a count of the profile is too large");
		value = value * 10 + (uint64_t) (*c - '0');
	}
	*count = value;
	return true;
}

static bool
read_double(Reader *reader, double *value)
{
	char word[64];
	char *end;

	if (!read_word(reader, word, sizeof(word)))
		return false;
	*value = strtod(word, &end);
	if (*end != '\0' || isnan(*value))
		return fail(reader, "a value of the profile is not a number");
	*value += 0.0;
	return true;
}

static bool
read_quoted(Reader *reader, size_t most, const char **value, uint32_t *length)
{
	char *copy;
	uint32_t n = 0;

	skip_blanks(reader);
	if (reader->at == reader->end || *reader->at != '"')
		return fail(reader, "the profile lacks a quoted text");
	copy = reader->allocator->allocate(reader->allocator->context, most + 1);
	if (copy == NULL)
		return fail(reader, "out of memory");
	*value = copy;
	for (reader->at++; reader->at < reader->end && *reader->at != '"'; reader->at++)
	{
		if (*reader->at == '\\' && ++reader->at == reader->end)
			break;
		if (n == most || *reader->at == '\0')
			return fail(reader, "a text of the profile is too long");
		copy[n++] = *reader->at;
	}
	if (reader->at == reader->end)
		return fail(reader, "the profile ends within a text");
	reader->at++;
	*length = n;
	return true;
}

/* Rows are far from where sums of a few of them could overflow. */
#define MOST_ROWS (UINT64_C(1) << 60)

static bool
read_bins(Reader *reader, ProfileFeature *feature)
{
	uint64_t total = 0;

	feature->bins =
	    reader->allocator->allocate(reader->allocator->context, feature->n * sizeof(ProfileBin));
	if (feature->bins == NULL)
		return fail(reader, "out of memory");
	for (uint32_t i = 0; i < feature->n; i++)
	{
		ProfileBin *bin = &feature->bins[i];

		if (!read_double(reader, &bin->edge) || !read_count(reader, MOST_ROWS, &bin->count))
			return false;
		if (i > 0 ? bin->edge <= feature->bins[i - 1].edge : bin->edge < feature->low)
			return fail(reader, "the edges of the profile do not ascend");
		total += bin->count;
	}
	return total == feature->present || fail(reader, "the bins of the profile do not add up");
}

int
profile_compare_values(const ProfileCategory *a, const ProfileCategory *b)
{
	size_t shorter = a->length < b->length ? a->length : b->length;
	int order = shorter > 0 ? memcmp(a->value, b->value, shorter) : 0;

	return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

int
profile_by_value(const void *a, const void *b)
{
	return profile_compare_values(a, b);
}

int
profile_by_count(const void *a, const void *b)
{
	const ProfileCategory *x = a;
	const ProfileCategory *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return profile_compare_values(x, y);
}

static bool
read_categories(Reader *reader, ProfileFeature *feature)
{
	uint64_t total = feature->others;

	feature->categories = reader->allocator->allocate(reader->allocator->context,
	                                                  feature->n * sizeof(ProfileCategory));
	if (feature->categories == NULL)
		return fail(reader, "out of memory");
	for (uint32_t i = 0; i < feature->n; i++)
	{
		ProfileCategory *category = &feature->categories[i];

		if (!read_quoted(reader, PROFILE_MOST_VALUE_BYTES, &category->value, &category->length) ||
		    !read_count(reader, MOST_ROWS, &category->count))
			return false;
		if (i > 0 && profile_compare_values(category - 1, category) >= 0)
			return fail(reader, "the values of the profile are not in order");
		total += category->count;
	}
	return total == feature->present || fail(reader, "the values of the profile do not add up");
}

static bool
read_feature(Reader *reader, ProfileFeature *feature)
{
	char kind[16];
	uint64_t n;

	memset(feature, 0, sizeof(*feature));
	if (!read_word(reader, kind, sizeof(kind)))
		return false;
	feature->is_text = strcmp(kind, "text") == 0;
	if (!feature->is_text && strcmp(kind, "number") != 0)
		return fail(reader, "the profile has a feature of an unknown kind");
	if (!read_quoted(reader, PROFILE_MOST_NAME_BYTES, &feature->name, &feature->name_length) ||
	    !read_count(reader, MOST_ROWS, &feature->present) ||
	    !read_count(reader, MOST_ROWS, &feature->missing))
		return false;
	if (feature->is_text)
	{
		if (!read_count(reader, PROFILE_MOST_CATEGORIES, &n) ||
		    !read_count(reader, MOST_ROWS, &feature->others))
			return false;
		feature->n = (uint32_t) n;
		return read_categories(reader, feature);
	}
	if (!read_double(reader, &feature->mean) || !read_double(reader, &feature->deviation) ||
	    !read_double(reader, &feature->low) || !read_count(reader, PROFILE_MOST_BINS, &n))
		return false;
	if (!isfinite(feature->mean) || !isfinite(feature->deviation) || feature->deviation < 0.0)
		return fail(reader, "the moments of the profile are not finite");
	feature->n = (uint32_t) n;
	return read_bins(reader, feature);
}

bool
profile_read(const char *bytes, size_t size, Profile *profile, const CoreAllocator *allocator,
             CoreError *error)
{
	Reader reader = {bytes, bytes + size, allocator, error};
	char word[32];
	uint64_t version, n;

	if (!read_word(&reader, word, sizeof(word)))
		return false;
	if (strcmp(word, "fraud_profile") != 0)
		return fail(&reader, "it does not begin with fraud_profile");
	if (!read_count(&reader, UINT32_MAX, &version))
		return false;
	if (version != PROFILE_VERSION)
		return core_fail(error, "version %u of a profile is unknown", (unsigned) version);
	/* The least feature takes 14 bytes: what is claimed is not more than what is there. */
	if (!read_count(&reader, PROFILE_MOST_FEATURES, &n))
		return false;
	if (n > size / 14)
		return fail(&reader, "the profile ends too early");
	profile->n = (uint32_t) n;
	profile->features = allocator->allocate(allocator->context, n * sizeof(ProfileFeature));
	if (profile->features == NULL)
		return fail(&reader, "out of memory");
	for (uint32_t i = 0; i < profile->n; i++)
	{
		const ProfileFeature *feature = &profile->features[i];

		if (!read_feature(&reader, &profile->features[i]))
			return false;
		if (profile_find(&(Profile){i, profile->features}, feature->name, feature->name_length) !=
		    NULL)
			return fail(&reader, "the profile has two features of one name");
	}
	skip_blanks(&reader);
	return reader.at == reader.end || fail(&reader, "something follows the profile");
}

typedef struct Writer
{
	char *bytes;
	size_t size;
	size_t capacity;
} Writer;

static void
put(Writer *writer, const char *bytes, size_t size)
{
	if (writer->size + size <= writer->capacity)
		memcpy(writer->bytes + writer->size, bytes, size);
	writer->size += size;
}

static void
put_quoted(Writer *writer, const char *value, uint32_t length)
{
	put(writer, "\"", 1);
	for (uint32_t i = 0; i < length; i++)
	{
		if (value[i] == '"' || value[i] == '\\')
			put(writer, "\\", 1);
		put(writer, value + i, 1);
	}
	put(writer, "\"", 1);
}

static void
put_count(Writer *writer, uint64_t count)
{
	char word[32];

	put(writer, word, (size_t) snprintf(word, sizeof(word), " %" PRIu64, count));
}

static void
put_double(Writer *writer, double value)
{
	char word[40];

	put(writer, word,
	    (size_t) (isinf(value)
	                  ? snprintf(word, sizeof(word), value > 0 ? " Infinity" : " -Infinity")
	                  : snprintf(word, sizeof(word), " %.17g", value)));
}

static void
put_feature(Writer *writer, const ProfileFeature *feature)
{
	if (feature->is_text)
		put(writer, "\ntext ", 6);
	else
		put(writer, "\nnumber ", 8);
	put_quoted(writer, feature->name, feature->name_length);
	put_count(writer, feature->present);
	put_count(writer, feature->missing);
	if (feature->is_text)
	{
		put_count(writer, feature->n);
		put_count(writer, feature->others);
	}
	else
	{
		put_double(writer, feature->mean);
		put_double(writer, feature->deviation);
		put_double(writer, feature->low);
		put_count(writer, feature->n);
	}
	for (uint32_t i = 0; i < feature->n; i++)
		if (feature->is_text)
		{
			put(writer, " ", 1);
			put_quoted(writer, feature->categories[i].value, feature->categories[i].length);
			put_count(writer, feature->categories[i].count);
		}
		else
		{
			put_double(writer, feature->bins[i].edge);
			put_count(writer, feature->bins[i].count);
		}
}

size_t
profile_write(const Profile *profile, char *bytes, size_t capacity)
{
	Writer writer = {bytes, 0, capacity};

	put(&writer, "fraud_profile", 13);
	put_count(&writer, PROFILE_VERSION);
	put_count(&writer, profile->n);
	for (uint32_t i = 0; i < profile->n; i++)
		put_feature(&writer, &profile->features[i]);
	return writer.size;
}

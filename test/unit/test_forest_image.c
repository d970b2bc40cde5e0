/*
 * test_forest_image.c
 *		Promises of the image: its bytes are as documented and follow from the model
 *		alone, no damage gets past forest_open, and a forged image whose checksum is
 *		right is refused or safe to evaluate. The same for damaged model documents.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/checksum.h"
#include "core/forest_layout.h"
#include "core/random.h"
#include "forest_session.h"
#include "model_document.h"

static const float margins[] = {-2, 0.5f, 3};
static const double probabilities[] = {0.001, 0.25, 0.75};
static const Calibration isotonic = {.method = CALIBRATION_ISOTONIC,
                                     .n_points = 3,
                                     .margins = margins,
                                     .probabilities = probabilities};
static const Calibration platt = {.method = CALIBRATION_PLATT, .slope = 1.5, .intercept = -2};

static ForestSession
rich_session(const Calibration *calibration)
{
	ModelSpec spec = rich_model();
	Document *document = malloc(sizeof(Document));
	ForestSession session;
	CoreError error;

	document_from_spec(document, &spec);
	if (!forest_session_create(document->bytes, document->size, calibration, &session, &error))
		fail_msg("%s", error.message);
	free(document);
	return session;
}

static bool
opens(const void *image, size_t size)
{
	Forest forest;
	CoreError error = {""};
	bool ok = forest_open(image, size, &forest, &error);

	/* A refusal gives its reason. */
	assert_true(ok || error.message[0] != '\0');
	return ok;
}

static void
seal(uint8_t *image, size_t size)
{
	uint64_t checksum = checksum64(image + FOREST_CHECKSUM_START, size - FOREST_CHECKSUM_START);

	memcpy(image + 8, &checksum, sizeof(checksum));
}

/* Follows every path that the values of a row can take; the sanitizers watch. */
static void
evaluate(const Forest *forest)
{
	static const float values[] = {NAN, -INFINITY, INFINITY, 0,     -1,       0.5f,     1.5f,  3,
	                               33,  40,        71,       1e10f, 16777215, 16777216, -1e30f};
	float *row = malloc(forest->n_features * sizeof(float));
	RandomState random;

	random_seed(&random, 5, 0);
	for (int i = 0; i < 20; i++)
	{
		float margin;
		double probability;

		for (uint32_t c = 0; c < forest->n_features; c++)
			row[c] = values[random_below(&random, sizeof(values) / sizeof(values[0]))];
		margin = forest_margin(forest, row);
		probability = forest_probability(forest, margin);
		assert_false(isnan(margin));
		assert_true(probability >= 0 && probability <= 1);
	}
	free(row);
}

/* 1 when a forged image was accepted (and has been evaluated). */
static int
try_image(const void *image, size_t size)
{
	Forest forest;
	CoreError error;

	if (!forest_open(image, size, &forest, &error))
		return 0;
	evaluate(&forest);
	return 1;
}

static uint64_t
number_at(const uint8_t *image, size_t offset, int size)
{
	uint64_t number = 0;

	for (int i = size - 1; i >= 0; i--)
		number = number << 8 | image[offset + i];
	return number;
}

/* Offsets as docs/image-format.md has them; a change of the format needs a new version. */
static void
bytes_are_as_documented(void **state)
{
	ForestSession session = rich_session(&isotonic);
	const uint8_t *image = session.image;
	static const struct
	{
		uint32_t element_size;
		uint64_t offset;
		uint64_t count;
	} sections[] = {{4, 512, 4},    {16, 576, 14}, {4, 832, 6},    {24, 896, 1},  {4, 960, 3},
	                {8, 1024, 3},   {20, 1088, 3}, {4, 1152, 48},  {4, 1344, 48}, {8, 1536, 0},
	                {128, 1536, 8}, {8, 2560, 0},  {136, 2560, 0}, {64, 2560, 0}, {4, 2560, 256},
	                {16, 3584, 1},  {4, 3648, 41}, {8, 3840, 48}};

	assert_memory_equal(image, "FDFOREST", 8);
	assert_true(number_at(image, 16, 8) == session.size && session.size == 4224);
	assert_int_equal(number_at(image, 24, 4), 3);
	assert_int_equal(number_at(image, 28, 4), 18);
	assert_int_equal(number_at(image, 32, 4), 4);
	assert_int_equal(number_at(image, 36, 4), 0xbf8c9f54); /* -logf(3) */
	assert_int_equal(number_at(image, 40, 4), 4);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
	{
		assert_int_equal(number_at(image, 64 + 24 * i, 4), i);
		assert_int_equal(number_at(image, 68 + 24 * i, 4), sections[i].element_size);
		assert_int_equal(number_at(image, 72 + 24 * i, 8), sections[i].offset);
		assert_int_equal(number_at(image, 80 + 24 * i, 8), sections[i].count);
	}
	/* Node 6: the categorical split of tree 2. */
	assert_int_equal(number_at(image, 576 + 16 * 6, 4), 0);
	assert_int_equal(number_at(image, 580 + 16 * 6, 4), 1);
	assert_int_equal(number_at(image, 584 + 16 * 6, 2), 3);
	assert_int_equal(number_at(image, 586 + 16 * 6, 2), 2);
	assert_int_equal(number_at(image, 588 + 16 * 6, 4), 0);
	/* Its set: two words, categories 0 and 33. */
	assert_int_equal(number_at(image, 832, 4), 2);
	assert_int_equal(number_at(image, 836, 4), 1);
	assert_int_equal(number_at(image, 840, 4), 2);
	forest_session_free(&session);
}

static void
equal_models_have_equal_images(void **state)
{
	Calibration plain = {.method = CALIBRATION_NONE};
	Calibration with_leftovers = {.method = CALIBRATION_NONE, .slope = 3, .n_points = 3};
	ForestSession one = rich_session(&plain);
	ForestSession other = rich_session(&with_leftovers);

	assert_int_equal(one.size, other.size);
	assert_memory_equal(one.image, other.image, one.size);
	forest_session_free(&one);
	forest_session_free(&other);
}

static void
every_flipped_byte_is_found(void **state)
{
	ForestSession session = rich_session(&isotonic);
	uint8_t *image = session.image;

	for (size_t i = 0; i < session.size; i++)
		for (int value = 1; value < 256; value++)
		{
			image[i] ^= value;
			if (opens(image, session.size))
				fail_msg("byte %zu changed by %d was not noticed", i, value);
			image[i] ^= value;
		}
	assert_true(opens(image, session.size));
	forest_session_free(&session);
}

static void
every_other_length_is_found(void **state)
{
	ForestSession session = rich_session(&isotonic);

	for (size_t size = 0; size < session.size; size++)
	{
		void *shorter = forest_session_align(session.image, size);

		assert_false(opens(shorter, size));
		free(shorter);
	}
	for (size_t more = 1; more <= 128; more++)
	{
		uint8_t *longer = aligned_alloc(64, session.size + 128);

		memset(longer, 0, session.size + 128);
		memcpy(longer, session.image, session.size);
		assert_false(opens(longer, session.size + more));
		free(longer);
	}
	forest_session_free(&session);
}

static void
an_image_out_of_alignment_is_refused(void **state)
{
	ForestSession session = rich_session(NULL);
	uint8_t *memory = aligned_alloc(64, session.size + 64);

	for (size_t shift = 1; shift < 64; shift++)
	{
		memcpy(memory + shift, session.image, session.size);
		assert_false(opens(memory + shift, session.size));
	}
	free(memory);
	forest_session_free(&session);
}

/*
 * One byte at a time. Of the changes that pass, none may be outside of what a
 * model can choose freely: thresholds, leaves, features, directions,
 * categories, the calibration, the base margin, the number of features.
 */
static void
forged_bytes_are_refused_or_safe(void **state)
{
	const Calibration *const calibrations[] = {&isotonic, &platt, NULL};
	static const uint8_t values[] = {0, 1, 2, 3, 4, 0x7f, 0x80, 0xc0, 0xff};

	for (int c = 0; c < 3; c++)
	{
		ForestSession session = rich_session(calibrations[c]);
		uint8_t *image = session.image;
		int accepted = 0;

		for (size_t i = 0; i < session.size; i++)
		{
			uint8_t original = image[i];

			for (size_t v = 0; v < sizeof(values) + 8; v++)
			{
				image[i] = v < 8 ? original ^ 1u << v : values[v - 8];
				if (image[i] == original)
					continue;
				seal(image, session.size);
				accepted += try_image(image, session.size);
				if (i < 8 || (i >= 16 && i < 32) || (i >= 40 && i < 576))
					assert_false(opens(image, session.size));
			}
			image[i] = original;
		}
		assert_true(accepted > 100);
		forest_session_free(&session);
	}
}

/* Several changes at once, of bytes and of whole numbers. */
static void
forged_numbers_are_refused_or_safe(void **state)
{
	static const uint32_t numbers[] = {
	    0,  1,          2,          3,          7,          13,     14,       15,
	    64, 0x7f800000, 0x7fc00000, 0x80000000, 0xffffffff, 0xffff, 1u << 28, 16};
	ForestSession session = rich_session(&isotonic);
	uint8_t *forged = aligned_alloc(64, session.size);
	RandomState random;

	random_seed(&random, 9, 0);
	for (int i = 0; i < 30000; i++)
	{
		memcpy(forged, session.image, session.size);
		for (uint64_t n = 1 + random_below(&random, 3); n > 0; n--)
		{
			size_t at = 4 * random_below(&random, session.size / 4);
			uint32_t number = numbers[random_below(&random, 16)];

			if (random_below(&random, 2))
			{
				uint32_t now;

				memcpy(&now, forged + at, sizeof(now));
				number += now;
			}
			memcpy(forged + at, &number, sizeof(number));
		}
		seal(forged, session.size);
		try_image(forged, session.size);
	}
	free(forged);
	forest_session_free(&session);
}

static void
must_refuse_forged(void (*forge)(uint8_t *image), const char *reason)
{
	ForestSession session = rich_session(&isotonic);
	Forest forest;
	CoreError error;

	forge(session.image);
	seal(session.image, session.size);
	assert_false(forest_open(session.image, session.size, &forest, &error));
	if (strstr(error.message, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.message, reason);
	forest_session_free(&session);
}

static ForestNode *
node_of(uint8_t *image, int i)
{
	return (ForestNode *) (image + 576) + i;
}

static void
forge_version(uint8_t *image)
{
	image[24] = 4;
}

static void
forge_magic(uint8_t *image)
{
	image[0] = 'f';
}

static void
forge_loop(uint8_t *image)
{
	node_of(image, 1)->left = 0xffffffff;
}

static void
forge_child_of_the_next_tree(uint8_t *image)
{
	node_of(image, 1)->left = 3;
}

static void
forge_feature(uint8_t *image)
{
	node_of(image, 1)->feature = 4;
}

static void
forge_leaf(uint8_t *image)
{
	node_of(image, 0)->value = INFINITY;
}

static void
forge_threshold(uint8_t *image)
{
	node_of(image, 1)->value = NAN;
}

static void
forge_set(uint8_t *image)
{
	*(uint32_t *) (image + 832) = 6;
}

/* Tree 1 is a leaf, and behind it a split that only looks as if the count were right. */
static void
forge_orphans(uint8_t *image)
{
	*node_of(image, 3) = *node_of(image, 1);
	node_of(image, 3)->left = 0xffffffff;
	*node_of(image, 1) = *node_of(image, 0);
}

static void
forge_root(uint8_t *image)
{
	*(uint32_t *) (image + 512 + 4) = 2;
}

static void
forge_gap(uint8_t *image)
{
	image[512 + 16] = 1;
}

static void
forge_section(uint8_t *image)
{
	image[64 + 24 + 8] += 64;
}

static void
forge_lane(uint8_t *image)
{
	image[1536 + 128] ^= 1;
}

static void
forge_mask(uint8_t *image)
{
	image[3840 + 8 * 5] ^= 1;
}

static void
forge_rank(uint8_t *image)
{
	*(float *) (image + 1344) = 1;
}

static void
forge_points(uint8_t *image)
{
	*(float *) (image + 960) = 0.5f;
}

static void
forgeries_are_refused_by_name(void **state)
{
	must_refuse_forged(forge_version, "version 4, but this library reads versions 1 to 3");
	must_refuse_forged(forge_magic, "not a forest image");
	must_refuse_forged(forge_loop, "tree 1 is not a tree");
	must_refuse_forged(forge_child_of_the_next_tree, "tree 1 is not a tree");
	must_refuse_forged(forge_orphans, "tree 1 is not a tree");
	must_refuse_forged(forge_feature, "tree 1 is not a tree");
	must_refuse_forged(forge_leaf, "tree 0 is not a tree");
	must_refuse_forged(forge_threshold, "tree 1 is not a tree");
	must_refuse_forged(forge_set, "tree 2 is not a tree");
	must_refuse_forged(forge_root, "tree 0 is not a tree");
	must_refuse_forged(forge_gap, "bytes between sections");
	must_refuse_forged(forge_section, "a section is out of place");
	must_refuse_forged(forge_points, "calibration");
	must_refuse_forged(forge_lane, "its layout is not that of its trees");
	must_refuse_forged(forge_mask, "its layout is not that of its trees");
	must_refuse_forged(forge_rank, "its layout is not that of its trees");
}

/* An image from a model document, or an error; an image opens and evaluates. */
static bool
try_model(const uint8_t *model, size_t size)
{
	uint8_t *exact = malloc(size);
	ForestSession session;
	CoreError error = {""};
	bool ok;

	if (size > 0)
		memcpy(exact, model, size);
	ok = forest_session_create(exact, size, &isotonic, &session, &error);
	if (ok)
	{
		evaluate(&session.forest);
		forest_session_free(&session);
	}
	else if (strstr(error.message, "forest image") != NULL)
		fail_msg("a model made an image that does not open: %s", error.message);
	free(exact);
	return ok;
}

static void
damaged_models_give_an_image_or_an_error(void **state)
{
	static const uint8_t values[] = {0,   1,   2,   9,   0x7f, 0x80, 0xff, '[', ']', '{',
	                                 '}', 'L', 'l', 'U', 'd',  'S',  '$',  '#', 'T', 'Z'};
	ModelSpec spec = rich_model();
	Document *document = malloc(sizeof(Document));
	int accepted = 0;

	document_from_spec(document, &spec);
	for (size_t size = 0; size < document->size; size++)
		assert_false(try_model(document->bytes, size));
	for (size_t i = 0; i < document->size; i++)
	{
		uint8_t original = document->bytes[i];

		for (size_t v = 0; v < sizeof(values); v++)
		{
			document->bytes[i] = values[v];
			accepted += try_model(document->bytes, document->size);
		}
		document->bytes[i] = original;
	}
	assert_true(accepted > 1000);
	free(document);
}

static void
models_beyond_the_limits_are_refused(void **state)
{
	ModelSpec spec = rich_model();
	Document *document = malloc(sizeof(Document));
	ForestSession session;
	CoreError error;

	spec.num_feature = "65536";
	document_from_spec(document, &spec);
	assert_false(forest_session_create(document->bytes, document->size, NULL, &session, &error));
	assert_non_null(strstr(error.message, "65536 features"));
	spec.num_feature = "65535";
	document_from_spec(document, &spec);
	assert_true(forest_session_create(document->bytes, document->size, NULL, &session, &error));
	forest_session_free(&session);
	free(document);
}

static void
a_wrong_calibration_is_refused(void **state)
{
	Calibration wrong = {.method = CALIBRATION_PLATT, .slope = NAN};
	ModelSpec spec = rich_model();
	Document *document = malloc(sizeof(Document));
	ForestSession session;
	CoreError error;

	document_from_spec(document, &spec);
	assert_false(forest_session_create(document->bytes, document->size, &wrong, &session, &error));
	free(document);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_are_as_documented),
	    cmocka_unit_test(equal_models_have_equal_images),
	    cmocka_unit_test(every_flipped_byte_is_found),
	    cmocka_unit_test(every_other_length_is_found),
	    cmocka_unit_test(an_image_out_of_alignment_is_refused),
	    cmocka_unit_test(forged_bytes_are_refused_or_safe),
	    cmocka_unit_test(forged_numbers_are_refused_or_safe),
	    cmocka_unit_test(forgeries_are_refused_by_name),
	    cmocka_unit_test(damaged_models_give_an_image_or_an_error),
	    cmocka_unit_test(models_beyond_the_limits_are_refused),
	    cmocka_unit_test(a_wrong_calibration_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

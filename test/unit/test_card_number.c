/*
 * test_card_number.c
 *		Promises of card_number.h: what looks like a card number is masked, and nothing
 *		else; what is refused as one is no token. The numbers are those that payment
 *		schemes publish for tests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/card_number.h"

typedef bool (*Mask)(char *text, size_t length);

static void
assert_masked(Mask mask, const char *text, const char *wanted)
{
	char copy[128];

	strncpy(copy, text, sizeof(copy) - 1);
	copy[sizeof(copy) - 1] = '\0';
	assert_int_equal(mask(copy, strlen(copy)), strcmp(text, wanted) != 0);
	assert_string_equal(copy, wanted);
}

static void
card_numbers_in_texts_are_masked(void **state)
{
	Mask mask = card_number_mask_text;

	assert_masked(mask, "4111111111111111", "************1111");
	assert_masked(mask, "4222222222222", "*********2222");
	assert_masked(mask, "378282246310005", "***********0005");
	assert_masked(mask, "6304000000000000000", "***************0000");
	assert_masked(mask, "4111 1111 1111 1111", "**** **** **** 1111");
	assert_masked(mask, "5555-5555-5555-4444", "****-****-****-4444");
	assert_masked(mask, "3782 822463 10005", "**** ****** *0005");
	assert_masked(mask, "tok4111111111111111x", "tok************1111x");
	assert_masked(mask, "paid 2026-01-05 with 4111111111111111, or 5555555555554444",
	              "paid 2026-01-05 with ************1111, or ************4444");
	assert_masked(mask, "12 4111111111111111", "12 ************1111");
}

static void
other_texts_stay(void **state)
{
	static const char *const texts[] = {"",
	                                    "4111111111111112",       /* wrong check digit */
	                                    "411111111111",           /* 12 digits */
	                                    "41111111111111110000",   /* 20 digits in one piece */
	                                    "4111  1111  1111  1111", /* two blanks */
	                                    "4111.1111.1111.1111",
	                                    "2026-01-05 03:04:05.123456+00",
	                                    "online",
	                                    "\xc3\xa9\xc3\xa9"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_masked(card_number_mask_text, texts[i], texts[i]);
}

static void
card_numbers_as_numbers_are_masked(void **state)
{
	Mask mask = card_number_mask_number;

	assert_masked(mask, "4111111111111111", "****************");
	assert_masked(mask, "-4111111111111111", "-****************");
	assert_masked(mask, "4111111111111111.00", "****************.**");
	assert_masked(mask, "4.111111111111111e+15", "*.***************e+**");
	assert_masked(mask, "6.304e+18", "*.***e+**");
}

static void
other_numbers_stay(void **state)
{
	static const char *const numbers[] = {"",
	                                      "950.00",
	                                      "0.4111111111111111",
	                                      "12.4111111111111111",
	                                      "4.111111111111111e-15",
	                                      "4.111111111111111e+14",
	                                      "4.111111111111111e+300",
	                                      "4111111111111112",
	                                      "41111111111111110000",
	                                      "NaN",
	                                      "Infinity"};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		assert_masked(card_number_mask_number, numbers[i], numbers[i]);
}

static void
card_numbers_are_found(void **state)
{
	static const char *const texts[] = {"4111111111111111",          "4222222222222",
	                                    "6304000000000000000",       " 4111 1111 1111 1111 ",
	                                    "5555-5555-5555-4444",       "3782 822463 10005",
	                                    "PAN:4111111111111111",      "4111111111111111=2512101",
	                                    "4111 1111 1111 1111 12/27", "12 4111111111111111"};
	static const char *const numbers[] = {"4111111111111111", "-4111111111111111",
	                                      "4111111111111111.00", "4.111111111111111e+15"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_true(card_number_is_in_text(texts[i], strlen(texts[i])));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		assert_true(card_number_is_number(numbers[i], strlen(numbers[i])));
}

/* Each of the first five contains digits that are masked. */
static void
tokens_are_not_taken_for_card_numbers(void **state)
{
	static const char *const texts[] = {"tok4111111111111111x",
	                                    "4111111111111111a",
	                                    "\xc3\xa9"
	                                    "4111111111111111",
	                                    "41111111-1111-1111-a111-111111111111",
	                                    "41111111-11111111", /* groups of eight */
	                                    "9f86d081884c7d659a2feaa0c55ad015",
	                                    "4111111111111112",
	                                    "411111111111",
	                                    "41111111111111110000",
	                                    "4111  1111  1111  1111",
	                                    ""};
	static const char *const numbers[] = {"950.00", "0.4111111111111111", "4111111111111112", "NaN",
	                                      ""};

	for (size_t i = 0; i < 5; i++)
	{
		char copy[64];

		strcpy(copy, texts[i]);
		assert_true(card_number_mask_text(copy, strlen(copy)));
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(card_number_is_in_text(texts[i], strlen(texts[i])));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		assert_false(card_number_is_number(numbers[i], strlen(numbers[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(card_numbers_in_texts_are_masked),
	    cmocka_unit_test(other_texts_stay),
	    cmocka_unit_test(card_numbers_as_numbers_are_masked),
	    cmocka_unit_test(other_numbers_stay),
	    cmocka_unit_test(card_numbers_are_found),
	    cmocka_unit_test(tokens_are_not_taken_for_card_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * card_number.c
 *		Finds and masks what looks like the number of a payment card.
 */
#include "core/card_number.h"

#include <stdlib.h>
#include <string.h>

/* Of digits, as card numbers are written: 4-4-4-4, 4-6-5 and the like. */
#define MOST_IN_GROUP 6

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Luhn's check: every second digit from the right is doubled, and its digits added. */
static bool
check_digit_is_right(const char *digits, size_t n)
{
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		unsigned digit = (unsigned) (digits[n - 1 - i] - '0');

		if (i % 2 == 1)
			digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
		sum += digit;
	}
	return sum % 10 == 0;
}

/* Of a number or a word; bytes beyond ASCII are letters. */
static bool
is_letter_or_digit(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (unsigned char) c >= 128;
}

/*
 * Where the longest card number that begins here ends, or 0; here begins a group of digits.
 * most_in_group: of digits, where there are several groups.
 */
static size_t
end_of_card_number(const char *text, size_t length, size_t begin, size_t most_in_group)
{
	char digits[CARD_NUMBER_MOST_DIGITS];
	size_t n = 0;
	size_t group = begin;
	size_t end = 0;

	for (size_t i = begin; i < length; i++)
	{
		bool separator = text[i] == ' ' || text[i] == '-';

		if (separator && i + 1 < length && is_digit(text[i + 1]))
		{
			if (i - group > most_in_group)
				break;
			group = i + 1;
			continue;
		}
		if (!is_digit(text[i]) || n == CARD_NUMBER_MOST_DIGITS)
			break;
		digits[n++] = text[i];
		if (n >= CARD_NUMBER_LEAST_DIGITS && (i + 1 == length || !is_digit(text[i + 1])) &&
		    (group == begin || i + 1 - group <= most_in_group) && check_digit_is_right(digits, n))
			end = i + 1;
	}
	return end;
}

static void
mask(char *text, size_t begin, size_t end)
{
	size_t shown = 0;

	for (size_t i = end; i-- > begin;)
		if (is_digit(text[i]) && shown++ >= CARD_NUMBER_SHOWN_DIGITS)
			text[i] = '*';
}

bool
card_number_mask_text(char *text, size_t length)
{
	bool found = false;
	size_t i = 0;

	while (i < length)
	{
		bool begins = is_digit(text[i]) && (i == 0 || !is_digit(text[i - 1]));
		size_t end = begins ? end_of_card_number(text, length, i, length) : 0;

		if (end != 0)
		{
			mask(text, i, end);
			found = true;
		}
		i = end != 0 ? end : i + 1;
	}
	return found;
}

bool
card_number_is_in_text(const char *text, size_t length)
{
	for (size_t i = 0; i + CARD_NUMBER_LEAST_DIGITS <= length; i++)
	{
		size_t end;

		if (!is_digit(text[i]) || (i > 0 && is_letter_or_digit(text[i - 1])))
			continue;
		end = end_of_card_number(text, length, i, MOST_IN_GROUP);
		if (end != 0 && (end == length || !is_letter_or_digit(text[end])))
			return true;
	}
	return false;
}

/* The power of ten behind the mantissa; large ones need not be told apart. */
static long
exponent_of(const char *text, size_t length, size_t at)
{
	char digits[8] = {0};

	if (at >= length || (text[at] != 'e' && text[at] != 'E') || length - at - 1 >= sizeof(digits))
		return 0;
	memcpy(digits, text + at + 1, length - at - 1);
	return strtol(digits, NULL, 10);
}

bool
card_number_is_number(const char *text, size_t length)
{
	char digits[CARD_NUMBER_MOST_DIGITS + 1];
	size_t n = 0;
	long n_integer = 0;
	bool fraction = false;
	size_t i = 0;

	for (; i < length && text[i] != 'e' && text[i] != 'E'; i++)
	{
		fraction |= text[i] == '.';
		if (!is_digit(text[i]))
			continue;
		if (n < sizeof(digits))
			digits[n++] = text[i];
		n_integer += !fraction;
	}
	n_integer += exponent_of(text, length, i);
	if (n_integer < CARD_NUMBER_LEAST_DIGITS || n_integer > CARD_NUMBER_MOST_DIGITS)
		return false;
	while (n < (size_t) n_integer)
		digits[n++] = '0';
	return check_digit_is_right(digits, (size_t) n_integer);
}

bool
card_number_mask_number(char *text, size_t length)
{
	if (!card_number_is_number(text, length))
		return false;
	for (size_t i = 0; i < length; i++)
		if (is_digit(text[i]))
			text[i] = '*';
	return true;
}

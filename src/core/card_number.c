/*
 * card_number.c
 *		Finds and masks what looks like the number of a payment card.
 */
#include "core/card_number.h"

#include <stdlib.h>
#include <string.h>

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

/* Where the longest card number that begins here ends, or 0; here begins a group of digits. */
static size_t
end_of_card_number(const char *text, size_t length, size_t begin)
{
	char digits[CARD_NUMBER_MOST_DIGITS];
	size_t n = 0;
	size_t end = 0;

	for (size_t i = begin; i < length; i++)
	{
		bool separator = text[i] == ' ' || text[i] == '-';

		if (separator && i + 1 < length && is_digit(text[i + 1]))
			continue;
		if (!is_digit(text[i]) || n == CARD_NUMBER_MOST_DIGITS)
			break;
		digits[n++] = text[i];
		if (n >= CARD_NUMBER_LEAST_DIGITS && (i + 1 == length || !is_digit(text[i + 1])) &&
		    check_digit_is_right(digits, n))
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
		size_t end = begins ? end_of_card_number(text, length, i) : 0;

		if (end != 0)
		{
			mask(text, i, end);
			found = true;
		}
		i = end != 0 ? end : i + 1;
	}
	return found;
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
card_number_mask_number(char *text, size_t length)
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
	if (!check_digit_is_right(digits, (size_t) n_integer))
		return false;
	for (i = 0; i < length; i++)
		if (is_digit(text[i]))
			text[i] = '*';
	return true;
}

/*
 * card_number.h
 *		Texts and numbers that look like the number of a payment card (PAN): 13 to 19
 *		digits whose check digit is right (Luhn, ISO/IEC 7812-1). What is shown to
 *		people has them masked; what is kept to name a card must not be one.
 */
#ifndef FRAUD_DETECT_CARD_NUMBER_H
#define FRAUD_DETECT_CARD_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

#define CARD_NUMBER_LEAST_DIGITS 13
#define CARD_NUMBER_MOST_DIGITS 19
#define CARD_NUMBER_SHOWN_DIGITS 4

/*
 * Replaces, in place, the digits but the last four of all that looks like a card
 * number by '*': digits in one piece, or in groups with one blank or hyphen between
 * them. True where something was replaced. Text in any encoding that contains ASCII.
 */
extern bool card_number_mask_text(char *text, size_t length);

/*
 * The same for a number as its type prints it: its integer part counts, by whatever
 * exponent it is written (4.111111111111111e+15), digits of a fraction do not. All
 * digits are replaced.
 */
extern bool card_number_mask_number(char *text, size_t length);

/*
 * Is there one? Stricter than what is masked, since a value is refused for it: tokens, uuids
 * and digests must not be taken for card numbers by chance. So there is no letter or digit
 * right before or behind it, and where digits are in groups, each has at most six.
 */
extern bool card_number_is_in_text(const char *text, size_t length);

/* The same for a number as its type prints it, as above. */
extern bool card_number_is_number(const char *text, size_t length);

#endif

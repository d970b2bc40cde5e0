/*
 * card_number.h
 *		Texts and numbers that look like the number of a payment card (PAN): 13 to 19
 *		digits whose check digit is right (Luhn, ISO/IEC 7812-1). What is shown to
 *		people has them masked.
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

#endif

/*
 * numeric_digits.h
 *		numeric to float32 and float64 from its packed digits, not by way of text.
 */
#ifndef FRAUD_DETECT_NUMERIC_DIGITS_H
#define FRAUD_DETECT_NUMERIC_DIGITS_H

/*
 * The float32 nearest to the float64 nearest to the numeric: what
 * value::float8::float4 gives, but an infinity where that overflows.
 * NaN for NaN. Allocates only to detoast or in the rare case that digits far
 * down decide the rounding, and frees what it allocates.
 */
extern float numeric_to_float(Datum value);

/* value::float8, but an infinity where that overflows; NaN for NaN. */
extern double numeric_to_double(Datum value);

#endif

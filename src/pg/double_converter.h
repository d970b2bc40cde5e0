/*
 * double_converter.h
 *		From datums to the float64 that they count as where no forest is concerned:
 *		windows and profiles. What a forest is given is in encode.h.
 */
#ifndef FRAUD_DETECT_DOUBLE_CONVERTER_H
#define FRAUD_DETECT_DOUBLE_CONVERTER_H

/* Chosen once per column, applied to each datum that is not NULL. */
typedef double (*DoubleConverter)(Datum value);

/*
 * Of numeric types and boolean (0 and 1), domains over them included; NULL for any
 * other. A numeric is value::float8, but an infinity where that overflows.
 */
extern DoubleConverter double_converter(Oid type);

#endif

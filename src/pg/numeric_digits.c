/*
 * numeric_digits.c
 *		numeric to float32 from its packed digits.
 *
 * The layout is that of numeric.c (struct NumericChoice), which is on disk and
 * therefore fixed: a header of one word (short form) or two (long form: sign,
 * weight), then digits of base 10000, most significant first, without leading
 * or trailing zeros. The value is sum of digit[i] * 10000^(weight - i).
 *
 * The result must be float32(float64(value)), both rounded to nearest. Four
 * ways, fastest first:
 *	 short     up to three digits in the short form: the next way, without a branch on
 *			   how many there are, which differs from row to row
 *	 exact     digits that make an integer up to 2^53, times or over an exact
 *			   power of ten: a single rounding (Clinger 1990, the fast path)
 *	 interval  leading digits give bounds on the float64; where both bounds
 *			   round to one float32, so does everything between them
 *	 text      numeric.c's own conversion
 */
#include "postgres.h"
#include "pg/compat.h"

#include <float.h>
#include <math.h>

#include "pg/numeric_digits.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

/* The first header word. */
#define HEADER_FORM_MASK 0xC000
#define HEADER_LONG_NEGATIVE 0x4000
#define HEADER_SHORT 0x8000 /* and nothing else has it but HEADER_SPECIAL */
#define HEADER_SPECIAL 0xC000
#define SPECIAL_MASK 0xF000
#define SPECIAL_POSITIVE_INFINITY 0xD000
#define SPECIAL_NEGATIVE_INFINITY 0xF000
#define SHORT_NEGATIVE 0x2000
#define SHORT_WEIGHT_NEGATIVE 0x0040
#define SHORT_WEIGHT_MASK 0x003F

#define DIGIT_BASE 10000
#define DECIMALS_PER_DIGIT 4

/* Digits of the short way: an integer below 10^12; powers of 10000 that are exact in float64. */
#define MOST_SHORT_DIGITS 3
#define LARGEST_EXACT_DIGITS 5

/* Integers up to here, and powers of ten up to this one, are exact in float64. */
#define LARGEST_EXACT_INTEGER (UINT64_C(1) << 53)
#define LARGEST_EXACT_POWER 22
/* Five digits fit 64 bits when the first one is below this. */
#define LARGEST_FIRST_OF_FIVE 1844

/* Weights from which a value is beyond float32 (10^40 and more; FLT_MAX is 3.4e38), */
#define OVERFLOW_WEIGHT 10
/* or below half of its smallest denormal (less than 10^-48; that is 7e-46). */
#define UNDERFLOW_WEIGHT (-13)

/*
 * Relative error of the interval's middle: cut digits 5.5e-16 (at least
 * 1844 * 10000^3 is kept), the conversion and up to four steps of scaling
 * 1.1e-16 each; together 1.1e-15. More than doubled for good measure.
 */
#define INTERVAL_ERROR 2.5e-15

static const double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

typedef struct Digits
{
	bool negative;
	int weight;
	int n_digits;
	const char *digits; /* int16 each, not necessarily aligned */
} Digits;

static inline uint16
word_at(const char *bytes, int index)
{
	uint16 word;

	memcpy(&word, bytes + index * sizeof(uint16), sizeof(word));
	return word;
}

static float
special_value(uint16 header)
{
	switch (header & SPECIAL_MASK)
	{
		case SPECIAL_POSITIVE_INFINITY:
			return INFINITY;
		case SPECIAL_NEGATIVE_INFINITY:
			return -INFINITY;
		default:
			return NAN;
	}
}

static Digits
unpack(const char *bytes, size_t size, uint16 header)
{
	Digits unpacked;
	int header_words;

	if ((header & HEADER_FORM_MASK) == HEADER_SHORT)
	{
		header_words = 1;
		unpacked.negative = (header & SHORT_NEGATIVE) != 0;
		unpacked.weight = header & SHORT_WEIGHT_MASK;
		if (header & SHORT_WEIGHT_NEGATIVE)
			unpacked.weight -= SHORT_WEIGHT_MASK + 1;
	}
	else
	{
		header_words = 2;
		unpacked.negative = (header & HEADER_FORM_MASK) == HEADER_LONG_NEGATIVE;
		unpacked.weight = (int16) word_at(bytes, 1);
	}
	unpacked.n_digits = (int) (size / sizeof(uint16)) - header_words;
	unpacked.digits = bytes + header_words * sizeof(uint16);
	return unpacked;
}

/* As many leading digits as fit 64 bits; *used says how many. */
static uint64
leading_digits(const Digits *number, int *used)
{
	uint64 integer = 0;
	int n = DECIMALS_PER_DIGIT;

	if (word_at(number->digits, 0) < LARGEST_FIRST_OF_FIVE)
		n++;
	*used = Min(n, number->n_digits);
	for (int i = 0; i < *used; i++)
		integer = integer * DIGIT_BASE + word_at(number->digits, i);
	return integer;
}

/* integer * 10^exponent as float64 in one rounding, if that can be done. */
static inline bool
exact_product(uint64 integer, int exponent, double *result)
{
#if FLT_EVAL_METHOD == 0
	/* A last digit such as .5000 brings zeros that need no bits. */
	while (integer > LARGEST_EXACT_INTEGER && integer % 10 == 0)
	{
		integer /= 10;
		exponent++;
	}
	if (integer > LARGEST_EXACT_INTEGER || abs(exponent) > LARGEST_EXACT_POWER)
		return false;
	if (exponent < 0)
		*result = (double) integer / powers_of_ten[-exponent];
	else
		*result = (double) integer * powers_of_ten[exponent];
	return true;
#else
	/* Registers that are wider than float64 would round twice. */
	return false;
#endif
}

static double
scale(double number, int exponent)
{
	while (exponent < -LARGEST_EXACT_POWER)
	{
		number /= powers_of_ten[LARGEST_EXACT_POWER];
		exponent += LARGEST_EXACT_POWER;
	}
	while (exponent > LARGEST_EXACT_POWER)
	{
		number *= powers_of_ten[LARGEST_EXACT_POWER];
		exponent -= LARGEST_EXACT_POWER;
	}
	return exponent < 0 ? number / powers_of_ten[-exponent] : number * powers_of_ten[exponent];
}

/* The magnitude of digits, or false where only all of them decide the rounding. */
static bool
magnitude(const Digits *number, float *result)
{
	int used;
	uint64 integer;
	int exponent;
	double middle;

	if (number->n_digits <= 0 || number->weight <= UNDERFLOW_WEIGHT)
	{
		*result = 0.0f;
		return true;
	}
	if (number->weight >= OVERFLOW_WEIGHT)
	{
		*result = INFINITY;
		return true;
	}
	integer = leading_digits(number, &used);
	exponent = DECIMALS_PER_DIGIT * (number->weight - used + 1);
	if (used == number->n_digits && exact_product(integer, exponent, &middle))
	{
		*result = (float) middle;
		return true;
	}
	middle = scale((double) integer, exponent);
	*result = (float) (middle * (1.0 - INTERVAL_ERROR));
	return *result == (float) (middle * (1.0 + INTERVAL_ERROR));
}

static float
magnitude_by_text(Datum value)
{
	double number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, value));

	return fabsf((float) number);
}

/* Without a branch: the signs of many columns are as good as random. */
static inline float
with_sign(float magnitude, bool negative)
{
	uint32 bits;

	memcpy(&bits, &magnitude, sizeof(bits));
	bits ^= (uint32) negative << 31;
	memcpy(&magnitude, &bits, sizeof(bits));
	return magnitude;
}

/*
 * The short way, if the number is one for it. Reads the last three words, of which those before
 * the digits are the header, and do not count.
 */
static inline bool
short_to_float(const char *bytes, size_t size, uint16 header, float *result)
{
#if FLT_EVAL_METHOD == 0
	static const double powers[] = {1e0, 1e4, 1e8, 1e12, 1e16, 1e20};
	static const uint32 second[] = {0, 0, DIGIT_BASE, DIGIT_BASE};
	static const uint32 third[] = {0, 0, 0, DIGIT_BASE * DIGIT_BASE};
	int n = (int) (size / sizeof(uint16)) - 1;
	int weight = (int) (header & SHORT_WEIGHT_MASK) - (int) (header & SHORT_WEIGHT_NEGATIVE);
	int shift = weight - n + 1; /* of the decimal point, in digits */
	double integer;
	float magnitude;

	if ((header & HEADER_FORM_MASK) != HEADER_SHORT || n < 1 || n > MOST_SHORT_DIGITS ||
	    abs(shift) > LARGEST_EXACT_DIGITS)
		return false;
	integer = (double) (int64) (word_at(bytes, n) + (uint64) second[n] * word_at(bytes, n - 1) +
	                            (uint64) third[n] * word_at(bytes, Max(n - 2, 0)));
	magnitude = (float) (shift < 0 ? integer / powers[-shift] : integer * powers[shift]);
	*result = with_sign(magnitude, (header & SHORT_NEGATIVE) != 0);
	return true;
#else
	/* Registers that are wider than float64 would round twice. */
	return false;
#endif
}

static float
packed_to_float(struct varlena *packed)
{
	const char *bytes = VARDATA_ANY(packed);
	uint16 header = word_at(bytes, 0);
	Digits number;
	float result;

	if (short_to_float(bytes, VARSIZE_ANY_EXHDR(packed), header, &result))
		return result;
	if ((header & HEADER_FORM_MASK) == HEADER_SPECIAL)
		return special_value(header);
	number = unpack(bytes, VARSIZE_ANY_EXHDR(packed), header);
	if (!magnitude(&number, &result))
		result = magnitude_by_text(PointerGetDatum(packed));
	/* numeric has no negative zero, but tiny negative numbers round to one. */
	return number.negative ? -result : result;
}

float
numeric_to_float(Datum value)
{
	struct varlena *packed = (struct varlena *) DatumGetPointer(value);
	float result;

	/* As nearly every number in a row is. */
	if (VARATT_IS_SHORT(packed) && !VARATT_IS_EXTERNAL(packed))
		return packed_to_float(packed);
	packed = PG_DETOAST_DATUM_PACKED(value);
	result = packed_to_float(packed);
	if (PointerGetDatum(packed) != value)
		pfree(packed);
	return result;
}

/* Where one rounding is not enough, by way of text. */
static double
packed_to_double(struct varlena *packed)
{
	const char *bytes = VARDATA_ANY(packed);
	uint16 header = word_at(bytes, 0);
	Digits number;
	double result;
	uint64 integer;
	int used;

	if ((header & HEADER_FORM_MASK) == HEADER_SPECIAL)
		return special_value(header);
	number = unpack(bytes, VARSIZE_ANY_EXHDR(packed), header);
	if (number.n_digits <= 0)
		return 0.0;
	integer = leading_digits(&number, &used);
	if (used == number.n_digits &&
	    exact_product(integer, DECIMALS_PER_DIGIT * (number.weight - used + 1), &result))
		return number.negative ? -result : result;
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, PointerGetDatum(packed)));
}

double
numeric_to_double(Datum value)
{
	struct varlena *packed = PG_DETOAST_DATUM_PACKED(value);
	double result = packed_to_double(packed);

	if (PointerGetDatum(packed) != value)
		pfree(packed);
	return result;
}

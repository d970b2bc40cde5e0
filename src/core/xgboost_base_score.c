/*
 * xgboost_base_score.c
 *		The base margin of an XGBoost model of objective binary:logistic.
 *
 * A document has base_score as text: a probability ("5E-1") up to 3.0, a list
 * of them ("[5E-1]") since 3.1. XGBoost reads it as float32, correctly rounded,
 * and turns it into a margin in float32 (ProbToMargin in
 * src/objective/regression_loss.h): -logf(1 / p - 1), where 3.2 and later
 * first bound p to [1e-6, 1 - 1e-6]. The version that wrote a model decides.
 */
#include "core/xgboost_parts.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Bounds within which a decimal becomes a double by one correctly rounded operation. */
#define MAX_EXACT_DIGITS 15
#define MAX_EXACT_POWER 22

/* digits * 10^exponent */
typedef struct Decimal
{
	int64_t digits;
	int exponent;
} Decimal;

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* [0-9]*(.[0-9]*)? with at most MAX_EXACT_DIGITS significant digits. */
static bool
read_significand(const char **at, const char *end, Decimal *decimal)
{
	bool after_point = false;
	int n_digits = 0;
	int n_significant = 0;

	for (; *at < end && (is_digit(**at) || (**at == '.' && !after_point)); ++*at)
	{
		if (**at == '.')
		{
			after_point = true;
			continue;
		}
		n_digits++;
		if (decimal->digits > 0 || **at != '0')
			n_significant++;
		if (n_significant > MAX_EXACT_DIGITS)
			return false;
		decimal->digits = decimal->digits * 10 + (**at - '0');
		decimal->exponent -= after_point;
	}
	return n_digits > 0;
}

/* (e[+-]?[0-9]+)? and then the end. */
static bool
read_exponent(const char **at, const char *end, Decimal *decimal)
{
	bool negative;
	int exponent = 0;

	if (*at == end)
		return true;
	if (*(*at)++ != 'E' && (*at)[-1] != 'e')
		return false;
	negative = *at < end && **at == '-';
	if (*at < end && (**at == '-' || **at == '+'))
		++*at;
	if (*at == end)
		return false;
	for (; *at < end; ++*at)
	{
		if (!is_digit(**at) || exponent > 999)
			return false;
		exponent = exponent * 10 + (**at - '0');
	}
	decimal->exponent += negative ? -exponent : exponent;
	return true;
}

/*
 * The float32 nearest to a decimal of exponent -MAX_EXACT_POWER to 0. The
 * division gives the nearest double; rounding that once more could go to the
 * wrong side where it lies in the middle between two float32 values. So the
 * double is first made "round to odd" (Boldo and Melquiond 2008): truncated,
 * and its last bit set where something was cut off. The sign of the division's
 * remainder, which fma gives exactly, tells on which side the double lies.
 */
static float
decimal_to_float(Decimal decimal)
{
	double digits = (double) decimal.digits;
	double power = 1;
	double value;
	double remainder;
	uint64_t bits;

	for (int i = 0; i < -decimal.exponent; i++)
		power *= 10;
	value = digits / power;
	remainder = fma(-value, power, digits);
	if (remainder < 0)
		value = nextafter(value, 0);
	if (remainder != 0)
	{
		memcpy(&bits, &value, sizeof(bits));
		bits |= 1;
		memcpy(&value, &bits, sizeof(bits));
	}
	return (float) value;
}

/* A probability with at most 15 digits, none of them further than 22 places behind the point. */
static bool
text_to_probability(const char *at, const char *end, float *probability)
{
	Decimal decimal = {0, 0};

	if (!read_significand(&at, end, &decimal) || !read_exponent(&at, end, &decimal))
		return false;
	if (decimal.digits == 0)
		decimal.exponent = 0;
	/* 1E0 may be written as 1 or 1.0E0; a positive exponent is no probability. */
	if (decimal.exponent > 0 || decimal.exponent < -MAX_EXACT_POWER)
		return false;
	*probability = decimal_to_float(decimal);
	return *probability <= 1;
}

bool
xgboost_base_margin(UbjText base_score, const uint32_t version[3], float *margin, CoreError *error)
{
	const char *at = base_score.bytes;
	const char *end = at + base_score.length;
	bool bounded = version[0] > 3 || (version[0] == 3 && version[1] >= 2);
	const float bound = 1e-6f;
	float probability;

	if (base_score.length >= 2 && *at == '[' && end[-1] == ']')
	{
		at++;
		end--;
	}
	if (!text_to_probability(at, end, &probability))
		return core_fail(error, "invalid XGBoost model: base_score \"%.*s\" is not one probability",
		                 (int) (base_score.length < 60 ? base_score.length : 60), base_score.bytes);
	if (bounded)
		probability = fminf(fmaxf(probability, bound), 1.0f - bound);
	*margin = -logf(1.0f / probability - 1.0f);
	if (!isfinite(*margin))
		return core_fail(error, "invalid XGBoost model: base_score is not between 0 and 1");
	return true;
}

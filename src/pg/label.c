/*
 * label.c
 *		Labels of rows, decoded to 0 (legitimate) and 1 (fraud).
 */
#include "postgres.h"
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "pg/label.h"
#include "pg/source.h"

#define SHOWN_BYTES 100
#define LONGEST_WORD 16

/* One of the two texts of a label column. */
typedef struct LabelText
{
	char *bytes;
	size_t length;
	Datum datum; /* for types passed by value: equal datums are equal texts */
} LabelText;

typedef uint8 (*LabelConverter)(LabelDecoder *decoder, Datum value);

struct LabelDecoder
{
	char *column;
	AttrNumber attribute;
	LabelConverter convert;
	MemoryContext context; /* of the texts */
	Numeric zero;
	Numeric one;
	bool by_value; /* texts: enum and "char" */
	bool blank_padded;
	FmgrInfo output;
	int n_texts;
	LabelText texts[2];
};

static const char *const fraud_words[] = {
    "fraud",    "fraudulent",   "true", "t",          "yes",       "y",       "1",
    "positive", "pos",          "bad",  "chargeback", "malicious", "anomaly", "suspicious",
    "abuse",    "illegitimate", "scam",
};

static const char *const legitimate_words[] = {
    "legit",     "legitimate", "false",    "f",        "no",     "n",      "0",
    "negative",  "neg",        "good",     "genuine",  "normal", "benign", "not fraud",
    "not_fraud", "non-fraud",  "nonfraud", "no fraud", "clean",  "ok",     "valid",
};

/* A value for a message, cut to a readable length at a character's boundary. */
static char *
shown(const char *bytes, size_t length)
{
	if (length > SHOWN_BYTES)
		length = pg_mbcliplen(bytes, (int) length, SHOWN_BYTES);
	return pnstrdup(bytes, length);
}

static void report_not_binary(const LabelDecoder *decoder, const char *value)
    pg_attribute_noreturn();

static void
report_not_binary(const LabelDecoder *decoder, const char *value)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("label column \"%s\" has the value %s", decoder->column, value),
	                errdetail("A label that is a number is 0 (legitimate) or 1 (fraud), or NULL "
	                          "where it is not known."),
	                errhint("Let the source be a query that computes the label, such as "
	                        "SELECT *, score > 3 AS is_fraud FROM ....")));
	pg_unreachable();
}

static uint8
convert_boolean(LabelDecoder *decoder, Datum value)
{
	return DatumGetBool(value) ? 1 : 0;
}

static uint8
convert_integer(LabelDecoder *decoder, int64 value)
{
	if (value != 0 && value != 1)
		report_not_binary(decoder, psprintf(INT64_FORMAT, value));
	return (uint8) value;
}

static uint8
convert_int2(LabelDecoder *decoder, Datum value)
{
	return convert_integer(decoder, DatumGetInt16(value));
}

static uint8
convert_int4(LabelDecoder *decoder, Datum value)
{
	return convert_integer(decoder, DatumGetInt32(value));
}

static uint8
convert_int8(LabelDecoder *decoder, Datum value)
{
	return convert_integer(decoder, DatumGetInt64(value));
}

static uint8
convert_float4(LabelDecoder *decoder, Datum value)
{
	float4 number = DatumGetFloat4(value);

	if (number != 0.0f && number != 1.0f)
		report_not_binary(decoder, DatumGetCString(DirectFunctionCall1(float4out, value)));
	return number == 1.0f;
}

static uint8
convert_float8(LabelDecoder *decoder, Datum value)
{
	float8 number = DatumGetFloat8(value);

	if (number != 0.0 && number != 1.0)
		report_not_binary(decoder, DatumGetCString(DirectFunctionCall1(float8out, value)));
	return number == 1.0;
}

static uint8
convert_numeric(LabelDecoder *decoder, Datum value)
{
	Datum number = NumericGetDatum(DatumGetNumeric(value));
	bool one = DatumGetBool(DirectFunctionCall2(numeric_eq, number, NumericGetDatum(decoder->one)));

	if (!one &&
	    !DatumGetBool(DirectFunctionCall2(numeric_eq, number, NumericGetDatum(decoder->zero))))
		report_not_binary(decoder, DatumGetCString(DirectFunctionCall1(numeric_out, number)));
	if (DatumGetPointer(number) != DatumGetPointer(value))
		pfree(DatumGetPointer(number));
	return one;
}

/* The code of a text, which becomes the first or second one when it is new. */
static uint8
code_text(LabelDecoder *decoder, Datum datum, const char *bytes, size_t length)
{
	LabelText *text;
	MemoryContext caller;

	for (int i = 0; i < decoder->n_texts; i++)
	{
		text = &decoder->texts[i];
		if (text->length == length && memcmp(text->bytes, bytes, length) == 0)
			return (uint8) i;
	}
	if (decoder->n_texts == 2)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("label column \"%s\" has more than two distinct values", decoder->column),
		         errdetail("Found \"%s\", \"%s\" and \"%s\".",
		                   shown(decoder->texts[0].bytes, decoder->texts[0].length),
		                   shown(decoder->texts[1].bytes, decoder->texts[1].length),
		                   shown(bytes, length)),
		         errhint("Let the source be a query that computes a boolean label.")));
	text = &decoder->texts[decoder->n_texts];
	caller = MemoryContextSwitchTo(decoder->context);
	text->bytes = pnstrdup(bytes, length);
	text->length = length;
	text->datum = datum;
	MemoryContextSwitchTo(caller);
	return (uint8) decoder->n_texts++;
}

static uint8
convert_varlena_text(LabelDecoder *decoder, Datum value)
{
	struct varlena *text = PG_DETOAST_DATUM_PACKED(value);
	const char *bytes = VARDATA_ANY(text);
	size_t length = VARSIZE_ANY_EXHDR(text);
	uint8 code;

	while (decoder->blank_padded && length > 0 && bytes[length - 1] == ' ')
		length--;
	code = code_text(decoder, value, bytes, length);
	if ((Pointer) text != DatumGetPointer(value))
		pfree(text);
	return code;
}

/* enum, "char" and name. An enum's label costs a look-up, so each value is printed only once. */
static uint8
convert_printed_text(LabelDecoder *decoder, Datum value)
{
	char *printed;
	uint8 code;

	for (int i = 0; decoder->by_value && i < decoder->n_texts; i++)
		if (decoder->texts[i].datum == value)
			return (uint8) i;
	printed = OutputFunctionCall(&decoder->output, value);
	code = code_text(decoder, value, printed, strlen(printed));
	pfree(printed);
	return code;
}

static LabelConverter
choose_converter(Oid type)
{
	switch (type)
	{
		case BOOLOID:
			return convert_boolean;
		case INT2OID:
			return convert_int2;
		case INT4OID:
			return convert_int4;
		case INT8OID:
			return convert_int8;
		case FLOAT4OID:
			return convert_float4;
		case FLOAT8OID:
			return convert_float8;
		case NUMERICOID:
			return convert_numeric;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			return convert_varlena_text;
		case NAMEOID:
		case CHAROID:
			return convert_printed_text;
		default:
			return type_is_enum(type) ? convert_printed_text : NULL;
	}
}

LabelDecoder *
label_decoder_create(TupleDesc tupdesc, const char *column)
{
	LabelDecoder *decoder = palloc0(sizeof(LabelDecoder));
	AttrNumber attribute = source_require_column(tupdesc, column, "label");
	Oid declared = TupleDescAttr(tupdesc, attribute - 1)->atttypid;
	Oid type = getBaseType(declared);

	decoder->column = pstrdup(column);
	decoder->attribute = attribute;
	decoder->context = CurrentMemoryContext;
	decoder->convert = choose_converter(type);
	if (decoder->convert == NULL)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("column \"%s\" of type %s cannot be a label", column,
		                       format_type_be(declared)),
		                errhint("A label is a boolean, a number that is 0 or 1, or a text or enum "
		                        "with two distinct values.")));
	if (decoder->convert == convert_numeric)
	{
		decoder->zero = int64_to_numeric(0);
		decoder->one = int64_to_numeric(1);
	}
	if (decoder->convert == convert_printed_text)
	{
		Oid output;
		bool is_varlena;

		getTypeOutputInfo(type, &output, &is_varlena);
		fmgr_info(output, &decoder->output);
		decoder->by_value = get_typbyval(type);
	}
	decoder->blank_padded = type == BPCHAROID;
	return decoder;
}

AttrNumber
label_decoder_attribute(const LabelDecoder *decoder)
{
	return decoder->attribute;
}

uint8
label_decode(LabelDecoder *decoder, Datum value)
{
	return decoder->convert(decoder, value);
}

/* ASCII only: the words are, and the server's own folding depends on locale. */
static bool
is_word(const LabelText *text, const char *const *words, int n_words)
{
	char folded[LONGEST_WORD + 1];

	if (text->length > LONGEST_WORD)
		return false;
	for (size_t i = 0; i < text->length; i++)
	{
		char c = text->bytes[i];

		folded[i] = c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
	}
	folded[text->length] = '\0';
	for (int i = 0; i < n_words; i++)
		if (strcmp(folded, words[i]) == 0)
			return true;
	return false;
}

/* 1 for a word that means fraud, -1 for one that means the opposite, 0 for any other. */
static int
word_meaning(const LabelText *text)
{
	if (is_word(text, fraud_words, lengthof(fraud_words)))
		return 1;
	return is_word(text, legitimate_words, lengthof(legitimate_words)) ? -1 : 0;
}

static bool
settle_single_text(const LabelDecoder *decoder)
{
	int meaning = word_meaning(&decoder->texts[0]);

	if (meaning == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("label column \"%s\" has only the value \"%s\"", decoder->column,
		                       shown(decoder->texts[0].bytes, decoder->texts[0].length)),
		                errdetail("It is not a word that says by itself whether it means fraud."),
		                errhint("Let the source be a query that computes a boolean label.")));
	return meaning > 0;
}

static bool
first_text_is_greater(const LabelDecoder *decoder)
{
	const LabelText *a = &decoder->texts[0];
	const LabelText *b = &decoder->texts[1];
	int order = memcmp(a->bytes, b->bytes, Min(a->length, b->length));

	return order != 0 ? order > 0 : a->length > b->length;
}

bool
label_decoder_settle(LabelDecoder *decoder)
{
	int first;
	int second;
	bool swap;

	if (decoder->n_texts == 0)
		return false;
	if (decoder->n_texts == 1)
		return settle_single_text(decoder);
	first = word_meaning(&decoder->texts[0]);
	second = word_meaning(&decoder->texts[1]);
	if (first != second)
		return first > second;
	if (first != 0)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("label column \"%s\" has the values \"%s\" and \"%s\", which mean "
		                "the same",
		                decoder->column, shown(decoder->texts[0].bytes, decoder->texts[0].length),
		                shown(decoder->texts[1].bytes, decoder->texts[1].length)),
		         errhint("Let the source be a query that computes a boolean label.")));
	swap = first_text_is_greater(decoder);
	ereport(
	    NOTICE,
	    (errmsg("label column \"%s\": taking \"%s\" as fraud and \"%s\" as legitimate",
	            decoder->column, shown(decoder->texts[!swap].bytes, decoder->texts[!swap].length),
	            shown(decoder->texts[swap].bytes, decoder->texts[swap].length)),
	     errhint("Let the source be a query that computes a boolean label if it is the other way "
	             "around.")));
	return swap;
}

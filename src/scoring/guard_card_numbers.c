/*
 * guard_card_numbers.c
 *		Refuses card numbers where a token belongs.
 *
 * Who refuses one must not spread it: no value is part of a message, the context of the
 * error is left out (COPY would show the line, a prepared statement its parameters), and
 * the statement is kept out of the log.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "core/card_number.h"
#include "fmgr.h"
#include "nodes/pg_list.h"
#include "pg/errors.h"
#include "pg/json_member.h"
#include "scoring/guard_card_numbers.h"
#include "scoring/value_text.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(fraud_is_card_number);
PG_FUNCTION_INFO_V1(fraud_refuse_card_number);
PGDLLEXPORT Datum fraud_is_card_number(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fraud_refuse_card_number(PG_FUNCTION_ARGS);

typedef struct Reader
{
	Oid type;
	ValueText printer;
} Reader;

typedef struct CheckedColumn
{
	int place;
	char *name;
	Reader reader;
} CheckedColumn;

struct GuardCardNumbers
{
	int n_columns;
	CheckedColumn *columns;
};

/* Values */

/* Smaller integers have too few digits, a float4 cannot tell them, and the others are none. */
static bool
may_hold(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case DATEOID:
		case FLOAT4OID:
		case INT2OID:
		case INT4OID:
		case INTERVALOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case TIMETZOID:
		case UUIDOID:
			return false;
		default:
			return true;
	}
}

static void
bind_reader(Reader *reader, Oid type)
{
	reader->type = getBaseType(type);
	value_text_bind(&reader->printer, reader->type, CurrentMemoryContext);
}

static bool
text_is(Datum value)
{
	text *content = DatumGetTextPP(value);

	return card_number_is_in_text(VARDATA_ANY(content), VARSIZE_ANY_EXHDR(content));
}

static bool
number_is(Reader *reader, Datum value)
{
	char *digits = value_text(&reader->printer, value);

	return card_number_is_number(digits, strlen(digits));
}

/* Of an array, a document, a row or a type that an extension brings, wherever in it. */
static bool
printed_is(Reader *reader, Datum value)
{
	char *printed = value_text(&reader->printer, value);

	return card_number_is_in_text(printed, strlen(printed));
}

static bool
is_card_number(Reader *reader, Datum value)
{
	if (!may_hold(reader->type))
		return false;
	switch (reader->type)
	{
		case BYTEAOID:
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			return text_is(value);
		case INT8OID:
		case NUMERICOID:
		case FLOAT8OID:
			return number_is(reader, value);
		default:
			return printed_is(reader, value);
	}
}

/* fraud.is_card_number(anyelement) -> bool */
PGDLLEXPORT Datum
fraud_is_card_number(PG_FUNCTION_ARGS)
{
	Reader *reader = fcinfo->flinfo->fn_extra;
	Oid type = get_fn_expr_argtype(fcinfo->flinfo, 0);

	if (!OidIsValid(type))
		elog(ERROR, "could not determine the type of the argument");
	if (reader == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		reader = palloc0(sizeof(Reader));
		bind_reader(reader, type);
		fcinfo->flinfo->fn_extra = reader;
		MemoryContextSwitchTo(caller);
	}
	PG_RETURN_BOOL(is_card_number(reader, PG_GETARG_DATUM(0)));
}

static void
pg_attribute_noreturn() refuse(const char *what, const char *exception)
{
	error_context_stack = NULL;
	ereport(ERROR, (errcode(ERRCODE_FRAUD_CARD_NUMBER), errmsg("%s looks like a card number", what),
	                errhint("Use a token in its place. %s", exception), errhidestmt(true)));
}

void
guard_refuse_card_number(Datum text, const char *what, const char *exception)
{
	if (text_is(text))
		refuse(what, exception);
}

/* fraud.refuse_card_number(value text, what text, exception text) */
PGDLLEXPORT Datum
fraud_refuse_card_number(PG_FUNCTION_ARGS)
{
	guard_refuse_card_number(PG_GETARG_DATUM(0), text_to_cstring(PG_GETARG_TEXT_PP(1)),
	                         text_to_cstring(PG_GETARG_TEXT_PP(2)));
	PG_RETURN_VOID();
}

/* Columns */

/* Is the name a value of an object, or an element of an array? */
static bool
holds(const JsonbValue *option, const char *name)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue value;

	if (option == NULL || option->type != jbvBinary)
		return false;
	iterator = JsonbIteratorInit(option->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if ((token == WJB_VALUE || token == WJB_ELEM) && value.type == jbvString &&
		    value.val.string.len == strlen(name) &&
		    memcmp(value.val.string.val, name, value.val.string.len) == 0)
			return true;
	}
	return false;
}

static bool
is_in(List *texts, const char *name)
{
	ListCell *cell;

	foreach (cell, texts)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

GuardCardNumbers *
guard_card_numbers_bind(const Jsonb *options, const char *key, List *entity_columns,
                        TupleDesc columns)
{
	JsonbContainer *object = unconstify(JsonbContainer *, &options->root);
	JsonbValue *entities = json_member(object, "entities");
	JsonbValue *exempt = json_member(object, "not_card_numbers");
	GuardCardNumbers *card_numbers = palloc0(sizeof(GuardCardNumbers));

	card_numbers->columns = palloc0(Max(columns->natts, 1) * sizeof(CheckedColumn));
	for (int i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(columns, i);
		const char *name = NameStr(attribute->attname);
		CheckedColumn *column = &card_numbers->columns[card_numbers->n_columns];

		if (attribute->attisdropped || !may_hold(getBaseType(attribute->atttypid)) ||
		    holds(exempt, name))
			continue;
		if (!holds(entities, name) && !(key != NULL && strcmp(key, name) == 0) &&
		    !is_in(entity_columns, name))
			continue;
		column->place = i;
		column->name = pstrdup(name);
		bind_reader(&column->reader, attribute->atttypid);
		card_numbers->n_columns++;
	}
	return card_numbers;
}

void
guard_card_numbers_check(const GuardCardNumbers *card_numbers, const Datum *values,
                         const bool *nulls)
{
	for (int i = 0; i < card_numbers->n_columns; i++)
	{
		CheckedColumn *column = &card_numbers->columns[i];

		if (!nulls[column->place] && is_card_number(&column->reader, values[column->place]))
			refuse(psprintf("value of column \"%s\"", column->name),
			       "Where values only look like card numbers, name the column in the policy's "
			       "option \"not_card_numbers\".");
	}
}

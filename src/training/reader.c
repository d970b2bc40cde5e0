/*
 * reader.c
 *		Reads a source once, into a row store and a few arrays.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "core/random.h"
#include "miscadmin.h"
#include "pg/errors.h"
#include "pg/label.h"
#include "pg/memory.h"
#include "training/memory_estimate.h"
#include "training/reader.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#define FIRST_CAPACITY 4096
/* Memory is looked at when it has grown by so much: one row can bring a text of any size. */
#define BYTES_BETWEEN_CHECKS (1024 * 1024)

#define HASH_OF_NULL UINT64_C(0x9e3779b97f4a7c15)

typedef struct Reader
{
	const TrainingRequest *request;
	ColumnChoice *choice;
	RowStore *store;
	RowFacts *facts;
	TupleDesc tupdesc;
	LabelDecoder *labels;
	uint64 null_labels;
	CategoryConverter entity_text; /* one of these two where there is an entity */
	FmgrInfo *entity_hash;
	Oid entity_collation;
	float *row;
	MemoryContext context; /* of all that is kept of the rows */
	Size next_check;       /* when it has so many bytes */
} Reader;

static bool read_row(TupleTableSlot *slot, void *argument);

/* Facts about all rows */

static void
facts_create(RowFacts *facts, const ColumnChoice *choice)
{
	memset(facts, 0, sizeof(*facts));
	facts->capacity = FIRST_CAPACITY;
	facts->labels = palloc(sizeof(uint8) * facts->capacity);
	facts->hashes = palloc(sizeof(uint64) * facts->capacity);
	if (choice->event_time != 0)
		facts->event_times = palloc(sizeof(int64) * facts->capacity);
	if (choice->label_time != 0)
		facts->known_times = palloc(sizeof(int64) * facts->capacity);
	if (choice->entity != 0)
		facts->entities = palloc(sizeof(uint64) * facts->capacity);
}

static void
facts_grow(RowFacts *facts)
{
	uint64 capacity = (uint64) facts->capacity * 2;

	facts->capacity = (uint32) Min(capacity, READER_MAX_ROWS);
	capacity = facts->capacity;
	facts->labels = repalloc_huge(facts->labels, sizeof(uint8) * capacity);
	facts->hashes = repalloc_huge(facts->hashes, sizeof(uint64) * capacity);
	if (facts->event_times != NULL)
		facts->event_times = repalloc_huge(facts->event_times, sizeof(int64) * capacity);
	if (facts->known_times != NULL)
		facts->known_times = repalloc_huge(facts->known_times, sizeof(int64) * capacity);
	if (facts->entities != NULL)
		facts->entities = repalloc_huge(facts->entities, sizeof(uint64) * capacity);
}

/* Values */

static int64
event_time(const Reader *reader, TupleTableSlot *slot)
{
	AttrNumber attribute = reader->choice->event_time;
	Oid type = TupleDescAttr(reader->tupdesc, attribute - 1)->atttypid;
	const char *name = NameStr(TupleDescAttr(reader->tupdesc, attribute - 1)->attname);
	int64 time;

	if (slot->tts_isnull[attribute - 1])
		ereport(ERROR, (errcode(ERRCODE_FRAUD_UNUSABLE_DATA),
		                errmsg("event time \"%s\" is NULL in row " UINT64_FORMAT, name,
		                       (uint64) reader->facts->n_rows + 1),
		                errhint("Leave such rows out in a query.")));
	time = time_from_datum(slot->tts_values[attribute - 1], type);
	if (TIMESTAMP_NOT_FINITE(time))
		ereport(ERROR, (errcode(ERRCODE_FRAUD_UNUSABLE_DATA),
		                errmsg("event time \"%s\" is infinite or out of a timestamp's range in "
		                       "row " UINT64_FORMAT,
		                       name, (uint64) reader->facts->n_rows + 1),
		                errhint("Leave such rows out in a query.")));
	return time;
}

static int64
known_time(const Reader *reader, TupleTableSlot *slot)
{
	AttrNumber attribute = reader->choice->label_time;

	if (slot->tts_isnull[attribute - 1])
		return TIME_NEVER;
	return time_from_datum(slot->tts_values[attribute - 1],
	                       TupleDescAttr(reader->tupdesc, attribute - 1)->atttypid);
}

static uint64
hash_text(CategoryConverter convert, Datum value)
{
	CategoryText text = {0};
	uint64 hash;

	convert(value, &text);
	hash = hash_bytes_extended((const unsigned char *) text.bytes, text.length, 0);
	category_text_done(&text);
	return hash;
}

/* A row without an entity stands for itself: its content hash is put in later. */
static uint64
entity_hash(const Reader *reader, TupleTableSlot *slot)
{
	AttrNumber attribute = reader->choice->entity;
	Datum value = slot->tts_values[attribute - 1];

	if (slot->tts_isnull[attribute - 1])
		return 0;
	if (reader->entity_text != NULL)
		return hash_text(reader->entity_text, value) | 1;
	return DatumGetUInt64(FunctionCall2Coll(reader->entity_hash, reader->entity_collation, value,
	                                        Int64GetDatum(0))) |
	       1;
}

static void
prepare_entity(Reader *reader)
{
	Form_pg_attribute attribute;
	TypeCacheEntry *entry;

	if (reader->choice->entity == 0)
		return;
	attribute = TupleDescAttr(reader->tupdesc, reader->choice->entity - 1);
	if (column_class(attribute->atttypid) == COLUMN_TEXT)
	{
		reader->entity_text = category_converter(attribute->atttypid);
		return;
	}
	entry = lookup_type_cache(attribute->atttypid, TYPECACHE_HASH_EXTENDED_PROC_FINFO);
	if (!OidIsValid(entry->hash_extended_proc))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("column \"%s\" of type %s cannot be an entity",
		                       NameStr(attribute->attname), format_type_be(attribute->atttypid)),
		                errdetail("The type has no hash function."),
		                errhint("Turn it into a text in a query.")));
	reader->entity_hash = &entry->hash_extended_proc_finfo;
	reader->entity_collation = attribute->attcollation;
}

/* The integer in a datum of a watched column, scattered; unequal integers stay unequal. */
static uint64
integer_key(Datum value, Oid type)
{
	switch (getBaseType(type))
	{
		case INT2OID:
			return random_mix((uint64) DatumGetInt16(value));
		case INT4OID:
			return random_mix((uint64) DatumGetInt32(value));
		case INT8OID:
			return random_mix((uint64) DatumGetInt64(value));
		default:
			return DatumGetUInt64(
			    DirectFunctionCall2(hash_numeric_extended, value, Int64GetDatum(0)));
	}
}

static bool
is_integer_column(Form_pg_attribute attribute)
{
	switch (getBaseType(attribute->atttypid))
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return true;
		case NUMERICOID: /* numeric(p, 0), as identifiers come from other systems */
			return attribute->atttypmod >= (int) VARHDRSZ &&
			       ((attribute->atttypmod - VARHDRSZ) & 0x7ff) == 0;
		default:
			return false;
	}
}

/*
 * The code of a text, as it is stored. Returns its hash, which depends neither
 * on the code nor on whether codes are still given: rows come in any order.
 */
static uint64
store_text(TrainingColumn *column, Datum value, float *slot)
{
	CategoryText text = {0};
	int32 code = DICTIONARY_UNKNOWN;
	uint64 hash;

	column->category(value, &text);
	hash = hash_bytes_extended((const unsigned char *) text.bytes, text.length, 0);
	if (column->dictionary != NULL)
	{
		code = dictionary_add(column->dictionary, text.bytes, text.length);
		require_memory(code != DICTIONARY_UNKNOWN);
	}
	category_text_done(&text);
	memcpy(slot, &code, sizeof(code));
	return hash;
}

static uint64
store_numbers(const TrainingColumn *column, Datum value, float *slots)
{
	uint64 hash = 0;

	for (int i = 0; i < column->n_slots; i++)
	{
		uint32 bits;

		slots[i] = column->convert[i](value);
		if (isinf(slots[i]))
			ereport(ERROR,
			        (errcode(ERRCODE_FRAUD_UNUSABLE_DATA),
			         errmsg("column \"%s\" holds a value that is infinite or too large for a "
			                "32-bit float",
			                column->name),
			         errhint("Exclude the column, or turn such values into NULL in a query.")));
		memcpy(&bits, &slots[i], sizeof(bits));
		hash = random_mix(hash + bits + 1);
	}
	return hash;
}

/* Texts that never repeat are no categories: stop collecting them. */
static void
stop_collecting_unique(TrainingColumn *column)
{
	if (column->dictionary == NULL || dictionary_size(column->dictionary) < DISTINCT_ENOUGH ||
	    dictionary_size(column->dictionary) < column->filled[0] + column->filled[1])
		return;
	dictionary_free(column->dictionary);
	column->dictionary = NULL;
}

static uint64
store_null(const TrainingColumn *column, float *slots)
{
	static const int32 no_code = DICTIONARY_UNKNOWN;

	for (int i = 0; i < column->n_slots; i++)
	{
		if (column->class == COLUMN_TEXT)
			memcpy(&slots[i], &no_code, sizeof(no_code));
		else
			slots[i] = NAN;
	}
	return HASH_OF_NULL;
}

static uint64
read_column(TrainingColumn *column, TupleTableSlot *slot, float *row, int label)
{
	float *slots = row + column->first_slot;
	Datum value = slot->tts_values[column->attribute - 1];
	uint64 hash;

	if (slot->tts_isnull[column->attribute - 1])
		return store_null(column, slots);
	column->filled[label]++;
	if (column->class == COLUMN_TEXT)
	{
		hash = store_text(column, value, slots);
		stop_collecting_unique(column);
		return hash;
	}
	if (column->watched)
		distinct_add(&column->distinct, integer_key(value, column->type));
	return store_numbers(column, value, slots);
}

static void
check_memory(Reader *reader)
{
	Size size = MemoryContextMemAllocated(reader->context, false);

	if (size < reader->next_check)
		return;
	memory_reading_check(reader->facts, reader->choice);
	reader->next_check = size + BYTES_BETWEEN_CHECKS;
}

static bool
read_row(TupleTableSlot *slot, void *argument)
{
	Reader *reader = argument;
	ColumnChoice *choice = reader->choice;
	RowFacts *facts = reader->facts;
	uint32 i = facts->n_rows;
	uint64 hash = 0;
	uint8 label;

	slot_getsomeattrs(slot, choice->last_attribute);
	if (slot->tts_isnull[choice->label - 1])
	{
		reader->null_labels++;
		return true;
	}
	if (i == READER_MAX_ROWS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("the source has more than %u rows", READER_MAX_ROWS),
		                errhint("Train on later rows, or on a sample of the legitimate ones.")));
	if (i == facts->capacity)
		facts_grow(facts);

	label = label_decode(reader->labels, slot->tts_values[choice->label - 1]);
	facts->labels[i] = label;
	if (facts->event_times != NULL)
		facts->event_times[i] = event_time(reader, slot);
	if (facts->known_times != NULL)
		facts->known_times[i] = known_time(reader, slot);
	if (facts->entities != NULL)
		facts->entities[i] = entity_hash(reader, slot);
	for (int c = 0; c < choice->n_columns; c++)
		hash = random_mix(
		    hash_combine64(hash, read_column(&choice->columns[c], slot, reader->row, label)));
	facts->hashes[i] = hash;
	check_memory(reader);
	row_store_append(reader->store, reader->row);
	facts->n_rows++;
	return true;
}

/* What only the last row settles: which code is fraud, and what depends on it. */
static void
settle(Reader *reader)
{
	RowFacts *facts = reader->facts;
	ColumnChoice *choice = reader->choice;
	bool swap = facts->n_rows > 0 && label_decoder_settle(reader->labels);

	for (uint32 i = 0; i < facts->n_rows; i++)
	{
		if (swap)
			facts->labels[i] = !facts->labels[i];
		facts->n_frauds += facts->labels[i];
		if (facts->entities != NULL)
			facts->hashes[i] = hash_combine64(facts->hashes[i], facts->entities[i]);
		if (facts->entities != NULL && facts->entities[i] == 0)
			facts->entities[i] = facts->hashes[i];
	}
	for (int c = 0; swap && c < choice->n_columns; c++)
	{
		TrainingColumn *column = &choice->columns[c];
		uint64 filled = column->filled[0];

		column->filled[0] = column->filled[1];
		column->filled[1] = filled;
	}
}

static void
check_labels(const Reader *reader)
{
	const RowFacts *facts = reader->facts;
	const char *label = reader->request->label;

	if (reader->null_labels > 0)
		ereport(ERROR, (errcode(ERRCODE_FRAUD_UNUSABLE_DATA),
		                errmsg("label \"%s\" is NULL in " UINT64_FORMAT " rows", label,
		                       reader->null_labels),
		                errhint("Leave rows whose label is not known yet out: SELECT * FROM ... "
		                        "WHERE %s IS NOT NULL.",
		                        quote_identifier(label))));
	if (facts->n_rows == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_FRAUD_UNUSABLE_DATA), errmsg("the source has no rows"),
		         errdetail("Rows that row-level security hides from role \"%s\" do not count.",
		                   GetUserNameFromId(GetUserId(), false))));
	if (facts->n_frauds == 0 || facts->n_frauds == facts->n_rows)
		ereport(ERROR, (errcode(ERRCODE_FRAUD_UNUSABLE_DATA),
		                errmsg("label \"%s\" has one class only", label),
		                errdetail("All %u rows are %s.", facts->n_rows,
		                          facts->n_frauds == 0 ? "legitimate" : "frauds"),
		                errhint("Let the source give rows of both classes.")));
}

void
reader_read(Source *source, const TrainingRequest *request, ColumnChoice *choice, RowStore *store,
            RowFacts *facts)
{
	Reader reader = {0};

	reader.request = request;
	reader.choice = choice;
	reader.store = store;
	reader.facts = facts;
	reader.tupdesc = source->tupdesc;
	reader.labels = label_decoder_create(source->tupdesc, request->label);
	reader.row = palloc0(sizeof(float) * choice->n_slots);
	reader.context = CurrentMemoryContext;
	prepare_entity(&reader);
	facts_create(facts, choice);
	for (int c = 0; c < choice->n_columns; c++)
	{
		TrainingColumn *column = &choice->columns[c];
		CoreAllocator allocator = memory_context_allocator(CurrentMemoryContext);

		if (column->class == COLUMN_TEXT)
			column->dictionary = dictionary_create(&allocator);
		column->watched = is_integer_column(TupleDescAttr(source->tupdesc, column->attribute - 1));
		if (column->watched)
			distinct_init(&column->distinct);
	}

	row_store_create(store, choice->n_slots);
	source_read(source, read_row, &reader);
	settle(&reader);
	check_labels(&reader);
}

static bool
times_are_equal(const RowFacts *facts)
{
	for (uint32 i = 1; i < facts->n_rows; i++)
		if (facts->event_times[i] != facts->event_times[0])
			return false;
	return true;
}

void
reader_forget_constant_time(const TrainingRequest *request, const Source *source,
                            ColumnChoice *choice, RowFacts *facts)
{
	if (request->event_time != NULL || facts->event_times == NULL || !times_are_equal(facts))
		return;
	ereport(
	    NOTICE,
	    (errmsg("rows are split at random, not by time: column \"%s\" is the same in all of them",
	            NameStr(TupleDescAttr(source->tupdesc, choice->event_time - 1)->attname))));
	pfree(facts->event_times);
	facts->event_times = NULL;
	choice->event_time = 0;
}

/* Order */

static int
compare_rows(const void *a, const void *b, void *argument)
{
	const RowFacts *facts = argument;
	uint32 i = *(const uint32 *) a;
	uint32 j = *(const uint32 *) b;

	/* Sorting millions of rows takes seconds. */
	CHECK_FOR_INTERRUPTS();
	if (facts->event_times != NULL && facts->event_times[i] != facts->event_times[j])
		return facts->event_times[i] < facts->event_times[j] ? -1 : 1;
	if (facts->hashes[i] != facts->hashes[j])
		return facts->hashes[i] < facts->hashes[j] ? -1 : 1;
	return 0;
}

/* Legitimate rows to the front; other than by their labels these rows cannot be told apart. */
static void
order_twins(uint32 *rows, uint32 n, const uint8 *labels)
{
	uint32 n_legitimate = 0;

	for (uint32 i = 0; i < n; i++)
	{
		uint32 row = rows[i];

		if (labels[row])
			continue;
		rows[i] = rows[n_legitimate];
		rows[n_legitimate++] = row;
	}
}

void
reader_order_labels(uint32 *order, const RowFacts *facts)
{
	uint32 end;

	for (uint32 first = 0; first < facts->n_rows; first = end)
	{
		end = first + 1;
		while (end < facts->n_rows &&
		       compare_rows(&order[first], &order[end], unconstify(RowFacts *, facts)) == 0)
			end++;
		order_twins(order + first, end - first, facts->labels);
	}
}

uint32 *
reader_order(const RowFacts *facts)
{
	uint32 *order = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(uint32) * facts->n_rows);

	for (uint32 i = 0; i < facts->n_rows; i++)
		order[i] = i;
	qsort_arg(order, facts->n_rows, sizeof(uint32), compare_rows, unconstify(RowFacts *, facts));
	reader_order_labels(order, facts);
	return order;
}

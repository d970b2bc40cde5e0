/*
 * golden.c
 *		Golden rows: written when a version is trained, checked when it is loaded.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "miscadmin.h"
#include "pg/errors.h"
#include "pg/golden.h"
#include "utils/memutils.h"

#define GOLDEN_FORMAT 1
/* format, n_rows, n_features, checksum of the signature */
#define GOLDEN_HEADER_WORDS 4
#define GOLDEN_HEADER_SIZE (GOLDEN_HEADER_WORDS * sizeof(uint32))

/* Little-endian bytes, whatever the machine: the registry is copied between machines. */
static uint32
load_word(const unsigned char *bytes)
{
	return (uint32) bytes[0] | (uint32) bytes[1] << 8 | (uint32) bytes[2] << 16 |
	       (uint32) bytes[3] << 24;
}

static unsigned char *
store_word(unsigned char *bytes, uint32 word)
{
	bytes[0] = word & 0xff;
	bytes[1] = (word >> 8) & 0xff;
	bytes[2] = (word >> 16) & 0xff;
	bytes[3] = (word >> 24) & 0xff;
	return bytes + sizeof(uint32);
}

static uint32
float_bits(float value)
{
	uint32 bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static float
float_from_bits(uint32 bits)
{
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

struct varlena *
golden_build(const float *rows, const float *margins, uint32 n_rows, uint32 n_features,
             uint32 signature_checksum)
{
	size_t n_values = (size_t) n_rows * n_features;
	size_t size = VARHDRSZ + GOLDEN_HEADER_SIZE + (n_values + n_rows) * sizeof(float);
	struct varlena *golden = palloc(size);
	unsigned char *out = (unsigned char *) VARDATA(golden);

	SET_VARSIZE(golden, size);
	out = store_word(out, GOLDEN_FORMAT);
	out = store_word(out, n_rows);
	out = store_word(out, n_features);
	out = store_word(out, signature_checksum);
	for (size_t i = 0; i < n_values; i++)
		out = store_word(out, float_bits(rows[i]));
	for (uint32 i = 0; i < n_rows; i++)
		out = store_word(out, float_bits(margins[i]));
	return golden;
}

static void
pg_attribute_noreturn() golden_damaged(const char *detail)
{
	ereport(ERROR,
	        (errcode(ERRCODE_FRAUD_MODEL_DAMAGED), errmsg("golden rows of the model are damaged"),
	         errdetail_internal("%s", detail), errhint_model_damaged()));
}

static float *
load_floats(const unsigned char *bytes, size_t n)
{
	float *values = palloc_extended(n * sizeof(float), MCXT_ALLOC_HUGE);

	for (size_t i = 0; i < n; i++)
		values[i] = float_from_bits(load_word(bytes + i * sizeof(float)));
	return values;
}

static void
require_margin(float margin, float golden, uint32 row)
{
	if (float_bits(margin) != float_bits(golden))
		ereport(ERROR, (errcode(ERRCODE_FRAUD_MODEL_DAMAGED),
		                errmsg("the model does not give the margins it was registered with"),
		                errdetail("Golden row %u has margin %.9g here and %.9g in the registry.",
		                          row + 1, margin, golden),
		                errhint_model_damaged()));
}

/* One by one and in a block: the engine has different code for the two. */
static void
check_margins(const Forest *forest, float *rows, float *golden, uint32 n_rows)
{
	float *margins = palloc(n_rows * sizeof(float));

	for (uint32 i = 0; i < n_rows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		require_margin(forest_margin(forest, rows + (size_t) i * forest->n_features), golden[i], i);
	}
	forest_margins(forest, rows, forest->n_features, n_rows, margins);
	for (uint32 i = 0; i < n_rows; i++)
		require_margin(margins[i], golden[i], i);
	pfree(margins);
	pfree(golden);
	pfree(rows);
}

void
golden_check(struct varlena *golden, const Forest *forest, uint32 signature_checksum)
{
	const unsigned char *bytes = (const unsigned char *) VARDATA_ANY(golden);
	size_t size = VARSIZE_ANY_EXHDR(golden);
	uint32 n_rows;

	if (size < GOLDEN_HEADER_SIZE || load_word(bytes) != GOLDEN_FORMAT)
		golden_damaged("They do not begin with a header of format 1.");
	n_rows = load_word(bytes + 4);
	if (n_rows == 0)
		golden_damaged("There are none.");
	if (load_word(bytes + 8) != forest->n_features)
		golden_damaged("Their number of features is not the image's.");
	/* Both factors are below 2^32, so their product fits 64 bits. */
	if ((uint64) size - GOLDEN_HEADER_SIZE !=
	    (uint64) n_rows * ((uint64) forest->n_features + 1) * sizeof(float))
		golden_damaged("Their length is not what the header says.");

	if (load_word(bytes + 12) != signature_checksum)
		ereport(ERROR,
		        (errcode(ERRCODE_FRAUD_MODEL_DAMAGED), errmsg("signature of the model is damaged"),
		         errdetail("Its checksum is not the one in the golden rows."),
		         errhint_model_damaged()));

	bytes += GOLDEN_HEADER_SIZE;
	check_margins(forest, load_floats(bytes, (size_t) n_rows * forest->n_features),
	              load_floats(bytes + (size_t) n_rows * forest->n_features * sizeof(float), n_rows),
	              n_rows);
}

/*
 * row_store.c
 *		Rows of float32 values in a temporary file.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "training/row_store.h"

void
row_store_create(RowStore *store, int width)
{
	store->file = BufFileCreateTemp(false);
	store->width = width;
	store->n_rows = 0;
}

void
row_store_append(RowStore *store, const float *row)
{
	/* Before PostgreSQL 16 the argument is not const, though it is only read. */
	BufFileWrite(store->file, unconstify(float *, row), sizeof(float) * store->width);
	store->n_rows++;
}

void
row_store_read(RowStore *store, uint64 first, uint64 n, float *rows)
{
	size_t row_size = sizeof(float) * store->width;
	size_t size = n * row_size;

	Assert(first + n <= store->n_rows);
	if (BufFileSeek(store->file, 0, (off_t) (first * row_size), SEEK_SET) != 0 ||
	    BufFileRead(store->file, rows, size) != size)
		ereport(ERROR, (errcode_for_file_access(),
		                errmsg("could not read back training rows from a temporary file: %m")));
}

void
row_store_close(RowStore *store)
{
	if (store->file != NULL)
		BufFileClose(store->file);
	store->file = NULL;
}

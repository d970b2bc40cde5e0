/*
 * row_store.h
 *		Rows of float32 values in a temporary file: training data larger than
 *		memory, read several times.
 *
 * The file counts against temp_file_limit and goes away with the transaction's
 * resources, whatever happens.
 */
#ifndef FRAUD_DETECT_ROW_STORE_H
#define FRAUD_DETECT_ROW_STORE_H

#include "storage/buffile.h"

typedef struct RowStore
{
	BufFile *file;
	int width; /* floats per row, at least 1 */
	uint64 n_rows;
} RowStore;

extern void row_store_create(RowStore *store, int width);
extern void row_store_append(RowStore *store, const float *row);
/* Copies n rows from the given one on. Appending after reading is not possible. */
extern void row_store_read(RowStore *store, uint64 first, uint64 n, float *rows);
extern void row_store_close(RowStore *store);

#endif

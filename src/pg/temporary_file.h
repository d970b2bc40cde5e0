/*
 * temporary_file.h
 *		Reading and writing temporary files at places, up to a megabyte at a time.
 *
 * BufFile would do it by its buffer of 8 kB, a call of the kernel for each.
 */
#ifndef FRAUD_DETECT_TEMPORARY_FILE_H
#define FRAUD_DETECT_TEMPORARY_FILE_H

#include "storage/fd.h"

/*
 * All bytes, at a place in bytes; each call counts its blocks, the last one also where it is not full, as temporary
 * ones of EXPLAIN (BUFFERS). Errors of files, XX001 where a file has fewer bytes, 53400 where temp_file_limit does not
 * allow more, 57014 when the query is to end.
 */
extern void temporary_file_write(File file, int64 at, const void *bytes, Size size);
extern void temporary_file_read(File file, int64 at, void *bytes, Size size);

#endif

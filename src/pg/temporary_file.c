/*
 * temporary_file.c
 *		Reading and writing temporary files at places.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "executor/instrument.h"
#include "miscadmin.h"
#include "pg/temporary_file.h"
#include "storage/bufmgr.h"
#include "utils/wait_event.h"

/* Between two looks at whether the query is to end. */
#define MOST_AT_ONCE ((Size) 1024 * 1024)

static void
start_timing(instr_time *start)
{
	if (track_io_timing)
		INSTR_TIME_SET_CURRENT(*start);
	else
		INSTR_TIME_SET_ZERO(*start);
}

/* Adds what is used, and the time it took, to what EXPLAIN shows. */
static void
count_blocks(int64 *blocks, Size size, instr_time *time, instr_time start)
{
	*blocks += (int64) ((size + BLCKSZ - 1) / BLCKSZ);
	if (!INSTR_TIME_IS_ZERO(start))
	{
		instr_time end;

		INSTR_TIME_SET_CURRENT(end);
		INSTR_TIME_ACCUM_DIFF(*time, end, start);
	}
}

void
temporary_file_write(File file, int64 at, const void *bytes, Size size)
{
	/* Before PostgreSQL 16 the argument is not const, though it is only read. */
	char *from = unconstify(char *, (const char *) bytes);
	instr_time start;
	Size done = 0;

	start_timing(&start);
	while (done < size)
	{
		ssize_t n = FileWrite(file, from + done, Min(size - done, MOST_AT_ONCE), at + (off_t) done,
		                      WAIT_EVENT_BUFFILE_WRITE);

		if (n <= 0)
			ereport(ERROR, (errcode_for_file_access(),
			                errmsg("could not write to file \"%s\": %m", FilePathName(file))));
		done += n;
		CHECK_FOR_INTERRUPTS();
	}
	count_blocks(&pgBufferUsage.temp_blks_written, size, &pgBufferUsage.temp_blk_write_time, start);
}

void
temporary_file_read(File file, int64 at, void *bytes, Size size)
{
	instr_time start;
	Size done = 0;

	start_timing(&start);
	while (done < size)
	{
		ssize_t n = FileRead(file, (char *) bytes + done, Min(size - done, MOST_AT_ONCE),
		                     at + (off_t) done, WAIT_EVENT_BUFFILE_READ);

		if (n < 0)
			ereport(ERROR, (errcode_for_file_access(),
			                errmsg("could not read file \"%s\": %m", FilePathName(file))));
		if (n == 0)
			ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
			                errmsg("could not read file \"%s\": read %zu of %zu",
			                       FilePathName(file), done, size)));
		done += n;
		CHECK_FOR_INTERRUPTS();
	}
	count_blocks(&pgBufferUsage.temp_blks_read, size, &pgBufferUsage.temp_blk_read_time, start);
}

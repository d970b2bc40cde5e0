/*
 * two_samples_message.c
 *		Two samples from one process to another: the message of a state, and adding one
 *		to another.
 *
 * Its runs are in the message, or in a file that was left to the leader, where the message says so.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "libpq/pqformat.h"
#include "pg/large_memory.h"
#include "scoring/aggregate_state.h"
#include "scoring/two_samples_state.h"
#include "utils/memutils.h"

/* Of what stands before a run's bytes, and before all runs. */
#define MOST_HEAD_BYTES 64
/* Bytes of a run at least. */
#define LEAST_RUN_BYTES 25

static inline bool
runs_are_in_file(const TwoSamples *samples)
{
	return samples->name != NULL;
}

Size
two_samples_message_bytes(const TwoSamples *samples)
{
	return MOST_HEAD_BYTES * (1 + (Size) samples->n_runs) + samples->bytes_of_runs;
}

/* Memory that is not written costs nothing. */
void
two_samples_begin_message(StringInfo message, int version, Size size)
{
	size += VARHDRSZ + 1;
	if (!AllocSizeIsValid(size))
		ereport(
		    ERROR,
		    (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		     errmsg("a part of an aggregate has too many values to hand over"),
		     errdetail("Without a temporary file, which temp_file_limit and partitions that one "
		               "process aggregates rule out, it can be 1 GB."),
		     errhint("SET enable_partitionwise_aggregate = off, and with temp_file_limit "
		             "max_parallel_workers_per_gather = 0.")));
	message->data = palloc(size);
	memory_use_large_pages(message->data, size);
	message->maxlen = (int) size;
	message->cursor = 0;
	/* As pq_begintypsend does. */
	message->len = VARHDRSZ;
	pq_sendbyte(message, version);
}

static void
send_run(StringInfo message, const KeyRun *run)
{
	pq_sendbyte(message, run->side);
	pq_sendint64(message, run->rows);
	pq_sendint64(message, run->size);
	pq_sendint64(message, run->n_blocks);
	if (run->bytes == NULL)
		pq_sendint64(message, run->file_offset);
	else
		pq_sendbytes(message, (const char *) run->bytes, (int) run->size);
}

void
two_samples_send(StringInfo message, const TwoSamples *samples)
{
	pq_sendfloat8(message, samples->parameter);
	for (int side = 0; side < 2; side++)
		pq_sendint64(message, samples->counts.missing[side]);
	pq_sendbyte(message, runs_are_in_file(samples));
	if (runs_are_in_file(samples))
	{
		pq_sendint32(message, samples->name->creator);
		pq_sendint64(message, samples->name->started);
		pq_sendint32(message, samples->name->number);
		pq_sendint32(message, samples->name->tablespace);
	}
	pq_sendint32(message, samples->n_runs);
	for (int i = 0; i < samples->n_runs; i++)
		send_run(message, &samples->runs[i]);
}

/* In the message, where it stays: what it says of its blocks. What is in them is checked when they are read. */
static void
receive_bytes(StringInfo message, KeyRun *run)
{
	size_t n_blocks;

	if (run->size > (Size) (message->len - message->cursor))
		aggregate_state_damaged();
	run->bytes = (uint8 *) pq_getmsgbytes(message, (int) run->size);
	if (!sample_run_blocks(run->bytes, run->size, run->rows, NULL, &n_blocks) ||
	    n_blocks != run->n_blocks)
		aggregate_state_damaged();
}

static void
receive_run(StringInfo message, TwoSamples *samples)
{
	KeyRun *run = &samples->runs[samples->n_runs++];

	*run = (KeyRun){.side = pq_getmsgbyte(message)};
	run->rows = pq_getmsgint64(message);
	run->size = pq_getmsgint64(message);
	run->n_blocks = pq_getmsgint64(message);
	if (run->side > 1 || run->n_blocks == 0 || run->n_blocks > run->rows ||
	    run->size / SAMPLE_BLOCK_LEAST < run->n_blocks ||
	    run->size / SAMPLE_BLOCK_MOST > run->n_blocks)
		aggregate_state_damaged();
	if (!runs_are_in_file(samples))
		receive_bytes(message, run);
	else
		run->file_offset = pq_getmsgint64(message);
	samples->counts.rows[run->side] += run->rows;
}

/* Points into the message: it lives until the state has been combined with another. */
TwoSamples *
two_samples_receive(StringInfo message)
{
	TwoSamples *samples = palloc0(sizeof(TwoSamples));
	int n_runs;

	samples->context = CurrentMemoryContext;
	samples->parameter = pq_getmsgfloat8(message);
	for (int side = 0; side < 2; side++)
		samples->counts.missing[side] = pq_getmsgint64(message);
	if (pq_getmsgbyte(message) != 0)
	{
		samples->name = palloc0(sizeof(LeaderFile));
		samples->name->creator = pq_getmsgint(message, 4);
		samples->name->started = pq_getmsgint64(message);
		samples->name->number = pq_getmsgint(message, 4);
		samples->name->tablespace = pq_getmsgint(message, 4);
	}
	n_runs = pq_getmsgint(message, 4);
	if (n_runs < 0 || n_runs > message->len / LEAST_RUN_BYTES)
		aggregate_state_damaged();
	samples->runs = palloc(Max(n_runs, 1) * sizeof(KeyRun));
	for (int i = 0; i < n_runs; i++)
		receive_run(message, samples);
	return samples;
}

void
two_samples_merge(TwoSamples *samples, const TwoSamples *received, FunctionCallInfo fcinfo)
{
	for (int side = 0; side < 2; side++)
	{
		samples->counts.rows[side] += received->counts.rows[side];
		samples->counts.missing[side] += received->counts.missing[side];
	}
	if (runs_are_in_file(received))
		two_samples_take_runs(samples, received->runs, received->n_runs, received->name, fcinfo);
	else
		for (int i = 0; i < received->n_runs; i++)
			two_samples_add_run(samples, &received->runs[i], fcinfo);
	if (samples->moments != NULL)
		moments_merge(samples->moments, received->moments);
}

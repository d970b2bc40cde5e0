/*
 * leader_file.h
 *		Temporary files that a process leaves to the leader of its parallel query.
 *
 * A worker, or the leader for its own part, creates such a file, writes and closes it; its name
 * goes to the leader, who opens, reads and closes it. It is deleted when somebody says so, and at
 * the end of the leader's transaction: those of workers that nobody came to read, because of an error or since nobody
 * asked for them (LIMIT), stay until then. After a crash the server deletes them as all temporary files. A process
 * without a leader is its own.
 */
#ifndef FRAUD_DETECT_LEADER_FILE_H
#define FRAUD_DETECT_LEADER_FILE_H

#include "storage/fd.h"
#include "storage/fileset.h"

typedef struct LeaderFile
{
	int32 creator; /* process */
	int64 started; /* when it began: processes get numbers of others that have ended */
	uint32 number; /* of the creator's files */
	Oid tablespace;
} LeaderFile;

/* For the module: what deletes files that are left. */
extern void leader_file_define(void);

/* A new file, in a temporary tablespace; closed with CurrentResourceOwner. */
extern File leader_file_create(LeaderFile *file);
/* To read: a file of the same leader, by its name. */
extern File leader_file_open(const LeaderFile *file);
/* After it has been closed; no error where it is gone, or cannot be deleted. */
extern void leader_file_delete(const LeaderFile *file);
/* The same when the context ends. */
extern void leader_file_delete_with(const LeaderFile *file, MemoryContext context);

#endif

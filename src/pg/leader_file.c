/*
 * leader_file.c
 *		Temporary files that a process leaves to the leader of its parallel query.
 *
 * A leader cannot make a set of files that aggregates in its workers know of. But each knows
 * the leader's process, and PostgreSQL names the directory of a set by its process and number.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <dirent.h>
#include <unistd.h>

#include "access/xact.h"
#include "catalog/pg_tablespace_d.h"
#include "commands/tablespace.h"
#include "common/file_utils.h"
#include "miscadmin.h"
#include "pg/leader_file.h"
#include "storage/fd.h"
#include "storage/proc.h"
#include "utils/memutils.h"

/* PostgreSQL numbers a process's own sets from 0 to below INT_MAX. */
#define SET_NUMBER (PG_UINT32_MAX - 4106)

/* Whether this process may have made files without any worker. */
static bool has_created = false;

static pid_t
leader_process(void)
{
	return MyProc->lockGroupLeader != NULL ? MyProc->lockGroupLeader->pid : MyProcPid;
}

static FileSet
set_of_leader(Oid tablespace)
{
	return (FileSet){.creator_pid = leader_process(),
	                 .number = SET_NUMBER,
	                 .ntablespaces = 1,
	                 .tablespaces = {tablespace}};
}

/* Where fileset.c puts a leader's set. */
static void
path_of_set(pid_t leader, Oid tablespace, char path[MAXPGPATH])
{
	char temporary[MAXPGPATH];

	TempTablespacePath(temporary, tablespace);
	snprintf(path, MAXPGPATH, "%s/%s%d.%u.fileset", temporary, PG_TEMP_FILE_PREFIX, leader,
	         SET_NUMBER);
}

static void
name_of(const LeaderFile *file, char name[MAXPGPATH])
{
	snprintf(name, MAXPGPATH, "%d." INT64_FORMAT ".%u", file->creator, file->started, file->number);
}

static Oid
temporary_tablespace(void)
{
	Oid tablespace;

	PrepareTempTablespaces();
	tablespace = TempTablespacesAreSet() ? GetNextTempTableSpace() : InvalidOid;
	return OidIsValid(tablespace) ? tablespace : MyDatabaseTableSpace;
}

/* See delete_all(). */
static void
make_default_directory(void)
{
	char temporary[MAXPGPATH];
	char path[MAXPGPATH];

	TempTablespacePath(temporary, DEFAULTTABLESPACE_OID);
	path_of_set(leader_process(), DEFAULTTABLESPACE_OID, path);
	PathNameCreateTemporaryDir(temporary, path);
}

File
leader_file_create(LeaderFile *file)
{
	static uint32 n_created = 0;
	char name[MAXPGPATH];
	FileSet set;

	file->creator = MyProcPid;
	file->started = MyStartTimestamp;
	file->number = n_created++;
	file->tablespace = temporary_tablespace();
	set = set_of_leader(file->tablespace);
	has_created = true;
	make_default_directory();
	name_of(file, name);
	return FileSetCreate(&set, name);
}

File
leader_file_open(const LeaderFile *file)
{
	FileSet set = set_of_leader(file->tablespace);
	char name[MAXPGPATH];
	File opened;

	name_of(file, name);
	opened = FileSetOpen(&set, name, O_RDONLY);
	if (opened <= 0)
	{
		int error = errno;
		char path[MAXPGPATH];

		path_of_set(leader_process(), file->tablespace, path);
		errno = error;
		ereport(ERROR, (errcode_for_file_access(),
		                errmsg("could not open temporary file \"%s/%s\": %m", path, name)));
	}
	return opened;
}

void
leader_file_delete(const LeaderFile *file)
{
	FileSet set = set_of_leader(file->tablespace);
	char name[MAXPGPATH];

	name_of(file, name);
	FileSetDelete(&set, name, false);
}

typedef struct Deletion
{
	LeaderFile file;
	MemoryContextCallback callback;
} Deletion;

static void
delete_file(void *argument)
{
	/* It may be written to the log, which is where a cancel would be taken. */
	HOLD_INTERRUPTS();
	leader_file_delete(&((Deletion *) argument)->file);
	RESUME_INTERRUPTS();
}

void
leader_file_delete_with(const LeaderFile *file, MemoryContext context)
{
	Deletion *deletion = MemoryContextAlloc(context, sizeof(Deletion));

	deletion->file = *file;
	deletion->callback.func = delete_file;
	deletion->callback.arg = deletion;
	MemoryContextRegisterResetCallback(context, &deletion->callback);
}

/*
 * What follows runs while a transaction fails, where an error would be the end of the server: it stays clear of
 * AllocateDir, which fails when a query has too much open.
 */
static void
delete_directory(const char *path)
{
	char file[MAXPGPATH * 2];
	struct dirent *entry;
	DIR *directory = opendir(path);

	if (directory == NULL)
	{
		if (errno != ENOENT)
			ereport(LOG, (errcode_for_file_access(),
			              errmsg("could not open directory \"%s\": %m", path)));
		return;
	}
	while ((entry = readdir(directory)) != NULL)
	{
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (unlink(file) != 0 && errno != ENOENT)
			ereport(LOG,
			        (errcode_for_file_access(), errmsg("could not remove file \"%s\": %m", file)));
	}
	closedir(directory);
	if (rmdir(path) != 0 && errno != ENOENT)
		ereport(LOG,
		        (errcode_for_file_access(), errmsg("could not remove directory \"%s\": %m", path)));
}

/* False: they could not be looked at. */
static bool
delete_elsewhere(void)
{
	DIR *tablespaces = opendir("pg_tblspc");
	struct dirent *entry;
	char path[MAXPGPATH];

	if (tablespaces == NULL)
	{
		ereport(LOG, (errcode_for_file_access(),
		              errmsg("could not open directory \"%s\": %m", "pg_tblspc")));
		return false;
	}
	while ((entry = readdir(tablespaces)) != NULL)
	{
		if (!OidIsValid(atooid(entry->d_name)))
			continue;
		path_of_set(MyProcPid, atooid(entry->d_name), path);
		delete_directory(path);
	}
	closedir(tablespaces);
	return true;
}

/*
 * Whoever has a file anywhere made the directory of the default tablespace first, and that goes last, so that one look
 * says most often that there is nothing. A worker that failed did not say which tablespace it took, and no catalog can
 * be read now. A message in the log would be where an interrupt is taken, and a directory stay open.
 */
static void
delete_all(void)
{
	char path[MAXPGPATH];

	path_of_set(MyProcPid, DEFAULTTABLESPACE_OID, path);
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return;
	HOLD_INTERRUPTS();
	if (delete_elsewhere())
		delete_directory(path);
	RESUME_INTERRUPTS();
}

/*
 * Workers may have left files of which no message was read: because of an error, or since nobody asked for it. So
 * the ends of all transactions of a process that has ever had workers are looked at; workers have ended before.
 */
static void
at_end_of_transaction(XactEvent event, void *argument)
{
	if (event != XACT_EVENT_PRE_COMMIT && event != XACT_EVENT_PRE_PREPARE &&
	    event != XACT_EVENT_ABORT)
		return;
	if (has_created || MyProc->lockGroupLeader == MyProc)
		delete_all();
	has_created = false;
}

void
leader_file_define(void)
{
	RegisterXactCallback(at_end_of_transaction, NULL);
}

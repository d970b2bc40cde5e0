/*
 * source.c
 *		Reading rows of a `source` as the caller.
 *
 * Rows go from the executor straight to the consumer, in its own slots: they
 * are neither copied nor collected. The cursor is read-only and keeps one
 * snapshot, so a source that is read for hours is still one consistent state.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/scansup.h"
#include "pg/settings.h"
#include "pg/source.h"
#include "storage/lockdefs.h"
#include "tcop/dest.h"
#include "tcop/pquery.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/varlena.h"

/* So many bytes of a text that is no source, in a message. */
#define MOST_SHOWN 100

static const char *
skip_block_comment(const char *at)
{
	int depth = 0;

	do
	{
		if (at[0] == '/' && at[1] == '*')
			depth++, at += 2;
		else if (at[0] == '*' && at[1] == '/')
			depth--, at += 2;
		else
			at++;
	} while (depth > 0 && *at != '\0');
	return at;
}

static const char *
skip_blanks_and_comments(const char *at)
{
	for (;;)
	{
		if (scanner_isspace(*at))
			at++;
		else if (at[0] == '-' && at[1] == '-')
			at += strcspn(at, "\r\n");
		else if (at[0] == '/' && at[1] == '*')
			at = skip_block_comment(at);
		else
			return at;
	}
}

static bool
is_query(const char *text)
{
	static const char *const words[] = {"select", "with", "values", "table"};
	size_t length = 0;

	text = skip_blanks_and_comments(text);
	if (*text == '(')
		return true;
	/* A word ends where an unquoted identifier would. */
	while (isalnum((unsigned char) text[length]) || text[length] == '_' || text[length] == '$' ||
	       IS_HIGHBIT_SET(text[length]))
		length++;
	for (int i = 0; i < lengthof(words); i++)
		if (length == strlen(words[i]) && pg_strncasecmp(text, words[i], length) == 0)
			return true;
	return false;
}

static char *
query_of_relation(const char *text)
{
	List *names;
	Oid relation;

	if (!SplitIdentifierString(pstrdup(text), '.', &names) || names == NIL)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("source is neither the name of a relation nor a query"),
		         errdetail("It is \"%.*s\".", pg_mbcliplen(text, strlen(text), MOST_SHOWN), text),
		         errhint("A query begins with SELECT, WITH, VALUES or TABLE; a name that is "
		                 "not in lower case needs double quotes.")));
	/*
	 * Qualified, because a later training may run under another search_path. With
	 * the lock that the query takes anyway: a relation that is dropped between
	 * two look-ups has no name.
	 */
	names = textToQualifiedNameList(cstring_to_text(text));
	relation = RangeVarGetRelid(makeRangeVarFromNameList(names), AccessShareLock, false);
	return psprintf("SELECT * FROM %s",
	                quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
	                                           get_rel_name(relation)));
}

/* Refuses what is not exactly one query that only reads; remembers what it reads. */
static void
check_plan(SPIPlanPtr plan, Source *source)
{
	List *statements = SPI_plan_get_plan_sources(plan);
	CachedPlanSource *statement;
	Query *query;

	if (list_length(statements) != 1)
		ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("source must be exactly one query"),
		                errdetail("It has %d statements.", list_length(statements))));
	statement = linitial(statements);
	query = linitial_node(Query, statement->query_list);
	if (query->commandType != CMD_SELECT || query->utilityStmt != NULL || query->hasModifyingCTE ||
	    query->rowMarks != NIL)
		ereport(ERROR, (errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
		                errmsg("source must be a query that only reads"),
		                errhint("Leave out INTO, FOR UPDATE and data-modifying WITH clauses.")));
	source->relations = list_copy(statement->relationOids);
	source->targets = copyObject(query->targetList);
}

void
source_open(Source *source, const char *text)
{
	MemoryContext caller = CurrentMemoryContext;
	SPIPlanPtr plan;

	source->query = is_query(text) ? pstrdup(text) : query_of_relation(text);
	plan = SPI_prepare_cursor(source->query, 0, NULL, CURSOR_OPT_NO_SCROLL);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare_cursor failed: %s", SPI_result_code_string(SPI_result));
	check_plan(plan, source);

	/*
	 * A scan that joins another one in the middle of the table would give the
	 * rows in another order. The setting counts when the scan begins, which is
	 * at the first row. An error undoes it with the transaction.
	 */
	source->guc_nest_level = NewGUCNestLevel();
	setting_for_now("synchronize_seqscans", "off");
	source->portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	source->tupdesc = source->portal->tupDesc;
	/* SPI leaves its own context behind. */
	MemoryContextSwitchTo(caller);
}

/* A destination that hands each row to the consumer. */
typedef struct ConsumerReceiver
{
	DestReceiver base;
	SourceConsumer consumer;
	void *argument;
	MemoryContext row_context;
} ConsumerReceiver;

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	ConsumerReceiver *receiver = (ConsumerReceiver *) self;
	MemoryContext old = MemoryContextSwitchTo(receiver->row_context);
	bool more;

	CHECK_FOR_INTERRUPTS();
	more = receiver->consumer(slot, receiver->argument);
	MemoryContextSwitchTo(old);
	MemoryContextReset(receiver->row_context);
	return more;
}

static void
receive_startup(DestReceiver *self, int operation, TupleDesc tupdesc)
{
}

static void
receive_end(DestReceiver *self)
{
}

void
source_read(Source *source, SourceConsumer consumer, void *argument)
{
	ConsumerReceiver receiver = {
	    {receive_row, receive_startup, receive_end, receive_end, DestNone}, consumer, argument};

	receiver.row_context = AllocSetContextCreate(CurrentMemoryContext, "fraud_detect source row",
	                                             ALLOCSET_DEFAULT_SIZES);
	PortalRunFetch(source->portal, FETCH_FORWARD, FETCH_ALL, &receiver.base);
	MemoryContextDelete(receiver.row_context);
}

void
source_close(Source *source)
{
	SPI_cursor_close(source->portal);
	AtEOXact_GUC(true, source->guc_nest_level);
}

/* The system columns of a relation are no part of a row: only the descriptor's own are searched. */
AttrNumber
source_find_column(TupleDesc tupdesc, const char *column)
{
	AttrNumber found = InvalidAttrNumber;

	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);

		if (attribute->attisdropped || strcmp(NameStr(attribute->attname), column) != 0)
			continue;
		if (found != InvalidAttrNumber)
			ereport(ERROR,
			        (errcode(ERRCODE_AMBIGUOUS_COLUMN),
			         errmsg("the source has several columns named \"%s\"", column),
			         errhint("Name columns in a query so that each has a name of its own.")));
		found = attribute->attnum;
	}
	return found;
}

AttrNumber
source_require_column(TupleDesc tupdesc, const char *column, const char *purpose)
{
	AttrNumber found = source_find_column(tupdesc, column);

	if (found == InvalidAttrNumber)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
		                errmsg("%s column \"%s\" does not exist in the source", purpose, column)));
	return found;
}

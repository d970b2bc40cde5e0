/*
 * decision_number.c
 *		Two sequences: fraud.decision_id_seq gives the numbers; what restored decisions
 *		have is at most fraud.restored_decision_id_seq (sql/decision.sql says why).
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "pg/registry_rows.h"
#include "scoring/decision_number.h"
#include "storage/bufmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"

/* Noted ahead, so that not each restored row writes the sequence. */
#define NOTED_AHEAD 100

/* The row of a sequence: currval is the session's own, and SQL asks for rights. 0: none was given. */
static int64
last_number(Oid sequence)
{
	Relation relation = relation_open(sequence, AccessShareLock);
	Buffer buffer = ReadBuffer(relation, 0);
	Page page = BufferGetPage(buffer);
	HeapTupleHeader row;
	Form_pg_sequence_data data;
	int64 last;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	row = (HeapTupleHeader) PageGetItem(page, PageGetItemId(page, FirstOffsetNumber));
	data = (Form_pg_sequence_data) ((char *) row + row->t_hoff);
	last = data->is_called ? data->last_value : 0;
	UnlockReleaseBuffer(buffer);
	relation_close(relation, NoLock);
	return last;
}

int64
decision_number_next(void)
{
	static bool is_above_restored = false;
	int64 number = nextval_internal(registry_relation(REGISTRY_DECISION_ID), false);
	int64 restored;

	if (is_above_restored)
		return number;
	restored = last_number(registry_relation(REGISTRY_RESTORED_ID));
	while (number <= restored)
	{
		CHECK_FOR_INTERRUPTS();
		number = nextval_internal(registry_relation(REGISTRY_DECISION_ID), false);
	}
	is_above_restored = true;
	return number;
}

void
decision_number_restored(int64 number)
{
	static int64 noted = 0;
	Oid sequence = registry_relation(REGISTRY_RESTORED_ID);

	if (number <= noted)
		return;
	noted = last_number(sequence);
	if (number <= noted)
		return;
	noted = number + NOTED_AHEAD;
	DirectFunctionCall2(setval_oid, ObjectIdGetDatum(sequence), Int64GetDatum(noted));
}

/*
 * deform_sum.c
 *		The least that any function of a whole row does: deform it and look at
 *		its values. What fraud_score takes is measured against this.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "utils/typcache.h"

PG_MODULE_MAGIC;

/* Of one call site: the description of its rows, and room for one. */
typedef struct RowRoom
{
	TupleDesc tupdesc;
	Datum *values;
	bool *nulls;
} RowRoom;

static RowRoom *
row_room(FmgrInfo *flinfo, HeapTupleHeader row)
{
	MemoryContext caller = MemoryContextSwitchTo(flinfo->fn_mcxt);
	RowRoom *room = palloc(sizeof(RowRoom));

	room->tupdesc =
	    lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));
	room->values = palloc(sizeof(Datum) * room->tupdesc->natts);
	room->nulls = palloc(sizeof(bool) * room->tupdesc->natts);
	MemoryContextSwitchTo(caller);
	flinfo->fn_extra = room;
	return room;
}

PG_FUNCTION_INFO_V1(deform_sum);

/* The sum of a row of float8 columns. */
Datum
deform_sum(PG_FUNCTION_ARGS)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(0);
	RowRoom *room = fcinfo->flinfo->fn_extra;
	HeapTupleData tuple = {0};
	double sum = 0;

	if (room == NULL)
		room = row_room(fcinfo->flinfo, row);
	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	tuple.t_data = row;
	heap_deform_tuple(&tuple, room->tupdesc, room->values, room->nulls);
	for (int i = 0; i < room->tupdesc->natts; i++)
	{
		if (!room->nulls[i])
			sum += DatumGetFloat8(room->values[i]);
	}
	PG_RETURN_FLOAT8(sum);
}

/*
 * row_type.c
 *		Binding row types to models, and keeping the bindings.
 *
 * A model keeps a few row types, the latest first. A type that was altered has
 * another identifier and is bound anew; the old binding goes when room is needed.
 * What a call site holds stays, however many there are.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "scoring/row_type.h"
#include "utils/memutils.h"

/* Row types that nobody uses, and that a model keeps all the same. */
#define MOST_UNUSED 8

static RowType *
find(LoadedModel *model, Oid type, int32 typmod)
{
	dlist_iter iter;

	dlist_foreach (iter, &model->row_types)
	{
		RowType *row_type = dlist_container(RowType, node, iter.cur);

		if (row_type_is(row_type, type, typmod))
			return row_type;
	}
	return NULL;
}

/* Frees those that nobody uses, behind the latest ones. */
static void
make_room(LoadedModel *model)
{
	dlist_mutable_iter iter;
	int unused = 0;

	dlist_foreach_modify(iter, &model->row_types)
	{
		RowType *row_type = dlist_container(RowType, node, iter.cur);

		if (row_type->holders > 0 || ++unused < MOST_UNUSED)
			continue;
		dlist_delete(&row_type->node);
		MemoryContextDelete(row_type->context);
	}
}

/* Below the statement's context until it is complete: an error half-way leaves nothing. */
static RowType *
bind(LoadedModel *model, Oid type, int32 typmod)
{
	MemoryContext context =
	    AllocSetContextCreate(CurrentMemoryContext, "fraud_detect row type", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	RowType *row_type = palloc0(sizeof(RowType));

	row_type->context = context;
	row_type->type = type;
	row_type->typmod = typmod;
	if (type != RECORDOID)
	{
		row_type->entry = lookup_type_cache(type, TYPECACHE_TUPDESC);
		row_type->identifier = row_type->entry->tupDesc_identifier;
	}
	row_type->tupdesc = lookup_rowtype_tupdesc_copy(type, typmod);
	row_type->encoder = row_encoder_create(model, row_type->tupdesc);
	row_type->shared = row_encoder_is_constant(row_type->encoder);
	MemoryContextSwitchTo(old);
	if (!row_type->shared)
		return row_type;
	make_room(model);
	dlist_push_head(&model->row_types, &row_type->node);
	model_cache_adopt(model, context);
	return row_type;
}

RowType *
row_type_hold(LoadedModel *model, Oid type, int32 typmod)
{
	RowType *row_type;

	/* Gives the cached entry of an altered type its new identifier. */
	if (type != RECORDOID)
		(void) lookup_type_cache(type, TYPECACHE_TUPDESC);
	row_type = find(model, type, typmod);
	if (row_type == NULL)
		row_type = bind(model, type, typmod);
	row_type->holders++;
	return row_type;
}

void
row_type_release(RowType *row_type)
{
	Assert(row_type->holders > 0);
	row_type->holders--;
}

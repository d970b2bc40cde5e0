/*
 * guard_serialize.c
 *		Advisory locks of entities.
 *
 * The lock lies in the space of advisory locks, where pg_locks shows it, under a class of
 * its own: users' keys (classes 1 and 2) are never the same lock. A row takes its locks in
 * the order of their keys, so two rows do not deadlock; two statements of several
 * rows can, and the server ends one of them (40P01).
 *
 * A SERIALIZABLE transaction takes none: of two that read each other's history the
 * server ends one with 40001, which is exact as well.
 */
#include "postgres.h"
#include "pg/compat.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "pg/json_member.h"
#include "scoring/guard_serialize.h"
#include "storage/lock.h"

/* Class of our keys; pg_locks.objsubid. */
#define LOCK_CLASS 0xFD

typedef struct SerializedEntity
{
	AttrNumber column;
	uint64 seed; /* of the relation and the kind */
} SerializedEntity;

struct GuardSerialize
{
	int n;
	SerializedEntity entities[FLEXIBLE_ARRAY_MEMBER];
};

static uint64
hash_text(const char *text, size_t length, uint64 seed)
{
	return DatumGetUInt64(hash_any_extended((const unsigned char *) text, (int) length, seed));
}

static char *
text_of(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static void
add(GuardSerialize *serialize, const Jsonb *options, Oid guarded, const GuardColumns *columns,
    const char *kind)
{
	JsonbValue *entities = json_member(&unconstify(Jsonb *, options)->root, "entities");
	JsonbValue *column = entities != NULL && entities->type == jbvBinary
	                         ? json_member(entities->val.binary.data, kind)
	                         : NULL;
	SerializedEntity *entity = &serialize->entities[serialize->n];

	if (column == NULL || column->type != jbvString)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("option \"serialize\" names \"%s\", which has no column", kind),
		                errhint("Name its column in the option \"entities\".")));
	entity->column = guard_columns_find(columns, text_of(column), "option \"entities\"");
	entity->seed = hash_text(kind, strlen(kind), guarded);
	serialize->n++;
}

GuardSerialize *
guard_serialize_bind(const Jsonb *options, Oid guarded, const GuardColumns *columns)
{
	JsonbContainer *root = &unconstify(Jsonb *, options)->root;
	JsonbValue *wanted = json_member(root, "serialize");
	JsonbValue *from = wanted;
	GuardSerialize *serialize;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue value;

	if (wanted == NULL || (wanted->type == jbvBool && !wanted->val.boolean))
		return NULL;
	if (wanted->type == jbvBool)
		from = json_member(root, "entities");
	if (from == NULL || from->type != jbvBinary)
		return NULL;
	serialize = palloc0(offsetof(GuardSerialize, entities) +
	                    JsonContainerSize(from->val.binary.data) * sizeof(SerializedEntity));
	iterator = JsonbIteratorInit(from->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY || (token == WJB_ELEM && value.type == jbvString))
			add(serialize, options, guarded, columns, text_of(&value));
	}
	return serialize->n > 0 ? serialize : NULL;
}

static int
in_order(const void *a, const void *b)
{
	uint64 first = *(const uint64 *) a;
	uint64 second = *(const uint64 *) b;

	return first < second ? -1 : first > second;
}

void
guard_serialize_lock(const GuardSerialize *serialize, const GuardColumns *columns,
                     const Datum *values, const bool *nulls)
{
	uint64 *keys;
	int n = 0;

	if (IsolationIsSerializable())
		return;
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
		        (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		         errmsg("a guard that serializes cannot decide in a REPEATABLE READ transaction"),
		         errdetail("Its snapshot does not show what was inserted meanwhile."),
		         errhint("Use READ COMMITTED, or SERIALIZABLE.")));
	keys = palloc(serialize->n * sizeof(uint64));
	for (int i = 0; i < serialize->n; i++)
	{
		const SerializedEntity *entity = &serialize->entities[i];
		char *text = guard_columns_text(columns, entity->column, values, nulls);

		if (text != NULL)
			keys[n++] = hash_text(text, strlen(text), entity->seed);
	}
	qsort(keys, n, sizeof(uint64), in_order);
	for (int i = 0; i < n; i++)
	{
		LOCKTAG tag;

		SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (keys[i] >> 32), (uint32) keys[i],
		                     LOCK_CLASS);
		(void) LockAcquire(&tag, ExclusiveLock, false, false);
	}
}

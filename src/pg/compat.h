/*
 * compat.h
 *		The one place for tests of PG_VERSION_NUM and of XGBoost's version.
 *		Include it after postgres.h and before any other server header.
 */
#ifndef FRAUD_DETECT_COMPAT_H
#define FRAUD_DETECT_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "fraud_detect needs PostgreSQL 15 or newer"
#endif

/* Before 16 the macro is empty, and -fvisibility=hidden would hide our functions. */
#if PG_VERSION_NUM < 160000
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

/* VARDATA_ANY and friends moved out of postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* Infinite intervals came in 17. */
#if PG_VERSION_NUM >= 170000
#define INTERVAL_IS_MINUS_INFINITY(interval) INTERVAL_IS_NOBEGIN(interval)
#define INTERVAL_IS_PLUS_INFINITY(interval) INTERVAL_IS_NOEND(interval)
#else
#define INTERVAL_IS_MINUS_INFINITY(interval) false
#define INTERVAL_IS_PLUS_INFINITY(interval) false
#endif

/* Privileges of all kinds of objects are checked by one function from 16 on. */
#if PG_VERSION_NUM >= 160000
#define FUNCTION_ACLCHECK(function, role, mode)                                                    \
	object_aclcheck(ProcedureRelationId, function, role, mode)
#else
#define FUNCTION_ACLCHECK(function, role, mode) pg_proc_aclcheck(function, role, mode)
#endif

/* A plan says from 18 on how many of its nodes were planned although they are disabled. */
#if PG_VERSION_NUM >= 180000
#define PLAN_COPY_DISABLED_NODES(to, from) ((to)->disabled_nodes = (from)->disabled_nodes)
#else
#define PLAN_COPY_DISABLED_NODES(to, from) ((void) 0)
#endif

/* Index entries of a row that was just inserted; from 16 on there can be an update of summaries only. */
#if PG_VERSION_NUM >= 160000
#define INSERT_INDEX_ENTRIES(result_relation, slot, estate)                                        \
	ExecInsertIndexTuples(result_relation, slot, estate, false, false, NULL, NIL, false)
#else
#define INSERT_INDEX_ENTRIES(result_relation, slot, estate)                                        \
	ExecInsertIndexTuples(result_relation, slot, estate, false, false, NULL, NIL)
#endif

/* What a backend reports of itself, by its place among those that do. */
#if PG_VERSION_NUM >= 160000
#define BACKEND_STATUS(place) pgstat_get_local_beentry_by_index(place)
#else
#define BACKEND_STATUS(place) pgstat_fetch_stat_local_beentry(place)
#endif

/* The file of a relation, as buffers know it. */
#if PG_VERSION_NUM >= 160000
#define RELATION_FILE(relation) ((relation)->rd_locator)
#else
#define RELATION_FILE(relation) ((relation)->rd_node)
#endif

/* Has the role of a plan's tables the rights that the plan needs? An error otherwise. */
#if PG_VERSION_NUM >= 160000
#define CHECK_PLAN_PERMISSIONS(plan)                                                               \
	((void) ExecCheckPermissions((plan)->rtable, (plan)->permInfos, true))
#else
#define CHECK_PLAN_PERMISSIONS(plan) ((void) ExecCheckRTPerms((plan)->rtable, true))
#endif

/* From 18 on somebody may count the descents of an index scan. */
#if PG_VERSION_NUM >= 180000
#define INDEX_BEGIN_SCAN(heap, index, snapshot, n_keys)                                            \
	index_beginscan(heap, index, snapshot, NULL, n_keys, 0)
#else
#define INDEX_BEGIN_SCAN(heap, index, snapshot, n_keys)                                            \
	index_beginscan(heap, index, snapshot, n_keys, 0)
#endif

/* Was the relation, or the file that it has now, created by this transaction? */
#if PG_VERSION_NUM >= 160000
#define RELATION_FILE_IS_NEW(relation)                                                             \
	((relation)->rd_createSubid != InvalidSubTransactionId ||                                      \
	 (relation)->rd_firstRelfilelocatorSubid != InvalidSubTransactionId)
#else
#define RELATION_FILE_IS_NEW(relation)                                                             \
	((relation)->rd_createSubid != InvalidSubTransactionId ||                                      \
	 (relation)->rd_firstRelfilenodeSubid != InvalidSubTransactionId)
#endif

/* All settings of the server, and how many there are. */
#if PG_VERSION_NUM >= 160000
#define GUC_VARIABLES(n) get_guc_variables(n)
#else
#define GUC_VARIABLES(n) (*(n) = GetNumConfigOptions(), get_guc_variables())
#endif

/* 18 has pg_noreturn, which stands elsewhere in a declaration, and dropped this one. */
#ifndef pg_attribute_noreturn
#define pg_attribute_noreturn() __attribute__((noreturn))
#endif

#endif

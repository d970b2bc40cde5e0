/*
 * registry_policy.h
 *		Policies of guarded tables, as fraud.policy has them.
 */
#ifndef FRAUD_DETECT_REGISTRY_POLICY_H
#define FRAUD_DETECT_REGISTRY_POLICY_H

#include "utils/jsonb.h"
#include "utils/snapshot.h"

typedef struct StoredPolicy
{
	int32 version;
	char *model;      /* NULL: lists and rules alone decide */
	double review_at; /* NaN: not given */
	double block_at;
	char *on_block;
	char *on_error;
	char *key; /* NULL: none */
	Jsonb *options;
	Jsonb *rules;
	char *owner;
} StoredPolicy;

/* The highest version for a relation, in CurrentMemoryContext; false where there is none. */
extern bool registry_read_policy(Oid relation, Snapshot snapshot, StoredPolicy *policy);

#endif

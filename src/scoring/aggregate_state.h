/*
 * aggregate_state.h
 *		What aggregates with a state of their own share: making one, reading its
 *		bytes, checking arguments, exact sums and moments.
 */
#ifndef FRAUD_DETECT_AGGREGATE_STATE_H
#define FRAUD_DETECT_AGGREGATE_STATE_H

#include "core/moments.h"
#include "fmgr.h"
#include "lib/stringinfo.h"

/* The aggregate's context; an error outside of one. */
extern MemoryContext aggregate_context(FunctionCallInfo fcinfo);

/* The bytes of a state, from a bytea argument, after its first byte, which has to be this version. */
extern StringInfo aggregate_message(FunctionCallInfo fcinfo, int version);
/* Bytes that are no state: 22P03. */
extern void pg_attribute_noreturn() aggregate_state_damaged(void);
/* Arguments that have to be the same in every row are not: 22023. */
extern void pg_attribute_noreturn() aggregate_arguments_differ(const char *name);

/* A score, which must not be NaN, and an amount of money, finite and not negative: 22023. */
extern double aggregate_score(FunctionCallInfo fcinfo, int argument);
extern double aggregate_money(FunctionCallInfo fcinfo, int argument, const char *name);

extern void send_exact_sum(StringInfo message, ExactSum *sum);
extern void receive_exact_sum(StringInfo message, ExactSum *sum);
extern void send_moments(StringInfo message, Moments *moments);
extern void receive_moments(StringInfo message, Moments *moments);

#endif

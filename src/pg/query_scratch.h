/*
 * query_scratch.h
 *		Memory that the functions of a query use one after the other, so that its pages are
 *		faulted in once.
 */
#ifndef FRAUD_DETECT_QUERY_SCRATCH_H
#define FRAUD_DETECT_QUERY_SCRATCH_H

#include "fmgr.h"

/* Of a call by an aggregate, also one over a window: where what lives as long as its query is. */
extern MemoryContext query_context(FunctionCallInfo fcinfo);

/* So many bytes, large pages where they are many, until it is asked for again or the context ends. */
extern void *query_scratch(MemoryContext query, Size size);

#endif

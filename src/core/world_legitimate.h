/*
 * world_legitimate.h
 *		What honest people do: habits most of the time, now and then something
 *		new, a big purchase, a round through the shops, a second try.
 */
#ifndef FRAUD_DETECT_WORLD_LEGITIMATE_H
#define FRAUD_DETECT_WORLD_LEGITIMATE_H

#include "core/world.h"

/* A purchase that follows from an earlier one; more at a time are forgotten. */
#define MAX_FOLLOW_UPS 32

typedef struct FollowUp
{
	int64_t due_ms;
	int32_t customer;
	bool is_retry;
	Transaction declined; /* of a retry */
} FollowUp;

typedef struct Legitimate
{
	int n_follow_ups;
	FollowUp follow_ups[MAX_FOLLOW_UPS];
	uint64_t n_fresh_devices; /* shared with the thieves: their devices look the same */
} Legitimate;

extern void legitimate_next(World *world, int64_t time_ms, Transaction *transaction);

#endif

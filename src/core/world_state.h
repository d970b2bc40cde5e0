/*
 * world_state.h
 *		What a world is made of; for the files world*.c only.
 */
#ifndef FRAUD_DETECT_WORLD_STATE_H
#define FRAUD_DETECT_WORLD_STATE_H

#include "core/random.h"
#include "core/world.h"
#include "core/world_fraud.h"
#include "core/world_legitimate.h"
#include "core/world_market.h"
#include "core/world_people.h"
#include "core/world_rhythm.h"

/* A bijection of 0 .. n - 1, so that a number says nothing of what it names. */
typedef struct Scramble
{
	uint64_t n;
	uint64_t factor; /* without a common divisor with n */
	uint64_t offset;
} Scramble;

extern Scramble scramble_make(uint64_t n, uint64_t key);

static inline int64_t
scramble(const Scramble *scramble, int64_t index)
{
	return (int64_t) (((uint64_t) index * scramble->factor + scramble->offset) % scramble->n) + 1;
}

/* How a scenario, or legitimate behaviour, is at the present time. */
typedef struct Behaviour
{
	double share;
	double amount_factor;
	int channel; /* -1: as it comes */
	double channel_share;
} Behaviour;

struct World
{
	WorldOptions options;
	CoreAllocator allocator;
	RandomState random;
	Geography geography;
	Market market;
	People people;
	Rhythm rhythm;
	float busiest_hour; /* the highest intensity of the rhythm */
	Scramble customer_ids;
	Scramble merchant_ids;
	Behaviour behaviour[N_SCENARIOS];
	int next_drift;
	int64_t end_ms;

	int64_t n_frauds;          /* of the whole stream */
	int64_t n_legitimate;      /* of the whole stream */
	int64_t emitted;           /* rows so far */
	int64_t legitimate_so_far; /* arrivals whose time is drawn, the next one included */
	int64_t next_legitimate_ms;
	Legitimate legitimate;
	Fraud fraud;
};

#endif

/*
 * world_people.h
 *		Customers. Who somebody is follows from a hash of the seed and the index;
 *		kept in memory is only what events change, eight bytes each.
 */
#ifndef FRAUD_DETECT_WORLD_PEOPLE_H
#define FRAUD_DETECT_WORLD_PEOPLE_H

#include "core/core.h"
#include "core/random.h"
#include "core/world_market.h"
#include "core/world_rhythm.h"

/* Synthetic identities come in rings of so many that share a device. */
#define RING_SIZE 4
#define HABITS 12

typedef struct PersonState
{
	uint32_t reissue_minute; /* the card is replaced from then on; 0: no such plan */
	uint16_t away_until_day; /* the account is closed until this day; 0: open */
	uint8_t generation;      /* how often the card was replaced */
	uint8_t reserved;
} PersonState;

typedef struct People
{
	uint64_t key;
	int32_t n_customers;
	int32_t n_regular; /* below: ordinary customers; from here on: kept for synthetic identities */
	int32_t days;
	double travel_share;
	PersonState *states;
	const Geography *geography;
	float activity[64]; /* acceptance by activity class, at most 1 */
	LifestyleCurves curves;
} People;

/* What is known of one person; cheap to make, made for each transaction. */
typedef struct Person
{
	int32_t index;
	uint64_t hash;
	uint8_t city;
	uint8_t lifestyle;
	bool careless; /* often declined */
	float x;
	float y;
	float spending;    /* factor on amounts */
	float contactless; /* share of small payments over the counter */
} Person;

extern bool people_make(People *people, const Geography *geography, int32_t n_customers,
                        int32_t days, double travel_share, uint64_t key,
                        const CoreAllocator *allocator);

/* Intensity of the whole population by hour of week, UTC. */
extern void people_intensity(const People *people, float intensity[HOURS_IN_WEEK]);

/* An ordinary customer who may well be paying at this time. */
extern int32_t people_pick(People *people, RandomState *random, const Rhythm *rhythm,
                           int64_t time_ms);
/* Likewise, living in this city where one is found. */
extern int32_t people_pick_in_city(People *people, RandomState *random, const Rhythm *rhythm,
                                   int64_t time_ms, int city);

extern Person people_person(const People *people, int32_t index);

/* Where the person is at the time: the home city or the goal of a journey. */
extern int people_whereabouts(const People *people, const Person *person, int64_t time_ms);

/* The tokens of cards and devices: 48 bits that start with a letter, unique in a world. */
extern uint64_t people_card(People *people, const Person *person, bool online, int64_t time_ms);
extern uint64_t people_device(const People *people, const Person *person, int choice,
                              int64_t time_ms);
/* A device seen for the first time; sequence makes it unique. */
extern uint64_t people_fresh_device(const People *people, uint64_t sequence);

/* The card is replaced once its fraud is known; the account is closed for a while. */
extern void people_plan_reissue(People *people, int32_t index, int64_t time_ms);
extern void people_close_account(People *people, int32_t index, int64_t time_ms, int days);

#endif

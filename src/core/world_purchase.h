/*
 * world_purchase.h
 *		From a plan (who, what, where) to a transaction: what an honest purchase
 *		and a thief's have in common.
 */
#ifndef FRAUD_DETECT_WORLD_PURCHASE_H
#define FRAUD_DETECT_WORLD_PURCHASE_H

#include "core/world.h"
#include "core/world_people.h"

#define CHANNEL_BY_AMOUNT (-1) /* chip or contactless over the counter */
#define MERCHANT_BY_PLACE (-1)

typedef struct Purchase
{
	const Person *person;
	int64_t time_ms;
	Scenario scenario;
	int category;
	int place;        /* a city, or CITY_ONLINE */
	int channel;      /* online where place is; else atm, chip or CHANNEL_BY_AMOUNT */
	int32_t merchant; /* or MERCHANT_BY_PLACE, chosen by merchant_bits */
	uint64_t merchant_bits;
	double euros; /* 0: what the category costs, times level */
	double level;
	uint64_t device;     /* online only */
	int device_city;     /* online only: where the buyer sits */
	bool device_at_home; /* online only: at the person's home, not just in the city */
} Purchase;

/* A purchase of this category by this person, the rest at its most ordinary. */
extern Purchase purchase_plan(const Person *person, int64_t time_ms, Scenario scenario,
                              int category, int place);

/* Applies the present drift to the plan, then fills everything but id, cvv_match, declined and
 * the label. */
extern void purchase_make(World *world, Purchase *plan, Transaction *transaction);

#endif

/*
 * world_market.h
 *		Merchants: what they sell, where they stand, what they charge.
 */
#ifndef FRAUD_DETECT_WORLD_MARKET_H
#define FRAUD_DETECT_WORLD_MARKET_H

#include "core/core.h"
#include "core/world.h"
#include "core/world_geography.h"

/* The place of merchants that sell online only: a city after the last. */
#define CITY_ONLINE MAX_CITIES

typedef struct CategoryTraits
{
	float spending_weight; /* share of a customer's habits */
	float merchant_weight; /* share of the merchants */
	float online_share;    /* of purchases; a merchant is either online or stands in a city */
	float median;          /* of amounts, in euros */
	float sigma;           /* of their base-2 logarithm */
	uint8_t opens;         /* local hours in which it sells over the counter */
	uint8_t closes;
} CategoryTraits;

extern const CategoryTraits category_traits[N_CATEGORIES];

typedef struct Merchant
{
	float x;
	float y;
	float price_level;
	uint8_t category;
	uint8_t city; /* CITY_ONLINE where it has no counter */
	uint8_t country;
} Merchant;

/* Merchants of one category and place are neighbours in the array. */
typedef struct MerchantRange
{
	int32_t first;
	int32_t count;
} MerchantRange;

typedef struct Market
{
	int32_t n_merchants;
	Merchant *merchants;
	MerchantRange ranges[N_CATEGORIES][MAX_CITIES + 1];
	uint8_t habit_lot[256]; /* a category by its spending weight: habit_lot[random byte] */
} Market;

/* False where memory is short. */
extern bool market_make(Market *market, const Geography *geography, int32_t n_merchants,
                        uint64_t key, const CoreAllocator *allocator);

/*
 * A merchant of the category at the place, by 64 random bits; the first of a
 * range are the popular ones. Where the place has none the nearest city is
 * tried, then any merchant of the category, then any merchant at all.
 */
extern int32_t market_pick(const Market *market, const Geography *geography, int category,
                           int place, uint64_t bits);

#endif

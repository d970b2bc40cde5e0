/*
 * world_geography.h
 *		Where it happens: cities on a plane measured in kilometres, their countries
 *		with currency and hour, and the nearest other city of each.
 */
#ifndef FRAUD_DETECT_WORLD_GEOGRAPHY_H
#define FRAUD_DETECT_WORLD_GEOGRAPHY_H

#include <stdint.h>

#define MAX_CITIES 40

typedef struct City
{
	float x; /* km east */
	float y; /* km north */
	uint16_t weight;
	uint8_t country;
	uint8_t nearest;
} City;

typedef struct Geography
{
	int n_cities;
	City cities[MAX_CITIES];
	uint8_t lot[256]; /* a city by its weight: lot[random byte] */
} Geography;

/* A world with about so many cities as its merchants can fill. */
extern void geography_make(Geography *geography, int32_t merchants);

extern int country_utc_offset(int country); /* hours, without daylight saving */
extern int country_currency(int country);
/* Units of the country's currency for one euro. */
extern double country_exchange_rate(int country);

#endif

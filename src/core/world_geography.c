/*
 * world_geography.c
 *		Cities, countries and currencies. Positions are those of real cities,
 *		projected with the scale of 50 degrees north; weights are about their
 *		people's share of card payments at one issuer with a European home market.
 */
#include "core/world_geography.h"
#include "core/world.h"

const char *const country_names[N_COUNTRIES] = {"DE", "FR", "IT", "ES", "NL", "AT",
                                                "PT", "IE", "GB", "CH", "US", "CA"};
const char *const currency_names[N_CURRENCIES] = {"EUR", "GBP", "CHF", "USD"};

enum
{
	DE,
	FR,
	IT,
	ES,
	NL,
	AT,
	PT,
	IE,
	GB,
	CH,
	US,
	CA
};

typedef struct Country
{
	int8_t utc_offset;
	uint8_t currency;
	float exchange_rate;
} Country;

/* Canadian cards are billed in US dollars here: one currency less to mix. */
static const Country countries[N_COUNTRIES] = {
    [DE] = {1, 0, 1.0f}, [FR] = {1, 0, 1.0f}, [IT] = {1, 0, 1.0f},   [ES] = {1, 0, 1.0f},
    [NL] = {1, 0, 1.0f}, [AT] = {1, 0, 1.0f}, [PT] = {0, 0, 1.0f},   [IE] = {0, 0, 1.0f},
    [GB] = {0, 1, .86f}, [CH] = {1, 2, .96f}, [US] = {-5, 3, 1.09f}, [CA] = {-5, 3, 1.09f},
};

typedef struct CitySource
{
	float latitude;
	float longitude;
	uint8_t country;
	uint8_t weight;
} CitySource;

/* Ordered so that the first few already cross borders. */
static const CitySource city_sources[MAX_CITIES] = {
    {52.5f, 13.4f, DE, 36}, {48.9f, 2.4f, FR, 30},  {48.1f, 11.6f, DE, 24}, {51.5f, -0.1f, GB, 26},
    {53.6f, 10.0f, DE, 22}, {41.9f, 12.5f, IT, 16}, {52.4f, 4.9f, NL, 14},  {40.4f, -3.7f, ES, 16},
    {50.9f, 7.0f, DE, 16},  {48.2f, 16.4f, AT, 12}, {47.4f, 8.5f, CH, 10},  {50.1f, 8.7f, DE, 14},
    {45.5f, 9.2f, IT, 12},  {41.4f, 2.2f, ES, 12},  {40.7f, -74.0f, US, 8}, {45.8f, 4.8f, FR, 10},
    {48.8f, 9.2f, DE, 10},  {38.7f, -9.1f, PT, 8},  {53.3f, -6.3f, IE, 7},  {51.2f, 6.8f, DE, 9},
    {43.3f, 5.4f, FR, 8},   {51.9f, 4.5f, NL, 8},   {53.5f, -2.2f, GB, 9},  {51.3f, 12.4f, DE, 8},
    {40.9f, 14.3f, IT, 7},  {46.2f, 6.1f, CH, 5},   {39.5f, -0.4f, ES, 6},  {49.5f, 11.1f, DE, 6},
    {47.1f, 15.4f, AT, 4},  {41.2f, -8.6f, PT, 4},  {55.9f, -3.2f, GB, 5},  {43.6f, 1.4f, FR, 5},
    {53.1f, 8.8f, DE, 5},   {42.4f, -71.1f, US, 3}, {45.1f, 7.7f, IT, 5},   {52.1f, 5.1f, NL, 4},
    {51.1f, 13.7f, DE, 5},  {37.4f, -6.0f, ES, 4},  {43.7f, -79.4f, CA, 3}, {52.4f, 9.7f, DE, 5},
};

#define KM_PER_DEGREE_NORTH 111.2f
#define KM_PER_DEGREE_EAST 71.6f
#define MERCHANTS_PER_CITY 40

static double
distance_squared(const City *a, const City *b)
{
	double dx = (double) a->x - b->x;
	double dy = (double) a->y - b->y;

	return dx * dx + dy * dy;
}

static int
nearest_city(const Geography *geography, int city)
{
	int nearest = city;
	double best = 0;

	for (int other = 0; other < geography->n_cities; other++)
	{
		double distance = distance_squared(&geography->cities[city], &geography->cities[other]);

		if (other != city && (nearest == city || distance < best))
		{
			nearest = other;
			best = distance;
		}
	}
	return nearest;
}

/* Hands the 256 lots out in proportion to the weights, by rounding their running sum. */
static void
fill_lots(Geography *geography)
{
	int total = 0;
	int sum = 0;
	int lot = 0;

	for (int city = 0; city < geography->n_cities; city++)
		total += geography->cities[city].weight;
	for (int city = 0; city < geography->n_cities; city++)
	{
		sum += geography->cities[city].weight;
		while (lot < (256 * sum + total / 2) / total && lot < 256)
			geography->lot[lot++] = (uint8_t) city;
	}
}

void
geography_make(Geography *geography, int32_t merchants)
{
	int n_cities = merchants / MERCHANTS_PER_CITY;

	if (n_cities < 1)
		n_cities = 1;
	if (n_cities > MAX_CITIES)
		n_cities = MAX_CITIES;
	geography->n_cities = n_cities;
	for (int city = 0; city < n_cities; city++)
	{
		const CitySource *source = &city_sources[city];

		geography->cities[city].x = source->longitude * KM_PER_DEGREE_EAST;
		geography->cities[city].y = source->latitude * KM_PER_DEGREE_NORTH;
		geography->cities[city].weight = source->weight;
		geography->cities[city].country = source->country;
	}
	for (int city = 0; city < n_cities; city++)
		geography->cities[city].nearest = (uint8_t) nearest_city(geography, city);
	fill_lots(geography);
}

int
country_utc_offset(int country)
{
	return countries[country].utc_offset;
}

int
country_currency(int country)
{
	return countries[country].currency;
}

double
country_exchange_rate(int country)
{
	return countries[country].exchange_rate;
}

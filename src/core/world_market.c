/*
 * world_market.c
 *		The merchants of the world, laid out by category and place.
 */
#include "core/world_market.h"

#include "core/world_draw.h"

const char *const category_names[N_CATEGORIES] = {
    [CATEGORY_GROCERY] = "grocery",
    [CATEGORY_RESTAURANT] = "restaurant",
    [CATEGORY_FUEL] = "fuel",
    [CATEGORY_TRANSPORT] = "transport",
    [CATEGORY_RETAIL] = "retail",
    [CATEGORY_FASHION] = "fashion",
    [CATEGORY_HEALTH] = "health",
    [CATEGORY_ENTERTAINMENT] = "entertainment",
    [CATEGORY_HOME] = "home",
    [CATEGORY_ELECTRONICS] = "electronics",
    [CATEGORY_TRAVEL] = "travel",
    [CATEGORY_SUBSCRIPTION] = "subscription",
    [CATEGORY_DIGITAL_GOODS] = "digital_goods",
    [CATEGORY_GIFT_CARDS] = "gift_cards",
    [CATEGORY_JEWELLERY] = "jewellery",
    [CATEGORY_CASH] = "cash",
};

/* spending, merchants, online, median, sigma, opens, closes */
const CategoryTraits category_traits[N_CATEGORIES] = {
    [CATEGORY_GROCERY] = {25, 14, 0.06f, 31, 0.95f, 7, 22},
    [CATEGORY_RESTAURANT] = {14, 16, 0.12f, 22, 0.85f, 10, 24},
    [CATEGORY_FUEL] = {8, 7, 0, 54, 0.50f, 5, 24},
    [CATEGORY_TRANSPORT] = {8, 5, 0.35f, 11, 1.00f, 4, 24},
    [CATEGORY_RETAIL] = {9, 12, 0.40f, 35, 1.10f, 8, 21},
    [CATEGORY_FASHION] = {7.5f, 9, 0.50f, 62, 0.95f, 9, 21},
    [CATEGORY_HEALTH] = {5, 8, 0.15f, 26, 1.00f, 8, 20},
    [CATEGORY_ENTERTAINMENT] = {5, 6, 0.45f, 25, 1.00f, 12, 24},
    [CATEGORY_HOME] = {5, 6, 0.35f, 74, 1.15f, 8, 20},
    [CATEGORY_ELECTRONICS] = {4.5f, 5, 0.60f, 125, 1.30f, 9, 20},
    [CATEGORY_TRAVEL] = {2.5f, 3, 0.85f, 190, 1.20f, 8, 20},
    [CATEGORY_SUBSCRIPTION] = {4, 2, 1, 13, 0.70f, 0, 24},
    [CATEGORY_DIGITAL_GOODS] = {3, 3, 1, 12, 1.20f, 0, 24},
    [CATEGORY_GIFT_CARDS] = {1.6f, 1, 0.70f, 48, 0.90f, 8, 21},
    [CATEGORY_JEWELLERY] = {1.5f, 1.5f, 0.40f, 145, 1.30f, 10, 20},
    [CATEGORY_CASH] = {6, 6, 0, 90, 0.85f, 0, 24},
};

#define MERCHANT_SPREAD_KM 6

/* The category at a fraction of the merchants, and how far into it the fraction lies. */
static int
category_at(double fraction, double *within)
{
	double total = 0;
	double sum = 0;

	for (int category = 0; category < N_CATEGORIES; category++)
		total += category_traits[category].merchant_weight;
	for (int category = 0; category < N_CATEGORIES; category++)
	{
		double weight = category_traits[category].merchant_weight / total;

		if (fraction < sum + weight || category == N_CATEGORIES - 1)
		{
			*within = (fraction - sum) / weight;
			return category;
		}
		sum += weight;
	}
	return N_CATEGORIES - 1;
}

/* Online merchants come first in a category, then its cities in order. */
static int
place_at(const Geography *geography, int category, double within)
{
	double online = category_traits[category].online_share;
	double total = 0;
	double sum = 0;

	/* online one seller serves all cities, so that it takes fewer of them */
	if (online < 1)
		online = online * 0.4;
	if (within < online)
		return CITY_ONLINE;
	within = (within - online) / (1 - online);
	for (int city = 0; city < geography->n_cities; city++)
		total += geography->cities[city].weight;
	for (int city = 0; city < geography->n_cities; city++)
	{
		sum += geography->cities[city].weight / total;
		if (within < sum)
			return city;
	}
	return geography->n_cities - 1;
}

static void
settle(Merchant *merchant, const Geography *geography, uint64_t hash)
{
	int city = merchant->city == CITY_ONLINE ? geography->lot[hash & 255] : merchant->city;

	merchant->country = geography->cities[city].country;
	merchant->x = (float) (geography->cities[city].x +
	                       MERCHANT_SPREAD_KM * draw_normal_from_bits(random_mix(hash + 1)));
	merchant->y = (float) (geography->cities[city].y +
	                       MERCHANT_SPREAD_KM * draw_normal_from_bits(random_mix(hash + 2)));
	merchant->price_level = (float) draw_exp2(0.35 * draw_normal_from_bits(random_mix(hash + 3)));
}

static void
fill_habit_lots(Market *market)
{
	double total = 0;
	double sum = 0;
	int lot = 0;

	for (int category = 0; category < N_CATEGORIES; category++)
		total += category_traits[category].spending_weight;
	for (int category = 0; category < N_CATEGORIES; category++)
	{
		sum += category_traits[category].spending_weight;
		while (lot < 256 && lot < (int) (256 * sum / total + 0.5))
			market->habit_lot[lot++] = (uint8_t) category;
	}
}

bool
market_make(Market *market, const Geography *geography, int32_t n_merchants, uint64_t key,
            const CoreAllocator *allocator)
{
	market->n_merchants = n_merchants;
	market->merchants =
	    allocator->allocate(allocator->context, sizeof(Merchant) * (size_t) n_merchants);
	if (market->merchants == NULL)
		return false;
	memset(market->ranges, 0, sizeof(market->ranges));
	for (int32_t i = 0; i < n_merchants; i++)
	{
		Merchant *merchant = &market->merchants[i];
		double within;
		MerchantRange *range;

		merchant->category = (uint8_t) category_at((i + 0.5) / n_merchants, &within);
		merchant->city = (uint8_t) place_at(geography, merchant->category, within);
		settle(merchant, geography, random_mix(key + (uint64_t) i * 8));
		range = &market->ranges[merchant->category][merchant->city];
		if (range->count++ == 0)
			range->first = i;
	}
	fill_habit_lots(market);
	return true;
}

/* The popular ones of a range are its first: the square of a uniform number. */
static int32_t
pick_from_range(MerchantRange range, uint64_t bits)
{
	uint64_t u = bits >> 32;
	uint64_t square = (u * u) >> 32;

	return range.first + (int32_t) ((square * (uint64_t) range.count) >> 32);
}

int32_t
market_pick(const Market *market, const Geography *geography, int category, int place,
            uint64_t bits)
{
	MerchantRange range = market->ranges[category][place];
	MerchantRange all = {0, 0};

	if (range.count == 0 && place != CITY_ONLINE)
		range = market->ranges[category][geography->cities[place].nearest];
	if (range.count > 0)
		return pick_from_range(range, bits);
	for (int other = 0; other <= MAX_CITIES; other++)
	{
		range = market->ranges[category][other];
		if (range.count > 0 && (all.count == 0 || range.first < all.first))
			all.first = range.first;
		all.count += range.count;
	}
	if (all.count == 0)
		all = (MerchantRange){0, market->n_merchants};
	return pick_from_range(all, bits);
}

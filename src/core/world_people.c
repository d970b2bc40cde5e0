/*
 * world_people.c
 *		Customers: their homes, habits of time, journeys, cards and devices.
 */
#include "core/world_people.h"

#include "core/world_draw.h"

#define GOLDEN_RATIO UINT64_C(0x9e3779b97f4a7c15)
#define HOME_SPREAD_KM 9
/* Trials of an acceptance before anybody will do. */
#define MAX_TRIALS 64
#define CARD_LIFE_DAYS 730
#define JOURNEY_PERIOD_DAYS 30
#define MAX_JOURNEY_DAYS 10

/* Salts: one property of a person, one hash. */
enum
{
	SALT_HOME_X = 1,
	SALT_HOME_Y,
	SALT_MONEY,
	SALT_TRAITS,
	SALT_JOURNEY,
	SALT_DEVICE
};

static inline uint64_t
person_hash(const People *people, int32_t index)
{
	return random_mix(people->key + (uint64_t) index * GOLDEN_RATIO);
}

/* Independent bits for one property of a person. */
static inline uint64_t
property(uint64_t hash, uint64_t salt)
{
	return random_mix(hash + salt * GOLDEN_RATIO);
}

/* Bits 0..5 activity, 6..7 lifestyle, 8..15 city, 16.. when the customer joins and leaves. */
static inline int
hash_city(const People *people, uint64_t hash)
{
	return people->geography->lot[(hash >> 8) & 255];
}

/* The normal quantile by Tukey's lambda: good to a hundredth, and exact everywhere. */
static double
normal_quantile(double u)
{
	return 4.91 * (draw_exp2(0.14 * draw_log2(u)) - draw_exp2(0.14 * draw_log2(1 - u)));
}

bool
people_make(People *people, const Geography *geography, int32_t n_customers, int32_t days,
            double travel_share, uint64_t key, const CoreAllocator *allocator)
{
	int32_t reserved = n_customers / 16 / RING_SIZE * RING_SIZE;
	double most = normal_quantile(63.5 / 64);

	people->key = key;
	people->n_customers = n_customers;
	if (reserved < RING_SIZE)
		reserved = n_customers > RING_SIZE ? RING_SIZE : 0;
	people->n_regular = n_customers - reserved;
	people->days = days;
	people->travel_share = travel_share;
	people->geography = geography;
	people->states =
	    allocator->allocate(allocator->context, sizeof(PersonState) * (size_t) n_customers);
	if (people->states == NULL)
		return false;
	memset(people->states, 0, sizeof(PersonState) * (size_t) n_customers);
	for (int i = 0; i < 64; i++)
		people->activity[i] = (float) draw_exp2(0.5 * (normal_quantile((i + 0.5) / 64) - most));
	rhythm_lifestyle_curves(people->curves);
	return true;
}

void
people_intensity(const People *people, float intensity[HOURS_IN_WEEK])
{
	const Geography *geography = people->geography;

	for (int hour = 0; hour < HOURS_IN_WEEK; hour++)
		intensity[hour] = 0;
	for (int lot = 0; lot < 256; lot++)
	{
		int offset = country_utc_offset(geography->cities[geography->lot[lot]].country);

		for (int hour = 0; hour < HOURS_IN_WEEK; hour++)
			for (int style = 0; style < N_LIFESTYLES; style++)
				intensity[hour] +=
				    people->curves[style][(hour + HOURS_IN_WEEK + offset) % HOURS_IN_WEEK];
	}
}

/* Most customers are there all the time; one in eight joins, one in sixteen leaves. */
static bool
is_customer(const People *people, int32_t index, uint64_t hash, int64_t time_ms)
{
	int64_t day = time_ms / MS_IN_DAY;
	int64_t changes = (int64_t) (((hash >> 24) & 0xffff) * (uint64_t) people->days >> 16);
	int fate = (hash >> 16) & 15;

	if (people->states[index].away_until_day > day)
		return false;
	if (fate < 2)
		return day >= changes;
	return fate != 2 || day < changes;
}

int32_t
people_pick(People *people, RandomState *random, const Rhythm *rhythm, int64_t time_ms)
{
	int utc_hour = rhythm_hour_of_week(rhythm, time_ms, 0);
	int32_t index = 0;

	for (int trial = 0; trial < MAX_TRIALS; trial++)
	{
		uint64_t bits = random_next(random);
		uint64_t hash;
		float weight;
		int hour;

		index = (int32_t) (((bits >> 32) * (uint64_t) people->n_regular) >> 32);
		hash = person_hash(people, index);
		weight = people->activity[hash & 63];
		if ((float) (bits & 0xffff) * 0x1.0p-16f >= weight)
			continue;
		hour = utc_hour +
		       country_utc_offset(people->geography->cities[hash_city(people, hash)].country);
		if (hour < 0)
			hour += HOURS_IN_WEEK;
		if (hour >= HOURS_IN_WEEK)
			hour -= HOURS_IN_WEEK;
		weight = people->curves[(hash >> 6) & 3][hour];
		if ((float) ((bits >> 16) & 0xffff) * 0x1.0p-16f >= weight)
			continue;
		if (is_customer(people, index, hash, time_ms))
			return index;
	}
	return index;
}

int32_t
people_pick_in_city(People *people, RandomState *random, const Rhythm *rhythm, int64_t time_ms,
                    int city)
{
	int32_t index = 0;

	for (int trial = 0; trial < MAX_TRIALS; trial++)
	{
		index = people_pick(people, random, rhythm, time_ms);
		if (hash_city(people, person_hash(people, index)) == city)
			return index;
	}
	return index;
}

Person
people_person(const People *people, int32_t index)
{
	uint64_t hash = person_hash(people, index);
	uint64_t traits = property(hash, SALT_TRAITS);
	Person person;

	person.index = index;
	person.hash = hash;
	person.city = (uint8_t) hash_city(people, hash);
	person.lifestyle = (hash >> 6) & 3;
	person.careless = (traits & 15) == 0;
	person.x = (float) (people->geography->cities[person.city].x +
	                    HOME_SPREAD_KM * draw_normal_from_bits(property(hash, SALT_HOME_X)));
	person.y = (float) (people->geography->cities[person.city].y +
	                    HOME_SPREAD_KM * draw_normal_from_bits(property(hash, SALT_HOME_Y)));
	person.spending = (float) draw_exp2(0.55 * draw_normal_from_bits(property(hash, SALT_MONEY)));
	person.contactless = 0.25f + 0.70f * (float) ((traits >> 8) & 0xff) / 255.0f;
	return person;
}

/*
 * Time is cut into periods, at a phase of each person's own; in a period there
 * may be one journey. Its chance follows from the share of days spent away.
 */
int
people_whereabouts(const People *people, const Person *person, int64_t time_ms)
{
	int64_t hours = time_ms / MS_IN_HOUR + (int64_t) (person->hash >> 56) * 24;
	int64_t period = hours / (JOURNEY_PERIOD_DAYS * 24);
	int64_t hour = hours % (JOURNEY_PERIOD_DAYS * 24);
	uint64_t journey = property(person->hash + (uint64_t) period, SALT_JOURNEY);
	double mean_days = 2 + (MAX_JOURNEY_DAYS - 2) / 2.0;
	double chance = people->travel_share * JOURNEY_PERIOD_DAYS / mean_days;
	int64_t begins;
	int64_t length;

	if ((double) (journey & 0xffff) * 0x1.0p-16 >= chance)
		return person->city;
	length = 48 + (int64_t) ((journey >> 16) & 0xff) * (MAX_JOURNEY_DAYS - 2) * 24 / 256;
	begins =
	    (int64_t) ((journey >> 24) & 0xff) * (JOURNEY_PERIOD_DAYS - MAX_JOURNEY_DAYS) * 24 / 256;
	if (hour < begins || hour >= begins + length)
		return person->city;
	return people->geography->lot[(journey >> 32) & 255];
}

/* A bijection of 44-bit numbers, topped by a letter: unique, and nothing shows through. */
static uint64_t
token(const People *people, uint64_t number)
{
	const uint64_t mask = (UINT64_C(1) << 44) - 1;
	uint64_t x = (number + people->key) & mask;
	uint64_t letter;

	x = (x * UINT64_C(0x9e3779b97f5)) & mask;
	x ^= x >> 22;
	x = (x * UINT64_C(0xd1b54a32d19)) & mask;
	x ^= x >> 21;
	x = (x * UINT64_C(0xbf58476d1ce4e5b)) & mask;
	x ^= x >> 23;
	letter = 10 + (random_mix(x + people->key) >> 32) % 6;
	return letter << 44 | x;
}

uint64_t
people_card(People *people, const Person *person, bool online, int64_t time_ms)
{
	PersonState *state = &people->states[person->index];
	/* one customer in five keeps a second card for the net */
	uint64_t second = online && (person->hash >> 40) % 5 == 0;
	uint64_t age = (person->hash >> 43 & 1023) + (uint64_t) (time_ms / MS_IN_DAY);
	uint64_t expired = age / CARD_LIFE_DAYS;

	if (state->reissue_minute != 0 && state->reissue_minute <= time_ms / MS_IN_MINUTE)
	{
		state->generation++;
		state->reissue_minute = 0;
	}
	return token(people, (uint64_t) person->index << 16 | (uint64_t) state->generation << 8 |
	                         (expired & 127) << 1 | second);
}

/*
 * choice 0..15: which of the person's devices. Two in three use one for nearly
 * all; a device lives one to three years, then its successor takes its place.
 */
uint64_t
people_device(const People *people, const Person *person, int choice, int64_t time_ms)
{
	uint64_t traits = property(person->hash, SALT_DEVICE);
	uint64_t slot = choice < 11 ? 0 : 1 + (traits & 1) * (uint64_t) (choice & 1);
	uint64_t owner = (uint64_t) person->index;
	uint64_t life = 365 + ((traits >> (8 + 8 * slot)) & 255) * 3;
	uint64_t age = ((traits >> 32) & 1023) + (uint64_t) (time_ms / MS_IN_DAY);

	/* a device of the household: two neighbours share it, a ring of synthetic identities all */
	if (person->index >= people->n_regular)
	{
		owner = (uint64_t) (people->n_regular +
		                    (person->index - people->n_regular) / RING_SIZE * RING_SIZE);
		slot = (uint64_t) (choice & 1);
		age = people->states[owner].generation * life;
	}
	else if (slot == 1 && (person->hash >> 48) % 6 == 0)
		owner ^= 1;
	return token(people, UINT64_C(1) << 40 | owner << 16 | slot << 14 | (age / life & 0x3fff));
}

uint64_t
people_fresh_device(const People *people, uint64_t sequence)
{
	return token(people, UINT64_C(1) << 43 | (sequence & ((UINT64_C(1) << 43) - 1)));
}

void
people_plan_reissue(People *people, int32_t index, int64_t time_ms)
{
	PersonState *state = &people->states[index];
	uint32_t minute = (uint32_t) (time_ms / MS_IN_MINUTE) + 1;

	if (state->reissue_minute == 0 || minute < state->reissue_minute)
		state->reissue_minute = minute;
}

void
people_close_account(People *people, int32_t index, int64_t time_ms, int days)
{
	PersonState *state = &people->states[index];

	state->away_until_day = (uint16_t) (time_ms / MS_IN_DAY + days);
	state->generation++;
}

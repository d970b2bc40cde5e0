/*
 * change_state.c
 *		The state of a change detector as bytes, numbers with the low byte first:
 *
 *		"FDC1", method (1 byte), delta, threshold, seen, n (8 bytes each), then
 *		page_hinkley: mean, up, least_up, down, most_down;
 *		ddm: ones, least_share, least_deviation;
 *		adwin: levels (1 byte), and of each the number of buckets (1 byte), and their total and spread.
 */
#include "core/change_detector.h"

#include <math.h>
#include <string.h>

#define MAGIC "FDC1"
#define MAGIC_BYTES 4

/* More values than any stream has, and few enough for CHANGE_LEVELS. */
#define MOST_SEEN (UINT64_C(1) << 44)

/* Above the mean and the sums that values allow, and far from an overflow. */
#define MOST_MEAN 1e100
#define MOST_SUM 1e300

typedef struct StateWriter
{
	uint8_t *bytes;
	size_t n;
} StateWriter;

static void
put_integer(StateWriter *writer, uint64_t value, int width)
{
	for (int i = 0; i < width; i++)
		writer->bytes[writer->n++] = (uint8_t) (value >> (8 * i));
}

static void
put_number(StateWriter *writer, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	put_integer(writer, bits, 8);
}

size_t
change_detector_write(const ChangeDetector *detector, uint8_t *bytes)
{
	StateWriter writer = {bytes, MAGIC_BYTES};

	memcpy(bytes, MAGIC, MAGIC_BYTES);
	put_integer(&writer, detector->method, 1);
	put_number(&writer, detector->delta);
	put_number(&writer, detector->threshold);
	put_integer(&writer, detector->seen, 8);
	put_integer(&writer, detector->n, 8);
	if (detector->method == CHANGE_PAGE_HINKLEY)
	{
		put_number(&writer, detector->mean);
		put_number(&writer, detector->up);
		put_number(&writer, detector->least_up);
		put_number(&writer, detector->down);
		put_number(&writer, detector->most_down);
		return writer.n;
	}
	if (detector->method == CHANGE_DDM)
	{
		put_integer(&writer, detector->ones, 8);
		put_number(&writer, detector->least_share);
		put_number(&writer, detector->least_deviation);
		return writer.n;
	}
	put_integer(&writer, detector->n_levels, 1);
	for (uint32_t i = 0; i < detector->n_levels; i++)
	{
		put_integer(&writer, detector->levels[i].n, 1);
		for (uint32_t k = 0; k < detector->levels[i].n; k++)
		{
			put_number(&writer, detector->levels[i].buckets[k].total);
			put_number(&writer, detector->levels[i].buckets[k].spread);
		}
	}
	return writer.n;
}

typedef struct StateReader
{
	const uint8_t *bytes;
	size_t n;
	size_t at;
	bool short_of_bytes;
} StateReader;

static uint64_t
get_integer(StateReader *reader, int width)
{
	uint64_t value = 0;

	if (reader->n - reader->at < (size_t) width)
	{
		reader->short_of_bytes = true;
		return 0;
	}
	for (int i = 0; i < width; i++)
		value |= (uint64_t) reader->bytes[reader->at++] << (8 * i);
	return value;
}

static double
get_number(StateReader *reader)
{
	uint64_t bits = get_integer(reader, 8);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static bool
read_page_hinkley(StateReader *reader, ChangeDetector *detector)
{
	detector->mean = get_number(reader);
	detector->up = get_number(reader);
	detector->least_up = get_number(reader);
	detector->down = get_number(reader);
	detector->most_down = get_number(reader);
	return fabs(detector->mean) <= MOST_MEAN && fabs(detector->up) <= MOST_SUM &&
	       fabs(detector->down) <= MOST_SUM && fabs(detector->least_up) <= MOST_SUM &&
	       fabs(detector->most_down) <= MOST_SUM && detector->least_up <= detector->up &&
	       detector->most_down >= detector->down;
}

static bool
read_ddm(StateReader *reader, ChangeDetector *detector)
{
	detector->ones = get_integer(reader, 8);
	detector->least_share = get_number(reader);
	detector->least_deviation = get_number(reader);
	return detector->ones <= detector->n &&
	       (detector->least_share == -1.0 ||
	        (detector->least_share >= 0.0 && detector->least_share <= 1.0)) &&
	       detector->least_deviation >= 0.0 && detector->least_deviation <= 1.0;
}

static bool
read_level(StateReader *reader, ChangeLevel *level, double most)
{
	level->n = (uint32_t) get_integer(reader, 1);
	if (level->n > CHANGE_BUCKETS)
		return false;
	for (uint32_t k = 0; k < level->n; k++)
	{
		ChangeBucket *bucket = &level->buckets[k];

		bucket->total = get_number(reader);
		bucket->spread = get_number(reader);
		/* No values in [0, 1] with this sum are further from their mean. */
		if (!(bucket->total >= 0.0 && bucket->total <= most) || !(bucket->spread >= 0.0) ||
		    bucket->spread > bucket->total * (1.0 - bucket->total / most) + 1e-9 * most)
			return false;
	}
	return true;
}

static bool
read_adwin(StateReader *reader, ChangeDetector *detector)
{
	uint64_t n = 0;

	detector->n_levels = (uint32_t) get_integer(reader, 1);
	if (detector->n_levels > CHANGE_LEVELS)
		return false;
	for (uint32_t i = 0; i < detector->n_levels; i++)
	{
		if (!read_level(reader, &detector->levels[i], (double) (UINT64_C(1) << i)))
			return false;
		n += (uint64_t) detector->levels[i].n << i;
	}
	return n == detector->n &&
	       (detector->n_levels == 0 || detector->levels[detector->n_levels - 1].n > 0);
}

bool
change_detector_read(const uint8_t *bytes, size_t size, ChangeDetector *detector, CoreError *error)
{
	StateReader reader = {bytes, size, MAGIC_BYTES, false};
	ChangeMethod method;
	double delta, threshold;
	bool valid;

	if (size < MAGIC_BYTES || memcmp(bytes, MAGIC, MAGIC_BYTES) != 0)
		return core_fail(error, "not the state of a change detector");
	method = (ChangeMethod) get_integer(&reader, 1);
	delta = get_number(&reader);
	threshold = get_number(&reader);
	if (!change_detector_begin(detector, method, delta, threshold, error))
		return false;
	detector->seen = get_integer(&reader, 8);
	detector->n = get_integer(&reader, 8);
	valid = detector->seen <= MOST_SEEN && detector->n <= detector->seen;
	if (method == CHANGE_PAGE_HINKLEY)
		valid = valid && read_page_hinkley(&reader, detector);
	else if (method == CHANGE_DDM)
		valid = valid && read_ddm(&reader, detector);
	else
		valid = valid && read_adwin(&reader, detector);
	if (!valid || reader.short_of_bytes || reader.at != size)
		return core_fail(error, "the state of the change detector is damaged");
	return true;
}

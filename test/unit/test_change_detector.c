/*
 * test_change_detector.c
 *		Promises of core/change_detector.h: changes where the papers' definitions find them
 *		(golden/change_detector.py), the same whether or not the state is written and read
 *		between any two values, bounded memory, and no state from bytes that are none.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/change_detector.h"
#include "core/random.h"
#include "golden/change_detector_golden.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

typedef struct Stream
{
	uint64_t counter;
	bool as_bits;
	const double *levels; /* or shares of ones */
	uint64_t each;
	uint64_t at;
} Stream;

static double
next_value(Stream *stream)
{
	double level = stream->levels[stream->at++ / stream->each];
	double uniform;

	stream->counter += UINT64_C(0x9e3779b97f4a7c15);
	uniform = (double) (random_mix(stream->counter) >> 11) * 0x1.0p-53;
	return stream->as_bits ? uniform < level : level + (uniform - 0.5) * 0.4;
}

static ChangeDetector
detector_of(ChangeMethod method, double delta, double threshold)
{
	ChangeDetector detector;
	CoreError error;

	if (!change_detector_begin(&detector, method, delta, threshold, &error))
		fail_msg("%s", error.message);
	return detector;
}

static void
write_and_read(ChangeDetector *detector)
{
	uint8_t bytes[CHANGE_STATE_MOST_BYTES];
	size_t size = change_detector_write(detector, bytes);
	CoreError error;

	assert_true(size <= sizeof(bytes));
	memset(detector, 0xff, sizeof(*detector));
	if (!change_detector_read(bytes, size, detector, &error))
		fail_msg("%s", error.message);
}

/* Returns the number of warnings. */
static uint64_t
run(ChangeDetector *detector, Stream stream, uint64_t n, bool resumed, const uint64_t *changes,
    size_t n_changes)
{
	uint64_t warnings = 0;
	size_t found = 0;

	for (uint64_t i = 1; i <= n; i++)
	{
		ChangeSignal signal;
		CoreError error;

		assert_true(change_detector_add(detector, next_value(&stream), &signal, &error));
		warnings += signal == CHANGE_WARNING;
		if (signal == CHANGE_FOUND)
		{
			assert_true(found < n_changes);
			assert_int_equal(i, changes[found++]);
		}
		if (resumed)
			write_and_read(detector);
	}
	assert_int_equal(found, n_changes);
	return warnings;
}

static void
adwin_finds_the_golden_changes(void **state)
{
	const double levels[] = {0.3, 0.5, 0.5, 0.25}, shares[] = {0.02, 0.02, 0.10};

	for (int resumed = 0; resumed < 2; resumed++)
	{
		ChangeDetector numbers = detector_of(CHANGE_ADWIN, 0.002, 0.0);
		ChangeDetector bits = detector_of(CHANGE_ADWIN, 0.01, 0.0);

		run(&numbers, (Stream){UINT64_C(1) << 32, false, levels, 700}, 2800, resumed, adwin_changes,
		    N_OF(adwin_changes));
		assert_int_equal(numbers.n, ADWIN_LEFT);
		assert_true(fabs(change_detector_mean(&numbers) - 0.25) < 0.02);
		run(&bits, (Stream){UINT64_C(2) << 32, true, shares, 1500}, 4500, resumed,
		    adwin_bits_changes, N_OF(adwin_bits_changes));
		assert_int_equal(bits.n, ADWIN_BITS_LEFT);
	}
}

static void
page_hinkley_finds_the_golden_changes(void **state)
{
	const double levels[] = {0.3, 0.5, 0.5, 0.25};

	for (int resumed = 0; resumed < 2; resumed++)
	{
		ChangeDetector detector = detector_of(CHANGE_PAGE_HINKLEY, 0.01, 5.0);

		run(&detector, (Stream){UINT64_C(3) << 32, false, levels, 500}, 2000, resumed,
		    page_hinkley_changes, N_OF(page_hinkley_changes));
		assert_int_equal(detector.n, PAGE_HINKLEY_LEFT);
		assert_true(fabs(change_detector_mean(&detector) - 0.25) < 0.02);
	}
}

static void
ddm_finds_the_golden_changes(void **state)
{
	const double shares[] = {0.05, 0.05, 0.15};

	for (int resumed = 0; resumed < 2; resumed++)
	{
		ChangeDetector detector = detector_of(CHANGE_DDM, 0.0, 3.0);

		assert_int_equal(run(&detector, (Stream){UINT64_C(4) << 32, true, shares, 1000}, 3000,
		                     resumed, ddm_changes, N_OF(ddm_changes)),
		                 DDM_WARNINGS);
		assert_int_equal(detector.n, DDM_LEFT);
	}
}

/* The paper bounds the false alarms of ADWIN by delta at each check. */
static void
adwin_is_quiet_without_change_and_small(void **state)
{
	const double levels[] = {0.5};
	uint8_t bytes[CHANGE_STATE_MOST_BYTES];
	uint64_t alarms = 0;

	for (uint64_t seed = 100; seed < 110; seed++)
	{
		ChangeDetector detector = detector_of(CHANGE_ADWIN, 0.002, 0.0);
		Stream stream = {seed << 32, false, levels, UINT64_MAX};

		for (int i = 0; i < 50000; i++)
		{
			ChangeSignal signal;
			CoreError error;

			assert_true(change_detector_add(&detector, next_value(&stream), &signal, &error));
			alarms += signal == CHANGE_FOUND;
		}
		assert_true(change_detector_write(&detector, bytes) < 1500);
	}
	assert_in_range(alarms, 0, 1);
}

static void
wrong_parameters_and_values_are_refused(void **state)
{
	ChangeDetector detector;
	ChangeSignal signal;
	CoreError error;

	assert_false(change_detector_begin(&detector, CHANGE_ADWIN, 0.0, 0.0, &error));
	assert_false(change_detector_begin(&detector, CHANGE_ADWIN, 1.0, 0.0, &error));
	assert_false(change_detector_begin(&detector, CHANGE_ADWIN, 0.1, 1.0, &error));
	assert_false(change_detector_begin(&detector, CHANGE_PAGE_HINKLEY, -0.1, 1.0, &error));
	assert_false(change_detector_begin(&detector, CHANGE_PAGE_HINKLEY, 0.1, 0.0, &error));
	assert_false(change_detector_begin(&detector, CHANGE_PAGE_HINKLEY, NAN, 1.0, &error));
	assert_false(change_detector_begin(&detector, CHANGE_DDM, 0.1, 3.0, &error));
	assert_false(change_detector_begin(&detector, CHANGE_DDM, 0.0, INFINITY, &error));
	assert_false(change_detector_begin(&detector, (ChangeMethod) 9, 0.1, 3.0, &error));
	detector = detector_of(CHANGE_ADWIN, 0.002, 0.0);
	assert_false(change_detector_add(&detector, 1.01, &signal, &error));
	assert_false(change_detector_add(&detector, NAN, &signal, &error));
	detector = detector_of(CHANGE_DDM, 0.0, 3.0);
	assert_false(change_detector_add(&detector, 0.5, &signal, &error));
	detector = detector_of(CHANGE_PAGE_HINKLEY, 0.0, 1.0);
	assert_false(change_detector_add(&detector, INFINITY, &signal, &error));
	assert_int_equal(detector.seen, 0);
	assert_true(isnan(change_detector_mean(&detector)));
}

static void
bytes_that_are_no_state_are_refused(void **state)
{
	const double levels[] = {0.5};
	const ChangeMethod methods[] = {CHANGE_ADWIN, CHANGE_PAGE_HINKLEY, CHANGE_DDM};
	const double deltas[] = {0.002, 0.01, 0.0}, thresholds[] = {0.0, 50.0, 3.0};

	for (int m = 0; m < 3; m++)
	{
		ChangeDetector detector = detector_of(methods[m], deltas[m], thresholds[m]);
		Stream stream = {UINT64_C(9) << 32, m == 2, levels, UINT64_MAX};
		uint8_t bytes[CHANGE_STATE_MOST_BYTES + 1] = {0};
		CoreError error;
		size_t size;

		for (int i = 0; i < 100; i++)
		{
			ChangeSignal signal;

			assert_true(change_detector_add(&detector, next_value(&stream), &signal, &error));
		}
		size = change_detector_write(&detector, bytes);
		for (size_t cut = 0; cut < size; cut++)
			assert_false(change_detector_read(bytes, cut, &detector, &error));
		assert_false(change_detector_read(bytes, size + 1, &detector, &error));
		assert_true(change_detector_read(bytes, size, &detector, &error));
		bytes[4] = 77;
		assert_false(change_detector_read(bytes, size, &detector, &error));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(adwin_finds_the_golden_changes),
	    cmocka_unit_test(page_hinkley_finds_the_golden_changes),
	    cmocka_unit_test(ddm_finds_the_golden_changes),
	    cmocka_unit_test(adwin_is_quiet_without_change_and_small),
	    cmocka_unit_test(wrong_parameters_and_values_are_refused),
	    cmocka_unit_test(bytes_that_are_no_state_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

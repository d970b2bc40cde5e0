/*
 * fuzz_change_detector.c
 *		Any bytes are refused by change_detector_read, or give a state that takes values and
 *		can be written and read again.
 */
#include <stdlib.h>

#include "core/change_detector.h"

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static ChangeDetector detector;
	uint8_t bytes[CHANGE_STATE_MOST_BYTES];
	CoreError error;

	if (!change_detector_read(data, size, &detector, &error) ||
	    detector.seen > UINT64_C(1) << 43) /* no room for the values below */
		return 0;
	for (int i = 0; i < 200; i++)
	{
		ChangeSignal signal;

		if (!change_detector_add(&detector, i * 7 % 5 == 0, &signal, &error))
			abort();
	}
	if (!change_detector_read(bytes, change_detector_write(&detector, bytes), &detector, &error))
		abort();
	return 0;
}

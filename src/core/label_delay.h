/*
 * label_delay.h
 *		How soon frauds become known, and so which share of those of an age is.
 *
 * A fraud that is not known yet looks like a legitimate row. Of each known fraud
 * two times are given: its delay, from the event until it was known, and its
 * age, from the event until the labels were taken. A delay longer than the age
 * is never seen: the sample is truncated on the right, and the shares of the
 * delays that are seen say too little of the long ones. The product-limit
 * estimate for such samples (Lynden-Bell 1971; Lagakos, Barraj and De Gruttola
 * 1988), used for reporting delays of illnesses and of insured losses, has no
 * such bias. Shares are of the frauds that are known at the longest age.
 */
#ifndef FRAUD_DETECT_LABEL_DELAY_H
#define FRAUD_DETECT_LABEL_DELAY_H

#include "core/core.h"

typedef struct KnownFraud
{
	double delay; /* in any unit, at most age; a negative one counts as 0 */
	double age;
} KnownFraud;

/* A step function; the array is from the allocator, for the caller to release. */
typedef struct LabelDelays
{
	struct LabelDelayStep
	{
		double delay;
		double share; /* of frauds with this delay or a shorter one */
	} * steps;        /* delays descending, shares in (0, 1] */
	size_t n;
} LabelDelays;

/*
 * Fewer frauds than this that could have been seen with a delay say nothing of
 * its share: a single one must not decide that all others are still to come.
 */
#define LABEL_DELAY_MIN_AT_RISK 20

/*
 * Temporary memory is 32 bytes a fraud, that of the result 16. O(n). Fails where
 * a delay is above its age, or one of them is not finite. Does not depend on the
 * order of the frauds.
 */
extern bool label_delays_fit(const KnownFraud *frauds, size_t n, const CoreAllocator *allocator,
                             LabelDelays *result, CoreError *error);

/* Share of the frauds of an age that are known, 0..1; 1 where nothing was fitted. O(log n). */
extern double label_delays_known(const LabelDelays *delays, double age);

#endif

/*
 * split.h
 *		Which rows train, which stop and calibrate, which measure.
 *
 * By time, where rows have one: the holdout is the last share of the rows, the
 * validation part the same share of what is left before it, the training part
 * the rest. Rows of equal time never straddle. Between two parts lies a gap of
 * label_delay, whose rows are dropped. Where the source says when a label
 * became known, a fraud counts in a part only if it was known when the next
 * part began; the holdout has the labels of the source.
 *
 * Which share of a part's frauds that is, of those that ever become known, is
 * estimated from the delays of the frauds that count in the training and the
 * validation part, and from nothing else. A fraud without a time of becoming
 * known counts in neither, and changes nothing there.
 *
 * Without time: the same shares of each class, drawn by content and seed.
 *
 * With an entity, a hash of entity and seed gives each entity a side, with the
 * same shares; by time, a row whose side is not its time's part is dropped.
 *
 * Nothing depends on the physical order of the rows, nor on a label that does not
 * count.
 */
#ifndef FRAUD_DETECT_SPLIT_H
#define FRAUD_DETECT_SPLIT_H

#include "training/reader.h"

typedef enum Part
{
	PART_TRAINING,
	PART_VALIDATION,
	PART_HOLDOUT,
	PART_GAP,    /* inside a gap of label_delay */
	PART_DROPPED /* its entity is on another side */
} Part;
#define N_USED_PARTS 3

/* Share of the validation part where there is no holdout. */
#define SPLIT_VALIDATION_SHARE 0.2

typedef struct PartSummary
{
	uint64 rows;
	uint64 frauds;  /* by the labels that count in this part */
	uint64 unknown; /* frauds that were not known yet, and count as legitimate */
	int64 from;     /* times; meaningless where by_time is false or the part is empty */
	int64 until;
	int64 label_cut; /* labels count when known by then; TIME_NEVER: as the source has them */
	double known;    /* estimated share known by label_cut of those ever known, in (0, 1] */
} PartSummary;

typedef struct Split
{
	bool by_time;
	bool by_entity;
	uint8 *parts; /* by row number: Part */
	PartSummary summaries[N_USED_PARTS];
	uint64 gap_rows;
	uint64 dropped_rows;
} Split;

extern const char *part_name(Part part);

/*
 * order: as reader_order gives it. Allocates in CurrentMemoryContext. FD006
 * where a part would have rows of one class only, or none (the holdout may
 * have one class). Changes facts->labels to the labels that count.
 */
extern void split_rows(Split *split, const TrainingRequest *request, RowFacts *facts,
                       uint32 *order);

#endif

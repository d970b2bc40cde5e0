/*
 * forest_layout.h
 *		The bytes of a forest image, versions 1 to 3 (docs/image-format.md). Private to
 *		the files forest*.c: who builds, verifies or evaluates images.
 *
 * All numbers are little-endian and are used in place, so images are neither
 * built nor opened on a big-endian machine.
 */
#ifndef FRAUD_DETECT_FOREST_LAYOUT_H
#define FRAUD_DETECT_FOREST_LAYOUT_H

#include "core/forest.h"

#define FOREST_IMAGE_MAGIC "FDFOREST" /* 8 bytes, no terminating zero */
#define FOREST_IMAGE_OLDEST_VERSION 1
#define FOREST_FIRST_VERSION_ALONE 3 /* whose layout may stand for the nodes */
#define FOREST_MAX_TREES (1u << 24)
#define FOREST_MAX_NODES (1u << 30)
#define FOREST_MAX_CATEGORY_WORDS (1u << 26)
/* Categories are below it: where float32 stops telling integers apart, as XGBoost has it. */
#define FOREST_MAX_CATEGORY (1u << 24)

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FOREST_IMAGE_READABLE true
#else
#define FOREST_IMAGE_READABLE false
#endif

/* Every section begins at a multiple of FOREST_IMAGE_ALIGNMENT; gaps are zero. */
typedef enum ForestSectionKind
{
	FOREST_SECTION_ROOTS,
	FOREST_SECTION_NODES,
	FOREST_SECTION_CATEGORIES,
	FOREST_SECTION_CALIBRATION,
	FOREST_SECTION_CALIBRATION_MARGINS,
	FOREST_SECTION_CALIBRATION_PROBABILITIES,
	FOREST_SECTIONS_OF_VERSION_1, /* all of them, in this order */

	/* The layout for vectors (forest_lanes.h): empty sections where there is none. */
	FOREST_SECTION_RANKED = FOREST_SECTIONS_OF_VERSION_1,
	FOREST_SECTION_SEPARATORS,
	FOREST_SECTION_THRESHOLDS,
	FOREST_SECTION_PAGES,
	FOREST_SECTION_TOPS,
	FOREST_SECTION_TAILS,
	FOREST_SECTION_CHUNK_TREES,
	FOREST_SECTION_CHUNKS,
	FOREST_SECTION_LEAVES,
	FOREST_SECTION_CATEGORY_FEATURES,
	FOREST_SECTION_CATEGORY_ROWS,
	FOREST_SECTION_CATEGORY_MASKS,
	FOREST_SECTIONS /* from version 2 on: all of them, in this order */
} ForestSectionKind;

typedef struct ForestSection
{
	uint32_t kind;
	uint32_t element_size;
	uint64_t offset; /* from the start of the image */
	uint64_t count;  /* of elements */
} ForestSection;

typedef struct ForestHeader
{
	char magic[8];
	uint64_t checksum; /* checksum64 of everything behind this field */
	uint64_t size;     /* of the whole image, a multiple of the alignment */
	uint32_t version;
	uint32_t n_sections;
	uint32_t n_features;
	float base_margin;
	uint32_t n_trees;                        /* from version 3 on; before it 0 */
	uint8_t reserved[20];                    /* zero */
	ForestSection sections[FOREST_SECTIONS]; /* as many as the version has */
} ForestHeader;

#define FOREST_CHECKSUM_START 16 /* the magic is compared, the checksum cannot cover itself */

#define FOREST_NODE_DEFAULT_LEFT 1u
#define FOREST_NODE_CATEGORICAL 2u

/*
 * A node. Nodes of a tree are in breadth-first order, so siblings are adjacent
 * and children lie behind their parent.
 */
struct ForestNode
{
	float value;         /* threshold (below it: left) or leaf; 0 for a categorical split */
	uint32_t left;       /* left child minus this node, the right one follows; 0 for a leaf */
	uint16_t feature;    /* 0 for a leaf */
	uint16_t flags;      /* FOREST_NODE_*; 0 for a leaf */
	uint32_t categories; /* categorical: where its set begins; else 0 */
};

/*
 * A set of categories: the number of its words, then the words; category c is
 * bit c % 32 of word c / 32. Sets lie in the order of the nodes, without gaps;
 * the last word is not zero.
 */

/* Section CALIBRATION, one element; its arrays are sections of their own. */
typedef struct ForestCalibration
{
	uint32_t method;
	uint32_t reserved; /* zero */
	double slope;      /* platt; else 0 */
	double intercept;
} ForestCalibration;

_Static_assert(sizeof(ForestSection) == 24, "layout of ForestSection");
_Static_assert(sizeof(ForestHeader) == 64 + 24 * FOREST_SECTIONS, "layout of ForestHeader");
_Static_assert(sizeof(ForestNode) == 16, "layout of ForestNode");
_Static_assert(sizeof(ForestCalibration) == 24, "layout of ForestCalibration");

/* Size of an element of each kind of section, by ForestSectionKind. */
static const uint32_t forest_element_sizes[FOREST_SECTIONS] = {
    sizeof(uint32_t),        sizeof(ForestNode),
    sizeof(uint32_t),        sizeof(ForestCalibration),
    sizeof(float),           sizeof(double),
    sizeof(ForestRanked),    sizeof(float),
    sizeof(float),           sizeof(ForestPage),
    sizeof(ForestTop),       sizeof(ForestTail),
    sizeof(ForestChunkTree), sizeof(ForestChunk),
    sizeof(float),           sizeof(ForestCategoryFeature),
    sizeof(uint32_t),        sizeof(uint64_t)};

static inline uint32_t
forest_sections_of_version(uint32_t version)
{
	return version == 1 ? FOREST_SECTIONS_OF_VERSION_1 : FOREST_SECTIONS;
}

static inline uint64_t
forest_header_size(uint32_t version)
{
	return offsetof(ForestHeader, sections) +
	       forest_sections_of_version(version) * sizeof(ForestSection);
}

/* What a lane can ask for, by slot: thresholds of its page, at most 255; 0 where there is no slot. */
typedef struct ForestSlotLimits
{
	uint8_t n_thresholds[256];
} ForestSlotLimits;

/* Describes the layout of an image whose sections are in place, and verifies it in full. */
extern bool forest_lanes_open(const ForestHeader *header, Forest *forest, CoreError *error);

/*
 * Verifies the lanes, exits and leaves of a layout that has no nodes beside it, whose other parts
 * have been verified: they are those of trees, written as a layout of these trees has to be. Fills
 * in forest->n_nodes.
 */
extern bool forest_lanes_verify_alone(Forest *forest, const ForestSlotLimits *limits);

/* Points *lanes at the sections; their sizes say what shape it is. */
extern void forest_lanes_describe(const ForestHeader *header, uint32_t n_trees, ForestLanes *lanes);

static inline uint64_t
forest_align(uint64_t offset)
{
	return (offset + FOREST_IMAGE_ALIGNMENT - 1) & ~(uint64_t) (FOREST_IMAGE_ALIGNMENT - 1);
}

#endif

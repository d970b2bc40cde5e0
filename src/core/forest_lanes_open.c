/*
 * forest_lanes_open.c
 *		Describes the layout for vectors in an image and proves that it is that of
 *		the image's trees.
 *
 * Where the image has nodes as well, every lane, exit, leaf and mask is compared with
 * the node it stands for, so an accepted layout gives the margins of the plain nodes,
 * and every index in it stays inside its section. One pass, without memory: the writer
 * had to search for the rank of a threshold, here the rank is given and only looked up.
 * A layout alone is forest_lanes_alone.c's.
 */
#include <math.h>
#include <string.h>

#include "core/forest_lanes_walk.h"

/* What a slot stands for. */
typedef struct SlotMeaning
{
	uint32_t feature;
	uint32_t n_thresholds; /* on its page and behind */
	const float *thresholds;
	bool right;
} SlotMeaning;

typedef struct Verifier
{
	LaneVisitor visitor;
	const ForestLanes *lanes;
	SlotMeaning slots[FOREST_MAX_SLOTS];
	ForestSlotLimits limits; /* of it what a layout without nodes needs */
	uint64_t n_checks;
	uint64_t n_bits; /* of the masks, that are one */
} Verifier;

static const void *
section_start(const ForestHeader *header, ForestSectionKind kind)
{
	return (const uint8_t *) header + header->sections[kind].offset;
}

static uint32_t
section_count(const ForestHeader *header, ForestSectionKind kind)
{
	uint64_t count = header->sections[kind].count;

	return count < UINT32_MAX ? (uint32_t) count : UINT32_MAX;
}

void
forest_lanes_describe(const ForestHeader *header, uint32_t n_trees, ForestLanes *lanes)
{
	uint64_t n_mask_words = section_count(header, FOREST_SECTION_CATEGORY_MASKS);

	memset(lanes, 0, sizeof(*lanes));
	if (n_trees == 0 || section_count(header, FOREST_SECTION_TOPS) == 0)
		return;
	lanes->shape = section_count(header, FOREST_SECTION_TAILS) > 0         ? FOREST_SHAPE_TAILS
	               : section_count(header, FOREST_SECTION_CHUNK_TREES) > 0 ? FOREST_SHAPE_CHUNKS
	                                                                       : FOREST_SHAPE_TOPS;
	lanes->n_trees_padded = (n_trees + 7) / 8 * 8;
	lanes->n_ranked = section_count(header, FOREST_SECTION_RANKED);
	lanes->n_pages = section_count(header, FOREST_SECTION_PAGES);
	lanes->n_chunks = section_count(header, FOREST_SECTION_CHUNKS);
	lanes->n_leaves = section_count(header, FOREST_SECTION_LEAVES);
	lanes->n_category_features = section_count(header, FOREST_SECTION_CATEGORY_FEATURES);
	lanes->n_codes = section_count(header, FOREST_SECTION_CATEGORY_ROWS);
	lanes->mask_words =
	    (uint32_t) forest_mask_words(lanes->shape, lanes->n_trees_padded, lanes->n_chunks);
	lanes->n_mask_rows = (uint32_t) (n_mask_words / lanes->mask_words);
	lanes->ranked = section_start(header, FOREST_SECTION_RANKED);
	lanes->separators = section_start(header, FOREST_SECTION_SEPARATORS);
	lanes->thresholds = section_start(header, FOREST_SECTION_THRESHOLDS);
	lanes->pages = section_start(header, FOREST_SECTION_PAGES);
	lanes->tops = section_start(header, FOREST_SECTION_TOPS);
	lanes->tails = section_start(header, FOREST_SECTION_TAILS);
	lanes->chunk_trees = section_start(header, FOREST_SECTION_CHUNK_TREES);
	lanes->chunks = section_start(header, FOREST_SECTION_CHUNKS);
	lanes->leaves = section_start(header, FOREST_SECTION_LEAVES);
	lanes->category_features = section_start(header, FOREST_SECTION_CATEGORY_FEATURES);
	lanes->category_rows = section_start(header, FOREST_SECTION_CATEGORY_ROWS);
	lanes->masks = section_start(header, FOREST_SECTION_CATEGORY_MASKS);
}

/* Sizes of the sections that follow from the shape and the number of trees. */
static bool
verify_counts(const ForestHeader *header, uint32_t n_trees, const ForestLanes *lanes)
{
	uint64_t padded = lanes->n_trees_padded;
	bool tails = lanes->shape == FOREST_SHAPE_TAILS;
	bool chunks = lanes->shape == FOREST_SHAPE_CHUNKS;
	uint64_t n_leaves = lanes->n_leaves;

	if (!chunks)
		n_leaves = (uint64_t) n_trees * (tails ? FOREST_TAIL_EXITS : FOREST_TOP_EXITS);
	return header->sections[FOREST_SECTION_TOPS].count == padded &&
	       header->sections[FOREST_SECTION_TAILS].count ==
	           (tails ? padded * FOREST_TOP_EXITS : 0) &&
	       header->sections[FOREST_SECTION_CHUNK_TREES].count == (chunks ? n_trees : 0) &&
	       (chunks || lanes->n_chunks == 0) &&
	       header->sections[FOREST_SECTION_LEAVES].count == n_leaves &&
	       lanes->n_category_features <= FOREST_MAX_CATEGORY_FEATURES &&
	       lanes->n_ranked <= FOREST_MAX_SLOTS && lanes->n_pages <= FOREST_MAX_SLOTS &&
	       header->sections[FOREST_SECTION_CATEGORY_MASKS].count <= FOREST_MAX_CATEGORY_MASKS &&
	       header->sections[FOREST_SECTION_CATEGORY_MASKS].count ==
	           (uint64_t) lanes->n_mask_rows * lanes->mask_words;
}

static bool
is_empty(const ForestHeader *header)
{
	for (int kind = FOREST_SECTIONS_OF_VERSION_1; kind < FOREST_SECTIONS; kind++)
		if (header->sections[kind].count != 0)
			return false;
	return true;
}

/* Strictly increasing, then NaN to the end of the last block. */
static bool
verify_thresholds(const float *thresholds, uint32_t n, uint32_t n_blocks)
{
	for (uint32_t i = 0; i < n; i++)
		if (isnan(thresholds[i]) || (i > 0 && !(thresholds[i - 1] < thresholds[i])))
			return false;
	for (uint32_t i = n; i < n_blocks * FOREST_BLOCK; i++)
		if (!isnan(thresholds[i]))
			return false;
	return true;
}

/* The last of each full block, then NaN to the end of the last vector. */
static bool
verify_separators(const float *separators, const float *thresholds, uint32_t n, uint32_t n_vectors)
{
	uint32_t n_full = n / FOREST_BLOCK;

	for (uint32_t i = 0; i < n_vectors * FOREST_BLOCK; i++)
		if (i < n_full ? separators[i] != thresholds[i * FOREST_BLOCK + FOREST_BLOCK - 1]
		               : !isnan(separators[i]))
			return false;
	return true;
}

/* The next slot stands for this page; a slot that is not used says FOREST_NO_SLOT. */
static bool
give_slot(Verifier *verifier, ForestLanes *lanes, uint8_t slot, const ForestRanked *ranked,
          uint32_t base, bool right)
{
	if (slot != lanes->n_slots || slot >= FOREST_MAX_SLOTS)
		return false;
	if (base == 0)
		lanes->slot_sources[slot] =
		    (uint8_t) (ranked - lanes->ranked + (right ? FOREST_RIGHT_RANKS : 0));
	verifier->limits.n_thresholds[slot] =
	    (uint8_t) (ranked->n_thresholds - base < FOREST_PAGE ? ranked->n_thresholds - base
	                                                         : FOREST_PAGE);
	verifier->slots[lanes->n_slots++] = (SlotMeaning){
	    ranked->feature, ranked->n_thresholds - base,
	    lanes->thresholds + (size_t) ranked->first_block * FOREST_BLOCK + base, right};
	return true;
}

static bool
verify_ranked(Verifier *verifier, const ForestHeader *header, ForestLanes *lanes)
{
	uint32_t n_separators = section_count(header, FOREST_SECTION_SEPARATORS);
	uint32_t n_thresholds = section_count(header, FOREST_SECTION_THRESHOLDS);
	uint32_t next_separator = 0;
	uint32_t next_block = 0;

	for (uint32_t i = 0; i < lanes->n_ranked; i++)
	{
		const ForestRanked *ranked = &lanes->ranked[i];
		uint32_t n = ranked->n_thresholds;
		uint32_t n_blocks = n / FOREST_BLOCK + 1;
		uint32_t n_vectors = forest_separator_vectors(n);

		if (ranked->feature >= header->n_features ||
		    (i > 0 && ranked->feature <= ranked[-1].feature) || n < 1 ||
		    n > FOREST_MAX_THRESHOLDS || ranked->first_separator != next_separator ||
		    ranked->first_block != next_block ||
		    n_separators / FOREST_BLOCK < next_separator + n_vectors ||
		    n_thresholds / FOREST_BLOCK < next_block + n_blocks || ranked->reserved[0] != 0 ||
		    ranked->reserved[1] != 0)
			return false;
		if (!verify_thresholds(lanes->thresholds + (size_t) next_block * FOREST_BLOCK, n,
		                       n_blocks) ||
		    !verify_separators(lanes->separators + (size_t) next_separator * FOREST_BLOCK,
		                       lanes->thresholds + (size_t) next_block * FOREST_BLOCK, n,
		                       n_vectors))
			return false;
		if (ranked->left_slot != FOREST_NO_SLOT &&
		    !give_slot(verifier, lanes, ranked->left_slot, ranked, 0, false))
			return false;
		if (ranked->right_slot != FOREST_NO_SLOT &&
		    !give_slot(verifier, lanes, ranked->right_slot, ranked, 0, true))
			return false;
		next_separator += n_vectors;
		next_block += n_blocks;
	}
	return n_separators == next_separator * FOREST_BLOCK &&
	       n_thresholds == next_block * FOREST_BLOCK;
}

static bool
verify_pages(Verifier *verifier, ForestLanes *lanes)
{
	for (uint32_t i = 0; i < lanes->n_pages; i++)
	{
		const ForestPage *page = &lanes->pages[i];

		if (page->ranked >= lanes->n_ranked || page->base == 0 || page->base % FOREST_PAGE != 0 ||
		    page->base >= lanes->ranked[page->ranked].n_thresholds || page->right > 1 ||
		    !give_slot(verifier, lanes, page->slot, &lanes->ranked[page->ranked], page->base,
		               page->right != 0))
			return false;
	}
	return true;
}

/* Rows of masks are numbered in the order in which features and codes name them. */
static bool
verify_category_features(const ForestHeader *header, const ForestLanes *lanes)
{
	uint32_t next_code = 0;
	uint32_t next_row = 0;

	for (uint32_t i = 0; i < lanes->n_category_features; i++)
	{
		const ForestCategoryFeature *feature = &lanes->category_features[i];

		if (feature->feature >= header->n_features ||
		    (i > 0 && feature->feature <= feature[-1].feature) ||
		    feature->first_code != next_code || feature->n_codes > lanes->n_codes - next_code ||
		    feature->n_codes > FOREST_MAX_CATEGORY || feature->missing_row != next_row++)
			return false;
		for (uint32_t code = 0; code < feature->n_codes; code++)
		{
			uint32_t row = lanes->category_rows[next_code + code];

			if (row != FOREST_NO_ROW && row != next_row++)
				return false;
		}
		next_code += feature->n_codes;
	}
	return next_code == lanes->n_codes && next_row == lanes->n_mask_rows;
}

/* Counts the bit; true if it is what it has to be. */
static bool
verify_bit(Verifier *verifier, uint32_t row, uint64_t bit, bool expected)
{
	const ForestLanes *lanes = verifier->lanes;
	bool stored = false;

	if (row != FOREST_NO_ROW)
		stored = lanes->masks[(uint64_t) row * lanes->mask_words + bit / 64] >> bit % 64 & 1;
	verifier->n_bits += stored;
	return stored == expected;
}

static bool
verify_category(Verifier *verifier, const ForestNode *node, uint64_t bit)
{
	const ForestLanes *lanes = verifier->lanes;
	const uint32_t *set = verifier->visitor.forest->categories + node->categories;
	const ForestCategoryFeature *feature = NULL;

	for (uint32_t i = 0; i < lanes->n_category_features; i++)
		if (lanes->category_features[i].feature == node->feature)
			feature = &lanes->category_features[i];
	if (feature == NULL || (uint64_t) set[0] * 32 > (feature->n_codes + 31ull) / 32 * 32)
		return false;
	verifier->n_checks += set[0] * 32ull + feature->n_codes;
	if (verifier->n_checks > FOREST_MAX_CATEGORY_CHECKS)
		return false;
	for (uint32_t code = 0; code < feature->n_codes; code++)
	{
		bool in_set = code / 32 < set[0] && set[1 + code / 32] >> code % 32 & 1;

		if (!verify_bit(verifier, lanes->category_rows[feature->first_code + code], bit, in_set))
			return false;
	}
	/* Nor is a code in the set that the layout does not know. */
	for (uint32_t code = feature->n_codes; code < set[0] * 32; code++)
		if (set[1 + code / 32] >> code % 32 & 1)
			return false;
	return verify_bit(verifier, feature->missing_row, bit,
	                  !(node->flags & FOREST_NODE_DEFAULT_LEFT));
}

static bool
visit_lane(LaneVisitor *visitor, const ForestNode *node, const uint8_t *slot,
           const uint8_t *threshold, uint64_t bit)
{
	Verifier *verifier = (Verifier *) visitor;
	const SlotMeaning *meaning;

	if (node->left == 0 || (node->flags & FOREST_NODE_CATEGORICAL))
		return *slot == 0 && *threshold == FOREST_NEVER_RIGHT &&
		       (node->left == 0 || verify_category(verifier, node, bit));
	if (*slot >= verifier->lanes->n_slots)
		return false;
	meaning = &verifier->slots[*slot];
	return meaning->feature == node->feature &&
	       meaning->right == !(node->flags & FOREST_NODE_DEFAULT_LEFT) &&
	       *threshold < FOREST_PAGE && *threshold < meaning->n_thresholds &&
	       meaning->thresholds[*threshold] == node->value;
}

static bool
visit_bytes(LaneVisitor *visitor, const void *place, const void *content, size_t size)
{
	return memcmp(place, content, size) == 0;
}

static uint64_t
count_mask_bits(const ForestLanes *lanes)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < (uint64_t) lanes->n_mask_rows * lanes->mask_words; i++)
		n += (uint64_t) __builtin_popcountll(lanes->masks[i]);
	return n;
}

/* Nodes and layout side by side. */
static bool
verify_with_nodes(Verifier *verifier, const Forest *forest)
{
	return forest_depth(forest) <= forest_shape_levels(forest->lanes.shape) &&
	       forest_lanes_walk(&verifier->visitor) &&
	       count_mask_bits(&forest->lanes) == verifier->n_bits;
}

/* A layout with categories always has its nodes: its masks do not say what is a split. */
static bool
verify_alone(const Verifier *verifier, Forest *forest)
{
	return forest->lanes.n_category_features == 0 && forest->lanes.n_codes == 0 &&
	       forest->lanes.n_mask_rows == 0 && forest_lanes_verify_alone(forest, &verifier->limits);
}

/* Bounds first, then every lane; what the lanes do not account for must not be there. */
static bool
verify(Verifier *verifier, const ForestHeader *header, Forest *forest)
{
	ForestLanes *lanes = &forest->lanes;

	return verify_counts(header, forest->n_trees, lanes) &&
	       verify_ranked(verifier, header, lanes) && verify_pages(verifier, lanes) &&
	       verify_category_features(header, lanes) &&
	       (forest->nodes != NULL ? verify_with_nodes(verifier, forest)
	                              : verify_alone(verifier, forest));
}

bool
forest_lanes_open(const ForestHeader *header, Forest *forest, CoreError *error)
{
	Verifier verifier;

	forest_lanes_describe(header, forest->n_trees, &forest->lanes);
	if (forest->lanes.shape == FOREST_SHAPE_NONE)
	{
		if (is_empty(header))
			return true;
		return core_fail(error, "forest image is damaged: its layout is incomplete");
	}
	memset(&verifier, 0, sizeof(verifier));
	verifier.visitor.forest = forest;
	verifier.lanes = &forest->lanes;
	if (verify(&verifier, header, forest))
		return true;
	return core_fail(error, "forest image is damaged: its layout is not that of %s",
	                 forest->nodes != NULL ? "its trees" : "any trees");
}

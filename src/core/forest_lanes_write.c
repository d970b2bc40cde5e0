/*
 * forest_lanes_write.c
 *		Lays a forest out for vectors.
 *
 * Planning finds the distinct thresholds of each feature and gives each of them
 * a slot and a byte; writing walks over the trees (forest_lanes_walk.h) and
 * fills what it is shown. The layout follows from the trees alone.
 */
#include "core/forest_lanes_write.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/forest_lanes_walk.h"

/* A numerical split, to be sorted. */
typedef struct SplitEntry
{
	uint32_t feature;
	uint32_t node;
	float threshold;
} SplitEntry;

static int
compare_entries(const void *one, const void *other)
{
	const SplitEntry *a = one;
	const SplitEntry *b = other;

	if (a->feature != b->feature)
		return a->feature < b->feature ? -1 : 1;
	if (a->threshold != b->threshold)
		return a->threshold < b->threshold ? -1 : 1;
	return a->node < b->node ? -1 : a->node > b->node;
}

static bool
is_numerical(const ForestNode *node)
{
	return node->left != 0 && !(node->flags & FOREST_NODE_CATEGORICAL);
}

static bool
is_categorical(const ForestNode *node)
{
	return node->left != 0 && (node->flags & FOREST_NODE_CATEGORICAL);
}

/* Sorted by feature and threshold; NULL for want of memory. */
static SplitEntry *
collect_entries(const Forest *forest, const CoreAllocator *allocator, size_t *n)
{
	SplitEntry *entries =
	    allocator->allocate(allocator->context, forest->n_nodes * sizeof(SplitEntry));

	*n = 0;
	if (entries == NULL)
		return NULL;
	for (uint32_t i = 0; i < forest->n_nodes; i++)
		if (is_numerical(&forest->nodes[i]))
			entries[(*n)++] = (SplitEntry){forest->nodes[i].feature, i, forest->nodes[i].value};
	qsort(entries, *n, sizeof(SplitEntry), compare_entries);
	return entries;
}

/* The entries of one feature: its thresholds and, for each entry, the rank of its own. */
static uint32_t
rank_entries(const SplitEntry *entries, size_t n, float *thresholds, uint32_t *ranks)
{
	uint32_t n_distinct = 0;

	for (size_t i = 0; i < n; i++)
	{
		if (i == 0 || entries[i].threshold != entries[i - 1].threshold)
			thresholds[n_distinct++] = entries[i].threshold;
		ranks[i] = n_distinct - 1;
	}
	return n_distinct;
}

/*
 * Gives the splits of one feature on one page in one direction their lane; true
 * if there are any. Splits lie in the order of their ranks.
 */
static bool
assign_slot(LanesPlan *plan, const SplitEntry *entries, const uint32_t *ranks, size_t n,
            uint32_t page, bool right, uint8_t slot)
{
	bool any = false;

	for (size_t i = 0; i < n; i++)
	{
		bool default_left = plan->forest->nodes[entries[i].node].flags & FOREST_NODE_DEFAULT_LEFT;

		if (ranks[i] / FOREST_PAGE != page || default_left == right)
			continue;
		plan->lanes[entries[i].node] = (PlannedLane){slot, (uint8_t) (ranks[i] % FOREST_PAGE)};
		any = true;
	}
	return any;
}

/* Where planning has got to. */
typedef struct SlotPlanner
{
	LanesPlan *plan;
	const SplitEntry *entries;
	uint32_t *ranks; /* by entry */
	size_t n_entries;
	size_t feature_starts[FOREST_MAX_SLOTS + 1]; /* among the entries */
	uint32_t n_slots;
} SlotPlanner;

/* The thresholds of all features; false if there are too many. */
static bool
plan_ranks(SlotPlanner *planner)
{
	LanesPlan *plan = planner->plan;
	uint32_t next_threshold = 0;
	uint32_t next_separator = 0;
	uint32_t next_block = 0;
	size_t end;

	for (size_t start = 0; start < planner->n_entries; start = end)
	{
		ForestRanked *ranked = &plan->ranked[plan->n_ranked];
		uint32_t n;

		if (plan->n_ranked == FOREST_MAX_SLOTS)
			return false;
		for (end = start; end < planner->n_entries &&
		                  planner->entries[end].feature == planner->entries[start].feature;
		     end++)
			;
		n = rank_entries(planner->entries + start, end - start, plan->thresholds + next_threshold,
		                 planner->ranks + start);
		if (n > FOREST_MAX_THRESHOLDS)
			return false;
		*ranked = (ForestRanked){.feature = planner->entries[start].feature,
		                         .n_thresholds = n,
		                         .first_separator = next_separator,
		                         .first_block = next_block,
		                         .left_slot = FOREST_NO_SLOT,
		                         .right_slot = FOREST_NO_SLOT};
		planner->feature_starts[plan->n_ranked++] = start;
		planner->feature_starts[plan->n_ranked] = end;
		next_threshold += n;
		next_separator += forest_separator_vectors(n);
		next_block += n / FOREST_BLOCK + 1;
	}
	plan->counts[FOREST_SECTION_RANKED] = plan->n_ranked;
	plan->counts[FOREST_SECTION_SEPARATORS] = (uint64_t) next_separator * FOREST_BLOCK;
	plan->counts[FOREST_SECTION_THRESHOLDS] = (uint64_t) next_block * FOREST_BLOCK;
	return true;
}

/* A slot for what is split on this page in this direction; false if there is none left. */
static bool
plan_slot(SlotPlanner *planner, uint32_t feature, uint32_t page, bool right)
{
	LanesPlan *plan = planner->plan;
	ForestRanked *ranked = &plan->ranked[feature];
	size_t start = planner->feature_starts[feature];

	if (!assign_slot(plan, planner->entries + start, planner->ranks + start,
	                 planner->feature_starts[feature + 1] - start, page, right,
	                 (uint8_t) planner->n_slots))
		return true;
	if (planner->n_slots == FOREST_MAX_SLOTS)
		return false;
	if (page > 0)
		plan->pages[plan->n_pages++] =
		    (ForestPage){page * FOREST_PAGE, (uint16_t) feature, (uint8_t) planner->n_slots, right};
	else if (right)
		ranked->right_slot = (uint8_t) planner->n_slots;
	else
		ranked->left_slot = (uint8_t) planner->n_slots;
	planner->n_slots++;
	return true;
}

/* First pages first: they are what a row is usually reduced to. */
static bool
plan_slots(SlotPlanner *planner)
{
	LanesPlan *plan = planner->plan;

	for (uint32_t feature = 0; feature < plan->n_ranked; feature++)
		if (!plan_slot(planner, feature, 0, false) || !plan_slot(planner, feature, 0, true))
			return false;
	for (uint32_t feature = 0; feature < plan->n_ranked; feature++)
		for (uint32_t page = 1; page * FOREST_PAGE < plan->ranked[feature].n_thresholds; page++)
			if (!plan_slot(planner, feature, page, false) ||
			    !plan_slot(planner, feature, page, true))
				return false;
	plan->counts[FOREST_SECTION_PAGES] = plan->n_pages;
	return true;
}

/* False only for want of memory; *fits says whether slots suffice. */
static bool
plan_numerical(LanesPlan *plan, const CoreAllocator *allocator, bool *fits)
{
	SlotPlanner planner = {.plan = plan};
	SplitEntry *entries = collect_entries(plan->forest, allocator, &planner.n_entries);

	planner.entries = entries;
	planner.ranks =
	    allocator->allocate(allocator->context, planner.n_entries * sizeof(uint32_t) + 1);
	plan->lanes =
	    allocator->allocate(allocator->context, plan->forest->n_nodes * sizeof(PlannedLane));
	plan->thresholds =
	    allocator->allocate(allocator->context, planner.n_entries * sizeof(float) + 1);
	if (entries != NULL && planner.ranks != NULL && plan->lanes != NULL && plan->thresholds != NULL)
		*fits = plan_ranks(&planner) && plan_slots(&planner);
	allocator->release(allocator->context, entries);
	allocator->release(allocator->context, planner.ranks);
	return entries != NULL && planner.ranks != NULL && plan->lanes != NULL &&
	       plan->thresholds != NULL;
}

/* Chunks and leaves below the tops. */
static bool
plan_shape(LanesPlan *plan)
{
	const Forest *forest = plan->forest;
	uint64_t padded = (forest->n_trees + 7) / 8 * 8;
	uint32_t depth = forest_depth(forest);

	plan->counts[FOREST_SECTION_TOPS] = padded;
	if (depth <= FOREST_TOP_LEVELS)
		plan->counts[FOREST_SECTION_LEAVES] = (uint64_t) forest->n_trees * FOREST_TOP_EXITS;
	else if (depth <= FOREST_TAIL_LEVELS)
	{
		plan->counts[FOREST_SECTION_TAILS] = padded * FOREST_TOP_EXITS;
		plan->counts[FOREST_SECTION_LEAVES] = (uint64_t) forest->n_trees * FOREST_TAIL_EXITS;
	}
	else
	{
		if (depth > FOREST_MAX_DEPTH_IN_CHUNKS)
			return false;
		/* Then numbers of chunks and leaves fit into the exits. */
		for (uint32_t tree = 0; tree < forest->n_trees; tree++)
			if (forest_tree_end(forest, tree) - forest->roots[tree] > FOREST_MAX_EXIT)
				return false;
		plan->counts[FOREST_SECTION_CHUNK_TREES] = forest->n_trees;
		plan->counts[FOREST_SECTION_CHUNKS] = forest_count_chunks(forest);
		plan->counts[FOREST_SECTION_LEAVES] = (forest->n_nodes + forest->n_trees) / 2;
	}
	return true;
}

static ForestCategoryFeature *
find_category_feature(LanesPlan *plan, uint32_t feature)
{
	for (uint32_t i = 0; i < plan->n_category_features; i++)
		if (plan->category_features[i].feature == feature)
			return &plan->category_features[i];
	return NULL;
}

/* Features in increasing order and how many codes each has in its sets. */
static bool
collect_category_features(LanesPlan *plan)
{
	const Forest *forest = plan->forest;

	for (uint32_t i = 0; i < forest->n_nodes; i++)
	{
		const ForestNode *node = &forest->nodes[i];
		ForestCategoryFeature *feature;
		const uint32_t *set = forest->categories + node->categories;
		uint32_t n_codes;

		if (!is_categorical(node))
			continue;
		feature = find_category_feature(plan, node->feature);
		if (feature == NULL)
		{
			uint32_t at = plan->n_category_features;

			if (at == FOREST_MAX_CATEGORY_FEATURES)
				return false;
			for (; at > 0 && plan->category_features[at - 1].feature > node->feature; at--)
				plan->category_features[at] = plan->category_features[at - 1];
			plan->n_category_features++;
			feature = &plan->category_features[at];
			*feature = (ForestCategoryFeature){.feature = node->feature};
		}
		n_codes = 32 * set[0] - (uint32_t) __builtin_clz(set[set[0]]);
		feature->n_codes = n_codes > feature->n_codes ? n_codes : feature->n_codes;
	}
	return true;
}

/* Bits that are compared when the image is opened: a limit on the time that takes. */
static uint64_t
count_category_checks(LanesPlan *plan)
{
	const Forest *forest = plan->forest;
	uint64_t n = 0;

	for (uint32_t i = 0; i < forest->n_nodes; i++)
		if (is_categorical(&forest->nodes[i]))
			n += forest->categories[forest->nodes[i].categories] * 32ull +
			     find_category_feature(plan, forest->nodes[i].feature)->n_codes;
	return n;
}

/* Numbers the rows: missing, then each code that is in a set. Returns how many there are. */
static uint32_t
number_mask_rows(LanesPlan *plan)
{
	const Forest *forest = plan->forest;
	uint32_t next_row = 0;

	for (uint32_t i = 0; i < forest->n_nodes; i++)
	{
		const ForestNode *node = &forest->nodes[i];
		const uint32_t *set = forest->categories + node->categories;

		if (!is_categorical(node))
			continue;
		for (uint32_t code = 0; code < 32 * set[0]; code++)
			if (set[1 + code / 32] >> code % 32 & 1)
				plan->category_rows[find_category_feature(plan, node->feature)->first_code + code] =
				    0;
	}
	for (uint32_t i = 0; i < plan->n_category_features; i++)
	{
		ForestCategoryFeature *feature = &plan->category_features[i];

		feature->missing_row = next_row++;
		for (uint32_t code = 0; code < feature->n_codes; code++)
			if (plan->category_rows[feature->first_code + code] != FOREST_NO_ROW)
				plan->category_rows[feature->first_code + code] = next_row++;
	}
	return next_row;
}

static bool
plan_categories(LanesPlan *plan, const CoreAllocator *allocator, bool *fits)
{
	uint32_t n_codes = 0;
	uint64_t n_words;

	*fits = collect_category_features(plan) &&
	        count_category_checks(plan) <= FOREST_MAX_CATEGORY_CHECKS;
	if (!*fits || plan->n_category_features == 0)
		return true;
	for (uint32_t i = 0; i < plan->n_category_features; i++)
	{
		plan->category_features[i].first_code = n_codes;
		n_codes += plan->category_features[i].n_codes;
	}
	plan->category_rows = allocator->allocate(allocator->context, n_codes * sizeof(uint32_t));
	if (plan->category_rows == NULL)
		return false;
	memset(plan->category_rows, 0xff, n_codes * sizeof(uint32_t));
	n_words =
	    number_mask_rows(plan) *
	    forest_mask_words(plan->counts[FOREST_SECTION_TAILS] > 0         ? FOREST_SHAPE_TAILS
	                      : plan->counts[FOREST_SECTION_CHUNK_TREES] > 0 ? FOREST_SHAPE_CHUNKS
	                                                                     : FOREST_SHAPE_TOPS,
	                      plan->counts[FOREST_SECTION_TOPS], plan->counts[FOREST_SECTION_CHUNKS]);
	*fits = n_words <= FOREST_MAX_CATEGORY_MASKS;
	plan->counts[FOREST_SECTION_CATEGORY_FEATURES] = plan->n_category_features;
	plan->counts[FOREST_SECTION_CATEGORY_ROWS] = n_codes;
	plan->counts[FOREST_SECTION_CATEGORY_MASKS] = n_words;
	return true;
}

bool
forest_lanes_plan(const Forest *forest, const CoreAllocator *allocator, LanesPlan *plan,
                  CoreError *error)
{
	bool fits = false;
	bool has_memory = true;

	memset(plan, 0, sizeof(*plan));
	plan->forest = forest;
	if (forest->n_trees == 0)
		return true;
	if (plan_shape(plan))
	{
		has_memory = plan_numerical(plan, allocator, &fits);
		if (has_memory && fits)
			has_memory = plan_categories(plan, allocator, &fits);
	}
	if (!fits)
		memset(plan->counts, 0, sizeof(plan->counts));
	if (has_memory)
		return true;
	forest_lanes_release(plan, allocator);
	return core_fail(error, "out of memory");
}

void
forest_lanes_release(LanesPlan *plan, const CoreAllocator *allocator)
{
	allocator->release(allocator->context, plan->lanes);
	allocator->release(allocator->context, plan->thresholds);
	allocator->release(allocator->context, plan->category_rows);
}

/* Writing */

typedef struct LaneWriter
{
	LaneVisitor visitor;
	LanesPlan const *plan;
	uint64_t *masks;
} LaneWriter;

static void
write_category(LaneWriter *writer, const ForestNode *node, uint64_t bit)
{
	const ForestLanes *lanes = &writer->visitor.forest->lanes;
	const uint32_t *set = writer->visitor.forest->categories + node->categories;
	const ForestCategoryFeature *feature = lanes->category_features;

	while (feature->feature != node->feature)
		feature++;
	for (uint32_t code = 0; code < 32 * set[0]; code++)
		if (set[1 + code / 32] >> code % 32 & 1)
			writer->masks[(uint64_t) lanes->category_rows[feature->first_code + code] *
			                  lanes->mask_words +
			              bit / 64] |= UINT64_C(1) << bit % 64;
	if (!(node->flags & FOREST_NODE_DEFAULT_LEFT))
		writer->masks[(uint64_t) feature->missing_row * lanes->mask_words + bit / 64] |=
		    UINT64_C(1) << bit % 64;
}

/* What a visitor is shown is constant; the image that is being built is not. */
static bool
visit_bytes(LaneVisitor *visitor, const void *place, const void *content, size_t size)
{
	memcpy((void *) (uintptr_t) place, content, size);
	return true;
}

static bool
visit_lane(LaneVisitor *visitor, const ForestNode *node, const uint8_t *slot,
           const uint8_t *threshold, uint64_t bit)
{
	LaneWriter *writer = (LaneWriter *) visitor;
	PlannedLane lane = {0, FOREST_NEVER_RIGHT};

	if (is_numerical(node))
		lane = writer->plan->lanes[node - visitor->forest->nodes];
	else if (is_categorical(node))
		write_category(writer, node, bit);
	return visit_bytes(visitor, slot, &lane.slot, 1) &&
	       visit_bytes(visitor, threshold, &lane.threshold, 1);
}

static void
write_thresholds(const LanesPlan *plan, const ForestLanes *lanes)
{
	const float *from = plan->thresholds;

	for (uint32_t i = 0; i < plan->n_ranked; i++)
	{
		const ForestRanked *ranked = &plan->ranked[i];
		uint32_t n = ranked->n_thresholds;
		uint32_t n_full = n / FOREST_BLOCK;
		float *to =
		    (float *) (uintptr_t) lanes->thresholds + (size_t) ranked->first_block * FOREST_BLOCK;
		float *separators = (float *) (uintptr_t) lanes->separators +
		                    (size_t) ranked->first_separator * FOREST_BLOCK;

		for (uint32_t k = 0; k < (n_full + 1) * FOREST_BLOCK; k++)
			to[k] = k < n ? from[k] : NAN;
		for (uint32_t k = 0; k < forest_separator_vectors(n) * FOREST_BLOCK; k++)
			separators[k] = k < n_full ? from[k * FOREST_BLOCK + FOREST_BLOCK - 1] : NAN;
		from += n;
	}
}

void
forest_lanes_write(const LanesPlan *plan, ForestHeader *header)
{
	uint8_t *image = (uint8_t *) header;
	const ForestSection *sections = header->sections;
	Forest forest = *plan->forest;
	LaneWriter writer = {.visitor.forest = &forest, .plan = plan};

	forest_lanes_describe(header, forest.n_trees, &forest.lanes);
	if (forest.lanes.shape == FOREST_SHAPE_NONE)
		return;
	writer.masks = (uint64_t *) (image + sections[FOREST_SECTION_CATEGORY_MASKS].offset);
	memcpy(image + sections[FOREST_SECTION_RANKED].offset, plan->ranked,
	       plan->n_ranked * sizeof(ForestRanked));
	memcpy(image + sections[FOREST_SECTION_PAGES].offset, plan->pages,
	       plan->n_pages * sizeof(ForestPage));
	memcpy(image + sections[FOREST_SECTION_CATEGORY_FEATURES].offset, plan->category_features,
	       plan->n_category_features * sizeof(ForestCategoryFeature));
	if (plan->category_rows != NULL)
		memcpy(image + sections[FOREST_SECTION_CATEGORY_ROWS].offset, plan->category_rows,
		       sections[FOREST_SECTION_CATEGORY_ROWS].count * sizeof(uint32_t));
	write_thresholds(plan, &forest.lanes);
	forest_lanes_walk(&writer.visitor);
}

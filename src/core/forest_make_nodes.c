/*
 * forest_make_nodes.c
 *		Reads the nodes of a forest back from its layout.
 *
 * The layout has been verified: it is the one of some trees, so these are theirs, in
 * breadth-first order as an image would hold them. (But of the two zeros, which are one
 * threshold, all splits get the one that the layout keeps.)
 */
#include <string.h>

#include "core/forest_layout.h"
#include "core/forest_places.h"

/* Where a node stands: a place, in heap order, of the top of its tree or of one of its chunks. */
typedef struct Position
{
	uint32_t chunk; /* number in the tree, plus 1; 0 for the top with its tails */
	uint32_t place;
} Position;

/* The numerical splits that a slot stands for. */
typedef struct SlotSplit
{
	const float *thresholds;
	uint16_t feature;
	uint16_t flags;
} SlotSplit;

typedef struct NodeReader
{
	const ForestLanes *lanes;
	ForestPlaceLanes places;
	SlotSplit slots[FOREST_MAX_SLOTS];
	uint32_t tree;
	Position *positions; /* of the nodes of the tree at hand */
	ForestNode *nodes;   /* the same */
	uint32_t n_nodes;    /* of it, so far */
} NodeReader;

static void
describe_slot(NodeReader *reader, uint8_t slot, const ForestRanked *ranked, uint32_t base,
              bool right)
{
	if (slot == FOREST_NO_SLOT)
		return;
	reader->slots[slot] =
	    (SlotSplit){reader->lanes->thresholds + (size_t) ranked->first_block * FOREST_BLOCK + base,
	                (uint16_t) ranked->feature, right ? 0 : FOREST_NODE_DEFAULT_LEFT};
}

static void
describe_slots(NodeReader *reader)
{
	const ForestLanes *lanes = reader->lanes;

	for (uint32_t i = 0; i < lanes->n_ranked; i++)
	{
		describe_slot(reader, lanes->ranked[i].left_slot, &lanes->ranked[i], 0, false);
		describe_slot(reader, lanes->ranked[i].right_slot, &lanes->ranked[i], 0, true);
	}
	for (uint32_t i = 0; i < lanes->n_pages; i++)
		describe_slot(reader, lanes->pages[i].slot, &lanes->ranked[lanes->pages[i].ranked],
		              lanes->pages[i].base, lanes->pages[i].right != 0);
}

static const ForestChunk *
chunk_at(const NodeReader *reader, Position position)
{
	return &reader->lanes
	            ->chunks[reader->lanes->chunk_trees[reader->tree].first_chunk + position.chunk - 1];
}

/* Places from here on are exits. */
static unsigned
exits_at(const NodeReader *reader, Position position)
{
	if (position.chunk > 0)
		return FOREST_CHUNK_EXITS;
	return reader->lanes->shape == FOREST_SHAPE_TAILS ? FOREST_TAIL_EXITS : FOREST_TOP_EXITS;
}

/* Slot and threshold at a place that is no exit. */
static void
read_lane(const NodeReader *reader, Position position, uint8_t *slot, uint8_t *threshold)
{
	unsigned place = position.place;

	if (position.chunk > 0)
	{
		*slot = chunk_at(reader, position)->slots[reader->places.chunk[place]];
		*threshold = chunk_at(reader, position)->thresholds[reader->places.chunk[place]];
	}
	else if (place < FOREST_TOP_EXITS)
	{
		*slot = reader->lanes->tops[reader->tree].slots[reader->places.top[place]];
		*threshold = reader->lanes->tops[reader->tree].thresholds[reader->places.top[place]];
	}
	else
	{
		unsigned upper = place < 2 * FOREST_TOP_EXITS ? place : place / 2;
		const uint8_t *tail =
		    reader->lanes
		        ->tails[(size_t) reader->tree * FOREST_TOP_EXITS + upper - FOREST_TOP_EXITS]
		        .lanes;
		unsigned lane = place == upper ? 0 : 1 + place % 2;

		*slot = tail[2 * lane];
		*threshold = tail[2 * lane + 1];
	}
}

/* What an exit of a top or chunk says, in trees that have chunks. */
static uint16_t
exit_at(const NodeReader *reader, Position position)
{
	if (position.chunk > 0)
		return chunk_at(reader, position)->exits[position.place - FOREST_CHUNK_EXITS];
	return reader->lanes->chunk_trees[reader->tree].exits[position.place - FOREST_TOP_EXITS];
}

static float
leaf_at(const NodeReader *reader, Position position)
{
	unsigned n_exits = exits_at(reader, position);

	while (position.place < n_exits)
		position.place *= 2;
	if (reader->lanes->shape == FOREST_SHAPE_CHUNKS)
		return reader->lanes->leaves[reader->lanes->chunk_trees[reader->tree].first_leaf +
		                             exit_at(reader, position) - FOREST_EXIT_LEAF];
	return reader->lanes->leaves[(size_t) reader->tree * n_exits + position.place - n_exits];
}

/* A child that begins a chunk stands at the chunk's root, not at the exit that leads there. */
static void
add_child(NodeReader *reader, Position position)
{
	if (reader->lanes->shape == FOREST_SHAPE_CHUNKS && position.place >= exits_at(reader, position))
	{
		uint16_t exit = exit_at(reader, position);

		if (exit < FOREST_EXIT_LEAF)
			position = (Position){exit + 1u, 1};
	}
	reader->positions[reader->n_nodes++] = position;
}

static void
read_node(NodeReader *reader, uint32_t i)
{
	Position position = reader->positions[i];
	ForestNode *node = &reader->nodes[i];
	const SlotSplit *split;
	uint8_t slot = 0;
	uint8_t threshold = FOREST_NEVER_RIGHT;

	memset(node, 0, sizeof(*node));
	if (position.place < exits_at(reader, position))
		read_lane(reader, position, &slot, &threshold);
	if (threshold == FOREST_NEVER_RIGHT)
	{
		node->value = leaf_at(reader, position);
		return;
	}
	split = &reader->slots[slot];
	*node = (ForestNode){.value = split->thresholds[threshold],
	                     .left = reader->n_nodes - i,
	                     .feature = split->feature,
	                     .flags = split->flags};
	add_child(reader, (Position){position.chunk, 2 * position.place});
	add_child(reader, (Position){position.chunk, 2 * position.place + 1});
}

/* Verification has counted the nodes: there is room for them. */
static void
read_trees(NodeReader *reader, const Forest *forest, uint32_t *roots, ForestNode *nodes)
{
	uint32_t next = 0;

	describe_slots(reader);
	forest_place_lanes(&reader->places);
	for (uint32_t tree = 0; tree < forest->n_trees; tree++)
	{
		roots[tree] = next;
		reader->tree = tree;
		reader->nodes = nodes + next;
		reader->positions[0] = (Position){0, 1};
		reader->n_nodes = 1;
		for (uint32_t i = 0; i < reader->n_nodes; i++)
			read_node(reader, i);
		next += reader->n_nodes;
	}
}

/* The nodes first: they need no more alignment than the roots behind them. */
bool
forest_make_nodes(Forest *forest, const CoreAllocator *allocator, CoreError *error)
{
	NodeReader reader = {.lanes = &forest->lanes};
	size_t size = forest->n_nodes * sizeof(ForestNode) + forest->n_trees * sizeof(uint32_t);
	ForestNode *nodes;
	uint32_t *roots;

	if (forest->nodes != NULL)
		return true;
	reader.positions = allocator->allocate(allocator->context, forest->n_nodes * sizeof(Position));
	nodes = allocator->allocate(allocator->context, size);
	if (reader.positions == NULL || nodes == NULL)
	{
		allocator->release(allocator->context, reader.positions);
		allocator->release(allocator->context, nodes);
		return core_fail(error, "out of memory");
	}
	roots = (uint32_t *) (nodes + forest->n_nodes);
	read_trees(&reader, forest, roots, nodes);
	allocator->release(allocator->context, reader.positions);
	forest->nodes = forest->made_nodes = nodes;
	forest->roots = roots;
	return true;
}

void
forest_release_nodes(Forest *forest, const CoreAllocator *allocator)
{
	if (forest->made_nodes == NULL)
		return;
	allocator->release(allocator->context, forest->made_nodes);
	forest->made_nodes = NULL;
	forest->nodes = NULL;
	forest->roots = NULL;
	if (forest->lanes.shape != FOREST_SHAPE_NONE && forest->path == FOREST_PATH_NODES)
		(void) forest_use_path(forest, forest_path_best());
}

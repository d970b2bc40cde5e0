/*
 * xgboost_tree.c
 *		Reads one tree of an XGBoost model document and puts its nodes into
 *		breadth-first order.
 *
 * XGBoost keeps a tree as parallel arrays over node numbers. They may hold
 * deleted nodes (left by pruning), so that only a walk from the root tells
 * what the tree is. Format: RegTree::LoadModel in XGBoost's src/tree/tree_model.cc.
 */
#include "core/xgboost_parts.h"

#include <math.h>
#include <string.h>

typedef enum TreeArrayId
{
	LEFT_CHILDREN,
	RIGHT_CHILDREN,
	SPLIT_INDICES,
	SPLIT_CONDITIONS,
	DEFAULT_LEFT,
	SPLIT_TYPE,
	SUM_HESSIAN,
	CATEGORIES,
	CATEGORIES_NODES,
	CATEGORIES_SEGMENTS,
	CATEGORIES_SIZES,
	N_TREE_ARRAYS
} TreeArrayId;

static const char *const tree_array_names[N_TREE_ARRAYS] = {
    "left_children",    "right_children",      "split_indices",   "split_conditions",
    "default_left",     "split_type",          "sum_hessian",     "categories",
    "categories_nodes", "categories_segments", "categories_sizes"};

/* Numbers of one array: reals of 32 bits for some, else integers of 32 bits. */
typedef struct TreeArray
{
	bool given;
	uint32_t count;
	union
	{
		int32_t *integers;
		float *reals;
		void *memory;
	};
} TreeArray;

/* A tree as the document has it. */
typedef struct TreeDocument
{
	uint32_t index;
	int64_t id;
	int64_t n_nodes;          /* -1: not given */
	int64_t size_leaf_vector; /* 0 or 1 for a scalar leaf, by version */
	TreeArray arrays[N_TREE_ARRAYS];
} TreeDocument;

/* What the walk from the root needs. */
typedef struct TreeWalk
{
	const TreeDocument *document;
	XgboostNode *nodes;
	uint32_t *origins; /* number in the document of each node in order */
	uint32_t *sets;    /* by number in the document: index into categories_nodes, plus 1 */
	uint8_t *reached;  /* by number in the document */
	uint32_t n_nodes;
	CoreError *error;
} TreeWalk;

#define fail_tree(document, error, format, ...)                                                    \
	core_fail(error, "invalid XGBoost model: tree %u: " format, (document)->index, ##__VA_ARGS__)

bool
xgboost_text_to_integer(UbjText text, int64_t *value)
{
	size_t at = text.length > 0 && text.bytes[0] == '-' ? 1 : 0;
	size_t digits = text.length - at;
	int64_t number = 0;

	if (digits < 1 || digits > 18)
		return false;
	for (size_t i = at; i < text.length; i++)
	{
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return false;
		number = number * 10 + (text.bytes[i] - '0');
	}
	*value = at == 1 ? -number : number;
	return true;
}

/* One element of an array into its place. Booleans count as 0 and 1. */
static bool
store_element(const UbjReader *reader, TreeArrayId id, TreeArray *array, uint32_t i)
{
	if (id == SPLIT_CONDITIONS || id == SUM_HESSIAN)
	{
		if (reader->token != UBJ_REAL)
			return false;
		array->reals[i] = (float) reader->real;
		return true;
	}
	if (reader->token == UBJ_BOOLEAN)
	{
		array->integers[i] = reader->boolean;
		return true;
	}
	if (reader->token != UBJ_INTEGER || reader->integer < INT32_MIN || reader->integer > INT32_MAX)
		return false;
	array->integers[i] = (int32_t) reader->integer;
	return true;
}

static bool
read_array(UbjReader *reader, TreeDocument *document, TreeArrayId id,
           const CoreAllocator *allocator, CoreError *error)
{
	TreeArray *array = &document->arrays[id];

	if (array->given)
		return fail_tree(document, error, "\"%s\" is given twice", tree_array_names[id]);
	if (reader->token != UBJ_ARRAY_BEGIN || !reader->has_count || reader->count > INT32_MAX)
		return fail_tree(document, error, "\"%s\" is not an array with a count",
		                 tree_array_names[id]);
	array->given = true;
	array->count = (uint32_t) reader->count;
	array->memory = allocator->allocate(allocator->context, (size_t) array->count * 4);
	if (array->memory == NULL)
		return core_fail(error, "out of memory");
	for (uint32_t i = 0; i < array->count; i++)
	{
		if (ubj_next(reader) == UBJ_ERROR)
			return core_fail(error, "%s", reader->error.message);
		if (!store_element(reader, id, array, i))
			return fail_tree(document, error, "element %u of \"%s\" is not a number of its kind", i,
			                 tree_array_names[id]);
	}
	return ubj_next(reader) != UBJ_ERROR || core_fail(error, "%s", reader->error.message);
}

/* The object tree_param: numbers written as text. */
static bool
read_tree_parameters(UbjReader *reader, TreeDocument *document, CoreError *error)
{
	if (reader->token != UBJ_OBJECT_BEGIN)
		return fail_tree(document, error, "\"tree_param\" is not an object");
	while (ubj_next(reader) != UBJ_OBJECT_END)
	{
		int64_t *target = NULL;

		if (ubj_text_is(reader->key, "num_nodes"))
			target = &document->n_nodes;
		else if (ubj_text_is(reader->key, "size_leaf_vector"))
			target = &document->size_leaf_vector;
		if (target != NULL &&
		    (reader->token != UBJ_STRING || !xgboost_text_to_integer(reader->string, target)))
			return fail_tree(document, error, "a number of \"tree_param\" cannot be read");
		if (!ubj_skip(reader))
			return core_fail(error, "%s", reader->error.message);
	}
	return true;
}

static bool
read_tree_value(UbjReader *reader, TreeDocument *document, const CoreAllocator *allocator,
                CoreError *error)
{
	for (int id = 0; id < N_TREE_ARRAYS; id++)
		if (ubj_text_is(reader->key, tree_array_names[id]))
			return read_array(reader, document, (TreeArrayId) id, allocator, error);
	if (ubj_text_is(reader->key, "tree_param"))
		return read_tree_parameters(reader, document, error);
	if (ubj_text_is(reader->key, "id"))
		document->id = reader->token == UBJ_INTEGER ? reader->integer : -1;
	return ubj_skip(reader) || core_fail(error, "%s", reader->error.message);
}

static bool
read_tree_document(UbjReader *reader, TreeDocument *document, const CoreAllocator *allocator,
                   CoreError *error)
{
	if (reader->token != UBJ_OBJECT_BEGIN)
		return fail_tree(document, error, "not an object");
	while (ubj_next(reader) != UBJ_OBJECT_END)
		if (!read_tree_value(reader, document, allocator, error))
			return false;
	return true;
}

/* Everything that can be said of the arrays without looking at the nodes. */
static bool
check_tree_document(const TreeDocument *document, CoreError *error)
{
	const TreeArray *arrays = document->arrays;

	if (document->id != document->index)
		return fail_tree(document, error, "its id is not its place in the document");
	if (document->size_leaf_vector > 1)
		return fail_tree(document, error, "leaves are vectors, which are not supported");
	if (document->n_nodes < 1 || document->n_nodes > XGBOOST_MAX_TREE_NODES)
		return fail_tree(document, error, "it has no nodes, or too many");
	for (int id = LEFT_CHILDREN; id <= SUM_HESSIAN; id++)
		/*
		 * split_type came with categorical splits; without it all splits are numerical.
		 * Without sum_hessian a model can be evaluated, but not explained.
		 */
		if (arrays[id].given ? arrays[id].count != document->n_nodes : id < SPLIT_TYPE)
			return fail_tree(document, error, "\"%s\" does not have one element per node",
			                 tree_array_names[id]);
	if (arrays[CATEGORIES_SEGMENTS].count != arrays[CATEGORIES_NODES].count ||
	    arrays[CATEGORIES_SIZES].count != arrays[CATEGORIES_NODES].count)
		return fail_tree(document, error, "its arrays of categories do not fit each other");
	for (uint32_t i = 0; i < arrays[CATEGORIES].count; i++)
		if (arrays[CATEGORIES].integers[i] < 0 ||
		    arrays[CATEGORIES].integers[i] >= XGBOOST_MAX_CATEGORY)
			return fail_tree(document, error, "category %d is out of range",
			                 arrays[CATEGORIES].integers[i]);
	return true;
}

/* Fills walk->sets, the way from a node to its set of categories. */
static bool
index_category_sets(TreeWalk *walk)
{
	const TreeDocument *document = walk->document;
	const TreeArray *arrays = document->arrays;

	memset(walk->sets, 0, (size_t) document->n_nodes * sizeof(uint32_t));
	for (uint32_t i = 0; i < arrays[CATEGORIES_NODES].count; i++)
	{
		int64_t node = arrays[CATEGORIES_NODES].integers[i];
		int64_t first = arrays[CATEGORIES_SEGMENTS].integers[i];
		int64_t size = arrays[CATEGORIES_SIZES].integers[i];

		if (node < 0 || node >= document->n_nodes || walk->sets[node] != 0)
			return fail_tree(document, walk->error,
			                 "categories of node %d, which has none or others", (int) node);
		if (first < 0 || size < 1 || first + size > arrays[CATEGORIES].count)
			return fail_tree(document, walk->error,
			                 "the set of categories of node %d is out of range", (int) node);
		walk->sets[node] = i + 1;
	}
	return true;
}

static bool
read_leaf(TreeWalk *walk, uint32_t origin, XgboostNode *node)
{
	const TreeArray *arrays = walk->document->arrays;

	node->value = arrays[SPLIT_CONDITIONS].reals[origin];
	if (arrays[RIGHT_CHILDREN].integers[origin] != -1)
		return fail_tree(walk->document, walk->error, "node %u has one child", origin);
	if (!isfinite(node->value))
		return fail_tree(walk->document, walk->error, "the leaf at node %u is not finite", origin);
	return true;
}

static bool
read_categorical_split(TreeWalk *walk, uint32_t origin, XgboostNode *node)
{
	const TreeArray *arrays = walk->document->arrays;
	uint32_t set = walk->sets[origin];

	if (set == 0)
		return fail_tree(walk->document, walk->error, "node %u has no set of categories", origin);
	node->is_categorical = true;
	node->first_category = (uint32_t) arrays[CATEGORIES_SEGMENTS].integers[set - 1];
	node->n_categories = (uint32_t) arrays[CATEGORIES_SIZES].integers[set - 1];
	return true;
}

static bool
read_numerical_split(TreeWalk *walk, uint32_t origin, XgboostNode *node)
{
	node->value = walk->document->arrays[SPLIT_CONDITIONS].reals[origin];
	if (isnan(node->value))
		return fail_tree(walk->document, walk->error, "the threshold of node %u is NaN", origin);
	return true;
}

/*
 * Appends the children of a split to the order. XGBoost always allocates
 * siblings next to each other, and its predictors partly rely on it (the right
 * child is the left one plus 1), so other numbers have no defined meaning.
 */
static bool
append_children(TreeWalk *walk, uint32_t origin, XgboostNode *node)
{
	const TreeDocument *document = walk->document;
	int64_t left = document->arrays[LEFT_CHILDREN].integers[origin];
	int64_t right = document->arrays[RIGHT_CHILDREN].integers[origin];

	if (left < 1 || left >= document->n_nodes - 1 || right != left + 1)
		return fail_tree(document, walk->error, "the children of node %u are out of range", origin);
	if (walk->reached[left] || walk->reached[right])
		return fail_tree(document, walk->error, "node %u has children that are not its own",
		                 origin);
	walk->reached[left] = walk->reached[right] = 1;
	node->left = walk->n_nodes;
	walk->origins[walk->n_nodes++] = (uint32_t) left;
	walk->origins[walk->n_nodes++] = (uint32_t) right;
	return true;
}

static bool
read_node(TreeWalk *walk, uint32_t origin, XgboostNode *node)
{
	const TreeArray *arrays = walk->document->arrays;
	int32_t feature = arrays[SPLIT_INDICES].integers[origin];
	int32_t type = arrays[SPLIT_TYPE].given ? arrays[SPLIT_TYPE].integers[origin] : 0;

	memset(node, 0, sizeof(*node));
	node->cover = arrays[SUM_HESSIAN].given ? arrays[SUM_HESSIAN].reals[origin] : NAN;
	if (arrays[LEFT_CHILDREN].integers[origin] == -1)
		return read_leaf(walk, origin, node);
	if (feature < 0)
		return fail_tree(walk->document, walk->error, "feature %d of node %u is out of range",
		                 feature, origin);
	if (type != 0 && type != 1)
		return fail_tree(walk->document, walk->error, "node %u has a split of unknown type %d",
		                 origin, type);
	node->feature = (uint32_t) feature;
	node->default_left = arrays[DEFAULT_LEFT].integers[origin] != 0;
	if (type == 1 ? !read_categorical_split(walk, origin, node)
	              : !read_numerical_split(walk, origin, node))
		return false;
	return append_children(walk, origin, node);
}

/* Breadth first: the order itself is the queue. */
static bool
walk_tree(TreeWalk *walk)
{
	if (!index_category_sets(walk))
		return false;
	memset(walk->reached, 0, (size_t) walk->document->n_nodes);
	walk->origins[0] = 0;
	walk->n_nodes = 1;
	for (uint32_t i = 0; i < walk->n_nodes; i++)
		if (!read_node(walk, walk->origins[i], &walk->nodes[i]))
			return false;
	return true;
}

/* Nodes in order from the document's arrays; on failure nothing stays allocated. */
static bool
build_nodes(const TreeDocument *document, const CoreAllocator *allocator, XgboostTree *tree,
            CoreError *error)
{
	size_t n = (size_t) document->n_nodes;
	TreeWalk walk = {.document = document, .error = error};
	bool ok = false;

	walk.nodes = allocator->allocate(allocator->context, n * sizeof(XgboostNode));
	walk.origins = allocator->allocate(allocator->context, n * sizeof(uint32_t));
	walk.sets = allocator->allocate(allocator->context, n * sizeof(uint32_t));
	walk.reached = allocator->allocate(allocator->context, n);
	if (walk.nodes == NULL || walk.origins == NULL || walk.sets == NULL || walk.reached == NULL)
		core_fail(error, "out of memory");
	else
		ok = walk_tree(&walk);
	allocator->release(allocator->context, walk.origins);
	allocator->release(allocator->context, walk.sets);
	allocator->release(allocator->context, walk.reached);
	if (!ok)
	{
		allocator->release(allocator->context, walk.nodes);
		return false;
	}
	tree->nodes = walk.nodes;
	tree->n_nodes = walk.n_nodes;
	return true;
}

bool
xgboost_tree_read(UbjReader *reader, uint32_t index, const CoreAllocator *allocator,
                  XgboostTree *tree, CoreError *error)
{
	TreeDocument document = {.index = index, .id = -1, .n_nodes = -1};
	TreeArray *categories = &document.arrays[CATEGORIES];
	bool ok;

	ok = read_tree_document(reader, &document, allocator, error) &&
	     check_tree_document(&document, error) && build_nodes(&document, allocator, tree, error);
	if (ok)
	{
		/* Checked not to be negative: the same bytes unsigned. */
		tree->categories = (const uint32_t *) categories->memory;
		tree->n_categories = categories->count;
		categories->memory = NULL;
	}
	for (int id = 0; id < N_TREE_ARRAYS; id++)
		allocator->release(allocator->context, document.arrays[id].memory);
	return ok;
}

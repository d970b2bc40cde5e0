/*
 * model_document.h
 *		Writes XGBoost model documents for tests, right ones and wrong ones, without
 *		XGBoost. Keys and types as XGBoost's SaveModel functions write them.
 */
#ifndef FRAUD_DETECT_TEST_MODEL_DOCUMENT_H
#define FRAUD_DETECT_TEST_MODEL_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENT_CAPACITY 65536
#define SPEC_NODES 48

typedef struct Document
{
	uint8_t bytes[DOCUMENT_CAPACITY];
	size_t size;
} Document;

/* How an array of flags is written: XGBoost does the first, readers meet the others. */
typedef enum FlagStyle
{
	FLAGS_TYPED_BYTES,
	FLAGS_BOOLEANS,
	FLAGS_INTEGERS
} FlagStyle;

typedef struct TreeSpec
{
	int n;
	int left[SPEC_NODES]; /* -1: a leaf; XGBoost's mark of a deleted node is in the parent */
	int right[SPEC_NODES];
	int feature[SPEC_NODES];
	float condition[SPEC_NODES];
	uint8_t default_left[SPEC_NODES];
	uint8_t type[SPEC_NODES]; /* 1: categorical */
	bool with_covers;
	float cover[SPEC_NODES];
	int n_sets;
	int set_nodes[SPEC_NODES];
	int set_first[SPEC_NODES];
	int set_size[SPEC_NODES];
	int n_categories;
	int categories[SPEC_NODES];
	int id_offset; /* wrong ids */
	const char *num_nodes;
	const char *size_leaf_vector;
	const char *twice;   /* name of an array that is written twice */
	const char *without; /* name of an array that is left out */
} TreeSpec;

typedef struct ModelSpec
{
	int version[3]; /* 0: not written */
	const char *base_score;
	const char *booster;
	const char *objective;
	const char *num_feature;
	const char *num_class;
	const char *num_target;
	const char *num_trees;
	FlagStyle flags;
	bool weights;        /* beside the booster's model, as up to 3.3 */
	bool weights_inside; /* inside it, as later */
	const char *model_leaf_vector;
	int tree_output;
	int n_trees;
	TreeSpec trees[20];
} ModelSpec;

static inline void
put_bytes(Document *document, const void *bytes, size_t size)
{
	if (document->size + size > DOCUMENT_CAPACITY)
		abort();
	memcpy(document->bytes + document->size, bytes, size);
	document->size += size;
}

static inline void
put_marker(Document *document, char marker)
{
	put_bytes(document, &marker, 1);
}

static inline void
put_big_endian(Document *document, uint64_t value, int size)
{
	for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
		put_marker(document, (char) (value >> shift));
}

static inline void
put_key(Document *document, const char *key)
{
	put_marker(document, 'L');
	put_big_endian(document, strlen(key), 8);
	put_bytes(document, key, strlen(key));
}

static inline void
put_text(Document *document, const char *key, const char *text)
{
	put_key(document, key);
	put_marker(document, 'S');
	put_key(document, text);
}

static inline void
put_object(Document *document, const char *key)
{
	put_key(document, key);
	put_marker(document, '{');
}

static inline void
put_array(Document *document, const char *key, char type, int n)
{
	put_key(document, key);
	put_marker(document, '[');
	if (type != 0)
	{
		put_marker(document, '$');
		put_marker(document, type);
	}
	put_marker(document, '#');
	put_marker(document, 'L');
	put_big_endian(document, (uint64_t) n, 8);
}

static inline void
put_integers(Document *document, const TreeSpec *tree, const char *key, const int *values, int n,
             int size)
{
	int times = tree->twice != NULL && strcmp(tree->twice, key) == 0 ? 2 : 1;

	if (tree->without != NULL && strcmp(tree->without, key) == 0)
		return;
	while (times-- > 0)
	{
		put_array(document, key, size == 4 ? 'l' : 'L', n);
		for (int i = 0; i < n; i++)
			put_big_endian(document, (uint64_t) (int64_t) values[i], size);
	}
}

static inline void
put_reals(Document *document, const char *key, const float *values, int n)
{
	put_array(document, key, 'd', n);
	for (int i = 0; i < n; i++)
	{
		uint32_t bits;

		memcpy(&bits, &values[i], sizeof(bits));
		put_big_endian(document, bits, 4);
	}
}

static inline void
put_flags(Document *document, const char *key, const uint8_t *values, int n, FlagStyle style)
{
	put_array(document, key, style == FLAGS_TYPED_BYTES ? 'U' : 0, n);
	for (int i = 0; i < n; i++)
	{
		if (style == FLAGS_BOOLEANS)
			put_marker(document, values[i] ? 'T' : 'F');
		else
		{
			if (style == FLAGS_INTEGERS)
				put_marker(document, 'i');
			put_marker(document, (char) values[i]);
		}
	}
}

static inline void
put_tree(Document *document, const ModelSpec *spec, int index)
{
	const TreeSpec *tree = &spec->trees[index];
	char n_nodes[16];
	int n = tree->n;

	snprintf(n_nodes, sizeof(n_nodes), "%d", n);
	put_marker(document, '{');
	put_reals(document, "base_weights", tree->condition, n);
	put_integers(document, tree, "categories", tree->categories, tree->n_categories, 4);
	put_integers(document, tree, "categories_nodes", tree->set_nodes, tree->n_sets, 4);
	put_integers(document, tree, "categories_segments", tree->set_first, tree->n_sets, 8);
	put_integers(document, tree, "categories_sizes", tree->set_size, tree->n_sets, 8);
	put_flags(document, "default_left", tree->default_left, n, spec->flags);
	put_key(document, "id");
	put_marker(document, 'i');
	put_marker(document, (char) (index + tree->id_offset));
	put_integers(document, tree, "left_children", tree->left, n, 4);
	put_reals(document, "loss_changes", tree->condition, n);
	put_integers(document, tree, "right_children", tree->right, n, 4);
	put_reals(document, "split_conditions", tree->condition, n);
	put_integers(document, tree, "split_indices", tree->feature, n, 4);
	put_flags(document, "split_type", tree->type, n, spec->flags);
	if (tree->with_covers)
		put_reals(document, "sum_hessian", tree->cover, n);
	put_object(document, "tree_param");
	put_text(document, "num_deleted", "0");
	put_text(document, "num_nodes", tree->num_nodes != NULL ? tree->num_nodes : n_nodes);
	put_text(document, "size_leaf_vector",
	         tree->size_leaf_vector != NULL ? tree->size_leaf_vector : "1");
	put_marker(document, '}');
	put_marker(document, '}');
}

static inline void
put_weights(Document *document)
{
	put_array(document, "weight_drop", 0, 1);
	put_marker(document, 'd');
	put_big_endian(document, 0x3f800000, 4);
}

static inline void
put_booster(Document *document, const ModelSpec *spec)
{
	char n_trees[16];

	snprintf(n_trees, sizeof(n_trees), "%d", spec->n_trees);
	put_object(document, "gradient_booster");
	put_object(document, "model");
	put_object(document, "gbtree_model_param");
	put_text(document, "num_parallel_tree", "1");
	put_text(document, "num_trees", spec->num_trees != NULL ? spec->num_trees : n_trees);
	put_text(document, "size_leaf_vector",
	         spec->model_leaf_vector != NULL ? spec->model_leaf_vector : "0");
	put_marker(document, '}');
	put_array(document, "tree_info", 0, spec->n_trees);
	for (int i = 0; i < spec->n_trees; i++)
	{
		put_marker(document, 'i');
		put_marker(document, (char) spec->tree_output);
	}
	put_array(document, "trees", 0, spec->n_trees);
	for (int i = 0; i < spec->n_trees; i++)
		put_tree(document, spec, i);
	if (spec->weights_inside)
		put_weights(document);
	put_marker(document, '}');
	put_text(document, "name", spec->booster != NULL ? spec->booster : "gbtree");
	if (spec->weights)
		put_weights(document);
	put_marker(document, '}');
}

static inline void
put_learner(Document *document, const ModelSpec *spec)
{
	put_object(document, "learner");
	put_object(document, "attributes");
	put_marker(document, '}');
	put_array(document, "feature_names", 0, 0);
	put_booster(document, spec);
	put_object(document, "learner_model_param");
	put_text(document, "base_score", spec->base_score != NULL ? spec->base_score : "5E-1");
	put_text(document, "num_class", spec->num_class != NULL ? spec->num_class : "0");
	put_text(document, "num_feature", spec->num_feature != NULL ? spec->num_feature : "4");
	put_text(document, "num_target", spec->num_target != NULL ? spec->num_target : "1");
	put_marker(document, '}');
	put_object(document, "objective");
	put_text(document, "name", spec->objective != NULL ? spec->objective : "binary:logistic");
	put_marker(document, '}');
	put_marker(document, '}');
}

static inline void
document_from_spec(Document *document, const ModelSpec *spec)
{
	document->size = 0;
	put_marker(document, '{');
	put_learner(document, spec);
	if (spec->version[0] != 0)
	{
		put_array(document, "version", 0, 3);
		for (int i = 0; i < 3; i++)
		{
			put_marker(document, 'i');
			put_marker(document, (char) spec->version[i]);
		}
	}
	put_marker(document, '}');
}

static inline TreeSpec
single_leaf(float value)
{
	TreeSpec tree = {.n = 1, .left = {-1}, .right = {-1}, .condition = {value}};

	return tree;
}

/* feature < threshold: 1, else 2 */
static inline TreeSpec
stump(int feature, float threshold, bool default_left, float below, float above)
{
	TreeSpec tree = {.n = 3,
	                 .left = {1, -1, -1},
	                 .right = {2, -1, -1},
	                 .feature = {feature, 0, 0},
	                 .condition = {threshold, below, above},
	                 .default_left = {default_left, 0, 0}};

	return tree;
}

/* The categories go right. */
static inline TreeSpec
category_stump(int feature, const int *categories, int n, bool default_left, float left,
               float right)
{
	TreeSpec tree = stump(feature, 0, default_left, left, right);

	tree.type[0] = 1;
	tree.n_sets = 1;
	tree.set_size[0] = n;
	tree.n_categories = n;
	memcpy(tree.categories, categories, (size_t) n * sizeof(int));
	return tree;
}

/*
 * Everything at once: an empty root, stumps, a categorical split below a
 * numerical one, two deleted nodes (3 and 4) between the others.
 */
static inline ModelSpec
rich_model(void)
{
	static const int categories[] = {1, 3, 40};
	ModelSpec spec = {.version = {1, 7, 4}, .base_score = "2.5E-1", .n_trees = 4};
	TreeSpec mixed = {.n = 9,
	                  .left = {1, -1, 5, -1, -1, 7, -1, -1, -1},
	                  .right = {2, -1, 6, -1, -1, 8, -1, -1, -1},
	                  .feature = {2, 0, 3, 0, 0, 1, 0, 0, 0},
	                  .condition = {0.5f, 0.25f, 0, 0, 0, -1.5f, 2, -3, 4},
	                  .default_left = {1, 0, 0, 0, 0, 1, 0, 0, 0},
	                  .type = {0, 0, 1, 0, 0, 0, 0, 0, 0},
	                  .n_sets = 1,
	                  .set_nodes = {2},
	                  .set_size = {2},
	                  .n_categories = 2,
	                  .categories = {0, 33}};

	spec.trees[0] = single_leaf(0.125f);
	spec.trees[1] = stump(0, 1.5f, true, -1, 1);
	spec.trees[2] = mixed;
	spec.trees[3] = category_stump(3, categories, 3, false, 0.5f, -0.5f);
	return spec;
}

#endif

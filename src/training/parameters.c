/*
 * parameters.c
 *		The params argument of fraud_train, checked by name, type and range.
 */
#include "postgres.h"
#include "pg/compat.h"

#include <float.h>
#include <math.h>

#include "common/shortest_dec.h"
#include "core/nearest_name.h"
#include "fmgr.h"
#include "training/parameters.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#define N_ALGORITHMS 3

/* Given in a table of defaults: known only when the training part is. */
#define FROM_DATA NAN

typedef struct ParameterRule
{
	const char *name;
	const char *alias; /* XGBoost's other name for it, or NULL */
	bool is_integer;
	bool for_booster;
	double low;
	bool low_excluded;
	double high;
	double defaults[N_ALGORITHMS];
} ParameterRule;

#define LARGEST FLT_MAX
/* XGBoost takes its logit, in float32. */
#define LEAST_BASE_SCORE 1e-10
#define LARGEST_BASE_SCORE 0.999999

/* In the order of ParameterId. Ranges are XGBoost's own, with upper bounds where it has none. */
static const ParameterRule rules[N_PARAMETERS] = {
    {"rounds", NULL, true, false, 1, false, 100000, {500, 500, 1}},
    {"early_stopping_rounds", NULL, true, false, 0, false, 100000, {30, 30, 0}},
    {"threads", NULL, true, false, 1, false, 256, {1, 1, 1}},
    {"eta", "learning_rate", false, true, 0, true, 1, {0.1, 0.1, 1}},
    {"gamma", "min_split_loss", false, true, 0, false, LARGEST, {0, 0, 0}},
    {"max_depth", NULL, true, true, 0, false, 30, {6, 0, 10}},
    {"max_leaves", NULL, true, true, 0, false, 65536, {0, 31, 0}},
    {"max_bin", NULL, true, true, 2, false, 65536, {256, 256, 256}},
    {"min_child_weight", NULL, false, true, 0, false, LARGEST, {1, 1, 0.1}},
    {"lambda", "reg_lambda", false, true, 0, false, LARGEST, {1, 1, 0.1}},
    {"alpha", "reg_alpha", false, true, 0, false, LARGEST, {0, 0, 0}},
    {"max_delta_step", NULL, false, true, 0, false, LARGEST, {0, 0, 0}},
    {"subsample", NULL, false, true, 0, true, 1, {1, 1, 0.8}},
    {"colsample_bytree", NULL, false, true, 0, true, 1, {1, 1, 1}},
    {"colsample_bylevel", NULL, false, true, 0, true, 1, {1, 1, 1}},
    {"colsample_bynode", NULL, false, true, 0, true, 1, {1, 1, 0.4}},
    {"num_parallel_tree", NULL, true, true, 1, false, 10000, {1, 1, 100}},
    {"max_cat_to_onehot", NULL, true, true, 1, false, 65536, {4, 4, 4}},
    {"max_cat_threshold", NULL, true, true, 1, false, 65536, {64, 64, 64}},
    {"scale_pos_weight", NULL, false, true, 0, true, LARGEST, {FROM_DATA, FROM_DATA, FROM_DATA}},
    {"base_score",
     NULL,
     false,
     true,
     LEAST_BASE_SCORE,
     false,
     LARGEST_BASE_SCORE,
     {FROM_DATA, FROM_DATA, FROM_DATA}},
};

#define MONOTONE_CONSTRAINTS "monotone_constraints"

/* Of boosting: nothing can interrupt a round. A random forest's trees come one by one. */
#define MOST_TREES_IN_A_ROUND 100

/* XGBoost's parameters that other arguments decide. */
static const struct
{
	const char *name;
	const char *hint;
} decided_elsewhere[] = {
    {"objective", "The objective is always binary:logistic."},
    {"booster", "The booster is always gbtree."},
    {"tree_method", "The tree method is always hist."},
    {"grow_policy", "Choose the algorithm xgboost or xgboost_leafwise."},
    {"eval_metric", "Training stops early on average precision."},
    {"seed", "Use the argument seed."},
    {"random_state", "Use the argument seed."},
    {"nthread", "Use the parameter threads."},
    {"n_jobs", "Use the parameter threads."},
    {"num_boost_round", "Use the parameter rounds."},
    {"n_estimators", "Use the parameter rounds."},
    {"verbosity", "Use the setting fraud_detect.progress."},
};

static const char *const algorithm_names[N_ALGORITHMS] = {"xgboost", "xgboost_leafwise",
                                                          "random_forest"};
static const char *const imbalance_names[] = {"none", "weight", "sqrt_weight"};

static void set_parameter(TrainingParameters *parameters, const char *name, JsonbValue *value);
static void check_combinations(const TrainingParameters *parameters);
static void unknown_parameter(const char *name) pg_attribute_noreturn();

/* The index of a name in a list; 22023 with the list where it is not. */
static int
choose_name(const char *argument, const char *name, const char *const *names, int n)
{
	const char *nearest;
	StringInfoData list;

	for (int i = 0; i < n; i++)
	{
		if (strcmp(names[i], name) == 0)
			return i;
	}
	nearest = nearest_name(name, names, n);
	initStringInfo(&list);
	for (int i = 0; i < n; i++)
		appendStringInfo(&list, "%s%s", i == 0 ? "" : ", ", names[i]);
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown %s \"%s\"", argument, name),
	         errdetail("There are: %s.", list.data),
	         nearest ? errhint("Did you mean \"%s\"?", nearest) : 0));
}

Algorithm
algorithm_from_name(const char *name)
{
	if (strcmp(name, "logistic_regression") == 0)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		                errmsg("algorithm \"logistic_regression\" is not available"),
		                errdetail("Scores are evaluated from forests only."),
		                errhint("Use xgboost, xgboost_leafwise or random_forest.")));
	return (Algorithm) choose_name("algorithm", name, algorithm_names, N_ALGORITHMS);
}

const char *
algorithm_name(Algorithm algorithm)
{
	return algorithm_names[algorithm];
}

const char *
imbalance_name(Imbalance imbalance)
{
	return imbalance_names[imbalance];
}

Imbalance
imbalance_from_name(const char *name)
{
	return (Imbalance) choose_name("imbalance", name, imbalance_names, lengthof(imbalance_names));
}

void
parameters_parse(TrainingParameters *parameters, Jsonb *params)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue value;

	if (!JB_ROOT_IS_OBJECT(params))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("params must be a JSON object"),
		         errhint("For example: params => '{\"max_depth\": 4}'.")));

	for (int id = 0; id < N_PARAMETERS; id++)
	{
		parameters->values[id] = rules[id].defaults[parameters->algorithm];
		parameters->given[id] = false;
	}
	parameters->monotone_constraints = NULL;

	iterator = JsonbIteratorInit(&params->root);
	token = JsonbIteratorNext(&iterator, &value, true); /* the object's beginning */
	while ((token = JsonbIteratorNext(&iterator, &value, true)) == WJB_KEY)
	{
		char *name = pnstrdup(value.val.string.val, value.val.string.len);

		token = JsonbIteratorNext(&iterator, &value, true);
		set_parameter(parameters, name, &value);
	}
	check_combinations(parameters);
}

static const char *
json_type_name(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			return "null";
		case jbvString:
			return "a string";
		case jbvBool:
			return "a boolean";
		case jbvNumeric:
			return "a number";
		default:
			return "an array or object";
	}
}

static void
set_number(TrainingParameters *parameters, ParameterId id, const char *name, JsonbValue *value)
{
	const ParameterRule *rule = &rules[id];
	double given;
	double number;

	if (parameters->given[id])
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("parameter \"%s\" is given twice", rule->name),
		         errdetail("\"%s\" and \"%s\" are the same parameter.", rule->name, rule->alias)));
	if (value->type != jbvNumeric)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("parameter \"%s\" must be a number, not %s", name, json_type_name(value)),
		         value->type == jbvNull     ? errhint("Leave it out for the default.")
		         : value->type == jbvString ? errhint("Write the number without quotes.")
		                                    : 0));

	given = DatumGetFloat8(
	    DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
	number = given;
	if (rule->is_integer && number != rint(number))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("parameter \"%s\" must be an integer, not %g", name, number)));
	/* What XGBoost will see is a float32: that is what has to be in range. It reads no denormal. */
	if (!rule->is_integer)
		number = (float) given;
	if (!(number >= rule->low && number <= rule->high) ||
	    (rule->low_excluded && number == rule->low) || (given != 0 && fabs(given) < FLT_MIN))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("parameter \"%s\" is out of range: %g", name, given),
		                errdetail("It must be %s %g and at most %g.",
		                          rule->low_excluded ? "above" : "at least",
		                          given > 0 && given < FLT_MIN ? FLT_MIN : rule->low, rule->high)));
	parameters->values[id] = number;
	parameters->given[id] = true;
}

static void
set_parameter(TrainingParameters *parameters, const char *name, JsonbValue *value)
{
	for (int id = 0; id < N_PARAMETERS; id++)
	{
		if (strcmp(name, rules[id].name) == 0 ||
		    (rules[id].alias != NULL && strcmp(name, rules[id].alias) == 0))
		{
			set_number(parameters, id, name, value);
			return;
		}
	}
	if (strcmp(name, MONOTONE_CONSTRAINTS) == 0)
	{
		if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
			ereport(
			    ERROR,
			    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			     errmsg("parameter \"%s\" must be an object, not %s", name,
			            value->type == jbvBinary ? "an array" : json_type_name(value)),
			     errhint("For example: {\"amount\": 1}, with 1 for rising and -1 for falling.")));
		parameters->monotone_constraints = JsonbValueToJsonb(value);
		return;
	}
	unknown_parameter(name);
}

static void
unknown_parameter(const char *name)
{
	const char *names[2 * N_PARAMETERS + 1];
	const char *nearest;
	int n = 0;

	for (int i = 0; i < lengthof(decided_elsewhere); i++)
	{
		if (strcmp(name, decided_elsewhere[i].name) == 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("parameter \"%s\" cannot be set", name),
			                errhint("%s", decided_elsewhere[i].hint)));
	}
	for (int id = 0; id < N_PARAMETERS; id++)
	{
		names[n++] = rules[id].name;
		if (rules[id].alias != NULL)
			names[n++] = rules[id].alias;
	}
	names[n++] = MONOTONE_CONSTRAINTS;
	nearest = nearest_name(name, names, n);
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown parameter \"%s\"", name),
	         nearest ? errhint("Did you mean \"%s\"?", nearest)
	                 : errhint("docs/training.md lists the parameters.")));
}

static void
check_combinations(const TrainingParameters *parameters)
{
	if (parameters->algorithm == ALGORITHM_RANDOM_FOREST)
	{
		ParameterId loop[] = {PARAMETER_ROUNDS, PARAMETER_EARLY_STOPPING_ROUNDS, PARAMETER_ETA};

		for (int i = 0; i < lengthof(loop); i++)
		{
			if (parameters->given[loop[i]])
				ereport(ERROR,
				        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				         errmsg("parameter \"%s\" cannot be set for algorithm \"random_forest\"",
				                rules[loop[i]].name),
				         errhint("The trees of a random forest are num_parallel_tree; none builds "
				                 "on another.")));
		}
	}
	else if (parameters->values[PARAMETER_NUM_PARALLEL_TREE] > MOST_TREES_IN_A_ROUND)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("parameter \"num_parallel_tree\" is out of range: %g",
		                       parameters->values[PARAMETER_NUM_PARALLEL_TREE]),
		                errdetail("It must be at least 1 and at most %d for algorithm \"%s\".",
		                          MOST_TREES_IN_A_ROUND, algorithm_names[parameters->algorithm]),
		                errhint("More trees need more rounds, or the algorithm random_forest.")));
	if (parameters->values[PARAMETER_MAX_DEPTH] == 0 &&
	    parameters->values[PARAMETER_MAX_LEAVES] == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("parameters \"max_depth\" and \"max_leaves\" cannot both be 0"),
		                errdetail("0 means no limit, and one of them has to be limited.")));
	if (parameters->given[PARAMETER_SCALE_POS_WEIGHT] && parameters->imbalance != IMBALANCE_NONE)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("parameter \"scale_pos_weight\" cannot be set with imbalance \"%s\"",
		                       imbalance_names[parameters->imbalance]),
		                errhint("Leave one of them out.")));
}

void
parameters_complete(TrainingParameters *parameters, uint64 rows, uint64 frauds)
{
	double ratio = (double) (rows - frauds) / frauds;
	double weight = 1;

	if (parameters->imbalance == IMBALANCE_WEIGHT)
		weight = ratio;
	else if (parameters->imbalance == IMBALANCE_SQRT_WEIGHT)
		weight = sqrt(ratio);

	if (!parameters->given[PARAMETER_SCALE_POS_WEIGHT])
		parameters->values[PARAMETER_SCALE_POS_WEIGHT] = (float) weight;
	if (!parameters->given[PARAMETER_BASE_SCORE])
	{
		/* As many frauds as their weight counts. */
		weight = parameters->values[PARAMETER_SCALE_POS_WEIGHT] * frauds;
		weight /= weight + (rows - frauds);
		parameters->values[PARAMETER_BASE_SCORE] =
		    (float) Max(LEAST_BASE_SCORE, Min(weight, LARGEST_BASE_SCORE));
	}
}

const char *
parameter_booster_name(ParameterId id)
{
	return rules[id].for_booster ? rules[id].name : NULL;
}

char *
parameter_value(const TrainingParameters *parameters, ParameterId id)
{
	char *text;

	if (rules[id].is_integer)
		return psprintf("%d", (int) parameters->values[id]);
	text = palloc(FLOAT_SHORTEST_DECIMAL_LEN);
	float_to_shortest_decimal_buf((float) parameters->values[id], text);
	return text;
}

char *
parameters_monotone(const TrainingParameters *parameters, const char *const *feature_names,
                    int n_features)
{
	JsonbIterator *iterator;
	JsonbValue value;
	int *signs;
	StringInfoData text;

	if (parameters->monotone_constraints == NULL)
		return NULL;

	signs = palloc0(sizeof(int) * n_features);
	iterator = JsonbIteratorInit(&parameters->monotone_constraints->root);
	(void) JsonbIteratorNext(&iterator, &value, true);
	while (JsonbIteratorNext(&iterator, &value, true) == WJB_KEY)
	{
		char *name = pnstrdup(value.val.string.val, value.val.string.len);
		int feature = 0;
		double sign = NAN;

		(void) JsonbIteratorNext(&iterator, &value, true);
		while (feature < n_features && strcmp(feature_names[feature], name) != 0)
			feature++;
		if (feature == n_features)
		{
			const char *nearest = nearest_name(name, feature_names, n_features);

			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("\"%s\" in monotone_constraints is not a feature", name),
			                nearest ? errhint("Did you mean \"%s\"?", nearest) : 0));
		}
		if (value.type == jbvNumeric)
			sign = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
			                                          NumericGetDatum(value.val.numeric)));
		if (sign != -1 && sign != 0 && sign != 1)
			ereport(ERROR,
			        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			         errmsg("the monotone constraint of \"%s\" must be -1, 0 or 1", name),
			         errhint("1 is for scores that rise with it, -1 for scores that fall.")));
		signs[feature] = (int) sign;
	}

	initStringInfo(&text);
	for (int i = 0; i < n_features; i++)
		appendStringInfo(&text, "%c%d", i == 0 ? '(' : ',', signs[i]);
	appendStringInfoChar(&text, ')');
	return text.data;
}

void
parameters_append(StringInfo json, const TrainingParameters *parameters)
{
	for (ParameterId id = 0; id < N_PARAMETERS; id++)
		appendStringInfo(json, "%s\"%s\": %s", id == 0 ? "" : ", ", rules[id].name,
		                 parameter_value(parameters, id));
	appendStringInfo(json, ", \"imbalance\": \"%s\"", imbalance_names[parameters->imbalance]);
	if (parameters->monotone_constraints != NULL)
		appendStringInfo(json, ", \"%s\": %s", MONOTONE_CONSTRAINTS,
		                 JsonbToCString(NULL, &parameters->monotone_constraints->root,
		                                VARSIZE(parameters->monotone_constraints)));
}

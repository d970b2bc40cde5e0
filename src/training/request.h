/*
 * request.h
 *		What fraud_train was asked for: its arguments, checked one by one, and
 *		the form in which a version keeps them so that fraud_retrain can repeat it.
 */
#ifndef FRAUD_DETECT_REQUEST_H
#define FRAUD_DETECT_REQUEST_H

#include "core/calibration.h"
#include "datatype/timestamp.h"
#include "training/parameters.h"
#include "utils/array.h"

typedef struct TrainingRequest
{
	char *model;
	char *source;
	char *label;
	char *event_time; /* NULL: the only time column there is */
	char *entity;     /* or NULL */
	char *label_time; /* NULL: the column of that name, if there is one */
	bool has_features;
	char **features;
	int n_features;
	char **exclude;
	int n_exclude;
	double holdout;
	Interval *label_delay;
	CalibrationMethod calibration;
	Jsonb *params;
	int64 seed;
	int max_categories; /* the settings of the first training hold for its repetitions */
	int max_encoded_values;
	TrainingParameters parameters;
	const char *kind; /* of the run: train or retrain */
} TrainingRequest;

/* The arguments of fraud_train, by position; checks all that can be checked without the source. */
extern TrainingRequest *request_from_arguments(FunctionCallInfo fcinfo);

/* As fraud.model_version.request; includes the search_path that the source is read under. */
extern Jsonb *request_record(const TrainingRequest *request, const char *search_path);
/* And back, for another training. FD005 where the document is not such a record. */
extern TrainingRequest *request_from_record(const char *model, Jsonb *record, char **search_path);

extern const char *calibration_method_name(CalibrationMethod method);

#endif

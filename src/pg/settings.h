/*
 * settings.h
 *		The GUCs of the extension, fraud_detect.*.
 *
 * They are defined by fraud_detect.so alone (a variable cannot be defined
 * twice). Both libraries read them through these functions: that one from its variables,
 * the other by name. None of them is for a hot path: read once per statement.
 */
#ifndef FRAUD_DETECT_SETTINGS_H
#define FRAUD_DETECT_SETTINGS_H

#include "core/forest_path.h"

/* Bounds of max_categories and max_encoded_values. */
#define SETTING_LEAST_CATEGORIES 2
#define SETTING_MOST_CATEGORIES 65535
#define SETTING_MOST_ENCODED_VALUES 10000000

extern void settings_define(void); /* fraud_detect.so's _PG_init only */

extern bool setting_block_scan(void);            /* fraud_detect.block_scan */
extern ForestPath setting_engine_path(void);     /* fraud_detect.engine_path; auto: the best one */
extern const char *setting_model(void);          /* fraud_detect.model, NULL when empty */
extern int setting_model_cache_kb(void);         /* fraud_detect.model_cache_size, kB */
extern int setting_max_training_memory_kb(void); /* fraud_detect.max_training_memory, kB */
extern int setting_max_categories(void);         /* fraud_detect.max_categories */
extern int setting_max_encoded_values(void);     /* fraud_detect.max_encoded_values */
extern bool setting_progress(void);              /* fraud_detect.progress */

/*
 * How often a setting that decides what scores, fraud_detect.model or engine_path, has been
 * assigned in this session; fraud_detect.so only.
 */
extern uint64 setting_scoring_assignments(void);

/* Any setting of the session, until the GUC nest level ends. */
extern void setting_for_now(const char *name, const char *value);

#endif

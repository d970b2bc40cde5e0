/*
 * settings.h
 *		The GUCs of the extension, fraud_detect.*.
 *
 * They are defined by fraud_detect.so alone (a variable cannot be defined
 * twice), so both libraries read them through these functions, by name. None
 * of them is for a hot path: read once per statement.
 */
#ifndef FRAUD_DETECT_SETTINGS_H
#define FRAUD_DETECT_SETTINGS_H

/* Bounds of max_categories and max_encoded_values. */
#define SETTING_LEAST_CATEGORIES 2
#define SETTING_MOST_CATEGORIES 65535
#define SETTING_MOST_ENCODED_VALUES 10000000

extern void settings_define(void); /* fraud_detect.so's _PG_init only */

extern const char *setting_model(void);          /* fraud_detect.model, NULL when empty */
extern int setting_model_cache_kb(void);         /* fraud_detect.model_cache_size, kB */
extern int setting_max_training_memory_kb(void); /* fraud_detect.max_training_memory, kB */
extern int setting_max_categories(void);         /* fraud_detect.max_categories */
extern int setting_max_encoded_values(void);     /* fraud_detect.max_encoded_values */
extern bool setting_progress(void);              /* fraud_detect.progress */

/* How often fraud_detect.model has been assigned in this session; fraud_detect.so only. */
extern uint64 setting_model_assignments(void);

#endif

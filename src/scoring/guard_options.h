/*
 * guard_options.h
 *		Options of a policy (fraud.policy.options) by name. fraud_guard writes them all,
 *		checked; what somebody else wrote there is refused (22023).
 */
#ifndef FRAUD_DETECT_GUARD_OPTIONS_H
#define FRAUD_DETECT_GUARD_OPTIONS_H

#include "utils/jsonb.h"

/* NULL for null and for an option that is not there. In CurrentMemoryContext. */
extern char *guard_option_text(const Jsonb *options, const char *name);
/* Within these bounds; otherwise as the next for null and what is not there. */
extern double guard_option_number(const Jsonb *options, const char *name, double least, double most,
                                  double otherwise);
/* Place of the option's text in a list of words. */
extern int guard_option_word(const Jsonb *options, const char *name, const char *const *words,
                             int n_words);
/* An interval in whole milliseconds, at least 1; 0 for null, for zero, and for what is not there. */
extern int guard_option_milliseconds(const Jsonb *options, const char *name);

/* The place of a word in a list; 22023 with the name of what it is for. */
extern int guard_word(const char *name, const char *word, const char *const *words, int n_words);

#endif

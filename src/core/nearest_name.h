/*
 * nearest_name.h
 *		The name somebody probably meant: for hints of the kind "did you mean".
 */
#ifndef FRAUD_DETECT_NEAREST_NAME_H
#define FRAUD_DETECT_NEAREST_NAME_H

/* Names longer than this many bytes are neither compared nor suggested. */
#define NEAREST_NAME_MAX 200

/*
 * The index of the candidate nearest to name, the first of equals; -1 where
 * none is near: more than a third of the longer name, and more than two bytes,
 * would have to change. NULL candidates are passed over.
 */
extern int nearest_name_index(const char *name, const char *const *candidates, int n_candidates);

/* The same as a name; NULL where none is near. */
static inline const char *
nearest_name(const char *name, const char *const *candidates, int n_candidates)
{
	int index = nearest_name_index(name, candidates, n_candidates);

	return index < 0 ? (const char *) 0 : candidates[index];
}

#endif

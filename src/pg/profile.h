/*
 * profile.h
 *		The type fraud.profile: its text form, kept as a varlena; and what profiles
 *		keep of the features of a model.
 */
#ifndef FRAUD_DETECT_PROFILE_TYPE_H
#define FRAUD_DETECT_PROFILE_TYPE_H

#include "core/profile.h"
#include "fmgr.h"
#include "pg/signature.h"

/* Read in CurrentMemoryContext; 22P02 where it is none. Points into what was given. */
extern Profile profile_of_bytes(const char *bytes, Size size);
extern Profile profile_of_text(const text *profile);
extern text *text_of_profile(const Profile *profile);

/* Category features are profiled by value, all others as the number that the model sees. */
extern bool feature_profiled_as_text(const Feature *feature);

/* The value of a code of a category feature, as a profile keeps it: its first bytes. */
extern ProfileCategory feature_profile_category(const Feature *feature, uint32 code);

#endif

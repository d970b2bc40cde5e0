/*
 * profile.h
 *		The type fraud.profile: its text form, kept as a varlena.
 */
#ifndef FRAUD_DETECT_PROFILE_TYPE_H
#define FRAUD_DETECT_PROFILE_TYPE_H

#include "core/profile.h"
#include "fmgr.h"

/* Read in CurrentMemoryContext; 22P02 where it is none. Points into the datum. */
extern Profile profile_of_text(const text *profile);
extern text *text_of_profile(const Profile *profile);

#endif

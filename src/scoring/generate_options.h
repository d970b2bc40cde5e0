/*
 * generate_options.h
 *		The jsonb options of fraud_generate.
 */
#ifndef FRAUD_DETECT_GENERATE_OPTIONS_H
#define FRAUD_DETECT_GENERATE_OPTIONS_H

#include "core/world.h"
#include "utils/jsonb.h"

/*
 * Overwrites what the document names. 22023 for an unknown key (with the
 * nearest valid one), a value of the wrong type or a document that is no object.
 * Ranges are the world's to check. Dates count from world->start_us.
 */
extern void generate_options_read(Jsonb *document, WorldOptions *world);

#endif

/*
 * checksum.h
 *		A 64-bit checksum against damage of stored bytes.
 *
 * XXH64 with seed 0 (xxHash, Y. Collet; specification "xxHash fast digest
 * algorithm" 0.1.1, section XXH64). It finds accidents, not forgery: what is
 * read from outside is verified in full as well.
 */
#ifndef FRAUD_DETECT_CHECKSUM_H
#define FRAUD_DETECT_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* The same value on every machine. No alignment needed; several bytes per cycle. */
extern uint64_t checksum64(const void *data, size_t size);

#endif

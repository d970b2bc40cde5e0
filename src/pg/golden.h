/*
 * golden.h
 *		Golden rows: a few dozen rows of a version with the margins that XGBoost
 *		gave them when the version was trained. They are evaluated again whenever
 *		the image is loaded; one differing bit refuses the model (FD005). They also
 *		remember the checksum of the signature, which says what the values mean.
 *
 * Bytes, little-endian: uint32 format (1), uint32 n_rows, uint32 n_features,
 * uint32 checksum of the signature, then n_rows * n_features float32, then n_rows float32 margins.
 */
#ifndef FRAUD_DETECT_GOLDEN_H
#define FRAUD_DETECT_GOLDEN_H

#include "core/forest.h"

extern struct varlena *golden_build(const float *rows, const float *margins, uint32 n_rows,
                                    uint32 n_features, uint32 signature_checksum);

/*
 * FD005 when the bytes are not golden rows of this forest, the signature is
 * another one, or any margin differs by a bit.
 */
extern void golden_check(struct varlena *golden, const Forest *forest, uint32 signature_checksum);

#endif

/*
 * matrix.h
 *		Rows of a store as XGBoost's matrices.
 */
#ifndef FRAUD_DETECT_MATRIX_H
#define FRAUD_DETECT_MATRIX_H

#include "training/feature_rows.h"
#include "training/xgboost_library.h"

/*
 * The training part, streamed in batches into a quantised matrix: the floats are
 * never held together. Four passes over the store. Interrupts stop it between batches.
 */
extern DMatrixHandle matrix_quantised(XgboostSession *session, FeatureRows *rows, int threads,
                                      int max_bin);

/* Another part as it is: a prediction on it is exact. */
extern DMatrixHandle matrix_plain(XgboostSession *session, FeatureRows *rows, Part part,
                                  int threads);

/* Floats in one batch of matrix_quantised. */
extern uint64 matrix_batch_floats(const FeatureRows *rows);

#endif

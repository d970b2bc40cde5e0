/*
 * threads.h
 *		Whether the system will start the threads that a training wants.
 */
#ifndef FRAUD_DETECT_TRAINING_THREADS_H
#define FRAUD_DETECT_TRAINING_THREADS_H

/*
 * 53000 where so many threads cannot run beside each other. libgomp, which XGBoost gets its
 * threads from, ends the process then, and with it the session.
 */
extern void threads_require(int n);

#endif

/*
 * decision_number.h
 *		Numbers of decisions: each is given once, after a restore, too.
 */
#ifndef FRAUD_DETECT_DECISION_NUMBER_H
#define FRAUD_DETECT_DECISION_NUMBER_H

/* A number that no decision has. The role that inserts needs no right on the sequence. */
extern int64 decision_number_next(void);

/* A restore, as a superuser, has brought a decision with this number. */
extern void decision_number_restored(int64 number);

#endif

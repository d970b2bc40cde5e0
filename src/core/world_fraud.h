/*
 * world_fraud.h
 *		The thieves: when a campaign begins, which scenario it plays, and what is
 *		under way.
 *
 * A campaign is a short series of frauds (minutes to days) whose number is set
 * when it begins. A new one begins when the planned share of frauds runs ahead
 * of what is committed (emitted or still to come), so that at the end exactly
 * the planned number has come. What lasts longer (a terminal that stays
 * compromised for weeks) is an actor, who plays several campaigns.
 */
#ifndef FRAUD_DETECT_WORLD_FRAUD_H
#define FRAUD_DETECT_WORLD_FRAUD_H

#include "core/core.h"
#include "core/world.h"

#define MAX_CAMPAIGNS 65536
#define MAX_ACTORS 256
#define ACTOR_SCENARIOS 4 /* compromised terminal .. first party .. synthetic identity */

typedef struct Campaign
{
	int64_t due_ms;      /* of its next transaction */
	uint64_t device;     /* the thieves' own, or 0 */
	double amount;       /* euros or a factor, as the scenario has it */
	float report_normal; /* how late this campaign's frauds are noticed */
	int32_t number;      /* in the order of beginning: breaks ties of time */
	int32_t customer;
	int32_t merchant;
	uint8_t scenario;
	uint8_t city;
	uint16_t step; /* transactions so far */
	uint16_t size; /* of all its transactions */
} Campaign;

/* Somebody who goes on: a merchant, a customer who disputes, a ring of identities. */
typedef struct Actor
{
	int64_t since_ms;
	int64_t until_ms;
	double amount;
	uint64_t device;
	int32_t subject; /* merchant or customer, -1: nobody yet */
	int32_t campaigns;
} Actor;

typedef struct ActorTable
{
	int n;
	int next; /* whose turn it is */
	Actor actors[MAX_ACTORS];
} ActorTable;

typedef struct Fraud
{
	int64_t committed;        /* frauds emitted or still to come from campaigns under way */
	double debt[N_SCENARIOS]; /* frauds owed to a scenario by its share */
	int next_scenario;        /* of the next campaign */
	int next_size;
	double next_threshold; /* it begins when the plan is so far ahead */
	int32_t campaigns_begun;
	int n_active;
	int capacity;
	Campaign *active; /* a binary heap by due_ms, number */
	ActorTable terminals;
	ActorTable colluders;
	ActorTable disputers;
	ActorTable rings;
	int32_t next_identity; /* index of the next unused synthetic identity */
	double synthetic_rate; /* share of honest arrivals that build up a synthetic history */
} Fraud;

/* False where memory is short. */
extern bool fraud_make(World *world);

/* Begins campaigns until the plan at this progress, 0..1, is met. */
extern void fraud_plan(World *world, double progress, int64_t now_ms);

/* When the next fraud is due; INT64_MAX where no campaign is under way. */
extern int64_t fraud_due(const World *world);
extern void fraud_next(World *world, Transaction *transaction);

/* The index of a synthetic identity that makes an honest purchase now, mostly -1. */
extern int32_t fraud_synthetic_shopper(World *world, int64_t time_ms);

#endif

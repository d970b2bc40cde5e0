/*
 * world_scenarios.h
 *		The scenarios of fraud, one definition each.
 */
#ifndef FRAUD_DETECT_WORLD_SCENARIOS_H
#define FRAUD_DETECT_WORLD_SCENARIOS_H

#include "core/world.h"
#include "core/world_fraud.h"

typedef struct ScenarioDefinition
{
	double default_share; /* of the frauds' rows */
	int min_size;         /* transactions in a campaign */
	int max_size;
	double gap_minutes;  /* mean time between two of them */
	double any_hour;     /* share of campaigns that begin at any hour, the others when people pay */
	bool card_is_stolen; /* the bank replaces the card once it knows */
	/* Chooses whom and where it strikes. */
	void (*begin)(World *world, Campaign *campaign, int64_t now_ms);
	/* One transaction; everything but id and label. */
	void (*strike)(World *world, Campaign *campaign, Transaction *transaction);
} ScenarioDefinition;

extern const ScenarioDefinition scenario_definitions[N_SCENARIOS];

/* The actor whose turn it is; fresh is true where the caller has to fill a new one. */
extern Actor *scenario_actor(ActorTable *table, int64_t now_ms, bool *fresh);

/* Tables of actors, as many of them as the planned frauds keep busy. */
extern void scenario_make_actors(World *world);

#endif

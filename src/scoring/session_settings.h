/*
 * session_settings.h
 *		Settings of the session that must not steer what the extension computes in it: who
 *		inserts a row can set nearly all of them, and has no say in the decision.
 */
#ifndef FRAUD_DETECT_SESSION_SETTINGS_H
#define FRAUD_DETECT_SESSION_SETTINGS_H

/*
 * Both until the GUC nest level ends. A setting that is as it should be costs a comparison.
 * The first one: how values are read and printed, what a literal means, whether row-level
 * security filters or fails, as PostgreSQL has them by default; but not TimeZone and search_path. The
 * second one: how queries are planned and executed, as the server's configuration and the database say.
 */
extern void session_settings_pin_meaning(void);
extern void session_settings_pin_plans(void);

#endif

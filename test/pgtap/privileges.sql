-- Who may do what in the registry (docs/registry.md, "Roles").
\ir fixture/untrained_versions.sql
BEGIN;
SELECT plan(13);

SELECT pg_temp.untrained_version('card_fraud', v) FROM generate_series(1, 2) AS v;
SELECT fraud_promote('card_fraud', 1);

CREATE ROLE fraud_test_nobody;
CREATE ROLE fraud_test_analyst;
CREATE ROLE fraud_test_modeller;
GRANT SELECT ON ALL TABLES IN SCHEMA fraud TO fraud_test_analyst;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA fraud TO fraud_test_modeller;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA fraud TO fraud_test_modeller;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA fraud TO fraud_test_modeller;
GRANT EXECUTE ON FUNCTION fraud_promote, fraud_rollback, fraud_set_alias, fraud_drop_version,
  fraud_drop_model, fraud_export,
  fraud_schedule, fraud_unschedule TO fraud_test_modeller;
-- pgTAP's own relations are temporary and belong to who called plan().
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;

SET LOCAL ROLE fraud_test_nobody;
SELECT throws_ok($$SELECT fraud_promote('card_fraud', 2)$$, '42501',
  'permission denied for function fraud_promote');
SELECT throws_ok($$SELECT fraud_rollback('card_fraud')$$, '42501',
  'permission denied for function fraud_rollback');
SELECT throws_ok($$SELECT fraud_drop_model('card_fraud')$$, '42501',
  'permission denied for function fraud_drop_model');
SELECT throws_ok($$SELECT fraud_schedule('card_fraud')$$, '42501',
  'permission denied for function fraud_schedule');
SELECT throws_ok($$SELECT fraud_export('card_fraud')$$, '42501',
  'permission denied for function fraud_export');
SELECT throws_ok($$SELECT fraud.assign_alias(1, 'champion', 2, 'set', NULL)$$, '42501',
  'permission denied for function assign_alias');
SELECT throws_ok($$TABLE fraud.models$$, '42501', NULL,
  'views show nothing to who may not read the registry');
SELECT throws_ok($$SELECT image FROM fraud.model_version$$, '42501',
  'permission denied for table model_version');
RESET ROLE;

SET LOCAL ROLE fraud_test_analyst;
SELECT results_eq('SELECT version, champion FROM fraud.leaderboard ORDER BY version',
  'VALUES (1, true), (2, false)', 'an analyst reads the leaderboard');
SELECT throws_ok($$INSERT INTO fraud.alias_history (model_id, alias, version, action) VALUES (1,
  'champion', 2, 'set')$$,
  '42501', NULL, 'and writes nothing');
RESET ROLE;

-- EXECUTE alone gives nothing: the functions work with the rights of their caller.
GRANT EXECUTE ON FUNCTION fraud_promote TO fraud_test_analyst;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA fraud TO fraud_test_analyst;
SET LOCAL ROLE fraud_test_analyst;
SELECT throws_ok($$SELECT fraud_promote('card_fraud', 2)$$, '42501',
  'permission denied for table model');
RESET ROLE;

SET LOCAL ROLE fraud_test_modeller;
SELECT results_eq($$SELECT * FROM fraud_promote('card_fraud', 2)$$, $$VALUES ('card_fraud', 2,
  1)$$, 'a modeller promotes');
SELECT results_eq($$SELECT * FROM fraud_drop_model('card_fraud')$$, $$VALUES ('card_fraud', 2)$$,
  'and drops');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;

-- fraud.models and fraud.leaderboard.
\ir fixture/untrained_versions.sql
BEGIN;
SELECT plan(3);

SELECT pg_temp.untrained_version('card_fraud', v) FROM generate_series(1, 2) AS v;
SELECT fraud_promote('card_fraud', 2);
INSERT INTO fraud.model (name) VALUES ('empty');

SELECT results_eq(
  'SELECT model, champion, versions, last_trained IS NOT NULL, auc, average_precision, retrain '
    'FROM fraud.models',
  $$VALUES ('card_fraud', 2, 2::bigint, true, 0.9200, 0.3000, NULL::text), ('empty', NULL, 0,
    false, NULL, NULL, NULL)$$,
  'one row per model, with the metrics of its champion');
SELECT results_eq(
  'SELECT model, version, champion, average_precision, auc, brier, rows, frauds, rounds FROM '
    'fraud.leaderboard',
  $$VALUES ('card_fraud', 1, false, 0.4000, 0.9100, 0.00400, 1000::bigint, 8::bigint, 10),
           ('card_fraud', 2, true, 0.3000, 0.9200, 0.00400, 1000, 8, 10)$$,
  'one row per version, best first');
ALTER TABLE fraud.model_version DISABLE TRIGGER model_version_is_immutable;
UPDATE fraud.model_version SET metrics = '{"auc": null}';
SELECT results_eq('SELECT auc, average_precision FROM fraud.leaderboard',
  'VALUES (NULL::numeric, NULL::numeric), (NULL, NULL)',
    'metrics that a version does not have are NULL');

SELECT * FROM finish();
ROLLBACK;

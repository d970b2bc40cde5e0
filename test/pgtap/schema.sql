-- The extension in a schema of its own, whose name is awkward in every text that is built from it.
BEGIN;
SELECT plan(6);

CREATE SCHEMA "50%s off";
CREATE EXTENSION fraud_detect SCHEMA "50%s off";
CREATE TABLE tx AS
  SELECT * FROM "50%s off".fraud_generate(2000, seed => 7, fraud_rate => 0.02);

SELECT is(version, 1, 'trains')
  FROM "50%s off".fraud_train('card_fraud', 'tx', params => '{"rounds": 2}');
SELECT is(version, 2, 'retrains') FROM "50%s off".fraud_retrain('card_fraud');
SELECT ok("50%s off".fraud_score(t) IS NOT NULL, 'scores') FROM tx AS t LIMIT 1;
SELECT throws_ok($$SELECT "50%s off".fraud_schedule('card_fraud', '0 3 * * *')$$, 'FD008', NULL,
  'would schedule');
SELECT throws_ok('ALTER EXTENSION fraud_detect SET SCHEMA public', '0A000', NULL, 'stays where it is');
DROP EXTENSION fraud_detect;
SELECT is_empty($$SELECT FROM pg_namespace WHERE nspname = 'fraud'$$, 'DROP EXTENSION takes all along');

SELECT * FROM finish();
ROLLBACK;

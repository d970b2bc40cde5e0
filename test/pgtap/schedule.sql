-- Scheduling where pg_cron is not set up (test/tap/t/cron.pl has a server where it is).
\ir fixture/untrained_versions.sql
BEGIN;
SELECT plan(8);

SELECT pg_temp.untrained_version('card_fraud', 1);

SELECT throws_ok($$SELECT fraud_schedule('card_fraud', retrain => '0 3 * * *')$$, 'FD008',
  'scheduling needs pg_cron, which is not installed in this database',
    'scheduling without pg_cron');
SELECT is_empty('SELECT * FROM fraud.task', 'nothing is left of it');
SELECT throws_ok($$SELECT fraud_schedule('card_fraud')$$, '22023',
  'nothing to schedule for model "card_fraud"');
SELECT throws_ok($$SELECT fraud_schedule('car_fraud', retrain => '0 3 * * *')$$, 'FD002',
  'model "car_fraud" does not exist');
SELECT results_eq($$SELECT * FROM fraud_unschedule('card_fraud')$$, $$VALUES ('card_fraud',
  0::bigint)$$, 'no schedule to end');
SELECT throws_ok($$SELECT fraud_unschedule('car_fraud')$$, 'FD002',
  'model "car_fraud" does not exist');

-- A task that came along with a dump from where pg_cron was.
INSERT INTO fraud.task (name, model_id, kind, schedule, command, cron_job_id, cron_job_name)
  SELECT 'card_fraud/retrain', model_id, 'retrain', '0 3 * * *', 'SELECT 1', 1,
    'fraud_retrain/1/1' FROM fraud.model;
SELECT results_eq($$SELECT * FROM fraud_unschedule('card_fraud')$$, $$VALUES ('card_fraud',
  1::bigint)$$,
  'a task without a job can be ended');
SELECT is_empty('SELECT * FROM fraud.task', 'and is gone');

SELECT * FROM finish();
ROLLBACK;

-- Scheduling where pg_cron is not set up (test/tap/t/cron.pl has a server where it is).
\ir fixture/untrained_versions.sql
BEGIN;
SELECT plan(16);

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

-- Housekeeping
SELECT throws_ok($$SELECT fraud_schedule_purge('30 2 * * *', '18 months')$$, 'FD008',
  'scheduling needs pg_cron, which is not installed in this database', 'housekeeping without pg_cron');
SELECT throws_ok($$SELECT fraud_schedule_purge(NULL, '18 months')$$, '22004', 'schedule must not be null');
SELECT throws_ok($$SELECT fraud_schedule_purge('30 2 * * *', NULL)$$, '22004', 'older_than must not be null');
SELECT throws_ok($$SELECT fraud_schedule_purge('30 2 * * *', '1 hour')$$, '22023', 'older_than must be at least 1 day, not 01:00:00');
CREATE ROLE regress_schedule_clerk;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public, fraud TO regress_schedule_clerk;
GRANT ALL ON fraud.task TO regress_schedule_clerk;
SET ROLE regress_schedule_clerk;
SELECT throws_ok($$SELECT fraud_schedule_purge('30 2 * * *', '18 months')$$, '42501', 'must be owner of table fraud.decision');
RESET ROLE;
INSERT INTO fraud.task (name, kind, schedule, command, cron_job_id, cron_job_name)
  VALUES ('purge', 'purge', '0 3 * * *', 'SELECT 1', 1, 'fraud_purge/1');
SELECT is(fraud_unschedule_purge(), 1::bigint, 'a task of housekeeping can be ended without its job');
SELECT is(fraud_unschedule_purge(), 0::bigint, 'once');
SELECT throws_ok($$INSERT INTO fraud.task (name, kind, schedule, command, cron_job_id, cron_job_name)
  VALUES ('x', 'retrain', '0 3 * * *', 'SELECT 1', 1, 'x')$$, '23514', NULL, 'retraining is about a model');

SELECT * FROM finish();
ROLLBACK;

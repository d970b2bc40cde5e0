-- A source is read as the caller: with the caller's rights, under the caller's
-- row-level security. Without rights nothing is left of a training.
BEGIN;
SELECT plan(19);

CREATE TABLE public.tx AS
  SELECT transaction_id, tx_time, amount, channel, is_fraud, transaction_id % 2 AS tenant
  FROM fraud_generate(4000, seed => 7, fraud_rate => 0.02);
CREATE TABLE public.secret AS TABLE public.tx;
GRANT SELECT ON public.tx TO PUBLIC;
ALTER TABLE public.tx ENABLE ROW LEVEL SECURITY;
CREATE ROLE fraud_test_even;
CREATE ROLE fraud_test_scorer;
CREATE ROLE fraud_test_reader;
CREATE POLICY even ON public.tx TO fraud_test_even USING (tenant = 0);
CREATE POLICY everything ON public.tx TO fraud_test_scorer USING (true);

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA fraud TO fraud_test_even;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA fraud TO fraud_test_even;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA fraud TO fraud_test_even;
GRANT EXECUTE ON FUNCTION fraud_train, fraud_retrain TO fraud_test_even, fraud_test_scorer;
GRANT SELECT ON fraud.model, fraud.model_version, fraud.alias TO fraud_test_scorer;
-- pgTAP's own relations are temporary and belong to who called plan().
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;

PREPARE train(text, text) AS
  SELECT rows FROM fraud_train($1, $2, event_time => 'tx_time',
                               params => '{"rounds": 3, "threads": 1}');

SET LOCAL ROLE fraud_test_reader;
SELECT throws_ok($$EXECUTE train('card_fraud', 'public.tx')$$, '42501',
  'permission denied for function fraud_train', 'training is not for everybody');
RESET ROLE;

SET LOCAL ROLE fraud_test_scorer;
SELECT throws_ok($$EXECUTE train('card_fraud', 'public.tx')$$, '42501', NULL,
  'no training without rights in the registry');
RESET ROLE;

SET LOCAL ROLE fraud_test_even;
SELECT throws_ok($$EXECUTE train('card_fraud', 'public.secret')$$, '42501',
  'permission denied for table secret', 'no training on a table that one may not read');
SELECT throws_ok($$EXECUTE train('card_fraud', 'SELECT * FROM public.secret')$$, '42501',
  'permission denied for table secret', 'nor by a query');
RESET ROLE;
SELECT is_empty('TABLE fraud.model', 'nothing is left of these');

SET LOCAL ROLE fraud_test_even;
SELECT results_eq($$EXECUTE train('card_fraud', 'public.tx')$$,
  'VALUES (2000::bigint)',
  'only rows that the caller sees are trained on');
SELECT results_eq($$SELECT rows, created_by FROM fraud.model_version$$,
  $$VALUES (2000::bigint, 'fraud_test_even')$$, 'which the version records, with the caller');
RESET ROLE;

-- Retraining runs what the creator of the champion wrote, as the caller: only a
-- creator with the caller's rights is trusted.
SELECT throws_ok($$SELECT fraud_retrain('card_fraud')$$, '42501',
  format('role "%s" may not retrain version 1 of model "card_fraud"', current_user),
  'a superuser does not run the source of another role');
SET LOCAL ROLE fraud_test_even;
SELECT throws_ok($$INSERT INTO fraud.model_version
  SELECT (jsonb_populate_record(v, jsonb_build_object('version', 9, 'created_by', session_user))).*
  FROM fraud.model_version v$$, '42501',
  format('role "fraud_test_even" cannot write to fraud.model_version in the name of role "%s"', session_user),
  'nobody writes in the name of another');
RESET ROLE;
-- Who retrains decides what is seen, not who trained first.
SELECT results_eq($$EXECUTE train('card_fraud', 'public.tx')$$, 'VALUES (4000::bigint)',
  'a superuser trains on all rows');
SELECT fraud_promote('card_fraud', 2, force => true);
SET LOCAL ROLE fraud_test_even;
SELECT results_eq($$SELECT version, rows FROM fraud_retrain('card_fraud')$$,
  'VALUES (3, 2000::bigint)', 'another role retrains on its own');
SET LOCAL row_security = off;
SELECT throws_ok($$SELECT fraud_retrain('card_fraud')$$, '42501', NULL,
  'row_security = off is an error, not a way around');
SET LOCAL row_security = on;
RESET ROLE;

-- Scoring needs to read the versions, and nothing else of ours.
SET LOCAL ROLE fraud_test_scorer;
SELECT ok(count(*) = 4000 AND count(fraud_score(t)) = 4000, 'a scorer scores') FROM public.tx AS t;
SELECT throws_ok($$SELECT fraud_score(t) FROM public.secret AS t$$, '42501', NULL, 'what it may read');
SELECT throws_ok($$SELECT fraud_retrain('card_fraud')$$, '42501', NULL, 'and trains nothing');
RESET ROLE;

SET LOCAL ROLE fraud_test_reader;
SELECT throws_ok($$SELECT fraud_score(ROW(1)::record)$$, '42501',
  'permission denied to use the models of fraud_detect', 'no scoring without rights in the registry');
RESET ROLE;
-- Scoring reads by index, past policies: so it does not where there are any.
ALTER TABLE fraud.model_version ENABLE ROW LEVEL SECURITY;
SET LOCAL ROLE fraud_test_scorer;
SELECT throws_ok($$SELECT fraud_score(t) FROM public.tx AS t$$, '42501',
  'permission denied to use the models of fraud_detect', 'no scoring past policies of the registry');
RESET ROLE;
SELECT ok(count(fraud_score(t)) = 4000, 'which do not concern their owner') FROM public.tx AS t;
SELECT is(count(*), 3::bigint, 'three versions are registered') FROM fraud.model_version;

SELECT * FROM finish();
ROLLBACK;

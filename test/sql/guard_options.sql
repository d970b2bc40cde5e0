-- fraud_guard's arguments and options: defaults, thresholds that come from the version, and what is refused.
\set SHOW_CONTEXT never
\set VERBOSITY default
CREATE TABLE tx AS SELECT * FROM fraud_generate(20000, seed => 7, fraud_rate => 0.02);
CREATE TABLE pay (id int, card_id text, amount numeric, channel text, home_distance_km float8, merchant_category text, tx_time timestamptz);
\echo no guard without a model, unless it is asked for
SELECT fraud_guard('pay');
SELECT count(*) AS policies FROM fraud.policy;
SELECT version FROM fraud_train('m', 'SELECT amount, channel, home_distance_km, merchant_category, is_fraud, tx_time FROM tx', event_time => 'tx_time',
  params => '{"rounds": 40}');
SELECT fraud_guard('pay');
SELECT version, model, review_at, block_at, on_block, on_error, key, jsonb_pretty(options) AS options, rules, owner = current_user AS mine FROM fraud.policy;

\echo alert budgets: no more than these shares of the rows that the version was measured on
INSERT INTO pay SELECT transaction_id, card_id, amount, channel, home_distance_km, merchant_category, tx_time FROM tx ORDER BY tx_time LIMIT 0;
CREATE FUNCTION shares(alert_budget numeric, block_budget numeric) RETURNS TABLE (above_review bool, above_block bool, ordered bool) LANGUAGE plpgsql AS $$
DECLARE
  d fraud.decision;
  q float8[] := (SELECT score_quantiles FROM fraud.model_version ORDER BY version DESC LIMIT 1);
BEGIN
  PERFORM fraud_guard('pay', key => 'id', on_error => 'block', on_block => 'quarantine', options => jsonb_build_object('alert_budget', alert_budget, 'block_budget', block_budget));
  INSERT INTO pay VALUES (1, 'c', 1, 'chip', 1, 'grocery', '2026-05-01');
  SELECT * INTO d FROM fraud.decision ORDER BY decision_id DESC LIMIT 1;
  -- Among equal scores at the top, all or none: the top is never above itself.
  RETURN QUERY SELECT
    d.review_at = q[cardinality(q)] OR (SELECT avg((s >= d.review_at)::int) FROM unnest(q) AS s) <= alert_budget + 0.002,
    d.block_at = q[cardinality(q)] OR (SELECT avg((s >= d.block_at)::int) FROM unnest(q) AS s) <= block_budget + 0.002,
    d.review_at <= d.block_at;
END
$$;
SELECT * FROM shares(0.01, 0.002);
SELECT * FROM shares(0.2, 0.1);
SELECT * FROM shares(1, 0.5);
SELECT * FROM shares(0.05, 0);

\echo cost: block where the expected loss is above the cost of looking
SELECT fraud_guard('pay', on_block => 'quarantine', key => 'id', options => '{"thresholds": "cost", "handling_cost": 5, "amount": "amount"}');
INSERT INTO pay VALUES (10, 'c', 4, 'chip', 1, 'grocery', '2026-05-01'), (11, 'c', 5, 'chip', 1, 'grocery', '2026-05-01'), (12, 'c', 1e12, 'chip', 1, 'grocery', '2026-05-01'),
  (13, 'c', 0, 'chip', 1, 'grocery', '2026-05-01'), (14, 'c', -7, 'chip', 1, 'grocery', '2026-05-01'), (15, 'c', NULL, 'chip', 1, 'grocery', '2026-05-01'),
  (16, 'c', 'NaN', 'chip', 1, 'grocery', '2026-05-01');
SELECT key, amount, review_at, block_at, decision, ground FROM fraud.decision WHERE key BETWEEN '10' AND '19' ORDER BY decision_id;

\echo a share of blocks is let through
CREATE FUNCTION passed(share float8, n int) RETURNS TABLE (blocks bigint, passed bigint, propensity float8[], outcomes text[]) LANGUAGE plpgsql AS $$
DECLARE
  since bigint := (SELECT max(decision_id) FROM fraud.decision);
BEGIN
  PERFORM fraud_guard('pay', block_at => 0, on_block => 'quarantine', key => 'id',
    options => jsonb_build_object('random_pass', share, 'entities', '{"card": "card_id"}'::jsonb, 'reasons', 0));
  INSERT INTO pay SELECT 100 + i, 'c', 1, 'chip', 1, 'grocery', '2026-05-01' FROM generate_series(1, n) AS i;
  RETURN QUERY SELECT count(*) FILTER (WHERE d.decision = 'block'), count(*) FILTER (WHERE d.random_pass), array_agg(DISTINCT d.propensity),
    array_agg(DISTINCT d.random_pass || ' ' || d.outcome) FROM fraud.decision d WHERE d.decision_id > since;
END
$$;
SELECT * FROM passed(0, 100);
SELECT * FROM passed(1, 100);
-- Six standard deviations: once in five hundred million runs.
SELECT blocks, passed BETWEEN 2000 * 0.3 - 6 * sqrt(2000 * 0.3 * 0.7) AND 2000 * 0.3 + 6 * sqrt(2000 * 0.3 * 0.7) AS as_expected, propensity, outcomes
  FROM passed(0.3, 2000);
\echo never what a list blocks, or what could not be decided
SELECT fraud_list_add('stolen', 'card', 'c', 'block') > 0 AS added;
SELECT blocks, passed, propensity, outcomes FROM passed(1, 10);
SELECT fraud_list_remove('stolen', 'card', 'c');

\echo details of a rejection
SELECT fraud_guard('pay', block_at => 0, key => 'id', options => '{"detail": "decision"}');
DO $$
DECLARE
  detail text;
BEGIN
  INSERT INTO pay VALUES (3, 'c', 10, 'chip', 1, 'grocery', '2026-05-01');
EXCEPTION WHEN SQLSTATE 'FD001' THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RAISE NOTICE '%', regexp_replace(detail, '\d+', 'N');
END
$$;
SELECT bool_and(decision_id::text = substring('Decision ' || decision_id FROM '\d+')) FROM fraud.decision WHERE outcome = 'rejected';

\echo what is refused
SELECT fraud_guard(NULL);
SELECT fraud_guard(0);
SELECT fraud.check_guard(0);
SELECT fraud_decide(ROW(1), 0);
SELECT fraud_guard('pay', on_block => NULL);
SELECT fraud_guard('pay', on_error => NULL);
SELECT fraud_guard('pay', options => NULL);
SELECT fraud_guard('pay', model => 'n');
SELECT fraud_guard('pay', review_at => 1.5);
SELECT fraud_guard('pay', block_at => 'NaN');
SELECT fraud_guard('pay', review_at => 0.9, block_at => 0.8);
SELECT fraud_guard('pay', model => '', block_at => 0.8);
SELECT fraud_guard('pay', on_block => 'refuse');
SELECT fraud_guard('pay', on_error => 'ignore');
SELECT fraud_guard('pay', key => 'idd');
SELECT fraud_guard('pay', options => '[]');
SELECT fraud_guard('pay', options => '{"alert_budgt": 0.1}');
SELECT fraud_guard('pay', options => '{"xyz": 0.1}');
SELECT fraud_guard('pay', options => '{"alert_budget": "much"}');
SELECT fraud_guard('pay', options => '{"random_pass": 1.1}');
SELECT fraud_guard('pay', options => '{"random_pass": null}');
SELECT fraud_guard('pay', options => '{"block_budget": 0.1}');
SELECT fraud_guard('pay', options => '{"thresholds": "costs"}');
SELECT fraud_guard('pay', options => '{"thresholds": "cost", "handling_cost": 5}');
SELECT fraud_guard('pay', options => '{"thresholds": "cost", "amount": "amount"}');
CREATE TABLE in_money (amount money);
SELECT fraud_guard('in_money', model => '', options => '{"amount": "amount"}');
SELECT fraud_guard('pay', review_at => 0.5, options => '{"thresholds": "alert_budget"}');
SELECT fraud_guard('pay', options => '{"amount": "channel"}');
SELECT fraud_guard('pay', options => '{"amount": "sum"}');
SELECT fraud_guard('pay', options => '{"amount": 5}');
SELECT fraud_guard('pay', options => '{"event_time": "id"}');
SELECT fraud_guard('pay', options => '{"entities": ["card"]}');
SELECT fraud_guard('pay', options => '{"entities": {"cart": "card_id"}}');
SELECT fraud_guard('pay', options => '{"entities": {"card": "card"}}');
SELECT fraud_guard('pay', options => '{"serialize": true}');
SELECT fraud_guard('pay', options => '{"serialize": ["card"]}');
SELECT fraud_guard('pay', options => '{"serialize": "card"}');
SELECT fraud_guard('pay', options => '{"time_budget": "soon"}');
SELECT fraud_guard('pay', options => '{"time_budget": 5}');
SELECT fraud_guard('pay', options => '{"time_budget": "-1 s"}');
SELECT fraud_guard('pay', options => '{"time_budget": "1 month"}');
SELECT fraud_guard('pay', options => '{"reasons": -1}');
SELECT fraud_guard('pay', options => '{"record_row": "sometimes"}');
SELECT fraud_guard('pay', options => '{"detail": true}');
SELECT fraud_guard('pay', options => '{"lists": "all"}');
SELECT fraud_guard('pay', options => '{"not_card_numbers": ["idd"]}');
SELECT fraud_guard('pay', on_block => 'flag');
SELECT fraud_guard('pay', on_block => 'flag', options => '{"flag_column": null}');
SELECT fraud_guard('pay', on_block => 'flag', options => '{"flag_column": "amount"}');
CREATE VIEW pays AS TABLE pay;
SELECT fraud_guard('pays');
SELECT fraud_guard('fraud.list_entry');
SELECT fraud_guard('pg_class');
CREATE TABLE other (id int);
SELECT fraud_guard('other');
SELECT count(*) FROM fraud.policy WHERE relation = 'other'::regclass;
SELECT fraud_unguard('pay');

\echo a policy that somebody wrote by hand
SELECT fraud_guard('other', model => '');
UPDATE fraud.policy SET on_block = 'flag';
DELETE FROM fraud.policy;
TRUNCATE fraud.policy;
INSERT INTO fraud.policy SELECT relation, version + 1, model, review_at, block_at, on_block, on_error, key, options || '{"random_pass": 7}', rules, owner
  FROM fraud.policy WHERE relation = 'other'::regclass;
INSERT INTO other VALUES (1);
INSERT INTO fraud.policy SELECT relation, version + 2, model, review_at, block_at, on_block, on_error, key, options - 'thresholds', rules, owner
  FROM fraud.policy WHERE relation = 'other'::regclass AND version = 1;
INSERT INTO other VALUES (1);
INSERT INTO fraud.policy SELECT relation, version + 3, model, review_at, block_at, on_block, on_error, key, options, rules, 'nobody'
  FROM fraud.policy WHERE relation = 'other'::regclass AND version = 1;
SELECT fraud_guard('other', model => '');
INSERT INTO other VALUES (1);
SELECT d.policy, d.decision FROM fraud.decision d JOIN fraud.policy p ON p.relation = d.relation AND p.version = d.policy WHERE d.relation = 'other'::regclass;

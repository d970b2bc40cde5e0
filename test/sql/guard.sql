-- The guard: what it decides and why, what becomes of the row, and what is recorded.
\set SHOW_CONTEXT never
CREATE TABLE tx AS SELECT * FROM fraud_generate(6000, seed => 7, fraud_rate => 0.02);
SELECT version FROM fraud_train('m', 'SELECT amount, channel, home_distance_km, is_fraud, tx_time FROM tx', event_time => 'tx_time',
  params => '{"rounds": 20}');
CREATE TABLE payment (id int PRIMARY KEY, card text, amount numeric, channel text, home_distance_km float8, tx_time timestamptz,
  fraud_decision text);
CREATE VIEW seen AS SELECT key, policy, decision, ground, outcome, random_pass, propensity, lists, rules, jsonb_array_length(reasons) AS reasons,
    error ->> 'sqlstate' AS error, "row" IS NOT NULL AS has_row
  FROM fraud.decision WHERE relation = 'payment'::regclass ORDER BY decision_id;

\echo scores against thresholds that are given
SELECT fraud_guard('payment', review_at => 0, block_at => 1, key => 'id', options => '{"amount": "amount", "event_time": "tx_time"}');
INSERT INTO payment VALUES (1, 'c1', 10, 'chip', 1, '2026-05-01 12:00+00');
SELECT fraud_guard('payment', block_at => 0, key => 'id', options => '{"amount": "amount", "event_time": "tx_time", "reasons": 2}');
-- The score is another one with another XGBoost.
\set VERBOSITY terse
INSERT INTO payment VALUES (2, 'c1', 20, 'chip', 1, '2026-05-01 12:00+00');
\set VERBOSITY default
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_guard('payment', review_at => 1, key => 'id');
INSERT INTO payment VALUES (3, 'c1', 30, 'chip', 1, '2026-05-01 12:00+00');
SELECT id FROM payment ORDER BY id;
SELECT * FROM seen;
SELECT d.key, d.model, d.version, v.version_uid = d.version_uid AS of_version, d.event_time, d.amount, d.review_at, d.block_at,
    d.score = fraud_score(p) AND d.margin = fraud_margin(p) AND d.features = fraud_feature_vector(p) AS same, d.decided_by = current_user AS mine,
    d.latency_us >= 0 AND d.decided_at BETWEEN now() - '1 hour'::interval AND now() AS plausible
  FROM fraud.decision d LEFT JOIN fraud.model_version v USING (version_uid) LEFT JOIN payment p ON p.id::text = d.key ORDER BY d.decision_id;
SELECT jsonb_path_query_array(reasons, '$[*].keyvalue().key') AS members FROM fraud.decision WHERE key = '2';

\echo a rejection is on record whatever becomes of the transaction
SELECT fraud_guard('payment', block_at => 0, key => 'id', options => '{"reasons": 0}');
\set VERBOSITY terse
BEGIN;
INSERT INTO payment VALUES (10, 'c1', 10, 'chip', 1, '2026-05-01 12:00+00');
ROLLBACK;
BEGIN;
SAVEPOINT s;
INSERT INTO payment VALUES (11, 'c1', 10, 'chip', 1, '2026-05-01 12:00+00');
\set VERBOSITY default
ROLLBACK TO s;
-- At once, for everybody, in an old snapshot too.
SELECT key, outcome FROM fraud.decision WHERE key IN ('10', '11') ORDER BY key;
ROLLBACK;
DO $$
DECLARE
  detail text;
BEGIN
  INSERT INTO payment VALUES (12, 'c1', 10, 'chip', 1, '2026-05-01 12:00+00');
EXCEPTION WHEN SQLSTATE 'FD001' THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RAISE NOTICE '%, its score is told: %', SQLERRM,
    detail = (SELECT format('Decision %s by the score, %s.', decision_id, to_char(score, 'FM0.000')) FROM fraud.decision WHERE key = '12');
END
$$;
DO $$
BEGIN
  BEGIN
    INSERT INTO payment VALUES (13, 'c1', 10, 'chip', 1, '2026-05-01 12:00+00');
  EXCEPTION WHEN SQLSTATE 'FD001' THEN
    NULL;
  END;
  RAISE division_by_zero;
END
$$;
SELECT key, decision, outcome FROM fraud.decision WHERE key IN ('10', '11', '12', '13') ORDER BY decision_id;
-- By the indexes, too.
SET enable_seqscan = off;
SELECT count(*) FROM fraud.decision WHERE relation = 'payment'::regclass AND key = '12';
RESET enable_seqscan;
VACUUM FREEZE fraud.decision;
SELECT count(*) FROM fraud.decision WHERE key IN ('10', '11', '12', '13');
\echo a decision of a row that is inserted goes with the transaction
SELECT fraud_guard('payment', review_at => 1, key => 'id');
BEGIN;
INSERT INTO payment VALUES (14, 'c1', 10, 'chip', 1, '2026-05-01 12:00+00');
SELECT count(*) FROM fraud.decision WHERE key = '14';
ROLLBACK;
SELECT count(*) FROM fraud.decision WHERE key = '14';

\echo quarantine: the row is held, the statement goes on
SELECT fraud_guard('payment', block_at => 0, on_block => 'quarantine', key => 'id', options => '{"record_row": "never"}');
INSERT INTO payment VALUES (20, 'c1', 1e100, 'chip', 0.1::float4, '2026-05-01 12:00+00'), (21, NULL, 'NaN', NULL, 'Infinity', NULL) RETURNING id;
SELECT q.relation, q."row", q.status, d.outcome, d."row" FROM fraud.quarantine q JOIN fraud.decision d USING (decision_id) ORDER BY decision_id;
SELECT (jsonb_populate_record(NULL::payment, "row")).* FROM fraud.quarantine ORDER BY decision_id;

\echo flag: the row says what was decided
SELECT fraud_guard('payment', block_at => 0, on_block => 'flag', key => 'id', options => '{"flag_column": "decided"}');
SELECT fraud_guard('payment', block_at => 0, on_block => 'flag', key => 'id', options => '{"flag_column": "card"}');
SELECT fraud_guard('payment', block_at => 0, on_block => 'flag', key => 'id');
INSERT INTO payment VALUES (30, 'c1', 30, 'chip', 1, '2026-05-01 12:00+00', 'mine') RETURNING id, card, fraud_decision;
SELECT fraud_guard('payment', review_at => 0, on_block => 'flag', key => 'id', options => '{"flag_column": "fraud_decision"}');
INSERT INTO payment VALUES (31, 'c1', 30, 'chip', 1, '2026-05-01 12:00+00') RETURNING id, fraud_decision;
SELECT * FROM seen WHERE key IN ('30', '31');

\echo lists, then failures, then rules, then the score
SELECT fraud_guard('payment', block_at => 0, key => 'id', on_block => 'flag', options => '{"entities": {"card": "card"}}');
SELECT fraud_rule('payment', 'small', 'amount < 5', 'allow');
SELECT fraud_rule('payment', 'round', 'amount % 10 = 0', 'review', 200);
SELECT fraud_rule('payment', 'ratio', 'amount / home_distance_km > 1000', 'block', 300);
SELECT fraud_list_add('friends', 'card', 'c_friend', 'allow') > 0 AS added;
SELECT fraud_list_add('stolen', 'card', 'c_stolen', 'block') > 0 AS added;
INSERT INTO payment VALUES (40, 'c_friend', 40, 'chip', 1, '2026-05-01 12:00+00'), (41, 'c_stolen', 4, 'chip', 1, '2026-05-01 12:00+00'), (42, 'c1', 4, 'chip', 1, '2026-05-01 12:00+00'),
  (43, 'c1', 43, 'chip', 1, '2026-05-01 12:00+00'), (44, 'c1', 20, 'chip', 1, '2026-05-01 12:00+00'), (45, 'c1', 45, 'chip', 0, '2026-05-01 12:00+00'), (46, 'c_stolen', 46, 'chip', 0, '2026-05-01 12:00+00');
SELECT key, decision, ground, lists - 'entry_id' AS lists, rules, error FROM (SELECT key, decision, ground, rules, error, decision_id,
  jsonb_path_query_array(lists, '$[*].list') AS lists FROM fraud.decision WHERE key BETWEEN '40' AND '46') AS d ORDER BY decision_id;
SELECT fraud_guard('payment', block_at => 0, key => 'id', options => '{"entities": {"card": "card"}}');
INSERT INTO payment VALUES (47, 'c_stolen', 47, 'chip', 1, '2026-05-01 12:00+00');
SELECT fraud_rule('payment', 'large', 'amount > 1000 AND score >= 0', 'block', 1);
INSERT INTO payment VALUES (48, 'c1', 4800, 'chip', 1, '2026-05-01 12:00+00');
SELECT fraud_rule_drop('payment', n) FROM unnest('{small,round,ratio,large}'::text[]) AS n;

\echo what the guard does without a model
SELECT fraud_guard('payment', model => '', key => 'id');
SELECT model, options ->> 'thresholds' AS thresholds FROM fraud.policy ORDER BY version DESC LIMIT 1;
INSERT INTO payment VALUES (50, 'c1', 50, 'chip', 1, '2026-05-01 12:00+00');
SELECT key, decision, ground, outcome, score, features, model FROM fraud.decision WHERE key = '50';

\echo fraud_decide does nothing but say it
SELECT fraud_guard('payment', block_at => 0, key => 'id', options => '{"reasons": 1, "entities": {"card": "card"}}');
SELECT count(*) AS before FROM fraud.decision \gset
SELECT d.decision, d.score = fraud_score(p) AS same, d.model, d.version, d.ground, jsonb_array_length(d.reasons) AS reasons, d.lists, d.rules, d.error
  FROM payment p, fraud_decide(p) AS d WHERE id = 1;
SELECT (fraud_decide(r, 'payment')).decision FROM (SELECT 60 AS id, 'c_friend'::text AS card, 60::numeric AS amount, 'chip'::text AS channel,
  1::float8 AS home_distance_km, '2026-05-01 12:00+00'::timestamptz AS tx_time, NULL::text AS fraud_decision) AS r;
SELECT fraud_decide(NULL::payment) IS NULL AS no_row;
SELECT fraud_decide(t) FROM tx t LIMIT 1;
SELECT fraud_decide(r) FROM (SELECT 1 AS id) AS r;
SELECT count(*) - :before AS recorded FROM fraud.decision;

\echo no guard, no decisions
SELECT fraud_unguard('payment');
INSERT INTO payment VALUES (70, 'c1', 70, 'chip', 1, '2026-05-01 12:00+00');
SELECT count(*) - :before AS recorded FROM fraud.decision;
SELECT fraud_unguard('payment');
SELECT fraud_decide(p) FROM payment p LIMIT 1;
CREATE TRIGGER fraud_guard BEFORE INSERT ON tx FOR EACH ROW EXECUTE FUNCTION fraud.guard_row();
INSERT INTO tx SELECT * FROM tx LIMIT 1;
DROP TRIGGER fraud_guard ON tx;
CREATE TRIGGER other AFTER INSERT ON tx FOR EACH ROW EXECUTE FUNCTION fraud.guard_row();
INSERT INTO tx SELECT * FROM tx LIMIT 1;
DROP TRIGGER other ON tx;

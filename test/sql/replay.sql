-- A decision can be repeated from its record alone, to the last bit.
\set SHOW_CONTEXT never
\getenv abs_srcdir PG_ABS_SRCDIR
\set fixture :abs_srcdir '/sql/fixture/decision.sql'
\i :fixture
SET client_min_messages = error;
CREATE TABLE history AS SELECT * FROM fraud_generate(4000, seed => 7, fraud_rate => 0.02);
SELECT version FROM fraud_train('card_fraud', 'history', event_time => 'tx_time', params => '{"rounds": 20, "threads": 1}');
CREATE TABLE payments (LIKE history);
INSERT INTO fraud.list_entry (list, kind, value, decision) SELECT 'watched', 'card', card_id, 'review' FROM history LIMIT 1;
SELECT fraud_guard('payments', 'card_fraud', review_at => 0.05, block_at => 0.2, on_block => 'quarantine', key => 'transaction_id',
  options => '{"entities": {"card": "card_id"}}');
INSERT INTO payments SELECT * FROM history;
SELECT decision, ground, outcome, count(*) > 0 AS some FROM fraud.decision GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
SELECT r.item, count(*) = 4000 AS all_of_them, bool_and(r.equal) AS equal, bool_and(r.recorded = r.replayed) AS same_text
FROM fraud.decision d, fraud_replay(d.decision_id) r GROUP BY 1 ORDER BY 1;
-- Its margin is what fraud_margin says of the row.
SELECT bool_and(float4send(d.margin) = float4send(fraud_margin(h, 'card_fraud', d.version)))
FROM fraud.decision d JOIN history h ON h.transaction_id::text = d.key;
-- The call is planned as a join, not as a look-up for each decision.
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS
  'BEGIN RETURN QUERY EXECUTE ''EXPLAIN (COSTS OFF) '' || query; END';
SELECT count(*) FILTER (WHERE p LIKE '%fraud_replay%') AS calls, count(*) FILTER (WHERE p LIKE '%Join%') > 0 AS joined
FROM plan_of('SELECT count(*) FROM fraud.decision d, fraud_replay(d.decision_id)') AS p;
SELECT * FROM fraud_replay(-1);

-- What was tampered with is found.
SELECT d.decision_id AS tampered FROM fraud.decision d WHERE ground = 'score' ORDER BY 1 LIMIT 1 \gset
SELECT pg_temp.recorded('payments', with_values => to_jsonb(d) - 'decision_id' || '{"margin": 0.5, "decision": "approve", "outcome": "rejected"}') AS margin,
  pg_temp.recorded('payments', with_values => to_jsonb(d) - 'decision_id' || '{"features": [1, 2, 3]}') AS features,
  pg_temp.recorded('payments', with_values => to_jsonb(d) - 'decision_id' || '{"version_uid": "00000000-0000-0000-0000-000000000001"}') AS uid,
  pg_temp.recorded('payments', with_values => to_jsonb(d) - 'decision_id' || '{"policy": 99, "error": {"sqlstate": "FD002"}}') AS policy
FROM fraud.decision d WHERE d.decision_id = :tampered \gset
SELECT item, equal FROM fraud_replay(:margin);
SELECT item, equal, replayed IS NULL AS not_replayed FROM fraud_replay(:features);
SELECT item, equal, replayed IS NULL AS not_replayed FROM fraud_replay(:uid);
SELECT item, equal, replayed IS NULL AS not_replayed FROM fraud_replay(:policy);
-- The last digit counts, and is shown, though the settings would not print it.
SELECT pg_temp.recorded('payments', with_values => to_jsonb(d) - 'decision_id' || jsonb_build_object('score', (d.score + 1e-16)::text)) AS digit
FROM fraud.decision d WHERE d.decision_id = :tampered \gset
SET extra_float_digits = 0;
SELECT equal, recorded = replayed AS same_text FROM fraud_replay(:digit) WHERE item = 'score';

-- A version that was dropped cannot be asked; a new one with its name and number is not it.
SELECT model FROM fraud_drop_model('card_fraud');
SELECT item, CASE WHEN item NOT IN ('margin', 'score') THEN recorded END AS recorded, replayed, equal FROM fraud_replay(:tampered);
SELECT version FROM fraud_train('card_fraud', 'history', event_time => 'tx_time', params => '{"rounds": 5, "threads": 1}');
SELECT item, replayed, equal FROM fraud_replay(:tampered) WHERE item = 'version';

-- Failures are repeated, too.
UPDATE fraud.list_entry SET removed_at = now(), removed_by = current_user;
SELECT fraud_drop_model('card_fraud') IS NOT NULL;
INSERT INTO payments SELECT * FROM history ORDER BY transaction_id LIMIT 1;
SELECT item, recorded, replayed, equal FROM fraud_replay((SELECT max(decision_id) FROM fraud.decision));

-- Rights
CREATE ROLE regress_replay_reader;
GRANT USAGE ON SCHEMA fraud TO regress_replay_reader;
GRANT SELECT ON fraud.decision TO regress_replay_reader;
SET ROLE regress_replay_reader;
SELECT * FROM fraud_replay(1);
RESET ROLE;
GRANT SELECT ON fraud.policy TO regress_replay_reader;
SET ROLE regress_replay_reader;
SELECT * FROM fraud_replay(1);
RESET ROLE;
DROP OWNED BY regress_replay_reader;
DROP ROLE regress_replay_reader;

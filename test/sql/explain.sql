-- explain: what each feature adds to a margin, in numbers and in words.
SET timezone = 'Asia/Kathmandu';
SET client_min_messages = warning;

CREATE TABLE payment (
  id int PRIMARY KEY,
  amount numeric(12,2),
  channel text,
  card_id text,
  tx_time timestamptz,
  known bool,
  age interval,
  is_fraud bool
);
INSERT INTO payment
SELECT i, (i * 7919 % 10007) / 100.0, (ARRAY['chip', 'contactless', 'online', 'atm'])[1 + i * 31 % 4],
       'card ' || i * i % 211 % 40 || CASE WHEN i * i % 211 > 100 THEN ' ' || i ELSE '' END,
       '2026-01-01 00:00+00'::timestamptz + i * interval '47 minutes', i % 3 = 0,
       make_interval(days => i * 13 % 90),
       i * 7919 % 10007 / 100 + i * 31 % 4 * 15 + i * 13 % 9 * 5 + i % 3 + i * 10473 % 97
         + i * 47 / 60 % 24 > 190
FROM generate_series(1, 1200) i;
SELECT count(*) FROM fraud_train('card', 'payment', exclude => '{id}',
                                 params => '{"rounds": 20, "early_stopping_rounds": 0, "max_depth": 5}');
SELECT count(*) FROM fraud_train('card', 'payment', exclude => '{id}',
                                 params => '{"rounds": 3, "early_stopping_rounds": 0}');

-- All contributions and the expected margin add up to the margin.
SELECT count(*) AS rows, min(features) = max(features) AS one_for_each_feature,
       max(abs(fraud_expected_margin() + total - margin)) < 1e-5 AS add_up
FROM (SELECT p.id, count(*) AS features, sum(contribution) AS total, fraud_margin(p) AS margin
      FROM payment p, fraud_explain(p, top => 1000000) GROUP BY p.id, p) s;
SELECT count(*) AS rows, max(abs(fraud_expected_margin('card', 2) + total - margin)) < 1e-5 AS add_up
FROM (SELECT p.id, sum(contribution) AS total, fraud_margin(p, 'card', 2) AS margin
      FROM payment p, fraud_explain(p, 'card', 100, 2) GROUP BY p.id, p) s;
SELECT bool_and(fraud_expected_margin() = fraud_expected_margin('card', 1)) AS champion_is_1,
       bool_and(fraud_expected_margin('card', 1) <> fraud_expected_margin('card', 2)) AS differ
FROM generate_series(1, 3);

-- Ranks: by magnitude, equal ones in the order of the signature; top cuts.
SELECT count(*) AS rows, bool_and(rank = place) AS ranked, min(last) = 5 AND max(last) = 5 AS five
FROM (SELECT e.rank, row_number() OVER (PARTITION BY p.id ORDER BY abs(contribution) DESC, position)
               AS place, max(e.rank) OVER (PARTITION BY p.id) AS last
      FROM payment p, fraud_explain(p) e,
           fraud.model_version v,
           jsonb_array_elements(v.signature -> 'features') WITH ORDINALITY AS f (feature, position)
      WHERE v.version = 1 AND f.feature ->> 'name' = e.feature) s;
SELECT count(*) = 1200 AS one_each FROM payment p, fraud_explain(p, top => 1);
SELECT bool_and(a = b) AS top_is_a_prefix
FROM payment p,
     LATERAL (SELECT array_agg(e ORDER BY rank) FROM fraud_explain(p, top => 3) e) x (a),
     LATERAL (SELECT array_agg(e ORDER BY rank) FROM fraud_explain(p, top => 9) e WHERE rank <= 3) y (b);

-- Words. What a forest has learned is not this test's, so directions are left out.
CREATE FUNCTION words(r record) RETURNS TABLE (feature text, value text, reason text) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
    SELECT e.feature, e.value,
           regexp_replace(e.reason, 'raises the risk|lowers the risk|changes nothing', '...')
    FROM fraud_explain(r, top => 100) e ORDER BY e.feature COLLATE "C";
END
$$;
SELECT w.*
FROM (SELECT 950.00 AS amount, 'online' AS channel, 'card 1' AS card_id, true AS known,
             '2026-01-03 03:15:59.9+00'::timestamptz AS tx_time, interval '3 days' AS age) r, words(r) w;
SELECT w.*
FROM (SELECT NULL::numeric AS amount, 'pigeon' AS channel, 'card 4711' AS card_id, false AS known,
             'infinity'::timestamptz AS tx_time, NULL::interval AS age) r, words(r) w;
SELECT w.*
FROM (SELECT 'NaN'::float8 AS amount, NULL AS channel, NULL AS card_id, NULL::bool AS known,
             '2026-01-04 23:59:59.999'::timestamp AS tx_time, NULL::interval AS age) r, words(r) w;
SELECT value = repeat('x', 1000) AS complete, reason
FROM (SELECT 1 AS amount, repeat('x', 1000) AS channel, 'c' AS card_id, true AS known, now() AS tx_time,
             NULL::interval AS age) r, words(r) w
WHERE feature = 'channel';
SELECT count(*) > 0 AS some, bool_and(reason LIKE CASE WHEN contribution > 0 THEN '%, which raises the risk'
         WHEN contribution < 0 THEN '%, which lowers the risk' ELSE '%, which changes nothing' END) AS right
FROM payment p, fraud_explain(p, top => 100);

-- What looks like a card number is never shown.
SELECT w.value, w.reason
FROM (SELECT n AS amount, 'x' AS channel, t AS card_id, true AS known, now() AS tx_time,
             NULL::interval AS age
      FROM (VALUES (4111111111111111::numeric, '4111111111111111'),
                   (4111111111111112, '5555-5555-5555-4444 of a customer')) v (n, t)) r, words(r) w
WHERE feature IN ('amount', 'card_id') ORDER BY w.feature, w.value;
SELECT w.value
FROM (SELECT 4111111111111111::float8 AS amount, 'x' AS channel, 'x' AS card_id, true AS known,
             now() AS tx_time, NULL::interval AS age) r, words(r) w
WHERE feature = 'amount';

-- Infinities, dropped columns, any row type.
SELECT count(*), bool_and(contribution = contribution) AS numbers
FROM (SELECT a AS amount, 'chip' AS channel, 'c' AS card_id, true AS known, now() AS tx_time,
             interval '1 day' AS age
      FROM unnest('{Infinity, -Infinity, NaN, 1e300, -1e300}'::float8[]) a) r, fraud_explain(r, top => 100);
ALTER TABLE payment ADD COLUMN note text;
ALTER TABLE payment DROP COLUMN id;
SELECT count(*) > 0 AS explained FROM (SELECT p FROM payment p LIMIT 1) s, fraud_explain(s.p);
SELECT (fraud_explain(p, top => 1)).rank FROM payment p LIMIT 2;

-- NULL records have no rows, before anything is looked up.
SELECT * FROM fraud_explain(NULL::payment);
SELECT * FROM fraud_explain(NULL::payment, 'no such model');

-- What cannot be explained.
SELECT * FROM fraud_explain(NULL::payment, top => 0);
\set VERBOSITY sqlstate
SELECT * FROM fraud_explain(NULL::payment, top => 0);
SELECT e.* FROM payment p, fraud_explain(p, top => NULL) e;
SELECT e.* FROM payment p, fraud_explain(p, top => -1) e;
SELECT e.* FROM payment p, fraud_explain(p, version => 0) e;
SELECT e.* FROM payment p, fraud_explain(p, 'crad') e;
SELECT e.* FROM payment p, fraud_explain(p, version => 9) e;
SELECT e.* FROM (SELECT 1.0 AS amount) r, fraud_explain(r) e;
SELECT fraud_expected_margin('crad');
SELECT fraud_expected_margin('card', 9);
SELECT fraud_expected_margin('card', 0);
\set VERBOSITY default

-- Which version: that of the statement.
BEGIN;
DECLARE c CURSOR FOR SELECT count(*) FROM payment p, fraud_explain(p, top => 100) e
  WHERE NOT EXISTS (SELECT FROM fraud_explain(p, top => 100, version => 1) f WHERE f = e);
SELECT FROM fraud_promote('card', 2, force => true);
FETCH c;
ROLLBACK;

-- In parallel workers too.
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
ALTER TABLE payment SET (parallel_workers = 2);
SET parallel_leader_participation = off;
SELECT count(*) FROM payment p WHERE (SELECT count(*) FROM fraud_explain(p)) = 5;
RESET parallel_leader_participation;

-- Privileges: as for scoring.
CREATE ROLE regress_explain_reader;
GRANT SELECT ON payment TO regress_explain_reader;
SET ROLE regress_explain_reader;
SELECT e.rank FROM payment p, fraud_explain(p) e LIMIT 1;
SELECT fraud_expected_margin('card');
RESET ROLE;
GRANT SELECT ON fraud.model_version TO regress_explain_reader;
SET ROLE regress_explain_reader;
SELECT count(*) > 0 AS explained FROM (SELECT p FROM payment p LIMIT 1) s, fraud_explain(s.p);
RESET ROLE;
DROP OWNED BY regress_explain_reader;
DROP ROLE regress_explain_reader;

-- The explainer counts for the cache, and goes with its model.
SELECT count(*) AS explainers,
       bool_and(total_bytes > 0 AND ident = 'Model "card" version 1') AS named
FROM pg_backend_memory_contexts WHERE name = 'fraud_detect explainer' AND ident LIKE '%version 1';
SET fraud_detect.model_cache_size = 0;
SELECT count(*) > 0 AS explained FROM (SELECT p FROM payment p LIMIT 1) s, fraud_explain(s.p);
SELECT count(*) AS explainers FROM pg_backend_memory_contexts WHERE name = 'fraud_detect explainer';

-- A damaged artifact: not explained, but scored.
CREATE TABLE undamaged AS SELECT * FROM fraud.model_version;
ALTER TABLE fraud.model_version DISABLE TRIGGER model_version_is_immutable;
CREATE VIEW explained AS
  SELECT count(*) > 0 AS explained FROM (SELECT p FROM payment p LIMIT 1) s, fraud_explain(s.p);
UPDATE fraud.model_version SET artifact = set_byte(artifact, 2000, get_byte(artifact, 2000) # 1);
SELECT * FROM explained;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_expected_margin();
SELECT count(fraud_score(p)) FROM payment p;
UPDATE fraud.model_version SET artifact_sha256 = '';
SELECT * FROM explained;
-- A digest that agrees with bytes that are no model, or another one.
UPDATE fraud.model_version SET artifact = '\x7b7d', artifact_sha256 = sha256('\x7b7d');
SELECT * FROM explained;
UPDATE fraud.model_version v SET artifact = u.artifact, artifact_sha256 = u.artifact_sha256
FROM undamaged u WHERE u.version = 2;
SELECT * FROM explained;
UPDATE fraud.model_version v SET artifact = u.artifact, artifact_sha256 = u.artifact_sha256
FROM undamaged u WHERE u.version = v.version;
SELECT * FROM explained;
-- Any byte, with a digest that agrees: refused with FD005, or the same trees and explained.
CREATE FUNCTION outcome_of(changed bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  UPDATE fraud.model_version SET artifact = changed, artifact_sha256 = sha256(changed) WHERE version = 1;
  PERFORM FROM payment p, fraud_explain(p, version => 1) e
    WHERE NOT (e.contribution > -1e30 AND e.contribution < 1e30);
  RETURN CASE WHEN FOUND THEN 'not a number' ELSE 'explained' END;
EXCEPTION WHEN SQLSTATE 'FD005' THEN
  RETURN 'FD005';
END
$$;
DELETE FROM payment WHERE amount > 1;
SELECT outcome_of(set_byte(artifact, at, get_byte(artifact, at) # (1 << at % 8))) AS outcome,
       count(*) > 5 AS some
FROM undamaged, generate_series(0, length(artifact) - 1, 211) at WHERE version = 1
GROUP BY 1 ORDER BY 1;

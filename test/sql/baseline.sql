-- The baseline that training stores, and the drift of live rows from it.
\set VERBOSITY terse
CREATE TABLE payment AS
SELECT i AS payment_id, timestamptz '2026-01-01 00:00+00' + i * interval '1 minute' AS paid_at,
  ((i::bigint * 7919) % 10007)::float8 / 100 AS amount, (i::bigint * 104729 % 5003)::numeric / 7 AS distance,
  CASE WHEN i % 10 > 0 THEN i * 31 % 7 END AS items, (ARRAY['chip', 'online', 'atm', NULL])[1 + i % 4] AS channel,
  (i::bigint * 7919) % 10007 > 9500 AND i % 4 < 2 OR i % 997 = 0 AS is_fraud
FROM generate_series(1, 20000) AS i;
SET client_min_messages = warning;
SELECT version, promoted FROM fraud_train('payments', 'SELECT * FROM payment', exclude => '{payment_id}', event_time => 'paid_at',
  params => '{"rounds": 20, "early_stopping_rounds": 5, "threads": 1}');
RESET client_min_messages;

-- What is stored: the training part's features as the model sees them, the holdout's scores.
CREATE TABLE training AS
SELECT p.* FROM payment p, fraud.model_version v WHERE p.paid_at <= (v.parts #>> '{training,until}')::timestamptz;
CREATE FUNCTION without_moments(p fraud.profile) RETURNS text
LANGUAGE sql
AS $$ SELECT regexp_replace(p::text, '(number "[^"]+" \d+ \d+) \S+ \S+', '\1', 'g') $$;
SELECT (SELECT count(*) FROM training) = (v.parts #>> '{training,rows}')::bigint AS part,
  without_moments(b.features) = without_moments((
    SELECT fraud_profile(r) FROM (SELECT (extract(hour FROM paid_at AT TIME ZONE 'UTC') + extract(minute FROM paid_at)::float8 / 60)::float4 AS "paid_at:hour",
      extract(isodow FROM paid_at AT TIME ZONE 'UTC') AS "paid_at:weekday", amount::float4, distance::float8::float4, items, channel FROM training) AS r))
  AS as_profiled
FROM fraud.baseline b, fraud.model_version v;
SELECT array_agg(f ORDER BY f) FROM (SELECT unnest(regexp_matches(features::text, E'(?:number|text) "([^"]+)"', 'g')) AS f FROM fraud.baseline) AS x;
SELECT without_moments(b.scores) = without_moments((
  SELECT fraud_profile(s) FROM (SELECT fraud_score(p, 'payments') AS score FROM payment p, fraud.model_version v
    WHERE p.paid_at >= (v.parts #>> '{holdout,from}')::timestamptz) AS s)) AS scores_of_holdout
FROM fraud.baseline b;
SELECT length(features::text) < 6 * 32768 AS small FROM fraud.baseline;

-- The training part itself has not drifted.
SELECT feature, kind, method, value < 0.001 AS small, threshold, p_value > 0.9 AS by_chance, drifted, importance IS NOT NULL AS weighed
FROM fraud_drift('payments', 'training') WHERE kind <> 'score' ORDER BY kind, feature;
SELECT sum(importance) BETWEEN 0.999999 AND 1.000001 AS shares FROM fraud_drift('payments', 'training');

-- What drifted comes first, what matters before what does not; the counts are exact.
CREATE VIEW live AS
SELECT paid_at, amount * 1.8 + 10 AS amount, distance, CASE WHEN payment_id % 2 = 0 THEN items END AS items,
  CASE WHEN payment_id % 5 = 0 THEN 'contactless' ELSE channel END AS channel FROM payment;
SELECT feature, kind, drifted, p_value < 0.05 AS significant FROM fraud_drift('payments', 'live') WHERE kind <> 'score' AND (drifted OR kind = 'dataset');
SELECT bool_and(value * importance <= before) AS ordered
FROM (SELECT value, importance, lag(value * importance) OVER () AS before FROM fraud_drift('payments', 'live') WHERE drifted AND kind IN ('number', 'text')) AS x;
SELECT array_agg(kind ORDER BY n) AS first FROM fraud_drift('payments', 'live') WITH ORDINALITY AS d (feature, kind, method, value, threshold, p_value, drifted, importance, n) WHERE n <= 2;
SELECT d.value = (SELECT sum(importance) FROM fraud_drift('payments', 'live') WHERE drifted AND importance IS NOT NULL) AS share_of_drifted, d.drifted, d.threshold
FROM fraud_drift('payments', 'live') AS d WHERE kind = 'dataset';
-- As the aggregates find it, from the training rows themselves.
SELECT abs((SELECT value FROM fraud_drift('payments', 'live', method => 'hellinger') WHERE feature = 'channel')
  - (SELECT fraud_hellinger(channel, current) FROM (SELECT coalesce(channel, 'missing') AS channel, false AS current FROM training
       UNION ALL SELECT coalesce(channel, 'missing'), true FROM live) AS r)) < 1e-12 AS as_aggregate;
SELECT abs((SELECT value FROM fraud_drift('payments', 'live', method => 'hellinger') WHERE feature = 'items')
  - (SELECT fraud_hellinger(items, current) FROM (SELECT coalesce(items::text, 'missing') AS items, false AS current FROM training
       UNION ALL SELECT coalesce(items::text, 'missing'), true FROM live) AS r)) < 1e-12 AS as_aggregate;
-- Whatever the order of rows; thresholds are the caller's.
SELECT count(*) AS differences FROM (
  (SELECT * FROM fraud_drift('payments', 'SELECT * FROM live ORDER BY amount') EXCEPT SELECT * FROM fraud_drift('payments', 'live'))
  UNION ALL (SELECT * FROM fraud_drift('payments', 'live') EXCEPT SELECT * FROM fraud_drift('payments', 'SELECT * FROM live ORDER BY amount'))) AS d;
SELECT count(*) FILTER (WHERE drifted) AS drifted FROM fraud_drift('payments', 'live', threshold => 1000);
SELECT drifted FROM fraud_drift('payments', 'live', share => 1) WHERE kind = 'dataset';
SELECT count(*) FROM fraud_drift(NULL, 'live', version => 1);

-- Errors, with their SQLSTATE.
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT * FROM fraud_drift('payments', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_drift('nosuch', 'live');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_drift('payments', 'live', version => 7);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_drift('payments', 'live', version => 0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_drift('payments', 'live', method => 'evidence');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_drift('payments', 'SELECT * FROM live WHERE false');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_drift('payments', 'SELECT amount FROM live');
\echo :LAST_ERROR_SQLSTATE
UPDATE fraud.baseline SET version = 2;
\echo :LAST_ERROR_SQLSTATE

-- Only with the privileges; without a baseline, or with another version's, it says so.
CREATE ROLE regress_fraud_drifter;
GRANT SELECT ON fraud.model, fraud.alias, fraud.model_version, live TO regress_fraud_drifter;
SET ROLE regress_fraud_drifter;
SELECT * FROM fraud_drift('payments', 'live');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT SELECT ON fraud.baseline, fraud.feature_importance TO regress_fraud_drifter;
SET ROLE regress_fraud_drifter;
SELECT count(*) FROM fraud_drift('payments', 'live');
RESET ROLE;
DELETE FROM fraud.baseline;
SELECT * FROM fraud_drift('payments', 'live');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO fraud.baseline SELECT model_id, version, (SELECT fraud_profile(t) FROM training t), (SELECT fraud_profile(t) FROM (SELECT amount FROM training) t) FROM fraud.model_version;
SELECT * FROM fraud_drift('payments', 'live');
\echo :LAST_ERROR_SQLSTATE

-- It goes with its version.
\set VERBOSITY terse
SET client_min_messages = warning;
SELECT version FROM fraud_train('payments', 'SELECT * FROM payment', exclude => '{payment_id}', event_time => 'paid_at',
  params => '{"rounds": 20, "early_stopping_rounds": 5, "threads": 1}');
SELECT array_agg(version ORDER BY version) FROM fraud.baseline;
SELECT fraud_drop_version('payments', 2);
SELECT array_agg(version ORDER BY version) FROM fraud.baseline;
SELECT fraud_drop_model('payments');
SELECT count(*) FROM fraud.baseline;
DROP VIEW live;
DROP TABLE payment, training;
REVOKE ALL ON fraud.model, fraud.alias, fraud.model_version, fraud.baseline, fraud.feature_importance FROM regress_fraud_drifter;
DROP ROLE regress_fraud_drifter;

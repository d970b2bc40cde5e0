-- fraud_evaluate: its metrics against their definitions in SQL, its labels, its errors.
-- No number that a model gives is printed: they belong to the version of XGBoost.
\set VERBOSITY terse

CREATE TYPE verdict AS ENUM ('fraud', 'legit');
CREATE TABLE payment AS
SELECT i AS payment_id,
       (i * 7919 % 1009) / 10.0 AS amount,
       (ARRAY['chip', 'online', 'atm'])[1 + i % 3] AS channel,
       i * 7919 % 1009 + CASE i % 3 WHEN 1 THEN 300 ELSE 0 END + i::bigint * 104729 % 1013 > 1900 AS is_fraud
FROM generate_series(1, 3000) AS i;
SELECT count(*) AS rows, count(*) FILTER (WHERE is_fraud) AS frauds FROM payment;
SELECT version, rows, frauds
FROM fraud_train('payments', 'SELECT amount, channel, is_fraud FROM payment',
  params => '{"rounds": 20, "early_stopping_rounds": 0, "threads": 1}');

-- Every metric by its definition.
CREATE TABLE scored AS SELECT fraud_score(p) AS score, is_fraud FROM payment p;
CREATE VIEW tie AS
SELECT f, n, sum(f) OVER (ORDER BY score DESC) AS tp, sum(n) OVER (ORDER BY score DESC) AS flagged,
  sum(f) OVER () AS frauds
FROM (SELECT score, count(*) FILTER (WHERE is_fraud)::float8 AS f, count(*)::float8 AS n
      FROM scored GROUP BY score) AS s;
CREATE VIEW definition AS
SELECT 'rows' AS metric, count(*)::float8 AS value FROM scored
UNION ALL SELECT 'frauds', count(*)::float8 FROM scored WHERE is_fraud
UNION ALL SELECT 'auc', sum((n - f) * (tp - f / 2)) / (max(frauds) * sum(n - f)) FROM tie
UNION ALL SELECT 'average_precision', sum(f / frauds * tp / flagged) FROM tie
UNION ALL SELECT 'log_loss',
  avg(-ln(greatest(CASE WHEN is_fraud THEN score ELSE 1 - score END, 1e-15))) FROM scored
UNION ALL SELECT 'brier', avg((score - is_fraud::int) ^ 2) FROM scored
UNION ALL SELECT 'ece', sum(error) / (SELECT count(*) FROM scored)
  FROM (SELECT abs(sum(score) - count(*) FILTER (WHERE is_fraud)) AS error
        FROM scored GROUP BY least(floor(score * 15), 14)) AS bin
UNION ALL SELECT 'precision_at_recall_90', max(tp / flagged) FROM tie WHERE tp / frauds >= 0.9;
-- ece is a sum of small differences of large sums: compared absolutely.
SELECT metric, abs(e.value - d.value) <= 1e-12 * greatest(d.value, 1) AS as_defined
FROM fraud_evaluate('payments', 'payment') WITH ORDINALITY AS e(metric, value, low, high, place)
LEFT JOIN definition d USING (metric) ORDER BY place;

-- Intervals.
SELECT metric, low IS NOT NULL AS has_interval, low <= high AS ordered,
  metric = 'ece' OR value BETWEEN low AND high AS holds_the_value
FROM fraud_evaluate('payments', 'payment', bootstrap => 100);
SELECT count(low) + count(high) AS bounds FROM fraud_evaluate('payments', 'payment', bootstrap => 0);
CREATE VIEW evaluation AS SELECT * FROM fraud_evaluate('payments', 'payment', bootstrap => 50);
SELECT count(*) AS different_for_the_same_seed
FROM evaluation a
JOIN fraud_evaluate('payments', 'SELECT * FROM payment ORDER BY payment_id DESC', bootstrap => 50) b USING (metric)
WHERE (a.value, a.low, a.high) IS DISTINCT FROM (b.value, b.low, b.high);
SELECT count(*) > 0 AS different_for_another_seed
FROM evaluation a
JOIN fraud_evaluate('payments', 'payment', bootstrap => 50, seed => 7) b USING (metric)
WHERE (a.low, a.high) IS DISTINCT FROM (b.low, b.high);
SELECT bool_and(a.low <= b.low AND a.high >= b.high) AS wider_for_more_confidence
FROM evaluation a
JOIN fraud_evaluate('payments', 'payment', bootstrap => 50, confidence => 0.5) b USING (metric)
WHERE a.low IS NOT NULL;

-- A named version; the only model.
SELECT count(*) FROM fraud_evaluate(NULL, 'payment', version => 1, bootstrap => 0);

-- Labels of all types mean the same.
CREATE FUNCTION same_as_boolean(label text) RETURNS bool
LANGUAGE sql
AS $$
  SELECT bool_and(a.value = b.value)
  FROM fraud_evaluate('payments', 'SELECT amount, channel, (' || label || ') AS y FROM payment', 'y', bootstrap => 0) a
  JOIN fraud_evaluate('payments', 'payment', bootstrap => 0) b USING (metric)
$$;
CREATE DOMAIN outcome AS text CHECK (value <> '');
SELECT label, same_as_boolean(label) FROM (VALUES
  ('is_fraud::int::int2'), ('is_fraud::int'), ('is_fraud::int::int8'), ('is_fraud::int::float4'),
  ('is_fraud::int::float8'), ('is_fraud::int::numeric'), ('is_fraud::int::numeric(3,1)'),
  ('is_fraud::text'), ('is_fraud::text::name'), ('is_fraud::text::outcome'),
  ('is_fraud::int::text::"char"'),
  ('CASE WHEN is_fraud THEN ''fraud'' ELSE ''legit'' END'),
  ('CASE WHEN is_fraud THEN ''FRAUD'' ELSE ''Genuine'' END'),
  ('CASE WHEN is_fraud THEN ''fraud'' ELSE ''other'' END'),
  ('CASE WHEN is_fraud THEN ''alien'' ELSE ''ok'' END'),
  ('CASE WHEN is_fraud THEN ''Y'' ELSE ''N'' END::char(8)'),
  ('CASE WHEN is_fraud THEN ''yes'' ELSE ''no'' END::varchar(3)'),
  ('CASE WHEN is_fraud THEN ''fraud'' ELSE ''legit'' END::verdict')) AS t(label);
-- Of unknown words the bytewise greater one means fraud.
SELECT same_as_boolean('CASE WHEN is_fraud THEN ''blue'' ELSE ''Red'' END');
SELECT same_as_boolean('CASE WHEN is_fraud THEN ''aa'' ELSE ''a'' END');

-- Rows without a label are left out.
SELECT metric, value = (SELECT CASE metric WHEN 'rows' THEN count(*) ELSE count(*) FILTER (WHERE is_fraud) END
                        FROM payment WHERE payment_id % 4 > 0) AS as_counted
FROM fraud_evaluate('payments',
  'SELECT *, CASE WHEN payment_id % 4 > 0 THEN is_fraud END AS y FROM payment', 'y', bootstrap => 0)
WHERE metric IN ('rows', 'frauds');
SELECT value
FROM fraud_evaluate('payments', 'SELECT *, nullif(payment_id, 5) = 6 AS y FROM payment', 'y', bootstrap => 0)
WHERE metric = 'frauds';

-- One class, no rows: what is not defined is NULL.
SELECT metric, value IS NOT NULL AS defined, low IS NOT NULL AS has_interval
FROM fraud_evaluate('payments', 'SELECT * FROM payment WHERE NOT is_fraud', bootstrap => 10);
SELECT metric, value IS NOT NULL AS defined
FROM fraud_evaluate('payments', 'SELECT * FROM payment WHERE is_fraud', bootstrap => 0);
SELECT metric, value, low, high FROM fraud_evaluate('payments', 'SELECT * FROM payment WHERE false');
SELECT metric, value
FROM fraud_evaluate('payments', 'SELECT amount, channel, ''fraud''::text AS y FROM payment', 'y', bootstrap => 0)
WHERE metric IN ('rows', 'frauds', 'auc');

-- Columns in another order, others beside them.
SELECT bool_and(a.value = b.value) AS same
FROM fraud_evaluate('payments', 'SELECT is_fraud, now() AS t, channel, NULL::int AS n, amount FROM payment',
  bootstrap => 0) a
JOIN fraud_evaluate('payments', 'payment', bootstrap => 0) b USING (metric);

-- Errors, with their SQLSTATE.
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT * FROM fraud_evaluate('payments', 'payment', 'fraudulent');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('payments', 'SELECT *, now() AS y FROM payment', 'y');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('payments', 'SELECT *, payment_id % 3 AS y FROM payment ORDER BY payment_id', 'y');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('payments', 'SELECT *, ''NaN''::float8 AS y FROM payment', 'y');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('payments', 'SELECT *, 0.5 AS y FROM payment', 'y');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('payments', 'SELECT *, ''1e5''::float4 AS y FROM payment', 'y');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('payments', 'SELECT * FROM payment ORDER BY payment_id', 'channel');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('payments', 'SELECT *, repeat(''x'', 120) AS y FROM payment', 'y');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('nosuch', 'payment');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('payments', 'payment', version => 9);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('payments', 'payment', version => 0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('payments', 'nosuch');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('payments', 'SELECT amount, is_fraud FROM payment');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('payments', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('payments', 'payment', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('payments', 'payment', bootstrap => -1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('payments', 'payment', bootstrap => 10001);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('payments', 'payment', confidence => 1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate('payments', 'payment', confidence => 'NaN');
\echo :LAST_ERROR_SQLSTATE
SET statement_timeout = '200ms';
SELECT * FROM fraud_evaluate('payments', 'SELECT p.* FROM payment p, generate_series(1, 20)', bootstrap => 10000);
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
SET fraud_detect.max_training_memory = '1MB';
SELECT * FROM fraud_evaluate('payments', 'SELECT p.* FROM payment p, generate_series(1, 50)');
\echo :LAST_ERROR_SQLSTATE
SELECT value FROM fraud_evaluate('payments', 'payment', bootstrap => 0) WHERE metric = 'rows';
RESET fraud_detect.max_training_memory;

-- After an error, in a subtransaction too, the model is usable.
DO $$
BEGIN
  PERFORM * FROM fraud_evaluate('payments', 'SELECT *, payment_id AS y FROM payment ORDER BY payment_id', 'y');
EXCEPTION WHEN invalid_parameter_value THEN
  RAISE NOTICE 'caught %', SQLSTATE;
END
$$;
SELECT count(*) FROM fraud_evaluate('payments', 'payment', bootstrap => 0);

-- As the caller: privileges and row-level security are the caller's.
CREATE ROLE regress_fraud_evaluator;
SET ROLE regress_fraud_evaluator;
SELECT * FROM fraud_evaluate('payments', 'payment');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT SELECT ON fraud.model_version TO regress_fraud_evaluator;
SET ROLE regress_fraud_evaluator;
SELECT * FROM fraud_evaluate('payments', 'payment');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT SELECT ON payment TO regress_fraud_evaluator;
ALTER TABLE payment ENABLE ROW LEVEL SECURITY;
CREATE POLICY chip_only ON payment USING (channel = 'chip');
SET ROLE regress_fraud_evaluator;
SELECT metric, value FROM fraud_evaluate('payments', 'payment', bootstrap => 0) WHERE metric = 'rows';
RESET ROLE;
SELECT metric, value FROM fraud_evaluate('payments', 'payment', bootstrap => 0) WHERE metric = 'rows';
-- Two texts that mean the same, and a label that is there twice.
SELECT * FROM fraud_evaluate('payments', 'SELECT *, CASE WHEN is_fraud THEN ''YES'' ELSE ''yes'' END AS word FROM payment', 'word');
SELECT * FROM fraud_evaluate('payments', 'SELECT *, NOT is_fraud AS is_fraud FROM payment');
DROP TABLE payment;
REVOKE SELECT ON fraud.model_version FROM regress_fraud_evaluator;
DROP ROLE regress_fraud_evaluator;

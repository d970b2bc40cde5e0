-- score_plans: what the planner knows of a score: its cost, and how many rows a condition leaves.
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE payment AS
SELECT i AS id, (i * 7919 % 10007) / 100.0 AS amount, i * 31 % 7 AS quantity,
       (i * 7919 % 10007) / 100.0 + i * 31 % 7 * 9 + i * 10473 % 97 > 190 AS is_fraud
FROM generate_series(1, 20000) i;
ANALYZE payment;
SELECT fraud_train('m', 'payment', exclude => '{id}', params => params) IS NOT NULL AS trained
FROM unnest(ARRAY['{"rounds": 5, "max_depth": 2}', '{"rounds": 60, "early_stopping_rounds": 0}']::jsonb[]) params;
SELECT fraud_promote('m', 2) IS NOT NULL AS promoted;

CREATE FUNCTION plan(query text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  result json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO result;
  RETURN result::jsonb -> 0 -> 'Plan';
END
$$;
CREATE FUNCTION estimate(condition text, relation text DEFAULT 'payment') RETURNS float8 LANGUAGE sql AS $$
  SELECT (plan(format('SELECT FROM %s p WHERE %s', relation, condition)) ->> 'Plan Rows')::float8
$$;
CREATE FUNCTION actual(condition text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  n float8;
BEGIN
  EXECUTE format('SELECT count(*) FROM payment p WHERE %s', condition) INTO n;
  RETURN n;
END
$$;

-- Rows: within a quarter of the truth, or 50 rows where there are few. The default would be a third.
SELECT condition, abs(estimate(condition) - actual(condition)) <= greatest(actual(condition) / 4, 50) AS near
FROM unnest(ARRAY['fraud_score(p) > 0.01', 'fraud_score(p) > 0.5', 'fraud_score(p) >= 0.9',
                  'fraud_score(p) < 0.3', '0.2 > fraud_score(p)',
                  'fraud_score(p) BETWEEN 0.1 AND 0.6', 'fraud_score(p) > 2',
                  'fraud_score(p, version => 1) > 0.3', 'fraud_score(p, ''m'') > 0.5']) condition;
-- Partitions too.
CREATE TABLE part (LIKE payment) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10001);
CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10001) TO (30000);
INSERT INTO part SELECT * FROM payment;
ANALYZE part;
SELECT abs(estimate('fraud_score(p) > 0.5', 'part') / actual('fraud_score(p) > 0.5') - 1) < 0.25 AS near;

-- Cost grows with the model; the planner tests cheaper conditions first.
SELECT (plan('SELECT fraud_score(p, ''m'', 2) FROM payment p') ->> 'Total Cost')::float8
     > (plan('SELECT fraud_score(p, ''m'', 1) FROM payment p') ->> 'Total Cost')::float8 AS dearer;

-- Where it cannot know, it plans all the same, and nothing fails before it runs.
SELECT condition, round(estimate(condition)) AS rows FROM unnest(ARRAY[
  'fraud_score(p, ''nobody'') > 0.5', 'fraud_score(p, version => 0) > 0.5',
  'fraud_score(p, version => 9) > 0.5', 'fraud_score(p, chr(100 + quantity)) > 0.5']) condition;
CREATE ROLE regress_score_plans;
GRANT SELECT ON payment TO regress_score_plans;
SET ROLE regress_score_plans;
SELECT round(estimate('fraud_score(p) > 0.5')) AS rows;
RESET ROLE;
DROP OWNED BY regress_score_plans;
DROP ROLE regress_score_plans;

-- Forged distributions are no worse than none.
ALTER TABLE fraud.model_version DISABLE TRIGGER USER;
CREATE FUNCTION estimate_with(quantiles float8[]) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
  UPDATE fraud.model_version SET score_quantiles = quantiles;
  RETURN estimate('fraud_score(p) > 0.5') BETWEEN 0 AND 20000;
END
$$;
SELECT q, estimate_with(q::float8[]) AS planned FROM unnest(ARRAY[
  NULL, '{}', '{0.5}', '{NULL,1}', '{{0,1},{2,3}}', '{NaN,NaN,NaN}', '{-Infinity,0,Infinity}', '{1,0.5,0}']) q;
ALTER TABLE fraud.model_version ENABLE TRIGGER USER;

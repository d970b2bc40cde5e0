-- Generated columns are columns like any other, in training, scores, features and guards: stored ones and,
-- from PostgreSQL 18 on, virtual ones, which no row has in it.
SELECT CASE WHEN current_setting('server_version_num')::int >= 180000 THEN 'VIRTUAL' ELSE 'STORED' END AS kind \gset
CREATE TABLE plain AS
SELECT i AS id, 'c' || i % 50 AS card, (i * 7919 % 10007) / 100.0 AS amount,
  '2026-01-01 00:00+00'::timestamptz + i * interval '10 minutes' AS at,
  (i * 7919 % 10007) * 37 % 100 + i * 31 % 60 > 110 AS is_fraud, (i * 7919 % 10007) * 37 % 100 AS residue
FROM generate_series(1, 2000) AS i;
CREATE TABLE computed (id int, card text, amount numeric, at timestamptz, is_fraud bool,
  residue int GENERATED ALWAYS AS ((amount * 100)::int * 37 % 100) :kind);
INSERT INTO computed SELECT id, card, amount, at, is_fraud FROM plain;
CREATE INDEX ON computed (card, at);
CREATE INDEX ON plain (card, at);
ANALYZE plain, computed;

\echo the same model
SELECT fraud_train(name, name, event_time => 'at', exclude => '{id,card}', params => '{"rounds": 10}') IS NOT NULL AS trained
  FROM unnest('{plain,computed}'::text[]) AS name;
SELECT count(DISTINCT artifact) AS models FROM fraud.model_version;

\echo the same scores: of rows, in blocks, in aggregates, in PL/pgSQL, of any source
SET fraud_detect.model = 'plain';
SELECT count(*), count(DISTINCT fraud_score(p)) > 1 AS various,
    count(*) FILTER (WHERE fraud_score(c) IS DISTINCT FROM fraud_score(p)) AS different
  FROM computed c JOIN plain p USING (id);
SELECT (SELECT sum(fraud_margin(c)::numeric) FROM computed c) = (SELECT sum(fraud_margin(p)::numeric) FROM plain p) AS same;
SELECT (SELECT array_agg((id, residue, fraud_score(c)) ORDER BY id) FROM computed c WHERE fraud_score(c) > 0.1)
     = (SELECT array_agg((id, residue, fraud_score(p)) ORDER BY id) FROM plain p WHERE fraud_score(p) > 0.1) AS same;
SELECT count(*) FILTER (WHERE c.score IS DISTINCT FROM p.score) AS different
  FROM fraud_score_table('computed') AS c (id int, score float8)
  JOIN fraud_score_table('plain') AS p (id int, score float8) USING (id);
CREATE FUNCTION one_by_one() RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  c computed;
  total numeric := 0;
BEGIN
  FOR c IN SELECT * FROM computed LOOP
    total := total + fraud_margin(c)::numeric;
  END LOOP;
  RETURN total;
END
$$;
SELECT one_by_one() = (SELECT sum(fraud_margin(p)::numeric) FROM plain p) AS same;
SELECT count(*) FILTER (WHERE fraud_feature_vector(c) IS DISTINCT FROM fraud_feature_vector(p)) AS different
  FROM computed c JOIN plain p USING (id);

\echo features of them, of a table and of single rows
SELECT fraud_define_features(name, name, 'at', '[
  {"name": "sum_1d", "per": "card", "aggregate": "sum", "value": "residue", "window": "1 day"},
  {"name": "odd_2d", "per": "card", "aggregate": "count", "filter": "residue % 2 = 1", "window": "2 days"}]')
  FROM unnest('{plain,computed}'::text[]) AS name;
SELECT count(*), count(*) FILTER (WHERE (c.sum_1d, c.odd_2d) IS DISTINCT FROM (p.sum_1d, p.odd_2d)) AS different
  FROM fraud_features.computed c JOIN fraud_features.plain p USING (id);
SELECT * FROM fraud_skew_check('computed');

\echo a guard sees them, and records them
SELECT fraud_guard('computed', model => '', key => 'id', on_block => 'quarantine',
  options => '{"amount": "residue", "record_row": "always"}');
SELECT fraud_rule('computed', 'large', 'residue > 90', 'block');
INSERT INTO computed (id, card, amount, at, is_fraud) VALUES (3001, 'c1', 0.02, '2026-02-01 00:00+00', false),
  (3002, 'c1', 0.35, '2026-02-01 00:00+00', false), (3003, 'c1', 0.05, '2026-02-01 00:00+00', false);
SELECT id, residue FROM computed WHERE id > 3000 ORDER BY id;
SELECT key, amount, decision, outcome, "row" -> 'residue' AS residue FROM fraud.decision ORDER BY decision_id;
SELECT fraud_release(decision_id) FROM fraud.quarantine;
SELECT id, residue FROM computed WHERE id = 3002;

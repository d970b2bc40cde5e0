-- Confusion, costs, savings, the best threshold and card precision: against scikit-learn and
-- the definitions, whatever the plan; NULL; errors.
\set VERBOSITY terse
CREATE TABLE scored AS
SELECT i, CASE WHEN i % 2 = 0 THEN floor((i * 7919 % 997) * 100 / 997.0 + 0.5)::float8 / 100
               ELSE (i * 7919 % 997)::float8 / 997 END AS score, 10.0 + i % 90 AS amount,
  (i * 31 % 97)::text AS card, '2026-01-01'::date + i % 5 AS day
FROM generate_series(1, 2000) AS i;
ALTER TABLE scored ADD label bool;
UPDATE scored SET label = (i * 104729 % 1009)::float8 / 1009 < score * score * 0.5;

-- Golden values: test/golden/evaluation.py.
CREATE FUNCTION agrees(value float8, golden float8) RETURNS bool
LANGUAGE sql IMMUTABLE
AS $$ SELECT abs(value - golden) <= 1e-12 * abs(golden) $$;
SELECT (c).tp, (c).fp, (c).fn, (c).tn, agrees((c).f1, 0.45938864628820963) AS f1,
  agrees((c).mcc, 0.3443429263647647) AS mcc, agrees((c).precision, 263 / 807.0) AS precision,
  agrees((c).recall, 263 / 338.0) AS recall, agrees((c).fpr, 544 / 1662.0) AS fpr
FROM (SELECT fraud_confusion(score, label, 0.6) AS c FROM scored) AS s;
SELECT agrees(fraud_savings(score, label, amount, 3), 0.07999999999999996) AS by_rule,
  agrees(fraud_savings(score, label, amount, 3, 0.6), -0.08850000000000002) AS at_threshold,
  fraud_best_threshold(score, label, amount, 3) = 0.3420260782347041 AS best,
  agrees(fraud_card_precision(score, label, card, day, 20), 0.7419999999999999) AS card_precision
FROM scored;
SELECT (fraud_costs(score, label, amount, 3, 0.6)).* FROM scored;
SELECT (fraud_costs(score, label, amount, 3)).total_cost = sum(CASE WHEN score * amount > 3 THEN 3 WHEN label THEN amount ELSE 0 END)
  AS by_definition FROM scored;

-- The same bits in any order, in parallel and from any split.
CREATE FUNCTION results(rows text) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE result text;
BEGIN
  EXECUTE format($q$
    SELECT format('%%s %%s %%s %%s', fraud_confusion(score, label, 0.5), fraud_costs(score, label, amount / 7, 0.1),
      fraud_best_threshold(score, label, amount / 7, 3), fraud_card_precision(score, label, card, day, 20))
    FROM (%s) AS r$q$, rows) INTO result;
  RETURN result;
END
$$;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE expected AS SELECT results('SELECT * FROM scored') AS r;
SELECT r = results('SELECT * FROM scored ORDER BY score') AS ascending,
  r = results('SELECT * FROM scored ORDER BY i DESC') AS descending FROM expected;
ANALYZE scored;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT r = results('SELECT * FROM scored') AS parallel FROM expected;
SET parallel_leader_participation = off;
SELECT r = results('SELECT * FROM scored') AS by_workers_only FROM expected;
RESET parallel_leader_participation;
SET max_parallel_workers_per_gather = 0;

-- NULL and nothing.
SELECT fraud_confusion(s, l, 0.5) FROM (VALUES (0.5, true), (NULL, true), (0.5, NULL), (0.4, false)) AS t(s, l);
SELECT fraud_confusion(0.5, false, 0.75), fraud_costs(0.5, false, 10, 1), fraud_savings(0.5, false, 10, 1);
SELECT fraud_confusion(score, label, 0.5) AS confusion, fraud_costs(score, label, amount, 1) AS costs,
  fraud_savings(score, label, amount, 1) AS savings, fraud_best_threshold(score, label, amount, 1) AS best,
  fraud_card_precision(score, label, card, day, 5) AS card_precision FROM scored WHERE false;
SELECT fraud_best_threshold(score, label, NULL, 1), fraud_savings(score, label, amount, NULL), fraud_card_precision(score, label, card, NULL, 5) FROM scored;
-- Nothing is worth flagging; all is; of equal thresholds the highest.
SELECT fraud_best_threshold(score, label, amount, 1000) AS nothing, fraud_best_threshold(score, true, amount, 1) AS everything,
  (SELECT fraud_best_threshold(s, l, 5, 5) FROM (VALUES (0.9, true), (0.8, true)) AS t(s, l)) AS no_gain FROM scored;
-- Cards that tie share the places; a day of few cards is judged by those it has.
SELECT fraud_card_precision(s, l, c, '2026-01-01', 2) AS shared, fraud_card_precision(s, l, c, '2026-01-01', 100) AS few
FROM (VALUES (0.9, false, 'a'), (0.5, true, 'b'), (0.5, false, 'c'), (0.4, true, 'b')) AS t(s, l, c);

-- Errors.
\set SHOW_CONTEXT never
\set VERBOSITY default
SELECT fraud_confusion(score, label, score) FROM scored;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_confusion(score, label, NULL) FROM scored;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_confusion('NaN', true, 0.5);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_savings(0.5, true, -1, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_savings(0.5, true, 1, 'Infinity');
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_best_threshold(0.5, true, 'NaN', 1);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_card_precision(0.5, true, 'a', '2026-01-01', 0);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_card_precision(0.5, true, 'a', '2026-01-01', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_card_precision(0.5, true, 'a', '2026-01-01', i) FROM scored;
\echo :LAST_ERROR_SQLSTATE
SET fraud_detect.max_training_memory = '1MB';
SELECT fraud_best_threshold(s.score, s.label, s.amount, 1) FROM scored s, scored t;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_card_precision(s.score, s.label, s.i || ' ' || t.i, s.day, 5) FROM scored s, scored t;
\echo :LAST_ERROR_SQLSTATE

-- Metrics of scores with labels as aggregates: against scikit-learn, whatever the plan;
-- NULL, ties, one class; curves that keep the area; errors.
\set VERBOSITY terse
CREATE TABLE scored AS
SELECT i, CASE WHEN i % 2 = 0 THEN floor((i * 7919 % 997) * 100 / 997.0 + 0.5)::float8 / 100
               ELSE (i * 7919 % 997)::float8 / 997 END AS score
FROM generate_series(1, 2000) AS i;
ALTER TABLE scored ADD label bool;
UPDATE scored SET label = (i * 104729 % 1009)::float8 / 1009 < score * score * 0.5;

-- Golden values: test/golden/evaluation.py.
CREATE FUNCTION agrees(value float8, golden float8) RETURNS bool
LANGUAGE sql IMMUTABLE
AS $$ SELECT abs(value - golden) <= 1e-12 * abs(golden) $$;
SELECT agrees(fraud_auc(score, label), 0.7956078795776101) AS auc,
  agrees(fraud_average_precision(score, label), 0.39789347073366615) AS average_precision,
  agrees(fraud_precision_at_recall(score, label, 0.5), 0.4072289156626506) AS precision_at_recall,
  agrees(fraud_recall_at_precision(score, label, 0.3), 0.8431952662721893) AS recall_at_precision,
  agrees(fraud_recall_at_fpr(score, label, 0.1), 0.3816568047337278) AS recall_at_fpr,
  agrees(fraud_log_loss(score, label), 0.7761497741532017) AS log_loss,
  agrees(fraud_brier(score, label), 0.25062119296465124) AS brier,
  agrees(fraud_ece(score, label), 0.33140272818455363) AS ece,
  agrees(fraud_ece(score, label, 10), 0.33140272818455363) AS ece_10
FROM scored;

-- The same bits in any order, in memory, spilled to files, in parallel, and from any split.
CREATE FUNCTION metrics(rows text) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE result text;
BEGIN
  EXECUTE format($q$
    SELECT format('%%s %%s %%s %%s %%s %%s %%s %%s %%s %%s', fraud_auc(score, label),
      fraud_average_precision(score, label), fraud_precision_at_recall(score, label, 0.5),
      fraud_recall_at_precision(score, label, 0.3), fraud_recall_at_fpr(score, label, 0.1),
      fraud_log_loss(score, label), fraud_brier(score, label), fraud_ece(score, label),
      md5(fraud_roc_curve(score, label)::text), md5(fraud_pr_curve(score, label, 50)::text)
      || md5(fraud_calibration_curve(score, label)::text))
    FROM (%s) AS r$q$, rows) INTO result;
  RETURN result;
END
$$;
CREATE TABLE many AS
SELECT i, (i::bigint * 7919 % 200003)::float8 / 200003 AS score,
  (i::bigint * 104729 % 1009)::float8 / 1009 < ((i::bigint * 7919 % 200003)::float8 / 200003) ^ 2 AS label
FROM generate_series(1, 200000) AS i;
CREATE TABLE parts (LIKE many) PARTITION BY RANGE (i);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (30);
CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (30) TO (150000);
CREATE TABLE part_3 PARTITION OF parts FOR VALUES FROM (150000) TO (200001);
INSERT INTO parts SELECT * FROM many;
ANALYZE many, parts;
SET max_parallel_workers_per_gather = 0;
SET work_mem = '64MB';
CREATE TABLE expected AS SELECT metrics('SELECT * FROM many') AS m;
SELECT m = metrics('SELECT * FROM many ORDER BY score') AS ascending,
  m = metrics('SELECT * FROM many ORDER BY label, score DESC') AS by_label FROM expected;
SET work_mem = '64kB';
SELECT m = metrics('SELECT * FROM many') AS spilled,
  m = metrics('SELECT * FROM many ORDER BY label') AS spilled_by_label FROM expected;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
CREATE FUNCTION plan_of(query text) RETURNS SETOF text
LANGUAGE plpgsql
AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query; END $$;
SELECT count(*) > 0 AS parallel FROM plan_of('SELECT fraud_auc(score, label) FROM many') AS p(line)
WHERE line LIKE '%Partial Aggregate%';
SELECT m = metrics('SELECT * FROM many') AS parallel_spilled FROM expected;
SET work_mem = '64MB';
SELECT m = metrics('SELECT * FROM many') AS parallel FROM expected;
SET parallel_leader_participation = off;
SELECT m = metrics('SELECT * FROM many') AS by_workers_only FROM expected;
RESET parallel_leader_participation;
SET enable_partitionwise_aggregate = on;
SELECT m = metrics('SELECT * FROM parts') AS of_parts FROM expected;
SET max_parallel_workers_per_gather = 0;
SET work_mem = '64kB';
SELECT m = metrics('SELECT * FROM parts') AS of_parts_spilled FROM expected;
RESET work_mem;
RESET max_parallel_workers_per_gather;

-- Few distinct scores, many rows: runs stay in memory.
SET work_mem = '64kB';
SELECT agrees(fraud_auc(round(score::numeric, 1)::float8, label), (SELECT fraud_auc(s, label)
  FROM (SELECT round(score::numeric, 1)::float8 AS s, label FROM many OFFSET 0) AS x)) AS ties
FROM many;
RESET work_mem;

-- Curves keep the area, and end where they must.
SELECT abs(sum((fpr - x0) * (tpr + y0) / 2) - (SELECT fraud_auc(score, label) FROM many)) < 1e-4 AS area,
  count(*) <= 200 AS points, bool_and(fpr >= x0 AND tpr >= y0 AND threshold < t0) AS ordered,
  bool_or(threshold = 'Infinity' AND fpr = 0 AND tpr = 0) AS first, bool_or(fpr = 1 AND tpr = 1) AS last
FROM (SELECT *, lag(fpr, 1, 0) OVER w AS x0, lag(tpr, 1, 0) OVER w AS y0, lag(threshold, 1) OVER w AS t0
      FROM unnest((SELECT fraud_roc_curve(score, label) FROM many)) WITH ORDINALITY AS c(threshold, fpr, tpr, i)
      WINDOW w AS (ORDER BY i)) AS c;
SELECT abs(sum((recall - x0) * precision) - (SELECT fraud_average_precision(score, label) FROM many)) < 1e-4 AS area,
  bool_or(recall = 1) AS last
FROM (SELECT *, lag(recall, 1, 0) OVER (ORDER BY i) AS x0
      FROM unnest((SELECT fraud_pr_curve(score, label) FROM many)) WITH ORDINALITY AS c(threshold, recall, precision, i)) AS c;
SELECT * FROM unnest((SELECT fraud_roc_curve(s, l) FROM (VALUES (0.9, true), (0.5, false), (0.5, true), (0.1, false)) AS t(s, l)));
SELECT * FROM unnest((SELECT fraud_pr_curve(s, l) FROM (VALUES (0.9, true), (0.5, false), (0.5, true), (0.1, false)) AS t(s, l)));
SELECT * FROM unnest((SELECT fraud_calibration_curve(s, l, 2) FROM (VALUES (0.75, true), (0.5, false), (0.25, false), (1, true)) AS t(s, l)));

-- NULL: rows without score or label are left out; what is not defined is NULL.
SELECT fraud_auc(s, l), fraud_average_precision(s, l), fraud_brier(s, l)
FROM (VALUES (0.5, true), (NULL, true), (0.75, false), (0.25, NULL), (0.25, false)) AS t(s, l);
SELECT fraud_auc(s, true) AS auc, fraud_average_precision(s, false) AS ap, fraud_roc_curve(s, true) AS roc,
  fraud_pr_curve(s, false) AS pr, fraud_recall_at_fpr(s, true, 0.1) AS at_fpr,
  fraud_precision_at_recall(s, false, 0.9) AS at_recall, fraud_recall_at_precision(s, false, 0.9) AS at_precision
FROM (VALUES (0.5), (0.25)) AS t(s);
SELECT fraud_auc(score, label) AS auc, fraud_log_loss(score, label) AS log_loss, fraud_ece(score, label) AS ece,
  fraud_calibration_curve(score, label) AS curve FROM scored WHERE false;
SELECT fraud_auc(NULL, label) AS auc, fraud_brier(NULL, label) AS brier FROM scored;
SELECT fraud_average_precision(score, true) AS all_fraud, fraud_recall_at_precision(score, label, 1) AS none_so_precise FROM scored;

-- Infinite scores rank; groups and windows work.
SELECT fraud_auc(s, l) FROM (VALUES ('inf'::float8, true), ('-inf', false), (0, false), (0, true), (-0.0, false)) AS t(s, l);
SELECT g, auc = (SELECT fraud_auc(score, label) FROM scored WHERE i % 3 = g) AS same
FROM (SELECT i % 3 AS g, fraud_auc(score, label) AS auc FROM scored GROUP BY i % 3) AS x ORDER BY g;
SELECT bool_and(w = (SELECT fraud_auc(score, label) FROM scored s WHERE s.i <= x.i)) AS as_a_window
FROM (SELECT i, fraud_auc(score, label) OVER (ORDER BY i) AS w FROM scored) AS x WHERE i IN (10, 500, 2000);
-- A threshold of zero is 0, not -0.
SELECT fraud_roc_curve(s, l) FROM (VALUES (-0.0::float8, true), (0, false), (1, true)) AS t(s, l);

-- Errors.
\set SHOW_CONTEXT never
\set VERBOSITY default
SELECT fraud_auc('NaN', true);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_precision_at_recall(score, label, 1.5) FROM scored;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_recall_at_fpr(score, label, score) FROM scored;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_recall_at_fpr(score, label, NULL) FROM scored;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_recall_at_fpr(score, label, 'NaN') FROM scored;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_roc_curve(score, label, 1) FROM scored;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_brier(1.5, true);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_log_loss('NaN', true);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_ece(score, label, 0) FROM scored;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_ece(score, label, i) FROM scored WHERE i < 9;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_ece(score, label, NULL) FROM scored;
\echo :LAST_ERROR_SQLSTATE

-- fraud_compare_auc (DeLong) and fraud_mcnemar: two scores of the same rows.
\set VERBOSITY terse
CREATE TABLE scored AS
SELECT i, i * 7919 % 997 < 300 AS label,
  (i * 7919 % 997 + i * 104729 % 1009) / 50 AS a, (i * 7919 % 997 + 2 * (i * 31337 % 1013)) / 50 AS b
FROM generate_series(1, 3000) AS i;
ANALYZE scored;
-- Golden values: test/golden/comparison.R.
CREATE FUNCTION agrees(value float8, golden float8) RETURNS bool
LANGUAGE sql IMMUTABLE
AS $$ SELECT abs(value - golden) <= 1e-9 * abs(golden) $$;
SELECT g.name, agrees((c).auc_a, g.auc_a) AS auc_a, agrees((c).auc_b, g.auc_b) AS auc_b,
  agrees((c).standard_error, g.standard_error) AS standard_error, agrees((c).p_value, g.p_value) AS p_value
FROM (VALUES
  ('ties', 3000, 50, 0.15311402116402117, 0.28763571428571427, 0.011464717061359021, 8.5796020666575162e-32),
  ('distinct', 900, 1, 0.14827437267396795, 0.28804634017904163, 0.02113317394851055, 3.7441225989654167e-11),
  ('few', 25, 1, 0.090000000000000011, 0.20000000000000001, 0.15853772587720497, 0.48778182547197668),
  ('few, ties', 40, 50, 0.11499999999999999, 0.33166666666666667, 0.12675670658771399, 0.08739330748220861))
  AS g (name, rows, width, auc_a, auc_b, standard_error, p_value)
CROSS JOIN LATERAL (
  SELECT fraud_compare_auc((i * 7919 % 997 + i * 104729 % 1009) / g.width, (i * 7919 % 997 + 2 * (i * 31337 % 1013)) / g.width,
    i * 7919 % 997 < 300) AS c
  FROM generate_series(1, g.rows) AS i) AS r;
-- The areas are those of fraud_auc; DeLong's variance, by its definition.
WITH fraud AS (SELECT i, avg(CASE WHEN f.a > o.a THEN 1.0 WHEN f.a = o.a THEN 0.5 ELSE 0 END) AS pa,
                 avg(CASE WHEN f.b > o.b THEN 1.0 WHEN f.b = o.b THEN 0.5 ELSE 0 END) AS pb
               FROM scored f, LATERAL (SELECT a, b FROM scored WHERE NOT label) AS o WHERE label GROUP BY i),
other AS (SELECT i, avg(CASE WHEN f.a > o.a THEN 1.0 WHEN f.a = o.a THEN 0.5 ELSE 0 END) AS pa,
            avg(CASE WHEN f.b > o.b THEN 1.0 WHEN f.b = o.b THEN 0.5 ELSE 0 END) AS pb
          FROM scored o, LATERAL (SELECT a, b FROM scored WHERE label) AS f WHERE NOT label GROUP BY i),
variance AS (SELECT (SELECT var_samp(pb - pa) / count(*) FROM fraud) + (SELECT var_samp(pb - pa) / count(*) FROM other) AS v)
SELECT abs((c).auc_a - fraud_auc(a, label)) < 1e-12 AS auc_a, abs((c).auc_b - fraud_auc(b, label)) < 1e-12 AS auc_b,
  abs((c).standard_error - sqrt((SELECT v FROM variance))) < 1e-9 AS standard_error, (c).p_value < 0.05 AS differ
FROM scored, (SELECT fraud_compare_auc(a, b, label) AS c FROM scored) AS x GROUP BY c;
CREATE TABLE expected AS SELECT fraud_compare_auc(a, b, label)::text AS c FROM scored;
SELECT c = (SELECT fraud_compare_auc(a, b, label ORDER BY a, b DESC)::text FROM scored) AS ordered FROM expected;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT c = (SELECT fraud_compare_auc(a, b, label)::text FROM scored) AS parallel FROM expected;
SET parallel_leader_participation = off;
SELECT c = (SELECT fraud_compare_auc(a, b, label)::text FROM scored) AS by_workers_only FROM expected;
SET max_parallel_workers_per_gather = 0;
SELECT (fraud_compare_auc(a, a, label)).p_value FROM scored;
SELECT fraud_compare_auc(a, b, label) FROM scored WHERE NOT label OR i = 1;
SELECT fraud_compare_auc(a, b, label) FROM scored WHERE false;
SELECT fraud_compare_auc(a, NULL, label) FROM scored;
SELECT round(fraud_mcnemar(8, 2)::numeric, 6) AS p, fraud_mcnemar(3, 3) AS even, fraud_mcnemar(0, 0) AS none, fraud_mcnemar(NULL, 1) AS unknown;
SELECT round(fraud_mcnemar(count(*) FILTER (WHERE (a >= 20) = label AND (b >= 20) <> label),
  count(*) FILTER (WHERE (a >= 20) <> label AND (b >= 20) = label))::numeric, 4) AS p FROM scored;
\set SHOW_CONTEXT never
\set VERBOSITY default
SELECT fraud_compare_auc('NaN', 1, true);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_mcnemar(-1, 1);
\echo :LAST_ERROR_SQLSTATE
SET fraud_detect.max_training_memory = '1MB';
SELECT fraud_compare_auc(s.a, s.b, s.label) FROM scored s, generate_series(1, 100);
\echo :LAST_ERROR_SQLSTATE

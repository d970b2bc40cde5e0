-- fraud_compare_auc (DeLong) and fraud_mcnemar: two scores of the same rows.
\set VERBOSITY terse
CREATE TABLE scored AS
SELECT i, i * 7919 % 997 < 300 AS label,
  (i * 7919 % 997 + i * 104729 % 1009) / 50 AS a, (i * 7919 % 997 + 2 * (i * 31337 % 1013)) / 50 AS b
FROM generate_series(1, 3000) AS i;
ANALYZE scored;
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

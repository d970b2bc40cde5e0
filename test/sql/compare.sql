-- fraud_compare: two versions on the same rows, against fraud_evaluate, fraud_compare_auc and fraud_mcnemar.
-- No number that a model gives is printed: they belong to the version of XGBoost.
\set VERBOSITY terse
CREATE TABLE payment AS
SELECT i AS payment_id,
       (i * 7919 % 1009) / 10.0 AS amount,
       (ARRAY['chip', 'online', 'atm'])[1 + i % 3] AS channel,
       i * 7919 % 1009 + CASE i % 3 WHEN 1 THEN 300 ELSE 0 END + i::bigint * 104729 % 1013 > 1900 AS is_fraud
FROM generate_series(1, 3000) AS i;
-- A version that knows the channel, and one that knows next to nothing.
SELECT version FROM fraud_train('payments', 'SELECT amount, channel, is_fraud FROM payment',
  params => '{"rounds": 20, "early_stopping_rounds": 0, "threads": 1}');
SELECT version FROM fraud_train('payments', 'SELECT amount, channel, is_fraud FROM payment', exclude => '{amount}',
  params => '{"rounds": 2, "max_depth": 1, "early_stopping_rounds": 0, "threads": 1}');
SELECT fraud_promote('payments', 1) IS NOT NULL AS promoted;

CREATE TABLE comparison AS
SELECT * FROM fraud_compare('payments', 'payment', 2, threshold => 0.1, bootstrap => 200) WITH ORDINALITY;
SELECT metric FROM comparison ORDER BY ordinality;

-- The values are those of fraud_evaluate.
SELECT count(*) AS compared, count(*) FILTER (WHERE c.first = a.value AND c.second = b.value AND c.difference = b.value - a.value) AS equal
FROM comparison c
JOIN fraud_evaluate('payments', 'payment', version => 1, bootstrap => 0) a USING (metric)
JOIN fraud_evaluate('payments', 'payment', version => 2, bootstrap => 0) b USING (metric);
-- The tests are those of the aggregates.
CREATE TABLE scored AS
SELECT fraud_score(p, 'payments', 1) AS a, fraud_score(p, 'payments', 2) AS b, is_fraud FROM payment p;
SELECT c.p_value = (SELECT (fraud_compare_auc(a, b, is_fraud)).p_value FROM scored) AS delong
FROM comparison c WHERE metric = 'auc';
SELECT c.first = (SELECT avg(((a >= 0.1) = is_fraud)::int) FROM scored) AS first,
  c.second = (SELECT avg(((b >= 0.1) = is_fraud)::int) FROM scored) AS second,
  c.p_value = (SELECT fraud_mcnemar(count(*) FILTER (WHERE (a >= 0.1) = is_fraud AND (b >= 0.1) <> is_fraud),
                                    count(*) FILTER (WHERE (a >= 0.1) <> is_fraud AND (b >= 0.1) = is_fraud)) FROM scored) AS mcnemar
FROM comparison c WHERE metric = 'accuracy';
-- Intervals hold the difference, and that of the area is about as wide as DeLong's standard error says.
SELECT metric, low <= high AS ordered, metric = 'ece' OR difference BETWEEN low AND high AS holds, p_value BETWEEN 0 AND 1 AS p
FROM comparison WHERE metric NOT IN ('rows', 'frauds') ORDER BY ordinality;
SELECT abs((high - low) / (2 * 1.96 * (SELECT (fraud_compare_auc(a, b, is_fraud)).standard_error FROM scored)) - 1) < 0.2 AS about_as_wide
FROM comparison WHERE metric = 'auc';
SELECT metric, p_value < 0.05 AND high < 0 AS worse FROM comparison WHERE metric IN ('auc', 'average_precision') ORDER BY metric;

-- Nothing depends on the order of rows; another seed gives other intervals.
SELECT count(*) AS different
FROM comparison a
JOIN fraud_compare('payments', 'SELECT * FROM payment ORDER BY payment_id DESC', 2, threshold => 0.1, bootstrap => 200) b USING (metric)
WHERE (a.first, a.second, a.difference, a.low, a.high, a.p_value)
  IS DISTINCT FROM (b.first, b.second, b.difference, b.low, b.high, b.p_value);
SELECT count(*) > 0 AS different_for_another_seed
FROM comparison a JOIN fraud_compare('payments', 'payment', 2, threshold => 0.1, bootstrap => 200, seed => 7) b USING (metric)
WHERE (a.low, a.high) IS DISTINCT FROM (b.low, b.high);
-- The other way round: signs change.
SELECT count(*) AS mirrored, count(*) FILTER (WHERE abs(a.p_value - b.p_value) < 1e-9) AS same_tests
FROM comparison a
JOIN fraud_compare('payments', 'payment', 1, version => 2, threshold => 0.1, bootstrap => 200) b USING (metric)
WHERE a.difference = -b.difference AND metric IN ('auc', 'accuracy');
-- A version against itself.
SELECT metric, difference, low, high, p_value FROM fraud_compare('payments', 'payment', 1, bootstrap => 20);
SELECT count(*) AS metrics, count(low) AS lows, count(p_value) AS p_values FROM fraud_compare('payments', 'payment', 2, bootstrap => 0);

-- One class, no rows, labels as text, rows without a label.
SELECT metric, difference IS NOT NULL AS defined, low IS NOT NULL AS has_interval, p_value IS NOT NULL AS tested
FROM fraud_compare('payments', 'SELECT * FROM payment WHERE NOT is_fraud', 2, bootstrap => 10);
SELECT * FROM fraud_compare('payments', 'SELECT * FROM payment WHERE false', 2, bootstrap => 10);
SELECT count(*) AS different
FROM comparison a
JOIN fraud_compare('payments', 'SELECT amount, channel, CASE WHEN is_fraud THEN ''fraud'' ELSE ''ok'' END AS y FROM payment
  UNION ALL SELECT amount, channel, NULL FROM payment WHERE payment_id < 3', 2, 'y', threshold => 0.1, bootstrap => 200) b USING (metric)
WHERE (a.difference, a.low, a.p_value) IS DISTINCT FROM (b.difference, b.low, b.p_value);

-- Errors, with their SQLSTATE.
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT * FROM fraud_compare('payments', 'payment', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_compare('payments', 'payment', 3);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_compare('payments', 'payment', 0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_compare('payments', 'payment', 2, version => 3);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_compare('payments', NULL, 2);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_compare('payments', 'payment', 2, threshold => 'NaN');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_compare('payments', 'payment', 2, threshold => NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_compare('payments', 'payment', 2, bootstrap => -1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_compare('payments', 'SELECT amount, is_fraud FROM payment', 2);
\echo :LAST_ERROR_SQLSTATE
SET statement_timeout = '200ms';
SELECT * FROM fraud_compare('payments', 'SELECT p.* FROM payment p, generate_series(1, 20)', 2, bootstrap => 10000);
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
SET fraud_detect.max_training_memory = '1MB';
SELECT * FROM fraud_compare('payments', 'SELECT p.* FROM payment p, generate_series(1, 50)', 2);
\echo :LAST_ERROR_SQLSTATE
RESET fraud_detect.max_training_memory;

-- As the caller.
CREATE ROLE regress_compare_reader;
SET ROLE regress_compare_reader;
SELECT * FROM fraud_compare('payments', 'payment', 2);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
DROP ROLE regress_compare_reader;
DROP TABLE payment;

-- fraud_estimate_performance: what fraud_evaluate will say, from calibrated scores alone.
-- No number that a model gives is printed: they belong to the version of XGBoost.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE TABLE payment AS
SELECT transaction_id, tx_time, amount, channel, country, home_distance_km, merchant_category, is_fraud
FROM fraud_generate(40000, seed => 5, days => 60, fraud_rate => 0.02);
SELECT version FROM fraud_train('payments', 'SELECT * FROM payment WHERE transaction_id % 2 = 0', exclude => '{transaction_id}', event_time => 'tx_time',
  params => '{"rounds": 40, "early_stopping_rounds": 10, "threads": 1}');
CREATE VIEW later AS SELECT * FROM payment WHERE transaction_id % 2 = 1 AND tx_time > (SELECT min(tx_time) FROM payment) + interval '40 days';

-- Metrics in the order of fraud_evaluate, inside their band.
SELECT array_agg(e.metric ORDER BY e.n) = array_agg(v.metric ORDER BY v.n) AS same_metrics,
  bool_and(e.low <= e.value AND e.value <= e.high) FILTER (WHERE e.metric NOT IN ('rows')) AS within
FROM fraud_estimate_performance('payments', 'later') WITH ORDINALITY AS e (metric, value, low, high, n)
JOIN fraud_evaluate('payments', 'later', bootstrap => 0) WITH ORDINALITY AS v (metric, value, low, high, n) ON e.n = v.n;
-- What is a sum over rows is its expectation.
SELECT metric, abs(value - CASE metric WHEN 'rows' THEN rows WHEN 'frauds' THEN frauds WHEN 'log_loss' THEN log_loss ELSE brier END) < 1e-9 AS as_defined
FROM fraud_estimate_performance('payments', 'later', draws => 1),
  (SELECT count(*) AS rows, sum(p) AS frauds, avg(p * (1 - p)) AS brier,
     avg(-p * ln(greatest(p, 1e-15)) - (1 - p) * ln(greatest(1 - p, 1e-15))) AS log_loss
   FROM (SELECT fraud_score(l, 'payments') AS p FROM later l) AS s) AS d
WHERE metric IN ('rows', 'frauds', 'log_loss', 'brier');
-- Labels are not looked at, and it is near what they say.
SELECT count(*) AS differences
FROM fraud_estimate_performance('payments', 'later') AS a
JOIN fraud_estimate_performance('payments', 'SELECT tx_time, amount, channel, country, home_distance_km, merchant_category FROM later ORDER BY amount') AS b USING (metric)
WHERE (a.value, a.low, a.high) IS DISTINCT FROM (b.value, b.low, b.high);
SELECT e.metric, abs(e.value - v.value) < CASE e.metric WHEN 'frauds' THEN 0.35 * v.value WHEN 'average_precision' THEN 0.15 ELSE 0.12 END AS near
FROM fraud_estimate_performance('payments', 'later') e JOIN fraud_evaluate('payments', 'later', bootstrap => 0) v USING (metric) WHERE metric <> 'precision_at_recall_90';
-- Other seeds, other draws; the same seed, the same figures; more confidence, a wider band.
SELECT count(*) FILTER (WHERE a.value <> b.value) > 0 AS other, count(*) FILTER (WHERE a.low < c.low AND a.high > c.high) > 4 AS wider
FROM fraud_estimate_performance('payments', 'later', confidence => 0.99) a
JOIN fraud_estimate_performance('payments', 'later', seed => 43) b USING (metric)
JOIN fraud_estimate_performance('payments', 'later', version => 1, confidence => 0.5) c USING (metric);
SELECT metric, value, low, high FROM fraud_estimate_performance(NULL, 'SELECT * FROM later WHERE false');

-- It cannot see that frauds have changed: the same features, other labels, the same estimate.
SELECT bool_and(a.value = b.value) AS blind,
  (SELECT value FROM fraud_evaluate('payments', 'SELECT * FROM later', bootstrap => 0) WHERE metric = 'auc')
  - (SELECT value FROM fraud_evaluate('payments', 'SELECT *, transaction_id % 50 = 1 AS other FROM later', 'other', bootstrap => 0) WHERE metric = 'auc') > 0.2 AS worse
FROM fraud_estimate_performance('payments', 'later') a
JOIN fraud_estimate_performance('payments', 'SELECT *, transaction_id % 50 = 1 AS other FROM later') b USING (metric) WHERE metric = 'auc';

-- Errors, with their SQLSTATE.
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT * FROM fraud_estimate_performance('payments', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_estimate_performance('payments', 'later', seed => NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_estimate_performance('payments', 'later', draws => 0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_estimate_performance('payments', 'later', draws => 10001);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_estimate_performance('payments', 'later', confidence => 1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_estimate_performance('payments', 'later', version => 0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_estimate_performance('payments', 'later', version => 9);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_estimate_performance('nosuch', 'later');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_estimate_performance('payments', 'SELECT amount FROM later');
\echo :LAST_ERROR_SQLSTATE
SET fraud_detect.max_training_memory = '1MB';
SELECT * FROM fraud_estimate_performance('payments', 'SELECT p.* FROM payment p, generate_series(1, 3)');
\echo :LAST_ERROR_SQLSTATE
RESET fraud_detect.max_training_memory;
SET statement_timeout = '300ms';
SELECT * FROM fraud_estimate_performance('payments', 'payment', draws => 10000);
\echo :LAST_ERROR_SQLSTATE

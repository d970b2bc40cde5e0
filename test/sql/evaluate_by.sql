-- fraud_evaluate_by: each group against fraud_evaluate of its rows; which legitimate rows count; errors.
-- No number that a model gives is printed: they belong to the version of XGBoost.
\set VERBOSITY terse
CREATE TABLE payment AS
SELECT i AS payment_id,
       (i * 7919 % 1009) / 10.0 AS amount,
       (ARRAY['chip', 'online', NULL])[1 + i % 3] AS channel,
       i * 7919 % 1009 + CASE i % 3 WHEN 1 THEN 300 ELSE 0 END + i::bigint * 104729 % 1013 > 1900 AS is_fraud
FROM generate_series(1, 3000) AS i;
ALTER TABLE payment ADD scenario text;
UPDATE payment SET scenario = (ARRAY['takeover', 'testing', NULL])[1 + payment_id % 11 / 4] WHERE is_fraud;
SELECT version FROM fraud_train('payments', 'SELECT amount, channel, is_fraud FROM payment',
  params => '{"rounds": 20, "early_stopping_rounds": 0, "threads": 1}');

-- Rows and frauds of each group; groups with most frauds first, NULL is one of them.
SELECT group_value, value AS frauds, (SELECT count(*) FROM payment WHERE channel IS NOT DISTINCT FROM group_value
                                                                  AND is_fraud) AS counted
FROM fraud_evaluate_by('payments', 'payment', 'channel', bootstrap => 0)
WHERE metric = 'frauds';

-- Each is what fraud_evaluate says of the rows, intervals included.
CREATE FUNCTION different(by text, legitimate text, rows_of text) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
  groups int;
  differ bigint := 0;
  wanted text;
BEGIN
  CREATE TEMP TABLE of_group AS
  SELECT * FROM fraud_evaluate_by('payments', 'payment', different.by, bootstrap => 30, legitimate => different.legitimate);
  FOR wanted IN SELECT DISTINCT group_value FROM of_group LOOP
    differ := differ + (
      SELECT count(*)
      FROM fraud_evaluate('payments', format('SELECT * FROM payment WHERE ' || rows_of, wanted), bootstrap => 30) AS e
      FULL JOIN (SELECT * FROM of_group WHERE group_value IS NOT DISTINCT FROM wanted) AS g USING (metric)
      WHERE (e.value, e.low, e.high) IS DISTINCT FROM (g.value, g.low, g.high));
  END LOOP;
  SELECT count(DISTINCT coalesce(group_value, 'NULL')) INTO groups FROM of_group;
  RAISE NOTICE '% groups', groups;
  DROP TABLE of_group;
  RETURN differ;
END
$$;
SELECT different('channel', 'auto', 'channel IS NOT DISTINCT FROM %L');
SELECT different('channel', 'own', 'channel IS NOT DISTINCT FROM %L');
SELECT different('channel', 'all', 'NOT is_fraud OR channel IS NOT DISTINCT FROM %L');
SELECT different('is_fraud', 'own', 'is_fraud = %L');
-- No legitimate row has a scenario: frauds of each against all legitimate rows.
SELECT different('scenario', 'auto', 'NOT is_fraud OR scenario IS NOT DISTINCT FROM %L');
SELECT different('scenario', 'all', 'NOT is_fraud OR scenario IS NOT DISTINCT FROM %L');
SELECT different('scenario', 'own', 'scenario IS NOT DISTINCT FROM %L');
SELECT group_value, value FROM fraud_evaluate_by('payments', 'payment', 'scenario', bootstrap => 0)
WHERE metric IN ('rows', 'frauds');
-- One class in a group: what is not defined is NULL.
SELECT group_value, metric, value IS NOT NULL AS defined
FROM fraud_evaluate_by('payments', 'payment', 'scenario', bootstrap => 0, legitimate => 'own')
WHERE metric IN ('auc', 'average_precision', 'brier') ORDER BY group_value, metric;
-- With a single legitimate row that has a value, groups have their own.
SELECT group_value, value FROM fraud_evaluate_by('payments',
  'SELECT payment_id, amount, channel, is_fraud, CASE WHEN payment_id = (SELECT min(payment_id) FROM payment WHERE NOT is_fraud)
     THEN ''testing'' ELSE scenario END AS scenario FROM payment', 'scenario', bootstrap => 0)
WHERE metric = 'rows' AND group_value IS NOT NULL;

-- The order of rows does not matter, nor which text of a label comes first.
SELECT count(*) AS different
FROM fraud_evaluate_by('payments', 'payment', 'channel', bootstrap => 20) WITH ORDINALITY AS a
FULL JOIN fraud_evaluate_by('payments', 'SELECT amount, channel, CASE WHEN is_fraud THEN ''fraud'' ELSE ''ok'' END AS y
  FROM payment ORDER BY is_fraud, payment_id DESC', 'channel', 'y', bootstrap => 20) WITH ORDINALITY AS b USING (ordinality)
WHERE a IS DISTINCT FROM b;

-- Groups of any type; rows without a label make no group.
SELECT group_value, value FROM fraud_evaluate_by('payments',
  'SELECT *, (payment_id % 2)::numeric(3, 1) AS odd FROM payment', 'odd', bootstrap => 0)
WHERE metric = 'rows' ORDER BY group_value;
SELECT group_value, value FROM fraud_evaluate_by('payments',
  'SELECT amount, channel, CASE WHEN channel = ''chip'' THEN is_fraud END AS y FROM payment', 'channel', 'y', bootstrap => 0)
WHERE metric = 'rows';
SELECT count(*) FROM fraud_evaluate_by('payments', 'SELECT * FROM payment WHERE false', 'channel');
SELECT count(*) FROM fraud_evaluate_by(NULL, 'payment', 'channel', version => 1, bootstrap => 0);

-- Errors, with their SQLSTATE.
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT * FROM fraud_evaluate_by('payments', 'payment', 'nosuch');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate_by('payments', 'SELECT *, 1 AS g, 2 AS g FROM payment', 'g');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate_by('payments', 'payment', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate_by('payments', 'payment', 'channel', legitimate => 'some');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate_by('payments', 'payment', 'channel', legitimate => NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate_by('payments', 'payment', 'payment_id');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate_by('payments', 'payment', 'channel', 'fraudulent');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate_by('payments', 'payment', 'channel', version => 9);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_evaluate_by('payments', 'payment', 'channel', bootstrap => 10001);
\echo :LAST_ERROR_SQLSTATE
SET statement_timeout = '200ms';
SELECT * FROM fraud_evaluate_by('payments', 'SELECT p.* FROM payment p, generate_series(1, 20)', 'scenario', bootstrap => 10000);
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
SET fraud_detect.max_training_memory = '1MB';
SELECT * FROM fraud_evaluate_by('payments', 'SELECT p.* FROM payment p, generate_series(1, 50)', 'channel');
\echo :LAST_ERROR_SQLSTATE
RESET fraud_detect.max_training_memory;

-- As the caller, whose rights and policies count.
CREATE ROLE regress_evaluate_by_reader;
GRANT SELECT ON fraud.model_version TO regress_evaluate_by_reader;
SET ROLE regress_evaluate_by_reader;
SELECT * FROM fraud_evaluate_by('payments', 'payment', 'channel');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT SELECT ON payment TO regress_evaluate_by_reader;
ALTER TABLE payment ENABLE ROW LEVEL SECURITY;
CREATE POLICY chip_only ON payment USING (channel = 'chip');
SET ROLE regress_evaluate_by_reader;
SELECT group_value, value FROM fraud_evaluate_by('payments', 'payment', 'channel', bootstrap => 0) WHERE metric = 'rows';
RESET ROLE;
DROP TABLE payment;
REVOKE SELECT ON fraud.model_version FROM regress_evaluate_by_reader;
DROP ROLE regress_evaluate_by_reader;

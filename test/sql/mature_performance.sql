-- How good a version was, on rows old enough for their frauds to be known.
\set SHOW_CONTEXT never
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
CREATE FUNCTION sqlstate(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text; hint text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''));
END
$$;
CREATE TABLE events AS SELECT * FROM fraud_generate(6000, seed => 7, days => 120, fraud_rate => 0.02, start => '2020-01-01 00:00+00');
SELECT count(fraud_label('events', transaction_id::text, true, known_at => label_time)) > 50 AS labelled FROM events WHERE label_time IS NOT NULL;
SELECT version FROM fraud_train('m', 'SELECT tx_time, amount, channel, declined, home_distance_km, is_fraud FROM events WHERE tx_time < ''2020-03-01''',
  event_time => 'tx_time', params => '{"rounds": 20, "threads": 1}');
CREATE FUNCTION performance(as_of timestamptz) RETURNS TABLE (period date, rows bigint, mature bigint, frauds bigint, mature_frauds bigint, share numeric, auc numeric)
LANGUAGE sql AS $$
  SELECT period, rows, mature, frauds, mature_frauds, round(share_of_frauds_known::numeric, 2), round(auc::numeric, 2)
  FROM fraud_mature_performance('m', 'events', 'transaction_id', 'tx_time', maturity => '14 days', every => '28 days', as_of => as_of)
$$;
SELECT * FROM performance('2020-04-10');
SELECT * FROM performance('2020-08-01');
-- Where all is mature it is fraud_evaluate on the labels of today.
SELECT e.metric, count(*) AS periods, bool_and(e.value IS NOT DISTINCT FROM p.value) AS same
FROM fraud_mature_performance('m', 'events', 'transaction_id', 'tx_time', every => '3000 days') AS m,
  LATERAL (VALUES ('rows', m.rows::float8), ('frauds', m.mature_frauds::float8), ('auc', m.auc), ('average_precision', m.average_precision),
    ('precision_at_recall_90', m.precision_at_recall_90), ('log_loss', m.log_loss), ('brier', m.brier)) AS p (metric, value)
  JOIN fraud_evaluate('m', 'SELECT t.*, coalesce(l.is_fraud, false) AS known FROM events t LEFT JOIN fraud_labels(''events'') l ON l.key = t.transaction_id::text',
    label => 'known', bootstrap => 0) AS e USING (metric) GROUP BY 1 ORDER BY 1;
-- The view of a set knows key and time, and whose labels.
SELECT fraud_define_features('events', 'events', 'tx_time', '[{"name":"paid","column":"amount"}]', key => 'transaction_id');
SELECT count(*) AS periods, bool_and(v.* IS NOT DISTINCT FROM t.*) AS same
  FROM fraud_mature_performance('m', 'fraud_features.events', as_of => '2020-05-01') AS v
  FULL JOIN fraud_mature_performance('m', 'events', 'transaction_id', 'tx_time', as_of => '2020-05-01') AS t USING (period);
SELECT count(*) FROM fraud_mature_performance('m', 'events', 'transaction_id', 'tx_time', as_of => '2019-01-01');
SELECT sqlstate($$SELECT * FROM fraud_mature_performance('m', 'events', 'transaction_id')$$);
SELECT sqlstate($$SELECT * FROM fraud_mature_performance('m', 'events', 'transaction', 'tx_time')$$);
SELECT sqlstate($$SELECT * FROM fraud_mature_performance('m', NULL, 'transaction_id', 'tx_time')$$);
SELECT sqlstate($$SELECT * FROM fraud_mature_performance('m', 'events', 'transaction_id', 'tx_time', every => '0')$$);
SELECT sqlstate($$SELECT * FROM fraud_mature_performance('m', 'events', 'transaction_id', 'tx_time', maturity => NULL)$$);
SELECT sqlstate($$SELECT * FROM fraud_mature_performance('m', 'events', 'transaction_id', 'tx_time', sources => '{rumour}')$$);
SELECT sqlstate($$SELECT fraud.label_delay_fit('{1,2}', '{1}')$$);
SELECT sqlstate($$SELECT fraud.label_delay_fit('{2}', '{1}')$$);
SELECT sqlstate($$SELECT fraud.label_delay_fit('{NULL}', '{1}')$$);
SELECT fraud.label_delay_fit('{}', '{}'), fraud.label_delay_known('{}', 1);
-- Where every delay could be seen, shares are those of the sample.
SELECT age, round(fraud.label_delay_known((SELECT fraud.label_delay_fit(array_agg(d::float8), array_agg(200::float8)) FROM generate_series(1, 100) AS d), age)::numeric, 4) AS known
  FROM unnest('{0.5,1,50,99.5,100,1000}'::float8[]) AS age;
